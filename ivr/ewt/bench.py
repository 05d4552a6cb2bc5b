"""The estimator in the made-up centres, beside the anchors and the floor.

The floor is the roll-out with the distributions that the simulation itself draws from: the mean given all that can be
seen, which nobody can beat but by chance. What is scored is the potential wait of everybody who must wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Final

import numpy as np

from ivr.domain.estimate.absence import Absence
from ivr.domain.estimate.estimator import QueueEstimator
from ivr.domain.estimate.quantiles import LEVELS
from ivr.domain.estimate.replay import Asked, Windows, replay
from ivr.domain.estimate.rollout import Behaviour, roll_out
from ivr.domain.estimate.samples import Floats
from ivr.domain.estimate.situation import Situation
from ivr.ewt.measures import Scored, by_length, measures, rrase
from ivr.simulation.centre import Draw, agent_name, simulate
from ivr.simulation.scenarios import Scenario

_FLOOR_PLAYS: Final = 256
_FLOOR_EVERY: Final = 3
"""The floor is worked out for each third estimate: it learns nothing, and takes longer than the rest."""
_KNOWN_DRAWS: Final = 100_000
_DROPPED: Final = 0.2


class _Known:
    """A distribution by many draws from it: whole ones, and what is left past an age."""

    def __init__(self, draw: Draw, rng: np.random.Generator) -> None:
        self._values_s = np.sort([draw(rng) for _ in range(_KNOWN_DRAWS)])

    def draw(self, uniform: Floats) -> Floats:
        drawn: Floats = self._values_s[(uniform * len(self._values_s)).astype(np.intp)]
        return drawn

    def draw_left(self, uniform: Floats, elapsed_s: Sequence[float]) -> Floats:
        elapsed = np.asarray(elapsed_s)
        first = np.minimum(np.searchsorted(self._values_s, elapsed, side="right"), len(self._values_s) - 1)
        at = first + (uniform * (len(self._values_s) - first)).astype(np.intp)
        left: Floats = np.maximum(self._values_s[at] - elapsed, 0.0)
        return left


class _Patient:
    def draw_left(self, uniform: Floats, waited_s: Sequence[float]) -> Floats:
        return np.full(uniform.shape, np.inf)


def run_all(
    scenarios: Sequence[Scenario],
    *,
    seeds: Sequence[int],
    arrivals: int,
    tell: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """Every scenario with every seed, and the mean over seeds with its standard error."""
    rows = []
    for scenario in scenarios:
        runs = []
        for seed in seeds:
            began_s = perf_counter()
            runs.append(run(scenario, seed=seed, arrivals=arrivals))
            tell(f"{scenario.name} seed {seed}: {perf_counter() - began_s:.0f} s")
        errors = [each["rrase"]["ours"] for each in runs]
        rows.append(
            {
                "scenario": scenario.name,
                "what": scenario.what,
                "target_rrase": scenario.target_rrase,
                **_mean(runs),
                "rrase_se": round(float(np.std(errors, ddof=1) / len(errors) ** 0.5), 4) if len(errors) > 1 else None,
                "runs": runs,
            }
        )
    return {"arrivals": arrivals, "seeds": list(seeds), "scenarios": rows}


def _mean(values: Sequence[Any]) -> Any:
    """Of figures in the same places of nested results; what is no figure is taken from the first."""
    first = values[0]
    if isinstance(first, dict):
        return {key: _mean([value[key] for value in values]) for key in first if key not in ("seed", "weights")}
    if isinstance(first, list):
        return [_mean(each) for each in zip(*values, strict=True)]
    known = [value for value in values if isinstance(value, int | float)]
    if not known or isinstance(first, str):
        return first
    mean = sum(known) / len(known)
    return round(mean) if all(isinstance(value, int) for value in known) else round(mean, 4)


def run(scenario: Scenario, *, seed: int, arrivals: int, floor: bool = True) -> dict[str, Any]:
    """One scenario with one seed."""
    rng = np.random.default_rng(seed)
    centre = scenario.centre(rng, arrivals)
    calls = simulate(centre, rng, arrivals)
    planned: Windows | None = None
    if centre.away is not None:
        planned = {agent_name(number): windows for number, windows in centre.away.items()}
    truth = Behaviour(
        _Known(scenario.service_s, rng),
        _Known(scenario.callback_s or scenario.service_s, rng),
        _Known(scenario.patience_s, rng) if scenario.patience_s else _Patient(),
        Absence(),
    )
    floors: dict[int, Floats] = {}
    looked, spent_s = 0, 0.0

    def look(i: int, situation: Situation) -> None:
        nonlocal looked, spent_s
        looked += 1
        if floor and i >= _DROPPED * arrivals and looked % _FLOOR_EVERY == 0 and not centre.high_priority:
            began_s = perf_counter()
            floors[id(calls[i])] = roll_out(situation, truth, rng, _FLOOR_PLAYS)
            spent_s += perf_counter() - began_s

    began_s = perf_counter()
    estimator = QueueEstimator(np.random.default_rng(seed + 1000))
    asked = sorted(replay(calls, estimator, planned_away=planned, look=look), key=lambda a: a.forecast.at_s)
    took_s = perf_counter() - began_s - spent_s
    if centre.high_priority:
        asked = [each for each in asked if each.call.priority == 0]
    first = int(_DROPPED * arrivals)
    late_from_s = calls[first].entered_s
    late = [each for each in asked if each.call.entered_s >= late_from_s and _can_be_told(each)]
    scored = [_scored(each) for each in late]
    result = {**measures(scored), "strata": by_length(scored)}
    result["cold_start"] = [
        {"first": count, **measures([_scored(each) for each in asked[:count]])} for count in (50, 200)
    ]
    result["floor"] = _floor([each for each in late if id(each.call) in floors], floors)
    result["gave_up"] = round(
        sum(each.wait_s is not None and each.call.outcome == "abandoned" for each in late) / max(len(late), 1), 4
    )
    result["ms_per_call"] = round(1000 * took_s / max(len(calls), 1), 3)
    result["seed"], result["weights"] = seed, {k: round(w, 3) for k, w in estimator.weights.items() if w}
    return result


_OVERNIGHT_S: Final = 4 * 3600.0


def _can_be_told(asked: Asked) -> bool:
    """Not who would have been served only the next morning."""
    return asked.wait_s is not None and asked.wait_s < _OVERNIGHT_S


def _scored(asked: Asked) -> Scored:
    forecast = asked.forecast
    told = forecast.potential
    return Scored(asked.wait_s or 0.0, dict(forecast.anchors), told.quantiles_s, forecast.ahead, forecast.hour)


def _floor(late: Sequence[Asked], floors: dict[int, Floats]) -> dict[str, Any] | None:
    """The floor's figures, and ours of the same calls."""
    if not late:
        return None
    wait_s = np.array([each.wait_s for each in late])
    draws_s = [floors[id(each.call)] for each in late]
    mean_s = np.array([draws.mean() for draws in draws_s])
    # The mean of so many plays has an error of its own, which is none of the floor's.
    noise = np.mean([draws.var(ddof=1) / len(draws) for draws in draws_s])
    squared = max(float(np.mean((mean_s - wait_s) ** 2) - noise), 0.0)
    quantiles_s = np.array([np.quantile(draws, LEVELS) for draws in draws_s])
    width_s = float(np.mean(quantiles_s[:, 2] - quantiles_s[:, 0]))
    ours_s = np.array([each.forecast.potential.mean_s for each in late])
    ours_width_s = np.mean([each.forecast.potential.p90_s - each.forecast.potential.p10_s for each in late])
    return {
        "n": len(late),
        "rrase": round(squared**0.5 / float(wait_s.mean()), 4),
        "ours": round(rrase(ours_s, wait_s), 4),
        "coverage": {
            f"p{round(100 * level)}": round(float(np.mean(wait_s <= quantiles_s[:, i])), 4)
            for i, level in enumerate(LEVELS)
        },
        "width_ratio": round(float(ours_width_s) / width_s, 4),
    }
