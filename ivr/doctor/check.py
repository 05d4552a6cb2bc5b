"""What an examination comes to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended; only FAILED keeps callbacks from working as they should."""

    OK = "ok"
    WARNING = "warning"
    """Callbacks work, and something should be mended all the same."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be looked at; `detail` says why."""
    SKIPPED = "skipped"
    """Another check failed on which this one builds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination saw."""

    status: Status
    detail: str
    mend: str = ""
    """What to do about it: the file and the line, or the command. Empty only where nothing needs mending."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report. `name` is stable, for programs."""

    name: str
    status: Status
    detail: str
    mend: str = ""
    because: str = ""
    """The check whose failure made this one be skipped."""


def ok(detail: str) -> Finding:
    return Finding(Status.OK, detail)


def warning(detail: str, mend: str) -> Finding:
    return Finding(Status.WARNING, detail, mend)


def failed(detail: str, mend: str) -> Finding:
    return Finding(Status.FAILED, detail, mend)


def unknown(detail: str, mend: str) -> Finding:
    return Finding(Status.UNKNOWN, detail, mend)


def some(names: Iterable[str], most: int = 6) -> str:
    """The names in a sentence, and how many more there are."""
    listed = list(names)
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest} more" if rest > 0 else "")
