"""Takes an estimator through the calls of a log, in the order in which things happened.

What is told of a call at a moment is what could be known then: an estimate is made as somebody joins the line, and
learnt from only when its outcome has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ivr.domain.estimate.calls import Call, Outcome
from ivr.domain.estimate.estimator import QueueEstimator
from ivr.domain.estimate.forecast import Forecast
from ivr.domain.estimate.situation import Situation
from ivr.domain.estimate.tracker import Tracker

Windows = Mapping[str, Sequence[tuple[float, float]]]
"""When each agent is planned to be away: from, until (epoch seconds), in order."""


class _What(IntEnum):
    """In the order in which events of the same moment are told: agents come free, are taken, and then people ask."""

    FREE = 0
    TAKEN = 1
    GONE = 2
    JOINED = 3
    TAKEN_AT_ONCE = 4
    GONE_AT_ONCE = 5
    FREE_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Asked:
    """An estimate made in the replay, and the call that it was made for."""

    call: Call
    forecast: Forecast
    situation: Situation
    wait_s: float | None
    """What came: the wait of who was served, and the potential or shadow wait of others; None when nobody can say."""


def _events(calls: Sequence[Call]) -> list[tuple[float, _What, int]]:
    events: list[tuple[float, _What, int]] = []
    for i, call in enumerate(calls):
        events.append((call.entered_s, _What.JOINED, i))
        if call.outcome is Outcome.ANSWERED:
            taken_s = call.offered_s
            events.append((taken_s, _What.TAKEN if taken_s > call.entered_s else _What.TAKEN_AT_ONCE, i))
            end_s = taken_s if call.service_end_s is None else max(call.service_end_s, taken_s)
            events.append((end_s, _What.FREE if end_s > taken_s else _What.FREE_AT_ONCE, i))
        else:
            events.append((call.left_s, _What.GONE if call.left_s > call.entered_s else _What.GONE_AT_ONCE, i))
    events.sort()
    return events


def replay(
    calls: Sequence[Call],
    estimator: QueueEstimator,
    *,
    planned_away: Windows | None = None,
    look: Callable[[int, Situation], None] | None = None,
) -> Iterator[Asked]:
    """Every estimate for somebody who had to wait, in the order in which it is known what came.

    `look` is called with each situation in which an estimate is made, for whoever estimates beside us.
    """
    tracker = Tracker(estimator.absence, planned_away)
    open_estimates: dict[str, tuple[int, Forecast, Situation]] = {}
    for at_s, what, i in _events(calls):
        call, caller = calls[i], str(i)
        match what:
            case _What.JOINED:
                forecast = None
                if call.had_to_wait:
                    situation = tracker.situation(at_s, priority=call.priority)
                    if situation.agents:
                        forecast = estimator.forecast(situation, at_s)
                        open_estimates[caller] = (i, forecast, situation)
                        if look is not None:
                            look(i, situation)
                estimator.joined(caller, at_s, forecast)
                tracker.joined(caller, at_s, is_callback=call.is_callback, priority=call.priority)
            case _What.TAKEN | _What.TAKEN_AT_ONCE:
                tracker.left(caller, at_s)
                tracker.took(call.agent, at_s, waited=what is _What.TAKEN, is_callback=call.is_callback)
                estimator.served(caller, at_s + call.ring_s, ring_s=call.ring_s, is_callback=call.is_callback)
            case _What.GONE | _What.GONE_AT_ONCE:
                tracker.left(caller, at_s)
                if call.outcome is Outcome.ABANDONED:
                    estimator.gave_up(caller, at_s)
                else:
                    estimator.left(caller)
                    open_estimates.pop(caller, None)
            case _What.FREE | _What.FREE_AT_ONCE:
                known = call.service_end_s is not None
                tracker.free(call.agent, at_s, known=known, priority=call.priority)
                handled_s = at_s - call.offered_s if known else None
                estimator.call_ended(at_s, handled_s, is_callback=call.is_callback)
        for learnt in estimator.just_learnt():
            opened = open_estimates.pop(learnt.caller, None)
            if opened is not None:
                j, forecast, situation = opened
                told = calls[j].potential_s
                yield Asked(calls[j], forecast, situation, learnt.wait_s if told is None else told)
    for j, forecast, situation in open_estimates.values():
        yield Asked(calls[j], forecast, situation, calls[j].potential_s)
