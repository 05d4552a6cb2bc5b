"""One call of a queue as a log has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    OTHER = "other"
    """Left the line in another way: a timeout, a key, a transfer out of the queue. Says nothing about patience."""


@dataclass(frozen=True, slots=True)
class Call:
    """Moments are epoch seconds."""

    entered_s: float
    outcome: Outcome
    left_s: float
    """The moment of answer, of hang-up, or of leaving otherwise."""
    service_end_s: float | None = None
    """When the agent was free again; None when it was not answered, or the log does not say."""
    agent: str = ""
    ring_s: float = 0.0
    """How long the agent's telephone rang, at the end of the wait."""
    queue: str = ""
    is_callback: bool = False
    priority: int = 0
    """Whoever has a higher one is served before."""
    potential_s: float | None = None
    """The wait had they never given up, where it is known: in a simulation."""

    @property
    def offered_s(self) -> float:
        """When an agent was there for them: the end of the wait, but for the ringing."""
        return max(self.left_s - self.ring_s, self.entered_s)

    @property
    def had_to_wait(self) -> bool:
        if self.potential_s is not None:
            return self.potential_s > 0
        return (self.offered_s if self.outcome is Outcome.ANSWERED else self.left_s) > self.entered_s
