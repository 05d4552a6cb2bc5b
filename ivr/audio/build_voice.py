"""The speech engines: a sentence and a voice in, sound out."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from ivr.audio.build_dsp import Sound, from_pcm
from ivr.audio.errors import PromptError
from ivr.audio.script import Voice
from ivr.audio.wave_facts import read_wave

_ENGINE_DEADLINE_S = 60.0


def speak(sentence: str, voice: Voice) -> Sound:
    """Speak one sentence. Raises PromptError when the engine is missing, fails, or says nothing."""
    if voice.engine != "flite":
        message = f"there is no speech engine {voice.engine!r}"
        raise PromptError("unknown-engine", message, 'use engine = "flite" in script.toml')
    program = shutil.which("flite")
    if program is None:
        raise PromptError("no-engine", "flite is not installed", "apt-get install flite")
    with tempfile.TemporaryDirectory(prefix="ivr-prompt-") as scratch:
        out = Path(scratch) / "sentence.wav"
        command = [program, "-voice", voice.name, "--setf", f"duration_stretch={voice.stretch}"]
        _run([*command, "-t", sentence, "-o", str(out)])
        if not out.exists():
            raise PromptError("engine-failed", f"flite wrote nothing for {sentence!r}")
        sound = from_pcm(read_wave(out))
    if not sound.samples.any():
        raise PromptError("engine-failed", f"flite spoke only silence for {sentence!r}")
    return sound


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_ENGINE_DEADLINE_S)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise PromptError("engine-failed", f"{command[0]} failed: {said[-1] if said else error}") from error
    except subprocess.TimeoutExpired as error:
        raise PromptError("engine-failed", f"{command[0]} did not end in {_ENGINE_DEADLINE_S:g} s") from error
