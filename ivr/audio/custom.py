"""An operator's own recordings: `custom/<id>.wav` (8 kHz) and `custom/<id>.wav16` (16 kHz) win over the built clips.

A custom recording replaces its clip in every rate: a caller on a wideband line must not hear the old voice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ivr.audio.errors import PromptError
from ivr.audio.wave_facts import read_wave

CUSTOM_DIR = "custom"
RATE_OF_SUFFIX = {".wav": 8000, ".wav16": 16000}
"""What Asterisk expects behind each file name ending."""


@dataclass(frozen=True, slots=True)
class CustomClip:
    """The operator's files of one id, by ending; at least one."""

    files: dict[str, Path]


def custom_clips(directory: Path) -> dict[str, CustomClip]:
    """The operator's recordings by id. The files are not opened."""
    clips: dict[str, CustomClip] = {}
    for path in sorted(directory.glob("*")) if directory.is_dir() else ():
        if path.suffix in RATE_OF_SUFFIX:
            clips.setdefault(path.stem, CustomClip({})).files[path.suffix] = path
    return clips


def require_playable(path: Path) -> None:
    """Raise PromptError unless Asterisk plays the file as its ending says."""
    wanted_hz = RATE_OF_SUFFIX[path.suffix]
    found_hz = read_wave(path).rate_hz
    if found_hz != wanted_hz:
        message = f"{path} has {found_hz} Hz, and {path.suffix} must have {wanted_hz} Hz"
        raise PromptError("wrong-rate", message, f"`ivr prompts adopt {path.stem} FILE` converts a recording")
