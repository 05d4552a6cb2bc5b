"""The parts of the estimator, each against a case whose answer is known."""

from __future__ import annotations

import json
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.estimate import formulas
from ivr.domain.estimate.absence import Absence
from ivr.domain.estimate.patience import Patience
from ivr.domain.estimate.quantiles import LEVELS, Quantiles, place_of, stratum, wait_at
from ivr.domain.estimate.rollout import Behaviour, roll_out
from ivr.domain.estimate.samples import Durations, RunningMean
from ivr.domain.estimate.shadow import ShadowWaits
from ivr.domain.estimate.situation import Agent, Ahead, Situation
from ivr.domain.estimate.stack import Stack

pytestmark = pytest.mark.unit


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


# -- what is drawn from


def test_what_is_left_of_a_call_is_like_those_that_lasted_longer(rng: np.random.Generator) -> None:
    durations = Durations(100.0)
    for _ in range(200):
        for length_s in (10.0, 20.0, 100.0, 200.0):
            durations.add(length_s)
    left = durations.draw_left(rng.random((2000, 2)), [0.0, 50.0])
    assert set(left[:, 0]) == {10.0, 20.0, 100.0, 200.0}
    assert set(left[:, 1]) == {50.0, 150.0}
    assert np.mean(left[:, 1]) == pytest.approx(100, rel=0.1)
    assert (durations.draw_left(rng.random((100, 1)), [5000.0]) > 0).all()  # longer than any that was seen


def test_before_anything_is_known_the_guess_holds(rng: np.random.Generator) -> None:
    durations = Durations(180.0)
    assert np.mean(durations.draw(rng.random(20_000))) == pytest.approx(180, rel=0.05)
    for nonsense in (0.0, -5.0, inf, float("nan")):
        durations.add(nonsense)
    assert durations.count == 0


def test_a_running_mean_leaves_its_guess() -> None:
    mean = RunningMean(100.0)
    for _ in range(3000):
        mean.add(50.0)
    assert mean.mean_s == pytest.approx(50, rel=0.01)


def test_patience_is_abandons_per_time_waited(rng: np.random.Generator) -> None:
    patience = Patience(100.0)
    for bears_s, wait_s in zip(rng.exponential(300.0, 1500), rng.uniform(0, 400, 1500), strict=True):
        patience.saw(float(min(bears_s, wait_s)), gave_up=bool(bears_s < wait_s))
    assert patience.mean_s == pytest.approx(300, rel=0.1)


def test_patience_that_is_not_exponential_is_drawn_as_it_is(rng: np.random.Generator) -> None:
    """Erlang-10 patience of mean 300 s: nearly nobody leaves in the first 100 s, which no exponential can say."""
    patience = Patience(100.0)
    for bears_s, wait_s in zip(rng.gamma(10, 30.0, 6000), rng.uniform(0, 600, 6000), strict=True):
        patience.saw(float(min(bears_s, wait_s)), gave_up=bool(bears_s < wait_s))
    truth = rng.gamma(10, 30.0, 100_000)
    drawn = patience.draw_left(rng.random((20_000, 2)), [0.0, 250.0])
    assert np.quantile(drawn[:, 0], [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(truth, [0.1, 0.5, 0.9]), rel=0.06)
    longer = truth[truth > 250] - 250
    assert np.quantile(drawn[:, 1], [0.25, 0.5, 0.75]) == pytest.approx(
        np.quantile(longer, [0.25, 0.5, 0.75]), rel=0.12
    )


def test_absences_are_told_from_what_was_seen(rng: np.random.Generator) -> None:
    absence = Absence()
    assert not absence.ever_pauses
    assert (absence.draw_pause(rng.random(100)) == 0).all()
    for length_s in rng.exponential(60.0, 3000):
        absence.call_ended(at_once=False)
        absence.away(0.0, float(length_s))
        absence.came_back(float(length_s))
    assert absence.pause_share == pytest.approx(1, abs=0.01)
    left = absence.draw_left(rng.random((20_000, 2)), [0.0, 120.0])
    assert left.mean(axis=0) == pytest.approx([60, 60], rel=0.15)
    assert absence.back_within(0.0, 60.0) == pytest.approx(1 - exp(-1), abs=0.05)


# -- the roll-out


def behaviour(rng: np.random.Generator, *, handle_s: float = 300.0, patience_s: float = 1e6) -> Behaviour:
    handling, callbacks, patience = Durations(handle_s), Durations(handle_s), Patience(patience_s)
    for _ in range(1000):
        handling.add(float(rng.exponential(handle_s)))
        callbacks.add(1.0)
    return Behaviour(handling, callbacks, patience, Absence())


def busy(count: int, **about: float) -> tuple[Agent, ...]:
    return tuple(Agent(busy_for_s=50.0 * i, **about) for i in range(count))  # type: ignore[arg-type]


def test_the_roll_out_of_memoryless_calls_is_the_formula(rng: np.random.Generator) -> None:
    how = behaviour(rng, patience_s=400.0)
    situation = Situation(busy(5), tuple(Ahead(20.0) for _ in range(6)))
    draws = roll_out(situation, how, rng, 10_000)
    assert len(draws) == 10_000
    handle_s = float(np.mean(how.handling.draw(rng.random(100_000))))
    assert draws.mean() == pytest.approx(formulas.qlm(6, 5, handle_s, 400.0), rel=0.05)
    assert (np.diff(draws) >= 0).all()


def test_known_timers_are_kept(rng: np.random.Generator) -> None:
    how = behaviour(rng)
    wrapping_up = Situation((Agent(free_in_s=12.0), Agent(free_in_s=30.0)))
    assert set(roll_out(wrapping_up, how, rng)) == {12.0}
    behind_one = Situation((Agent(free_in_s=12.0), Agent(free_in_s=30.0)), (Ahead(is_callback=True),))
    assert roll_out(behind_one, how, rng) == pytest.approx(13.0)  # the callback takes a second
    leaves = Situation((Agent(free_in_s=12.0, away_from_s=10.0, away_until_s=600.0), Agent(free_in_s=700.0)))
    assert set(roll_out(leaves, how, rng)) == {600.0}


def test_an_agent_of_two_queues_is_half_an_agent(rng: np.random.Generator) -> None:
    how = behaviour(rng)
    ahead = tuple(Ahead() for _ in range(5))
    whole = roll_out(Situation(busy(4), ahead), how, rng, 4000).mean()
    half = roll_out(Situation(busy(4, share=0.5), ahead), how, rng, 4000).mean()
    assert half == pytest.approx(2 * whole, rel=0.15)


# -- weighing


def test_the_stack_finds_who_is_right(rng: np.random.Generator) -> None:
    stack = Stack([0.5, 0.5, 0.0], signed=[False, False, False])
    assert stack.predict(np.array([10.0, 20.0, 0.0])) == 15.0
    for _ in range(3000):
        wait_s = float(rng.gamma(2, 60))
        features = np.array([wait_s * rng.uniform(0.9, 1.1), rng.gamma(2, 60), -wait_s])
        stack.learn(features, wait_s, stack.predict(features))
    assert stack.weights == pytest.approx([1, 0, 0], abs=0.05)
    assert (stack.weights >= 0).all()


# -- quantiles


@given(st.lists(st.floats(0, 5000), min_size=2, max_size=60), st.floats(0, 20_000))
def test_a_place_and_its_wait_are_each_others_inverse(draws: list[float], wait_s: float) -> None:
    sorted_draws = np.sort(np.array(draws))
    place = place_of(wait_s, sorted_draws)
    assert place >= 0
    if wait_s > sorted_draws[-1] or (np.diff(sorted_draws) > 1e-3).all():
        assert wait_at(place, sorted_draws) == pytest.approx(wait_s, rel=1e-6, abs=1e-3)


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_coverage_holds_however_wrong_the_draws_are(spread: float, rng: np.random.Generator) -> None:
    """Draws of the right shape, too narrow or too wide, and at three or more ahead also too short."""
    quantiles = Quantiles()
    covered: dict[int, list[list[bool]]] = {0: [], 1: [], 2: [], 3: []}
    for i in range(8000):
        ahead = int(rng.integers(0, 9))
        scale_s = 60.0 * (ahead + 1)
        draws = np.sort(scale_s * rng.gamma(2.0, 0.5, 128) ** spread)
        if ahead >= 3:
            draws = draws * 0.7
        wait_s = float(scale_s * rng.gamma(2.0, 0.5))
        told = quantiles.quantiles_s(draws, ahead)
        assert told[0] <= told[1] <= told[2]
        if i >= 2000:
            covered[stratum(ahead)].append([wait_s <= q for q in told])
        quantiles.learn(wait_s, draws, ahead, told)
    for rows in covered.values():
        assert np.mean(rows, axis=0) == pytest.approx(LEVELS, abs=0.03)


def test_strata() -> None:
    assert [stratum(n) for n in (0, 1, 2, 3, 5, 6, 100)] == [0, 1, 1, 2, 2, 3, 3]


# -- the waits of those who hung up


def test_who_hung_up_would_have_been_served_when_the_next_was() -> None:
    shadows = ShadowWaits()
    shadows.gave_up("i", entered_s=100, at_s=130, ahead={"a"})
    assert shadows.served("a", entered_s=90, at_s=150) == []
    (known,) = shadows.served("j", entered_s=120, at_s=200)
    assert (known.caller, known.wait_s) == ("i", 100)
    assert shadows.served("k", entered_s=125, at_s=210) == []


def test_when_the_next_did_not_wait_an_agent_was_free_before() -> None:
    shadows = ShadowWaits()
    shadows.gave_up("i", entered_s=100, at_s=130, ahead={"a"})
    shadows.agent_free(140)  # takes the one ahead
    shadows.served("a", entered_s=90, at_s=140)
    shadows.agent_free(170)
    (known,) = shadows.served("j", entered_s=300, at_s=300)
    assert known.wait_s == 70


def test_after_hours_nobody_can_say() -> None:
    shadows = ShadowWaits()
    shadows.gave_up("i", entered_s=100, at_s=130, ahead=set())
    assert shadows.served("j", entered_s=50_000, at_s=50_010) == []


# -- over a restart


def test_every_part_goes_on_from_what_it_saved(rng: np.random.Generator) -> None:
    durations, patience, absence, quantiles = Durations(100.0), Patience(100.0), Absence(), Quantiles()
    stack = Stack([1.0, 0.0], signed=[False, True])
    draws = np.sort(rng.random(64) * 100)
    for i in range(400):
        durations.add(float(i + 1))
        patience.saw(float(i + 1), gave_up=i % 2 == 0)
        absence.call_ended(at_once=i % 3 == 0)
        stack.learn(np.array([float(i), 30.0]), 2.0 * i, float(i))
        quantiles.learn(float(i), draws, i % 8, quantiles.quantiles_s(draws, i % 8))
    again = Durations(1.0), Patience(1.0), Absence(), Quantiles(), Stack([1.0, 0.0], signed=[False, True])
    for part, fresh in zip((durations, patience, absence, quantiles, stack), again, strict=True):
        fresh.load(json.loads(json.dumps(part.save())))  # type: ignore[attr-defined]
    assert (again[0].values_s == durations.values_s).all()
    assert again[1].mean_s == pytest.approx(patience.mean_s, rel=0.25)  # the guess is another
    assert again[2].pause_share == absence.pause_share
    assert again[3].quantiles_s(draws, 4) == pytest.approx(quantiles.quantiles_s(draws, 4), rel=1e-3)
    assert (again[4].weights == stack.weights).all()


def test_a_stack_of_other_predictors_is_refused() -> None:
    with pytest.raises(ValueError, match="2 predictors"):
        Stack([1.0], signed=[False]).load(Stack([1.0, 0.0], signed=[False, False]).save())
