"""The report: a table for a person, one JSON document for a program."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from ivr.doctor.check import Check, Status

_MARKS: Final = {
    Status.OK: ("ok", "green"),
    Status.WARNING: ("warning", "yellow"),
    Status.FAILED: ("FAILED", "bold red"),
    Status.UNKNOWN: ("unknown", "cyan"),
    Status.SKIPPED: ("skipped", "dim"),
}
_WORDS: Final = {
    Status.OK: "fine",
    Status.WARNING: "with a warning",
    Status.FAILED: "failed",
    Status.UNKNOWN: "could not be looked at",
    Status.SKIPPED: "skipped",
}


class Watcher(Protocol):
    """Hears how far the examinations are."""

    def begun(self, names: Sequence[str]) -> None: ...

    def done(self, check: Check) -> None: ...


class Quiet:
    """Shows nothing."""

    def begun(self, names: Sequence[str]) -> None:
        pass

    def done(self, check: Check) -> None:
        pass


class Bar:
    """A line at the bottom of a terminal: how many are done, and whom we wait for."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("connecting", total=None)
        self._pending: list[str] = []

    def begun(self, names: Sequence[str]) -> None:
        self._pending = list(names)
        self._progress.update(self._task, total=len(names), description="looking")

    def done(self, check: Check) -> None:
        self._pending.remove(check.name)
        self._progress.update(self._task, advance=1, description=", ".join(self._pending[:3]))


@contextmanager
def watching(console: Console) -> Iterator[Watcher]:
    """A bar on a terminal while the block runs, nothing elsewhere."""
    if not console.is_terminal:
        yield Quiet()
        return
    columns = (SpinnerColumn(), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress)


def verdict(checks: Sequence[Check]) -> bool:
    """Nothing failed."""
    return not any(check.status is Status.FAILED for check in checks)


def as_json(checks: Sequence[Check]) -> str:
    """One line: `ok`, how many checks ended how, and each check."""
    counts = Counter(check.status for check in checks)
    document = {
        "ok": verdict(checks),
        "counts": {status: counts[status] for status in Status},
        "checks": [asdict(check) for check in checks],
    }
    return json.dumps(document, ensure_ascii=False)


def show(console: Console, checks: Sequence[Check]) -> None:
    """A line for each check that was made, under it what to do about it, and the sum at the end."""
    table = Table("check", "", "what was found", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for check in checks:
        if check.status is Status.SKIPPED:
            continue
        mark, style = _MARKS[check.status]
        told = Text(check.detail, style="dim" if check.status is Status.OK else "")
        table.add_row(Text(check.name), Text(mark, style=style), told)
        if check.mend:
            table.add_row("", "", Text(f"-> {check.mend}", style="bold"))
    for cause, skipped in Counter(check.because for check in checks if check.because).items():
        mark, style = _MARKS[Status.SKIPPED]
        table.add_row(Text(f"{skipped} more", style="dim"), Text(mark, style=style), f"until {cause} is mended")
    console.print(table)
    counts = Counter(check.status for check in checks)
    parts = [f"{counts[status]} {_WORDS[status]}" for status in Status if counts[status]]
    total = f"{len(checks)} {'check' if len(checks) == 1 else 'checks'}: {', '.join(parts)}"
    console.print(f"\n{total}", style="green" if verdict(checks) else "red", highlight=False)
