"""What reading a log gives: its calls, and what was wrong with it, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivr.domain.estimate.calls import Call


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that could not be used, or not all of it."""

    file: str
    line: int
    """From 1."""
    text: str
    """What is wrong and what would be right."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(slots=True)
class CallLog:
    """A log as read."""

    calls: list[Call] = field(default_factory=list)
    """By the time they entered the queue."""
    problems: list[Problem] = field(default_factory=list)


class LogUnreadable(Exception):
    """Nothing of the file can be used; the text says why."""
