"""Plays a clip with whatever player the machine has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ivr.audio.custom import CUSTOM_DIR, custom_clips
from ivr.audio.errors import PromptError
from ivr.audio.script import load_script

_PLAYERS = (
    ("aplay", "-q"),
    ("paplay",),
    ("play", "-q", "-t", "wav"),
    ("afplay",),
)
_PLAY_DEADLINE_S = 60.0


def clip_path(root: Path, prompt_id: str, rate_hz: int) -> Path:
    """The file that a caller would hear: the operator's own, or the built one."""
    script = load_script(root)
    if prompt_id not in script.clips:
        message = f"{root} has no prompt {prompt_id!r}"
        raise PromptError("unknown-id", message, f"it has {', '.join(sorted(script.clips))}")
    outputs = {output.rate_hz: output.of(prompt_id) for output in script.files}
    if rate_hz not in outputs:
        raise PromptError("unknown-rate", f"{root} has no {rate_hz} Hz", f"it has {', '.join(map(str, outputs))}")
    own = custom_clips(root / CUSTOM_DIR).get(prompt_id)
    path = own.files.get(Path(outputs[rate_hz]).suffix) if own else root / outputs[rate_hz]
    if path is None or not path.is_file():
        raise PromptError("missing-file", f"{prompt_id} has no {rate_hz} Hz file", "run `ivr prompts build`")
    return path


def play(path: Path) -> None:
    """Play to the end. Raises PromptError that says the path and what to install when that is not possible."""
    command = next((player for player in _PLAYERS if shutil.which(player[0])), None)
    if command is None:
        raise PromptError("no-player", f"no player found for {path}", "apt-get install alsa-utils (or sox)")
    name = command[0]
    try:
        subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=_PLAY_DEADLINE_S)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()
        message = f"{name} could not play {path}: {said[-1] if said else error}"
        raise PromptError("player-failed", message, "is there a sound device?") from error
    except subprocess.TimeoutExpired as error:
        raise PromptError("player-failed", f"{name} did not end in {_PLAY_DEADLINE_S:g} s") from error
