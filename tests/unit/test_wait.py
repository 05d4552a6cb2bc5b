"""The wait estimate, held against what queueing theory knows exactly."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, expm1, inf, isfinite, lgamma, log, nan, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.wait import HandleTime, WaitEstimate, estimate, unknown

pytestmark = pytest.mark.unit

NEVER_GIVES_UP_S = 1e12
Z90 = 1.2815515655446004

aheads = st.integers(0, 60) | st.integers(0, 10_000)
servings = st.integers(1, 20) | st.integers(1, 1000)
means_s = st.floats(1, 7200) | st.floats(1e-3, 1e9)


def wait(
    ahead: int, serving: int = 1, *, handle_time_s: float = 180.0, patience_s: float = 600.0, free: int = 0
) -> tuple[float, float, float]:
    """p10, median, p90 in seconds."""
    known = estimate(ahead=ahead, serving=serving, free=free, handle_time_s=handle_time_s, patience_s=patience_s)
    assert known.p10_s is not None
    assert known.median_s is not None
    assert known.p90_s is not None
    return known.p10_s, known.median_s, known.p90_s


# -- mean and variance


def moments(p10_s: float, median_s: float, p90_s: float) -> tuple[float, float]:
    """Mean and variance of the gamma distribution that has these Wilson-Hilferty quantiles.

    With mean m and shape k their cube roots are m^(1/3) (1 - y^2 + 3 y z / 3) where y = 1 / (3 sqrt k).
    """
    low, middle, high = (quantile ** (1 / 3) for quantile in (p10_s, median_s, p90_s))
    slope = (high - low) / (2 * Z90) / middle  # y / (1 - y^2)
    y = (sqrt(1 + 4 * slope * slope) - 1) / (2 * slope)
    mean_s = (middle / (1 - y * y)) ** 3
    return mean_s, mean_s * mean_s * 9 * y * y


def test_mean_and_variance_are_those_of_the_departures_ahead() -> None:
    # Two agents of 200 s each free one every 100 s; a patience of 500 s adds 0.002 per second for each who waits.
    rates = [0.010, 0.012, 0.014, 0.016]
    mean_s, variance = moments(*wait(3, 2, handle_time_s=200, patience_s=500))
    assert mean_s == pytest.approx(100 + 83.3333 + 71.4286 + 62.5, rel=1e-5)
    assert mean_s == pytest.approx(sum(1 / rate for rate in rates))
    assert variance == pytest.approx(sum(1 / rate**2 for rate in rates))


@given(ahead=st.integers(0, 300), serving=servings, handle_time_s=st.floats(1, 7200))
def test_without_impatience_it_is_the_queue_length_predictor(ahead: int, serving: int, handle_time_s: float) -> None:
    """(n + 1) / (s mu), with a squared coefficient of variation of 1 / (n + 1)."""
    mean_s, variance = moments(*wait(ahead, serving, handle_time_s=handle_time_s, patience_s=NEVER_GIVES_UP_S))
    assert mean_s == pytest.approx((ahead + 1) * handle_time_s / serving, rel=1e-5)
    assert variance / mean_s**2 == pytest.approx(1 / (ahead + 1), rel=1e-5)


@pytest.mark.parametrize("ahead", [300, 1000, 10_000])
def test_a_long_line_is_the_fluid_limit(ahead: int) -> None:
    _, median_s, _ = wait(ahead, 10, handle_time_s=300, patience_s=600)
    assert median_s == pytest.approx(600 * log(1 + ahead * 300 / (10 * 600)), rel=0.01)


# -- quantiles

Survival = Callable[[float], float]


def erlang(ahead: int, rate: float) -> Survival:
    """P(W > t) for n + 1 departures at one rate: fewer than n + 1 points of a Poisson process."""

    def survival(t_s: float) -> float:
        logs = [j * log(rate * t_s) - lgamma(j + 1) for j in range(ahead + 1)]
        return exp(-rate * t_s + log_sum(logs))

    return survival


def hypoexponential(ahead: int, rate: float, patience_rate: float) -> Survival:
    """P(W > t) for departures at the rates s mu + i alpha, i = 0..n.

    They are the steps of a death process with n + 1 lives, where exp(-alpha W) is beta distributed with parameters
    s mu / alpha and n + 1. For a whole n + 1 its distribution function is a finite sum of positive terms.
    """
    theta = rate / patience_rate

    def survival(t_s: float) -> float:
        log_dead = log(-expm1(-patience_rate * t_s))
        logs = [0.0]
        for j in range(1, ahead + 1):
            logs.append(logs[-1] + log((theta + j - 1) / j) + log_dead)
        return exp(-rate * t_s + log_sum(logs))

    return survival


def log_sum(logs: list[float]) -> float:
    """log of the sum of exp of each."""
    largest = max(logs)
    return largest + log(sum(exp(each - largest) for each in logs))


def quantile_s(survival: Survival, share: float, start_s: float) -> float:
    """The time that `share` of the waits do not exceed, by bisection."""
    low_s, high_s = 0.0, start_s
    while survival(high_s) > 1 - share:
        low_s, high_s = high_s, 2 * high_s
    for _ in range(50):
        middle_s = (low_s + high_s) / 2
        low_s, high_s = (middle_s, high_s) if survival(middle_s) > 1 - share else (low_s, middle_s)
    return (low_s + high_s) / 2


def assert_near(found_s: tuple[float, float, float], survival: Survival, bounds: tuple[float, float, float]) -> None:
    for found, share, bound in zip(found_s, (0.1, 0.5, 0.9), bounds, strict=True):
        assert found == pytest.approx(quantile_s(survival, share, found), rel=bound), share


def test_the_two_distributions_agree_and_are_right() -> None:
    """The reference itself: one departure is exponential, and little impatience changes nothing."""
    assert quantile_s(erlang(0, 0.01), 0.5, 1.0) == pytest.approx(100 * log(2))
    assert quantile_s(hypoexponential(0, 0.01, 0.002), 0.9, 1.0) == pytest.approx(100 * log(10))
    patient, impatient = erlang(7, 0.01), hypoexponential(7, 0.01, 1e-9)
    assert [impatient(t_s) for t_s in (200, 800, 2000)] == pytest.approx(
        [patient(t_s) for t_s in (200, 800, 2000)], rel=1e-4
    )
    # The last of n + 1 lives, where nobody but the lives themselves ends the wait: the largest of n + 1 exponentials.
    assert hypoexponential(4, 0.1, 0.1)(20.0) == pytest.approx(1 - (1 - exp(-2)) ** 5)


WILSON_HILFERTY = (0.067, 0.014, 0.011)
"""How far p10, median and p90 are from a true gamma quantile: the worst is a single departure."""


@pytest.mark.parametrize("serving", [1, 7, 100])
@pytest.mark.parametrize("ahead", [0, 1, 2, 3, 5, 10, 30, 100, 300])
def test_without_impatience_the_quantiles_are_erlang(ahead: int, serving: int) -> None:
    found_s = wait(ahead, serving, patience_s=NEVER_GIVES_UP_S)
    assert_near(found_s, erlang(ahead, serving / 180), WILSON_HILFERTY)
    if ahead >= 3:
        assert_near(found_s, erlang(ahead, serving / 180), (0.002, 0.002, 0.002))


PATIENT = (0.067, 0.023, 0.011)
"""And from the true hypoexponential ones, while people bear the time between two departures."""
IMPATIENT = (0.3, 0.08, 0.02)
"""And where they do not: the true distribution is no gamma any more."""


@pytest.mark.parametrize("serving", [1, 2, 5, 10, 50])
@pytest.mark.parametrize(("handle_time_s", "patience_s"), [(30, 600), (180, 600), (180, 180), (600, 300), (600, 60)])
def test_the_quantiles_are_near_the_true_ones(serving: int, handle_time_s: float, patience_s: float) -> None:
    for ahead in (0, 1, 3, 10, 30, 100):
        found_s = wait(ahead, serving, handle_time_s=handle_time_s, patience_s=patience_s)
        truth = hypoexponential(ahead, serving / handle_time_s, 1 / patience_s)
        assert_near(found_s, truth, PATIENT if patience_s >= handle_time_s / serving else IMPATIENT)


# -- what must hold for any figures


def assert_none_longer(some_s: tuple[float, ...], than_s: tuple[float, ...], ahead: int) -> None:
    """To the last digits; but the 10 % quantile may be out by 2 % where a thousand wait who give up sooner than a
    departure takes, which no gamma distribution is like."""
    slack = 1.025 if ahead > 500 else 1 + 1e-9
    assert all(a <= b * slack for a, b in zip(some_s, than_s, strict=True)), (some_s, than_s)


@given(ahead=aheads, serving=servings, handle_time_s=means_s, patience_s=means_s)
def test_a_range_is_a_range(ahead: int, serving: int, handle_time_s: float, patience_s: float) -> None:
    p10_s, median_s, p90_s = wait(ahead, serving, handle_time_s=handle_time_s, patience_s=patience_s)
    assert 0 < p10_s < median_s < p90_s
    assert isfinite(p90_s)


@given(ahead=aheads, more=st.integers(1, 100), serving=servings, handle_time_s=means_s, patience_s=means_s)
def test_more_people_ahead_wait_longer(
    ahead: int, more: int, serving: int, handle_time_s: float, patience_s: float
) -> None:
    shorter_s = wait(ahead, serving, handle_time_s=handle_time_s, patience_s=patience_s)
    longer_s = wait(ahead + more, serving, handle_time_s=handle_time_s, patience_s=patience_s)
    assert all(a <= b for a, b in zip(shorter_s, longer_s, strict=True))


@given(ahead=aheads, serving=servings, more=st.integers(1, 100), handle_time_s=means_s, patience_s=means_s)
def test_more_agents_make_it_shorter(
    ahead: int, serving: int, more: int, handle_time_s: float, patience_s: float
) -> None:
    longer_s = wait(ahead, serving, handle_time_s=handle_time_s, patience_s=patience_s)
    shorter_s = wait(ahead, serving + more, handle_time_s=handle_time_s, patience_s=patience_s)
    assert_none_longer(shorter_s, longer_s, ahead)


@given(ahead=aheads, serving=servings, handle_time_s=means_s, patience_s=means_s, factor=st.floats(1, 1000))
def test_longer_calls_and_longer_patience_make_it_longer(
    ahead: int, serving: int, handle_time_s: float, patience_s: float, factor: float
) -> None:
    shorter_s = wait(ahead, serving, handle_time_s=handle_time_s, patience_s=patience_s)
    slower_s = wait(ahead, serving, handle_time_s=handle_time_s * factor, patience_s=patience_s)
    patient_s = wait(ahead, serving, handle_time_s=handle_time_s, patience_s=patience_s * factor)
    assert_none_longer(shorter_s, slower_s, ahead)
    assert_none_longer(shorter_s, patient_s, ahead)


@given(queued=st.integers(0, 100), free=st.integers(1, 20), busy=st.integers(0, 20))
def test_the_first_in_line_take_the_free_agents(queued: int, free: int, busy: int) -> None:
    """Who is ahead of us by less than the free agents costs us nothing; the others we wait for."""
    serving = free + busy
    assert wait(queued + free, serving, free=free) == wait(queued, serving)
    assert wait(free - 1, serving, free=free) == (0.0, 0.0, 0.0)


@given(ahead=st.integers(0, 10_000), handle_time_s=means_s, patience_s=means_s)
def test_without_agents_nobody_can_tell(ahead: int, handle_time_s: float, patience_s: float) -> None:
    nobody = estimate(ahead=ahead, serving=0, free=0, handle_time_s=handle_time_s, patience_s=patience_s)
    assert nobody == unknown("no agent is logged in")
    assert not nobody.is_known


def test_the_basis_has_the_figures() -> None:
    known = estimate(ahead=3, serving=2, free=0, handle_time_s=240.4, patience_s=600)
    assert known.is_known
    assert known.basis == "3 ahead, 2 agents (0 free), handle time 240 s"
    at_once = estimate(ahead=0, serving=2, free=1, handle_time_s=240.4, patience_s=600)
    assert at_once == WaitEstimate(0.0, 0.0, 0.0, "0 ahead, 2 agents (1 free), handle time 240 s", ahead=0)


# -- how long a call takes


def test_the_first_calls_are_weighed_against_the_guess() -> None:
    guess = HandleTime(180.0)
    assert guess.after(60.0).mean_s == pytest.approx((5 * 180 + 60) / 6)
    five = guess.after(60.0).after(70.0).after(80.0).after(90.0).after(100.0)
    assert five.mean_s == pytest.approx((5 * 180 + 400) / 10)
    assert five.calls == 5


def test_it_follows_the_last_hundred_calls_or_so() -> None:
    learnt = HandleTime(180.0, calls=100_000)
    assert learnt.after(1180.0).mean_s == pytest.approx(190.0)
    for _ in range(300):
        learnt = learnt.after(60.0)
    assert learnt.mean_s == pytest.approx(60.0, rel=0.1)


@pytest.mark.parametrize("handled_s", [0.0, -1.0, nan, inf, -inf])
def test_figures_that_cannot_be_are_left_out(handled_s: float) -> None:
    learnt = HandleTime(180.0, calls=7)
    assert learnt.after(handled_s) is learnt


@given(
    guess_s=st.floats(1, 86400), handled_s=st.lists(st.floats(0, 86400, exclude_min=True), min_size=1, max_size=200)
)
def test_the_mean_stays_among_what_it_has_seen(guess_s: float, handled_s: list[float]) -> None:
    learnt = HandleTime(guess_s)
    for each in handled_s:
        learnt = learnt.after(each)
    assert min(guess_s, *handled_s) * (1 - 1e-9) <= learnt.mean_s <= max(guess_s, *handled_s) * (1 + 1e-9)
    assert learnt.calls == len(handled_s)
