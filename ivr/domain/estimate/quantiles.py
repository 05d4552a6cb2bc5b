"""Quantiles whose coverage is held to what they promise, at every queue length.

Each outcome is placed in the distribution that was drawn for it: 0.3 means that three in ten draws were shorter. If
the draws were right, places would be spread evenly; where they are not, the places seen of late at a similar queue
length say which draw covers, for instance, nine in ten. On top of that an adaptive step corrects what drifts: a
quantile that was passed moves up by gamma times its level, one that held moves down by the rest (I. Gibbs and
E. Candes, "Adaptive conformal inference under distribution shift", 2021).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from ivr.domain.estimate.samples import Floats

LEVELS: Final = (0.1, 0.5, 0.9)
STRATA: Final = ("0", "1-2", "3-5", "6+")


def stratum(ahead: int) -> int:
    """The class of queue length in which somebody with so many ahead is."""
    return bisect_left((0, 2, 5), ahead)


def place_of(wait_s: float, draws_s: Floats) -> float:
    """The place of a wait among sorted draws: 0 to 1 inside them, going on at the pace of their mean beyond."""
    count = len(draws_s)
    longest = draws_s[-1]
    if wait_s >= longest:
        return float(1.0 + (wait_s - longest) / _reach(draws_s))
    above = int(np.searchsorted(draws_s, wait_s, side="right"))
    low = draws_s[above - 1] if above else 0.0
    high = draws_s[above]
    return float((above + (wait_s - low) / (high - low) if high > low else above) / count)


def wait_at(place: float, draws_s: Floats) -> float:
    """The wait at a place: the other way round."""
    if place >= 1:
        return float(draws_s[-1] + (place - 1) * _reach(draws_s))
    at = max(place, 0.0) * len(draws_s)
    above = int(at)
    low = draws_s[above - 1] if above else 0.0
    return float(low + (at - above) * (draws_s[above] - low))


def _reach(draws_s: Floats) -> float:
    return max(float(draws_s.mean()), 1.0)


class _Stratum:
    """The places of the last outcomes at one queue length, and the steps made for each level."""

    _KEPT = 800
    _STEP = 0.008
    _PRIOR = 40

    def __init__(self) -> None:
        prior = [(i + 0.5) / self._PRIOR for i in range(self._PRIOR)]
        # Not in order: the guesses are forgotten evenly as outcomes come.
        self._recent = deque(prior[::2] + prior[1::2])
        self._sorted = sorted(prior)
        self._shift = [0.0] * len(LEVELS)
        self._owed = 0.0
        self.count = 0

    def place(self, level: int) -> float:
        """The place that covers LEVELS[level]."""
        wanted = min(max(LEVELS[level] + self._shift[level], 0.0), 1.0)
        at = wanted * (len(self._sorted) + 1) - 1
        low = min(max(int(at), 0), len(self._sorted) - 1)
        high = min(low + 1, len(self._sorted) - 1)
        return self._sorted[low] + (min(max(at, 0.0), len(self._sorted) - 1.0) - low) * (
            self._sorted[high] - self._sorted[low]
        )

    def learn(self, place: float, covered: Sequence[bool], weight: float) -> None:
        for i, (level, held) in enumerate(zip(LEVELS, covered, strict=True)):
            step = weight * self._STEP * (level - held)
            self._shift[i] = min(max(self._shift[i] + step, -0.25), 0.25)
        # Of outcomes that count in part, some are kept whole.
        self._owed += weight
        if self._owed < 1:
            return
        self._owed -= 1
        self.count += 1
        self._recent.append(place)
        insort(self._sorted, place)
        kept = self._KEPT if self.count > self._PRIOR * 5 else self._KEPT + self._PRIOR
        while len(self._recent) > kept:
            self._sorted.pop(bisect_left(self._sorted, self._recent.popleft()))

    def save(self) -> dict[str, Any]:
        return {"recent": [round(p, 5) for p in self._recent], "shift": self._shift, "count": self.count}

    def load(self, saved: Mapping[str, Any]) -> None:
        self._recent = deque(float(p) for p in saved["recent"])
        self._sorted = sorted(self._recent)
        self._shift, self.count = [float(s) for s in saved["shift"]], int(saved["count"])


class Quantiles:
    """P10, P50 and P90 per stratum of queue length."""

    def __init__(self) -> None:
        self._strata = [_Stratum() for _ in STRATA]

    def quantiles_s(self, draws_s: Floats, ahead: int) -> tuple[float, float, float]:
        """In order, for somebody with so many ahead; `draws_s` sorted and finite."""
        at = self._strata[stratum(ahead)]
        p10, p50, p90 = sorted(wait_at(at.place(i), draws_s) for i in range(len(LEVELS)))
        return p10, p50, p90

    def learn(self, wait_s: float, draws_s: Floats, ahead: int, told_s: Sequence[float], weight: float = 1.0) -> None:
        """What came of an estimate whose quantiles were `told_s`; `weight`: how much of an outcome it is, 0 to 1."""
        covered = [wait_s <= q for q in told_s]
        self._strata[stratum(ahead)].learn(place_of(wait_s, draws_s), covered, weight)

    def outcomes(self, ahead: int) -> int:
        """Learnt at that queue length."""
        return self._strata[stratum(ahead)].count

    def save(self) -> list[dict[str, Any]]:
        return [s.save() for s in self._strata]

    def load(self, saved: Sequence[Mapping[str, Any]]) -> None:
        for at, one in zip(self._strata, saved, strict=True):
            at.load(one)
