"""What an estimate is made from: the agents as they are now, and who is to be served before the person asking.

All durations are seconds from the moment of asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent who takes calls of the queue, now or at a moment that is known."""

    busy_for_s: float | None = None
    """How long the present call has kept them (ring, talk and wrap-up are one); None when they are on none."""
    free_in_s: float = 0.0
    """When on no call: 0 for idle, what is left of a wrap-up timer, or when a planned log-in comes."""
    away_for_s: float | None = None
    """On no call although people wait, for a reason that nobody announced, for so long already."""
    on_callback: bool = False
    """The present call is one to a customer who asked for it; those last differently."""
    away_from_s: float = inf
    """The next planned break or log-out; a call under way is finished first."""
    away_until_s: float = inf
    """The end of that break; `inf` for a log-out."""
    share: float = 1.0
    """The part of their calls that come from this queue, above 0: less than 1 for an agent of several queues."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Somebody who is served before the person asking."""

    waited_s: float = 0.0
    is_callback: bool = False
    """Holds a place without holding the line, so does not give up."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The queue as somebody who asks finds it."""

    agents: tuple[Agent, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    """In the order in which they will be served."""
    overtaking_load: float = 0.0
    """The part of the agents' time, 0 to 1, that goes to people yet to come who will pass the one asking."""
    head_age_s: float | None = None
    """How long the first in line has waited; None when nobody waits."""
    hour: int = 0
    """Of the day, 0 to 23, for whoever sorts errors by it."""

    @property
    def idle(self) -> int:
        return sum(
            a.busy_for_s is None and a.away_for_s is None and a.free_in_s <= 0 < a.away_from_s for a in self.agents
        )

    @property
    def goes_straight_in(self) -> bool:
        """An agent is idle for the one asking after everybody ahead has one."""
        return self.idle > len(self.ahead)
