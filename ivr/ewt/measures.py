"""How far predictions were from what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ivr.domain.estimate.forecast import Predictor
from ivr.domain.estimate.quantiles import LEVELS, STRATA, stratum
from ivr.domain.estimate.samples import Floats

LEVEL_NAMES: Final = tuple(f"p{round(100 * level)}" for level in LEVELS)


@dataclass(frozen=True, slots=True)
class Scored:
    """One prediction by everybody, and the wait that came; seconds."""

    wait_s: float
    predicted_s: dict[Predictor, float]
    quantiles_s: tuple[float, float, float]
    ahead: int
    hour: int


def rrase(predicted_s: Floats, wait_s: Floats) -> float:
    """Root of the mean squared error over the mean wait."""
    return float(np.sqrt(np.mean((predicted_s - wait_s) ** 2)) / np.mean(wait_s))


def bias(predicted_s: Floats, wait_s: Floats) -> float:
    """Mean error over the mean wait; above 0 when too long."""
    return float(np.mean(predicted_s - wait_s) / np.mean(wait_s))


def mae(predicted_s: Floats, wait_s: Floats) -> float:
    """Mean absolute error over the mean wait."""
    return float(np.mean(np.abs(predicted_s - wait_s)) / np.mean(wait_s))


def measures(scored: Sequence[Scored]) -> dict[str, Any]:
    """Of all of them, ready for JSON; figures are None when there are none to score."""
    if not scored or not any(each.wait_s > 0 for each in scored):
        none = dict.fromkeys(Predictor)
        return {
            "n": len(scored),
            "mean_wait_s": None,
            "rrase": none,
            "bias": none,
            "mae": none,
            "coverage": dict.fromkeys(LEVEL_NAMES),
            "width": None,
        }
    wait_s = np.array([each.wait_s for each in scored])
    by_predictor = {who: np.array([each.predicted_s[who] for each in scored]) for who in scored[0].predicted_s}
    quantiles_s = np.array([each.quantiles_s for each in scored])
    return {
        "n": len(scored),
        "mean_wait_s": round(float(wait_s.mean()), 2),
        "rrase": {who: round(rrase(p, wait_s), 4) for who, p in by_predictor.items()},
        "bias": {who: round(bias(p, wait_s), 4) for who, p in by_predictor.items()},
        "mae": {who: round(mae(p, wait_s), 4) for who, p in by_predictor.items()},
        "coverage": {
            name: round(float(np.mean(wait_s <= quantiles_s[:, i])), 4) for i, name in enumerate(LEVEL_NAMES)
        },
        # The mean distance from P10 to P90, over the mean wait.
        "width": round(float(np.mean(quantiles_s[:, 2] - quantiles_s[:, 0]) / wait_s.mean()), 4),
    }


def by_length(scored: Sequence[Scored]) -> list[dict[str, Any]]:
    """For each class of queue length."""
    return [
        {"ahead": name, **measures([each for each in scored if stratum(each.ahead) == i])}
        for i, name in enumerate(STRATA)
    ]


def by_hour(scored: Sequence[Scored]) -> list[dict[str, Any]]:
    """For each hour of the day (UTC) in which anything was scored."""
    hours = sorted({each.hour for each in scored})
    return [{"hour": hour, **measures([each for each in scored if each.hour == hour])} for hour in hours]
