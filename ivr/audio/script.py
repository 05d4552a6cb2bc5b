"""The script of a prompt set: which ids there are, what they say, in which voice, in which files.

A set is a directory with a `script.toml`. The product has one per locale (`prompts/en-US`); the lab's stand-in for
the telephone network has one of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ivr.audio.errors import PromptError

SCRIPT_NAME = "script.toml"
BUILDER_VERSION = 1
"""Part of every fingerprint: raise it when the sound processing changes, and all clips become stale."""

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, and on what terms the recording may be passed on."""

    engine: str
    name: str
    licence: str
    stretch: float = 1.0
    """Factor on the length of every sound: above 1 is slower."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A sine tone; `ms` is its length in milliseconds."""

    hz: float
    ms: int


@dataclass(frozen=True, slots=True)
class OutputFile:
    """One rate in which every clip of the set is written; `path` holds `{id}`."""

    rate_hz: int
    path: str

    def of(self, prompt_id: str) -> str:
        """The file of one clip, relative to the set's directory."""
        return self.path.replace("{id}", prompt_id)


@dataclass(frozen=True, slots=True)
class Clip:
    """One prompt: sentences spoken one after the other, or a row of tones."""

    id: str
    sentences: tuple[str, ...]
    voice: Voice | None
    tones: tuple[Tone, ...] = ()
    menu: bool = False
    """The first sentence names the first key; it must be over within the set's `first_choice_s`."""
    pause_ms: int = 250
    level_dbfs: float = -20.0

    @property
    def text(self) -> str:
        """What is heard, as one line."""
        return " ".join(self.sentences) or " ".join(f"({t.hz:g} Hz, {t.ms} ms)" for t in self.tones)

    def fingerprint(self, files: tuple[OutputFile, ...]) -> str:
        """Changes exactly when the clip has to be built again."""
        inputs = {"builder": BUILDER_VERSION, "clip": asdict(self), "files": [asdict(f) for f in files]}
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Script:
    """A prompt set as its author wrote it."""

    root: Path
    locale: str
    files: tuple[OutputFile, ...]
    clips: Mapping[str, Clip]
    max_duration_s: float = 12.0
    first_choice_s: float = 2.0
    product: bool = False
    """The set must hold every prompt that the call flows use."""


def load_script(root: Path) -> Script:
    """Read `root/script.toml`. Raises PromptError that names the place of a mistake."""
    path = root / SCRIPT_NAME
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PromptError("no-script", f"{path} does not exist", "name a prompt directory") from None
    except tomllib.TOMLDecodeError as error:
        raise PromptError("bad-script", f"{path} is not valid TOML: {error}") from error
    try:
        return _script(root, data)
    except (KeyError, TypeError, ValueError) as error:
        raise PromptError("bad-script", f"{path}: {error!r}", "compare it with a script that works") from error


def _script(root: Path, data: dict[str, Any]) -> Script:
    settings = dict(data["set"])
    voices = {key: Voice(**fields) for key, fields in data["voices"].items()}
    default_voice = settings.pop("voice")
    files = tuple(OutputFile(**fields) for fields in settings.pop("files"))
    clips = {key: _clip(key, fields, voices, default_voice) for key, fields in data["prompts"].items()}
    return Script(root=root, files=files, clips=clips, **settings)


def _clip(prompt_id: str, fields: dict[str, Any], voices: Mapping[str, Voice], default_voice: str) -> Clip:
    if not _ID.fullmatch(prompt_id):
        raise ValueError(f"prompt id {prompt_id!r} is not lower-case words joined by '-'")
    fields = dict(fields)
    text = fields.pop("text", ())
    tones = tuple(Tone(**tone) for tone in fields.pop("tones", ()))
    sentences = (text,) if isinstance(text, str) else tuple(text)
    if bool(sentences) == bool(tones):
        raise ValueError(f"prompt {prompt_id!r} needs either text or tones")
    voice = None if tones else voices[fields.pop("voice", default_voice)]
    return Clip(id=prompt_id, sentences=sentences, voice=voice, tones=tones, **fields)
