"""Where somebody stands in line, and for how long: what the APIs ask of the live state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ivr.domain.callback import Callback
from ivr.domain.wait import WaitEstimate, unknown
from ivr.service.options import ServiceOptions


@dataclass(frozen=True, slots=True)
class Standing:
    """A callback in line, among live callers and callbacks alike."""

    position: int
    """From 1, the next to be served."""
    waiting: int
    """Everybody in line, this one too."""
    wait: WaitEstimate


class Waiting(Protocol):
    """What is known of the lines at this moment; what is not known is an answer, never an error."""

    async def estimate(self, service: str, options: ServiceOptions) -> WaitEstimate:
        """The wait of somebody who asks now."""

    async def standing(self, callback: Callback, options: ServiceOptions) -> Standing | None:
        """Where a callback stands; None while the line is not known."""


class NothingKnown:
    """For a process that sees no queue."""

    async def estimate(self, service: str, options: ServiceOptions) -> WaitEstimate:
        return unknown("this process sees no queue")

    async def standing(self, callback: Callback, options: ServiceOptions) -> Standing | None:
        return None
