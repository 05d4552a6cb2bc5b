"""Teaches the estimator of a live queue from its events, as they come.

A call keeps its agent until the wrap-up is over, which nobody announces: such moments are kept until time has come to
them. Asterisk tells first that a caller left the queue, and then whether an agent took the call.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ivr.domain.estimate.estimator import QueueEstimator
from ivr.domain.estimate.live import OnCall
from ivr.domain.estimate.situation import Situation
from ivr.domain.estimate.tracker import Tracker

_CONNECT_WITHIN_S: Final = 60.0
"""Who left the line and is with no agent by then is not going to be."""


@dataclass(frozen=True, slots=True, order=True)
class _Free:
    at_s: float
    agent: str
    handled_s: float
    is_callback: bool


class QueueLearner:
    """The estimator of a live queue, and what its events tell it. Moments are epoch seconds."""

    def __init__(self, estimator: QueueEstimator) -> None:
        self.estimator = estimator
        self._tracker = Tracker(estimator.absence)
        self._on_calls: dict[str, OnCall] = {}
        self._in_wrapup: list[_Free] = []
        self._leaving: OrderedDict[str, float] = OrderedDict()
        self._gave_up: set[str] = set()
        """Told that they hung up, and not yet that they left."""

    @property
    def on_calls(self) -> Mapping[str, OnCall]:
        """The calls of this queue that agents are on, by interface."""
        return self._on_calls

    def joined(self, caller: str, at_s: float, situation: Situation | None, *, is_callback: bool = False) -> None:
        """Somebody entered the queue; in `situation` they found it, None when that is not known or of no use."""
        self._pass_time(at_s)
        forecast = None
        if situation is not None and situation.agents and not situation.goes_straight_in:
            forecast = self.estimator.forecast(situation, at_s)
        self.estimator.joined(caller, at_s, forecast)
        self._tracker.joined(caller, at_s, is_callback=is_callback)

    def gave_up(self, caller: str, at_s: float) -> None:
        self._pass_time(at_s)
        self._tracker.left(caller, at_s)
        self.estimator.gave_up(caller, at_s)
        self._gave_up.add(caller)

    def left(self, caller: str, at_s: float) -> None:
        """Out of the queue; perhaps an agent takes the call."""
        self._pass_time(at_s)
        self._tracker.left(caller, at_s)
        if caller in self._gave_up:
            self._gave_up.remove(caller)
        else:
            self._leaving[caller] = at_s

    def connected(
        self, caller: str, agent: str, at_s: float, *, ring_s: float = 0.0, is_callback: bool = False
    ) -> None:
        """An agent took the call, after their telephone rang for so long."""
        self._pass_time(at_s)
        self._end_wrapup(agent, at_s)
        self._leaving.pop(caller, None)
        self._tracker.left(caller, at_s)
        since_s = at_s - max(ring_s, 0.0)
        self._on_calls[agent] = OnCall(since_s, is_callback)
        self._tracker.took(agent, since_s, waited=True, is_callback=is_callback)
        self.estimator.served(caller, at_s, ring_s=max(ring_s, 0.0), is_callback=is_callback)

    def completed(self, agent: str, at_s: float, *, wrapup_s: float = 0.0) -> None:
        """The talk is over; the agent is free after the wrap-up."""
        self._pass_time(at_s)
        call = self._on_calls.pop(agent, None)
        if call is None:
            return
        free_at_s = at_s + max(wrapup_s, 0.0)
        heapq.heappush(self._in_wrapup, _Free(free_at_s, agent, free_at_s - call.since_s, call.is_callback))
        self._pass_time(at_s)

    def logged_out(self, agent: str, at_s: float) -> None:
        self._pass_time(at_s)
        self._on_calls.pop(agent, None)
        self._tracker.gone(agent, at_s)

    def lost_sight(self) -> None:
        """Events are missing: what is under way is not known any more; what was learnt stays."""
        self.estimator.forget_line()
        self._tracker = Tracker(self.estimator.absence)
        self._on_calls.clear()
        self._in_wrapup.clear()
        self._leaving.clear()
        self._gave_up.clear()

    def _end_wrapup(self, agent: str, at_s: float) -> None:
        """A call that comes during the wrap-up ends it."""
        for free in [each for each in self._in_wrapup if each.agent == agent]:
            self._in_wrapup.remove(free)
            heapq.heapify(self._in_wrapup)
            self._free(_Free(at_s, agent, free.handled_s - (free.at_s - at_s), free.is_callback))

    def _pass_time(self, now_s: float) -> None:
        while self._in_wrapup and self._in_wrapup[0].at_s <= now_s:
            self._free(heapq.heappop(self._in_wrapup))
        while self._leaving:
            caller, since_s = next(iter(self._leaving.items()))
            if now_s - since_s < _CONNECT_WITHIN_S:
                break
            del self._leaving[caller]
            self.estimator.left(caller)

    def _free(self, free: _Free) -> None:
        self._tracker.free(free.agent, free.at_s)
        self.estimator.call_ended(free.at_s, free.handled_s, is_callback=free.is_callback)
