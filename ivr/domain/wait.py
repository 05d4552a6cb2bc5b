"""How long a new caller would wait for an agent: a median and a range, from the queue's live state.

With n people ahead of them, s agents serving, handle time 1/mu (talk and wrap-up) and patience 1/alpha, a caller who
finds every agent busy waits for n + 1 departures. The i-th of them comes at rate s mu + i alpha, so the wait is
hypoexponential; its mean is the queue-length predictor QL_m, exact in G/M/s+M:

    E[W] = sum_{i=0..n} 1 / (s mu + i alpha),   Var[W] = sum_{i=0..n} 1 / (s mu + i alpha)^2

(W. Whitt, "Predicting queueing delays", Management Science 45(6), 1999.) Quantiles are those of the gamma
distribution of the same mean and variance, by the Wilson-Hilferty approximation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import Final

_Z90: Final = 1.2815515655446004


@dataclass(frozen=True, slots=True)
class WaitEstimate:
    """Seconds until an agent, as far as can be told.

    All three are None when nobody can tell: no agent is logged in, or the queue's state is not known.
    """

    p10_s: float | None
    median_s: float | None
    p90_s: float | None
    basis: str
    """Why this figure, for a person to read: "3 ahead, 2 agents (0 free), handle time 240 s"."""
    ahead: int | None = None
    """Everybody who is in line before them, live callers and callbacks alike."""

    @property
    def is_known(self) -> bool:
        return self.median_s is not None


def unknown(basis: str) -> WaitEstimate:
    """An estimate that says that it does not know, and why."""
    return WaitEstimate(None, None, None, basis)


@dataclass(frozen=True, slots=True)
class HandleTime:
    """A running mean of how long an agent is taken by one call: talk and wrap-up, seconds.

    Starts from an operator's guess that weighs as much as `_PRIOR_CALLS` calls, and follows the last
    `_MEMORY_CALLS` or so afterwards.
    """

    mean_s: float
    calls: int = 0

    _PRIOR_CALLS = 5
    _MEMORY_CALLS = 100

    def after(self, handled_s: float) -> HandleTime:
        """With one more call of `handled_s` seconds; figures that are not positive and finite are left out."""
        if not 0 < handled_s < inf:
            return self
        weight = 1 / min(self.calls + 1 + self._PRIOR_CALLS, self._MEMORY_CALLS)
        return replace(self, mean_s=self.mean_s + weight * (handled_s - self.mean_s), calls=self.calls + 1)


def estimate(*, ahead: int, serving: int, free: int, handle_time_s: float, patience_s: float) -> WaitEstimate:
    """The wait of somebody who asks now.

    `ahead`: everybody in line before them, live callers and callbacks alike. `serving`: agents logged in and not
    paused. `free`: those of them who could take a call at once. `handle_time_s`, `patience_s`: means, above 0.
    """
    basis = f"{ahead} ahead, {serving} agents ({free} free), handle time {handle_time_s:.0f} s"
    if serving < 1:
        return unknown("no agent is logged in")
    if free > ahead:
        return WaitEstimate(0.0, 0.0, 0.0, basis, ahead)
    service_rate, patience_rate = serving / handle_time_s, 1 / patience_s
    steps = [1 / (service_rate + i * patience_rate) for i in range(ahead - free + 1)]
    mean_s, variance = sum(steps), sum(step * step for step in steps)
    shape = mean_s * mean_s / variance
    return WaitEstimate(
        p10_s=_gamma_quantile_s(mean_s, shape, -_Z90),
        median_s=_gamma_quantile_s(mean_s, shape, 0.0),
        p90_s=_gamma_quantile_s(mean_s, shape, _Z90),
        basis=basis,
        ahead=ahead,
    )


def _gamma_quantile_s(mean_s: float, shape: float, z: float) -> float:
    root = 1 - 1 / (9 * shape) + z / (3 * sqrt(shape))
    return mean_s * max(root, 0.0) ** 3
