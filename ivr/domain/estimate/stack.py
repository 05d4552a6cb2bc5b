"""An online weighing of predictors: ridge regression towards weights given beforehand, forgetting slowly.

Outcomes weigh by the inverse square of their prediction, so that a bad hour does not drown all that is learnt in
good ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ivr.domain.estimate.samples import Floats


class Stack:
    """Weights for a fixed list of predictors, refitted every few outcomes."""

    _SHORTEST_HALF_LIFE = 50.0

    def __init__(
        self,
        prior: Sequence[float],
        *,
        signed: Sequence[bool],
        strength: float = 50.0,
        half_life: float = 4000.0,
        scale_s: float = 30.0,
        refit_every: int = 25,
    ) -> None:
        """`signed` says which weights may be negative; `strength` is how many outcomes the prior is worth."""
        self._prior = np.array(prior, float)
        self._signed = np.array(signed, bool)
        self._strength, self._scale_s, self._refit_every = strength, scale_s, refit_every
        self._half_life, self._weighed = half_life, 0.0
        self._gram = np.zeros((len(prior), len(prior)))
        self._moment = np.zeros(len(prior))
        self._outcomes = 0
        self.weights = self._prior.copy()

    def predict(self, features: Floats) -> float:
        return float(self.weights @ features)

    def learn(self, features: Floats, outcome_s: float, predicted_s: float, weight: float = 1.0) -> None:
        """`weight`: how much of an outcome this is, 0 to 1."""
        importance = weight / (predicted_s * predicted_s + self._scale_s * self._scale_s)
        # At first the memory is as short as what is known: the first outcomes are the worst.
        self._weighed += weight
        keep = 0.5 ** (weight / min(self._half_life, self._SHORTEST_HALF_LIFE + self._weighed / 2))
        self._gram *= keep
        self._moment *= keep
        self._gram += importance * np.outer(features, features)
        self._moment += importance * outcome_s * features
        self._outcomes += 1
        if self._outcomes % self._refit_every == 0:
            self._refit()

    def _refit(self) -> None:
        """Negative weights that may not be so are dropped, the worst first, and the rest fitted again."""
        size = len(self._prior)
        gram = self._gram + self._strength * np.diag(self._ridge())
        moment = self._moment + self._strength * self._ridge() * self._prior
        active = np.ones(size, bool)
        while True:
            weights = np.zeros(size)
            rows = np.flatnonzero(active)
            weights[rows] = np.linalg.solve(gram[np.ix_(rows, rows)], moment[rows])
            wrong = np.where(self._signed, 0.0, weights)
            if wrong.min() >= 0:
                break
            active[int(wrong.argmin())] = False
        self.weights = weights

    def _ridge(self) -> Floats:
        """Pull towards the prior in the units of one outcome: predictions about as large as what they predict."""
        return np.full(len(self._prior), 0.5)

    def save(self) -> dict[str, Any]:
        return {
            "gram": self._gram.tolist(),
            "moment": self._moment.tolist(),
            "outcomes": self._outcomes,
            "weighed": self._weighed,
            "weights": self.weights.tolist(),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Raises ValueError when it was saved with other predictors."""
        gram = np.array(saved["gram"], float)
        if gram.shape != self._gram.shape:
            raise ValueError(f"{len(gram)} predictors were saved, there are {len(self._gram)}")
        self._gram, self._moment = gram, np.array(saved["moment"], float)
        self._outcomes, self._weighed = int(saved["outcomes"]), float(saved["weighed"])
        self.weights = np.array(saved["weights"], float)
