"""The situation of a queue from its live state, and when that state is no ground for an estimate."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ivr.domain.estimate.situation import Agent, Ahead, Situation
from ivr.domain.pacing import Waiter
from ivr.domain.queue_state import Member, QueueState


@dataclass(frozen=True, slots=True)
class OnCall:
    """A call that an agent is on."""

    since_s: float
    """Its first ring; epoch seconds."""
    is_callback: bool = False


def live_situation(
    state: QueueState, line: Sequence[Waiter], on_calls: Mapping[str, OnCall], now_s: float
) -> Situation:
    """As somebody finds it who asks now, after everybody in `line`; `on_calls` by the agent's interface.

    Who is being rung for has an agent, so the first in line are as many less.
    """
    agents = [agent for m in state.members if (agent := _agent(m, on_calls.get(m.interface), now_s)) is not None]
    waiting = sorted(line, key=lambda waiter: waiter.asked_at_s)[state.being_rung_for :]
    ahead = tuple(Ahead(max(now_s - w.asked_at_s, 0.0), w.callback_id is not None) for w in waiting)
    return Situation(
        agents=tuple(agents),
        ahead=ahead,
        head_age_s=ahead[0].waited_s if ahead else None,
        hour=int(now_s // 3600 % 24),
    )


def _agent(member: Member, on_call: OnCall | None, now_s: float) -> Agent | None:
    if not member.is_logged_in:
        return None
    if on_call is not None:
        return Agent(busy_for_s=max(now_s - on_call.since_s, 0.0), on_callback=on_call.is_callback)
    if member.paused:
        # Without the moment of the pause it counts from the last call, or as long ago.
        since_s = member.last_pause_at_s or member.last_call_at_s
        return Agent(away_for_s=max(now_s - since_s, 0.0))
    if member.is_in_wrapup(now_s):
        return Agent(free_in_s=member.wrapup_ends_at_s - now_s)
    if member.is_available(now_s):
        return Agent()
    # A call that did not come through this queue, or one whose beginning was not seen.
    return Agent(busy_for_s=0.0)


class Staffing:
    """Notices when many agents leave at once: what was learnt does not hold then, and nobody knows for how long."""

    _WITHIN_S: Final = 600.0
    _LEFT_SHARE: Final = 0.5
    _LEAST: Final = 2

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, staffed: int, now_s: float) -> None:
        """So many agents are logged in and not paused."""
        while self._seen and (self._seen[0][0] < now_s - self._WITHIN_S or self._seen[0][0] > now_s):
            self._seen.popleft()
        # Only what may still be the most of the last minutes is kept.
        while self._seen and self._seen[-1][1] <= staffed:
            self._seen.pop()
        self._seen.append((now_s, staffed))

    def why_abstain(self) -> str:
        """Empty when an estimate may be given."""
        if not self._seen:
            return ""
        most, now = self._seen[0][1], self._seen[-1][1]
        if most - now >= self._LEAST and now <= most * self._LEFT_SHARE:
            return f"{most - now} of {most} agents left within {self._WITHIN_S / 60:.0f} minutes"
        return ""
