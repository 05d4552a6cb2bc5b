"""The speech engines: a sentence and a voice in, sound out.

An engine is a function in `_ENGINES`; to add one, write it and name it in a script's `[voices]`. Each engine must
give the same samples for the same sentence, or a rebuild would change every committed clip.
"""

from __future__ import annotations

import functools
import importlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ivr.audio.build_dsp import Sound, from_pcm
from ivr.audio.errors import PromptError
from ivr.audio.script import Voice
from ivr.audio.wave_facts import read_wave

_ENGINE_DEADLINE_S = 60.0


def speak(sentence: str, voice: Voice) -> Sound:
    """Speak one sentence. Raises PromptError when the engine is missing, fails, or says nothing."""
    engine = _ENGINES.get(voice.engine)
    if engine is None:
        hint = f"script.toml may name {', '.join(sorted(_ENGINES))}"
        raise PromptError("unknown-engine", f"there is no speech engine {voice.engine!r}", hint)
    sound = engine(sentence, voice)
    if not sound.samples.any():
        raise PromptError("engine-failed", f"{voice.engine} spoke only silence for {sentence!r}")
    return sound


def _flite(sentence: str, voice: Voice) -> Sound:
    """CMU Flite: small, old-fashioned, in Debian, needs nothing else."""
    program = shutil.which("flite")
    if program is None:
        raise PromptError("no-engine", "flite is not installed", "apt-get install flite")
    with tempfile.TemporaryDirectory(prefix="ivr-prompt-") as scratch:
        out = Path(scratch) / "sentence.wav"
        command = [program, "-voice", voice.name, "--setf", f"duration_stretch={voice.stretch}"]
        _run([*command, "-t", sentence, "-o", str(out)])
        if not out.exists():
            raise PromptError("engine-failed", f"flite wrote nothing for {sentence!r}")
        return from_pcm(read_wave(out))


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_ENGINE_DEADLINE_S)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        raise PromptError("engine-failed", f"{command[0]} failed: {said[-1] if said else error}") from error
    except subprocess.TimeoutExpired as error:
        raise PromptError("engine-failed", f"{command[0]} did not end in {_ENGINE_DEADLINE_S:g} s") from error


def _hibari(sentence: str, voice: Voice) -> Sound:
    """A small neural voice whose model is inside its Python package; the seed fixes its breath noise."""
    model = _hibari_model(voice.name)
    samples = model(sentence, speed=1 / voice.stretch, seed=0)
    return Sound(int(model.sample_rate), np.asarray(samples, dtype=np.float64))


@functools.cache
def _hibari_model(name: str) -> Any:
    try:
        voices = importlib.import_module("hibari.voices")
        module = importlib.import_module("hibari")
    except ModuleNotFoundError as error:
        raise PromptError("no-engine", f"{error.name} is not installed", "pip install hibari-tts") from None
    # Other voices of the engine would be fetched from the network; a build must not depend on that.
    if name != voices.DEFAULT:
        message = f"hibari's voice {name!r} is not inside its package"
        raise PromptError("unknown-voice", message, f"use {voices.DEFAULT!r}")
    return module.Hibari(voice=name, threads=1)


_ENGINES: Mapping[str, Callable[[str, Voice], Sound]] = {"flite": _flite, "hibari": _hibari}
