"""What the carrier stand-in wrote down about the calls that reached it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CarrierEvent:
    """One line of the carrier's calls.csv.

    at_s: epoch seconds. what: ring, answer, digit or end. who: the number (+1202...) or agent called.
    call: the same for all events of a call. detail: the caller's number (ring), the digit, or the state at the end.
    """

    at_s: float
    what: str
    who: str
    call: str
    detail: str


def read_events(path: Path) -> list[CarrierEvent]:
    """All events so far, oldest first. A line that is just being written is left for the next time."""
    complete, _, _ = path.read_text().rpartition("\n")
    events = []
    for line in complete.splitlines():
        at_s, what, who, call, detail = line.split(",", 4)
        events.append(CarrierEvent(float(at_s), what, who, call, detail))
    return events
