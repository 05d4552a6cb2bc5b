"""Scores every estimator on a log, call by call, learning only from what was past.

The head figures are of callers who had to wait and were served: their waits are in the log. Ours is there the
estimate of the wait of those who are served. Beside them, under `potential`, stands the wait that an estimate is
spoken for, of those who hung up too, whose waits are worked out from when they would have been served.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ivr.domain.estimate.calls import Call, Outcome
from ivr.domain.estimate.estimator import QueueEstimator
from ivr.domain.estimate.forecast import Predictor
from ivr.domain.estimate.head import Told
from ivr.domain.estimate.replay import Asked, replay
from ivr.ewt.measures import Scored, by_hour, by_length, measures

WARM_UP: Final = 2000
"""Estimates that are not scored, while everybody learns; in a short log a fifth of them."""
_COLD: Final = (50, 200)


def score(calls: Sequence[Call], *, seed: int = 1, warm_up: int | None = None) -> dict[str, Any]:
    """Each queue by itself, the figures together."""
    queues: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        queues[call.queue].append(call)
    served: list[Scored] = []
    potential: list[Scored] = []
    cold: dict[int, list[Scored]] = {count: [] for count in _COLD}
    dropped = 0
    for queue in sorted(queues):
        estimator = QueueEstimator(np.random.default_rng(seed))
        # In the order in which they were asked: which come first does not depend on how long they took.
        asked = sorted(replay(queues[queue], estimator), key=lambda each: each.forecast.at_s)
        first = min(WARM_UP, len(asked) // 5) if warm_up is None else warm_up
        dropped += min(first, len(asked))
        for count in _COLD:
            cold[count] += _served(asked[:count])
        served += _served(asked[first:])
        potential += _potential(asked[first:])
    return {
        **measures(served),
        "strata": by_length(served),
        "hours": by_hour(served),
        "cold_start": [{"first": count, **measures(each)} for count, each in cold.items()],
        "potential": {**measures(potential), "strata": by_length(potential)},
        "warm_up": dropped,
        "calls": len(calls),
    }


def _served(asked: Sequence[Asked]) -> list[Scored]:
    return [
        _scored(each, each.forecast.if_served, each.wait_s)
        for each in asked
        if each.call.outcome is Outcome.ANSWERED and each.wait_s is not None
    ]


def _potential(asked: Sequence[Asked]) -> list[Scored]:
    return [_scored(each, each.forecast.potential, each.wait_s) for each in asked if each.wait_s is not None]


def _scored(asked: Asked, told: Told, wait_s: float) -> Scored:
    forecast = asked.forecast
    predicted_s = {**forecast.anchors, Predictor.OURS: told.mean_s}
    return Scored(wait_s, predicted_s, told.quantiles_s, forecast.ahead, forecast.hour)
