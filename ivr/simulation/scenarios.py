"""The centres that estimates are measured in: overloaded and small ones, shifts, callbacks in line, priorities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

import numpy as np

from ivr.simulation.centre import CallbackOffer, Centre, Draw

_SERVICE_S: Final = 300.0


def exponential(mean_s: float) -> Draw:
    return lambda rng: float(rng.exponential(mean_s))


def erlang(shape: int, mean_s: float) -> Draw:
    return lambda rng: float(rng.gamma(shape, mean_s / shape))


def hyperexponential(mean_s: float, scv: float = 4.0) -> Draw:
    """Two phases with balanced means, of that squared coefficient of variation (above 1)."""
    p = (1 + sqrt((scv - 1) / (scv + 1))) / 2

    def draw(rng: np.random.Generator) -> float:
        first = rng.random() < p
        return float(rng.exponential(mean_s / (2 * p) if first else mean_s / (2 * (1 - p))))

    return draw


def lognormal(mean_s: float, scv: float) -> Draw:
    sigma = sqrt(log(1 + scv))
    return lambda rng: float(mean_s * exp(sigma * rng.standard_normal() - sigma * sigma / 2))


def poisson(rate: float) -> Callable[[np.random.Generator, int], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return lambda rng, count: np.cumsum(rng.exponential(1 / rate, count))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A centre, and what is known of how well its waits can be told."""

    name: str
    what: str
    centre: Callable[[np.random.Generator, int], Centre]
    """From a generator and the number of arrivals, for what is drawn once: days and shifts."""
    service_s: Draw
    patience_s: Draw | None
    callback_s: Draw | None = None
    """How long a callback keeps an agent."""
    target_rrase: float | None = None


def _steady(
    name: str,
    what: str,
    agents: int,
    rho: float,
    service_s: Draw,
    patience_s: Draw | None,
    target: float,
    *,
    offer: CallbackOffer | None = None,
    high_priority: float = 0.0,
) -> Scenario:
    centre = Centre(
        agents,
        poisson(rho * agents / _SERVICE_S),
        service_s,
        _SERVICE_S,
        patience_s,
        offer=offer,
        high_priority=high_priority,
    )

    def callback(rng: np.random.Generator) -> float:
        assert offer is not None
        return offer.ring_s(rng) + (service_s(rng) if rng.random() < offer.answered else 0.0)

    return Scenario(
        name, what, lambda _rng, _count: centre, service_s, patience_s, callback if offer else None, target
    )


# -- S4: days of ten hours with a shape, noise from day to day, shifts, lunch and a short break

_DAY_S: Final = 10 * 3600.0
_NIGHT_S: Final = 14 * 3600.0
_SHAPE: Final = (0.55, 0.9, 1.2, 1.3, 1.1, 0.9, 1.1, 1.2, 1.05, 0.7)
"""Arrivals by the hour, mean 1."""
_S4_AGENTS: Final = 10
_S4_PER_DAY: Final = 965


def _shifts(day: int, agent: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """When an agent is away between one morning's opening and the next: late arrival, break, lunch, end of shift."""
    open_s = day * (_DAY_S + _NIGHT_S)
    begins_s = open_s + (7200.0 if agent in (7, 8, 9) else 0.0)
    # Calls end half an hour before the last agents go, so that the line is served.
    ends_s = open_s + (_DAY_S - 7200.0 if agent in (4, 5, 6) else _DAY_S + 1800.0)
    lunch_s = open_s + 3 * 3600.0 + agent * 900.0 + float(rng.uniform(0, 300))
    pause_s = open_s + 6.5 * 3600.0 + float(rng.uniform(0, 5400))
    windows = [(lunch_s, lunch_s + 1800.0), (pause_s, pause_s + 600.0)]
    if begins_s > open_s:
        windows.insert(0, (open_s, begins_s))
    return [*windows, (ends_s, open_s + _DAY_S + _NIGHT_S)]


def _changing_centre(rng: np.random.Generator, count: int) -> Centre:
    days = count // _S4_PER_DAY + 2
    away = {a: [w for day in range(days) for w in _shifts(day, a, rng)] for a in range(_S4_AGENTS)}

    def arrivals_s(rng: np.random.Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        moments: list[float] = []
        day = 0
        while len(moments) < count:
            busy = float(rng.gamma(40, 1 / 40))
            open_s = day * (_DAY_S + _NIGHT_S)
            for hour, shape in enumerate(_SHAPE):
                calls = int(rng.poisson(_S4_PER_DAY / 10 * shape * busy))
                within = np.sort(rng.uniform(0, 3600.0, calls))
                moments += (open_s + hour * 3600.0 + within).tolist()
            day += 1
        return np.array(moments[:count])

    return Centre(_S4_AGENTS, arrivals_s, lognormal(_SERVICE_S, 1.5), _SERVICE_S, exponential(500.0), away=away)


_LN15: Final = lognormal(_SERVICE_S, 1.5)
_EXP: Final = exponential(_SERVICE_S)

SCENARIOS: Final[tuple[Scenario, ...]] = (
    _steady("S1", "M/M/100+M, load 1.4", 100, 1.4, _EXP, exponential(300), 0.162),
    _steady("S2", "M/H2/100+E2, load 1.4", 100, 1.4, hyperexponential(300), erlang(2, 300), 0.136),
    _steady("S3a", "M/M/5+M, load 1.1", 5, 1.1, _EXP, exponential(600), 0.53),
    _steady("S3b", "M/LN/5+M, load 1.1", 5, 1.1, _LN15, exponential(400), 0.58),
    _steady("S3c", "M/E4/5+H2, load 1.1", 5, 1.1, erlang(4, 300), hyperexponential(600), 0.470),
    _steady("S3d", "M/H2/10+E2, load 1.1", 10, 1.1, hyperexponential(300), erlang(2, 600), 0.400),
    _steady("S3e", "M/LN/3+M, load 0.9", 3, 0.9, _LN15, exponential(600), 0.668),
    _steady("S3f", "M/LN(0.5)/8+M, load 1.05", 8, 1.05, lognormal(300, 0.5), exponential(600), 0.414),
    Scenario(
        "S4", "changing load, shifts, breaks, 4 to 10 agents", _changing_centre, _LN15, exponential(500), None, 0.440
    ),
    _steady("S5a", "callbacks in line, 6 agents", 6, 1.15, _LN15, exponential(500), 0.525, offer=CallbackOffer()),
    _steady("S5b", "callbacks in line, 10 agents", 10, 1.15, _LN15, exponential(500), 0.440, offer=CallbackOffer()),
    _steady("S6", "the lower of two priorities, 8 agents", 8, 0.93, _LN15, None, 0.33, high_priority=0.2),
)
