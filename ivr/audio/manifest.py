"""The manifest beside the built clips: what each file is, so that a changed or stale one is noticed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ivr.audio.errors import PromptError

MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One built file. Levels in dBFS, lengths in seconds."""

    sha256: str
    rate_hz: int
    duration_s: float
    rms_dbfs: float
    peak_dbfs: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip of the set, in all its rates."""

    text: str
    fingerprint: str
    engine: str
    voice: str
    licence: str
    duration_s: float
    rms_dbfs: float
    files: dict[str, FileEntry] = field(default_factory=dict)
    first_choice_s: float | None = None
    """Until when the first key has been named; only for menus."""


def read_manifest(root: Path) -> dict[str, Entry]:
    """The manifest of a set by prompt id; empty when nothing has been built yet."""
    path = root / MANIFEST_NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {
            key: Entry(**{**fields, "files": {name: FileEntry(**f) for name, f in fields["files"].items()}})
            for key, fields in raw["prompts"].items()
        }
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError, ValueError) as error:
        hint = "delete it and run `ivr prompts build`"
        raise PromptError("bad-manifest", f"{path} is damaged: {error!r}", hint) from error


def write_manifest(root: Path, entries: dict[str, Entry]) -> None:
    """Replace the manifest as a whole; the same entries give the same bytes."""
    prompts = {key: asdict(entries[key]) for key in sorted(entries)}
    text = json.dumps({"prompts": prompts}, indent=1, ensure_ascii=False) + "\n"
    replace_file(root / MANIFEST_NAME, text.encode())


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
