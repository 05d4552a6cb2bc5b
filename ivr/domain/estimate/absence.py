"""How soon agents come back who are on no call although people wait: in wrap-up, paused, or away.

Known timers are used as they are; this is for everything that nobody announces. It is learnt only while somebody
waits, since an agent who takes no call then is not simply idle. The rate of coming back depends on how long they are
gone (piecewise constant), and an agent who ends a call may also take the next one at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from math import expm1
from typing import Any, Final

import numpy as np

from ivr.domain.estimate.samples import Floats

_EDGES_S: Final = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0, 5120.0)
_BINS: Final = len(_EDGES_S) - 1
FORGOTTEN_S: Final = _EDGES_S[-1]
"""Who has been away for longer is not expected back."""
_GONE_S: Final = 1800.0
"""Stands for "not to be expected" where a play needs a number."""


class Absence:
    """Rates of coming back by time since the last call, and the share of calls that are followed at once."""

    _HALF_LIFE = 2000.0
    """Calls after which what was seen weighs half."""
    _PRIOR_EVENTS = 2.0
    _PRIOR_S = 400.0
    """A guess of one return in 200 s away weighs as much as two returns."""

    def __init__(self) -> None:
        self._returns = [0.0] * _BINS
        self._exposed_s = [0.0] * _BINS
        self._ended, self._at_once = 10.0, 10.0
        self._keep = 0.5 ** (1 / self._HALF_LIFE)
        self._cumulated: Floats | None = None
        self._edges: Floats = np.array(_EDGES_S)

    def call_ended(self, *, at_once: bool) -> None:
        """While people waited, an agent ended a call, and took the next one in the same moment or did not."""
        self._ended = self._ended * self._keep + 1
        self._at_once = self._at_once * self._keep + at_once
        if not at_once:
            self._returns = [r * self._keep for r in self._returns]
            self._exposed_s = [e * self._keep for e in self._exposed_s]
            self._cumulated = None

    def away(self, from_s: float, to_s: float) -> None:
        """While people waited, an agent's absence went on from one age to another."""
        at = max(bisect_right(_EDGES_S, from_s) - 1, 0)
        while at < _BINS and from_s < to_s:
            until_s = min(to_s, _EDGES_S[at + 1])
            self._exposed_s[at] += until_s - from_s
            from_s, at = until_s, at + 1

    def came_back(self, after_s: float) -> None:
        """Took a call, people having waited."""
        at = bisect_right(_EDGES_S, after_s) - 1
        if 0 <= at < _BINS:
            self._returns[at] += 1

    @property
    def ever_pauses(self) -> bool:
        """False as long as every call was followed at once while people waited."""
        return self._at_once < self._ended - 1e-9

    @property
    def pause_share(self) -> float:
        """The part of calls after which the agent is away for a while although people wait."""
        return max(1 - self._at_once / self._ended, 0.0)

    def draw_left(self, uniform: Floats, away_for_s: Sequence[float]) -> Floats:
        """Seconds until they come back who are away for so long; `uniform` has a column for each."""
        hazard = self._cumulated_hazard()
        away = np.asarray(away_for_s)
        wanted = np.interp(away, self._edges, hazard) - np.log1p(-uniform)
        back = np.interp(wanted, hazard, self._edges, right=np.inf) - away
        left: Floats = np.minimum(np.maximum(back, 0.0), _GONE_S)
        return left

    def draw_pause(self, uniform: Floats) -> Floats:
        """The time between the end of a call and the next one: 0 for who goes on at once."""
        share = self.pause_share
        pauses = uniform < share
        left = np.zeros_like(uniform)
        left[pauses] = self.draw_left(np.minimum(uniform[pauses] / share, 1 - 1e-12), [0.0])
        return left

    def back_within(self, away_for_s: float, within_s: float) -> float:
        """The chance that they are back by then."""
        hazard = self._cumulated_hazard()
        now, then = np.interp([away_for_s, away_for_s + within_s], self._edges, hazard)
        return float(-expm1(now - then))

    def _cumulated_hazard(self) -> Floats:
        if self._cumulated is None:
            rates = (np.array(self._returns) + self._PRIOR_EVENTS) / (np.array(self._exposed_s) + self._PRIOR_S)
            self._cumulated = np.concatenate(([0.0], np.cumsum(rates * np.diff(self._edges))))
        return self._cumulated

    def save(self) -> dict[str, Any]:
        return {
            "returns": self._returns,
            "exposed_s": self._exposed_s,
            "ended": self._ended,
            "at_once": self._at_once,
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        self._returns = [float(r) for r in saved["returns"]]
        self._exposed_s = [float(e) for e in saved["exposed_s"]]
        self._ended, self._at_once = float(saved["ended"]), float(saved["at_once"])
        self._cumulated = None
