"""Durations that were seen, to draw others like them from: whole, or what is left of one under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PRIOR_CALLS = 30
"""A guess weighs as much as so many calls."""


class Durations:
    """The last durations of one kind. Until enough are known, exponential ones of a guessed mean stand beside them.

    No shape is assumed: a call under way for `t` lasts as long as those seen that were longer than `t`.
    """

    _KEPT = 1000
    _PRIOR_UNTIL = 300
    _REBUILT_EVERY = 10

    def __init__(self, guess_s: float, *, kept: int = _KEPT) -> None:
        """`guess_s`: the mean before anything is known, above 0."""
        self.guess_s = guess_s
        self.count = 0
        self._seen: deque[float] = deque(maxlen=kept)
        self._sorted: Floats = np.empty(0)
        self._stale = _PRIOR_CALLS

    def add(self, duration_s: float) -> None:
        """Durations that are not positive and finite are left out."""
        if not 0 < duration_s < 1e6:
            return
        self._seen.append(duration_s)
        self.count += 1
        self._stale += 1

    @property
    def values_s(self) -> Floats:
        """Sorted, never empty."""
        if self._stale >= self._REBUILT_EVERY or not len(self._sorted):
            seen = np.fromiter(self._seen, float)
            if self.count < self._PRIOR_UNTIL:
                steps = (np.arange(_PRIOR_CALLS) + 0.5) / _PRIOR_CALLS
                prior = -np.log(steps)
                seen = np.concatenate((seen, prior * (self.guess_s / prior.mean())))
            self._sorted, self._stale = np.sort(seen), 0
            self.mean_s = float(self._sorted.mean())
        return self._sorted

    mean_s: float = 0.0

    def draw(self, uniform: Floats) -> Floats:
        """One duration for each number in [0, 1)."""
        values_s = self.values_s
        drawn: Floats = values_s[(uniform * len(values_s)).astype(np.intp)]
        return drawn

    def draw_left(self, uniform: Floats, elapsed_s: Sequence[float]) -> Floats:
        """What is left of durations under way; `uniform` has a column for each."""
        values_s = self.values_s
        elapsed = np.asarray(elapsed_s)
        first = np.searchsorted(values_s, elapsed, side="right")
        longer = len(values_s) - first
        left: Floats = values_s[np.minimum((first + uniform * longer).astype(np.intp), len(values_s) - 1)] - elapsed
        if longer.min() < _FEW:
            few = longer < _FEW
            left[:, few] = -np.log1p(-uniform[:, few]) * self.mean_s
        return left

    def save(self) -> dict[str, Any]:
        return {"guess_s": self.guess_s, "count": self.count, "seen": [round(s, 3) for s in self._seen]}

    def load(self, saved: Mapping[str, Any]) -> None:
        """What was learnt before; the guess stays our own."""
        self._seen.extend(float(s) for s in saved["seen"])
        self.count, self._stale = int(saved["count"]), self._REBUILT_EVERY


_FEW = 3


class RunningMean:
    """A mean that follows the last `memory` values or so, from a guess that weighs as much as 30."""

    def __init__(self, guess_s: float, memory: int = 300) -> None:
        self.mean_s, self.count, self._memory = guess_s, 0, memory

    def add(self, value_s: float) -> None:
        """Values that are not positive and finite are left out."""
        if not 0 < value_s < 1e6:
            return
        self.count += 1
        self.mean_s += (value_s - self.mean_s) / min(self.count + _PRIOR_CALLS, self._memory)

    def save(self) -> list[float]:
        return [self.mean_s, self.count]

    def load(self, saved: Sequence[float]) -> None:
        self.mean_s, self.count = float(saved[0]), int(saved[1])
