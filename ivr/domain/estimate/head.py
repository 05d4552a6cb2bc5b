"""One kind of wait, learnt: how the predictors are weighed for it, and how far its quantiles had to be moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ivr.domain.estimate.quantiles import Quantiles
from ivr.domain.estimate.recent import RecentWaits
from ivr.domain.estimate.samples import Floats
from ivr.domain.estimate.stack import Stack

# The predictors that are weighed, in the order of `Evidence`, and their weights before anything is known.
_PRIOR: Final = {
    "roll-out": 0.8,
    "QL_m": 0.2,
    "LES": 0.0,
    "HOL": 0.0,
    "Asterisk": 0.0,
    "last ten": 0.0,
    "quarter of an hour": 0.0,
    "30 s": 0.0,
    "as many ahead": 0.0,
    "roll-out as it went of late": 0.0,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one estimate is weighed from; seconds."""

    ahead: int
    rolled_s: float
    draws_s: Floats
    """Sorted; their mean is `rolled_s`."""
    others_s: tuple[float, ...]
    """QL_m, LES, HOL, Asterisk's, last ten, quarter of an hour."""
    is_settled: bool = True
    """Enough was known by then of how long calls take; before that the predictors are wrong for their own reasons."""


@dataclass(frozen=True, slots=True)
class Told:
    """An estimate: the mean, the least wrong in the square, and quantiles; seconds."""

    mean_s: float
    p10_s: float
    p50_s: float
    p90_s: float
    features: Floats
    draws_s: Floats

    @property
    def quantiles_s(self) -> tuple[float, float, float]:
        return self.p10_s, self.p50_s, self.p90_s


class Head:
    """Learns one kind of wait."""

    _SHORTEST_S = 1.0
    _SHARED = 5.0
    """With so many ahead an outcome counts half."""

    def __init__(self) -> None:
        self._stack = Stack(list(_PRIOR.values()), signed=[False] * len(_PRIOR))
        self._quantiles = Quantiles()
        self._recent = RecentWaits()
        self.outcomes = 0

    def tell(self, evidence: Evidence) -> Told:
        rolled_s = evidence.rolled_s
        features = np.array(
            (
                rolled_s,
                *evidence.others_s,
                30.0,
                self._recent.same_length_s(evidence.ahead, rolled_s),
                self._recent.corrected_s(rolled_s),
            )
        )
        mean_s = max(self._stack.predict(features), self._SHORTEST_S)
        draws_s = evidence.draws_s * (mean_s / max(rolled_s, 1e-3))
        p10_s, p50_s, p90_s = self._quantiles.quantiles_s(draws_s, evidence.ahead)
        return Told(mean_s, p10_s, p50_s, p90_s, features, draws_s)

    def learn(self, wait_s: float, evidence: Evidence, told: Told) -> None:
        """What came of an estimate."""
        # Those who stand in one line wait for the same calls to end: their outcomes are much the same outcome.
        weight = 1 / (1 + evidence.ahead / self._SHARED)
        self.outcomes += 1
        if evidence.is_settled:
            self._stack.learn(told.features, wait_s, told.mean_s, weight)
            self._recent.learn(wait_s, evidence.ahead, evidence.rolled_s, weight)
        self._quantiles.learn(wait_s, told.draws_s, evidence.ahead, told.quantiles_s, weight)

    @property
    def weights(self) -> dict[str, float]:
        """Of each predictor now."""
        return dict(zip(_PRIOR, (float(w) for w in self._stack.weights), strict=True))

    def save(self) -> dict[str, Any]:
        return {
            "stack": self._stack.save(),
            "quantiles": self._quantiles.save(),
            "recent": self._recent.save(),
            "outcomes": self.outcomes,
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        self._stack.load(saved["stack"])
        self._quantiles.load(saved["quantiles"])
        self._recent.load(saved["recent"])
        self.outcomes = int(saved["outcomes"])
