"""Closed forms, against what theory knows and against a queue that is simulated."""

from __future__ import annotations

from math import log, log1p, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.estimate import formulas
from ivr.domain.estimate.calls import Outcome
from ivr.domain.estimate.history import WaitHistory, asterisk_holdtime
from ivr.ewt.measures import rrase
from ivr.simulation.centre import Centre, simulate
from ivr.simulation.scenarios import exponential, poisson

pytestmark = pytest.mark.unit


def test_departures_ahead_are_counted() -> None:
    # Two agents of 200 s each free one every 100 s; a patience of 500 s adds 0.002 per second for each who waits.
    assert formulas.ql(3, 2, 200) == pytest.approx(400)
    rates = (0.010, 0.012, 0.014, 0.016)
    assert formulas.qlm(3, 2, 200, 500) == pytest.approx(sum(1 / rate for rate in rates))
    assert formulas.qlm(0, 2, 200, 500) == pytest.approx(100)


def test_callbacks_in_line_do_not_give_up() -> None:
    # The callback is last in line: while it is the only one ahead nobody can leave but by being served.
    assert formulas.qlm(2, 1, 100, 50, callbacks=(False, True)) == pytest.approx(100 + 100 + 1 / 0.03)
    assert formulas.qlm(2, 1, 100, 50, callbacks=(True, False)) == pytest.approx(100 + 1 / 0.03 + 1 / 0.03)
    assert formulas.qlm(2, 1, 100, 50, callbacks=(True, True)) == pytest.approx(formulas.ql(2, 1, 100))


@given(n=st.integers(0, 60), s=st.integers(1, 50), h=st.floats(10, 1000), p=st.floats(10, 5000))
def test_nobody_else_gives_up_makes_the_longest_wait(n: int, s: int, h: float, p: float) -> None:
    assert formulas.qlm(n, s, h, p) <= formulas.ql(n, s, h) * (1 + 1e-9)
    assert formulas.qlm(n, s, h, p) <= formulas.qlm(n + 1, s, h, p)
    # A constant hazard is the exponential patience of QL_m.
    assert formulas.qla(n, s, h, 0.1, lambda _age_s: 1 / p) == pytest.approx(formulas.qlm(n, s, h, p))


def test_a_long_line_is_fluid() -> None:
    assert formulas.qlm_fluid(1000, 10, 300, 600) == pytest.approx(600 * log1p(50))
    assert formulas.qlm(1000, 10, 300, 600) == pytest.approx(formulas.qlm_fluid(1000, 10, 300, 600), rel=0.02)


def test_the_products_formulas() -> None:
    assert formulas.genesys_stat_server(5, 10, 300, ready=1) == 120
    assert formulas.genesys_stat_server(0, 10, 300, ready=3) == 0
    assert formulas.cisco_uccx(5, 10, 300) == 180
    assert formulas.google_ccai(5, 10, 300) == 160
    assert formulas.with_overtaking(100, 0.2) == pytest.approx(125)


@pytest.mark.parametrize("agents", [3, 10])
def test_in_m_m_s_the_error_of_ql_is_the_root_of_the_idle_share(agents: int) -> None:
    """RRASE(QL) = sqrt(1 - rho), whatever s is; and the mean wait is 1 / (s mu (1 - rho))."""
    rho, service_s = 0.8, 100.0
    centre = Centre(agents, poisson(rho * agents / service_s), exponential(service_s), service_s)
    calls = simulate(centre, np.random.default_rng(5), 60_000)
    starts = np.array([call.left_s for call in calls])
    entered = np.array([call.entered_s for call in calls])
    waits, predicted = [], []
    # In order of arrival starts are in order too, so who is ahead at an arrival is a difference of two indices.
    ahead = np.arange(len(calls)) - np.searchsorted(starts, entered, side="right")
    for call, n in zip(calls, ahead, strict=True):
        if call.had_to_wait:
            waits.append(call.left_s - call.entered_s)
            predicted.append(formulas.ql(int(n), agents, service_s))
    assert rrase(np.array(predicted), np.array(waits)) == pytest.approx(sqrt(1 - rho), rel=0.06)
    assert np.mean(waits) == pytest.approx(service_s / (agents * (1 - rho)), rel=0.12)


def test_overload_waits_as_long_as_the_fluid_does() -> None:
    """With exponential patience and load rho > 1 the potential wait is about ln(rho) / alpha."""
    rho, agents, patience_s = 1.4, 100, 300.0
    centre = Centre(
        agents, poisson(rho * agents / 300), exponential(300.0), 300.0, patience_s=exponential(patience_s)
    )
    calls = simulate(centre, np.random.default_rng(5), 20_000)[4000:]
    waits = [call.potential_s for call in calls if call.potential_s is not None]
    assert np.mean(waits) == pytest.approx(log(rho) * patience_s, rel=0.05)
    gave_up = sum(call.outcome is Outcome.ABANDONED for call in calls) / len(calls)
    assert gave_up == pytest.approx(1 - 1 / rho, abs=0.02)


def test_asterisks_hold_time_bit_for_bit() -> None:
    """What app_queue does in C: ((holdtime << 2) - holdtime + newholdtime) >> 2, in integers."""
    held = asterisk_holdtime(0, 37, calls_before=0)
    assert held == 37
    steps = []
    for wait_s in (0, 0, 100, 41, 41, 41, 41, 41):
        held = asterisk_holdtime(held, wait_s, calls_before=1)
        steps.append(held)
    assert steps == [27, 20, 40, 40, 40, 40, 40, 40]  # rounded down: it never reaches 41


def test_asterisk_averages_only_once_a_call_has_ended() -> None:
    history = WaitHistory()
    history.served(60.0, 100.0, asterisk_wait_s=60)
    history.served(20.0, 110.0, asterisk_wait_s=20)
    assert history.asterisk_s == 20  # both were answered before any call was over
    history.call_ended()
    history.served(60.0, 120.0, asterisk_wait_s=60)
    assert history.asterisk_s == 30


def test_past_waits() -> None:
    history = WaitHistory()
    assert (history.last_ten_s, history.constant_s, history.fifteen_minutes_s(0.0)) == (0, 0, 0)
    for i in range(12):
        history.served(10.0 * i, 1000.0 + 60 * i, asterisk_wait_s=10 * i)
    assert history.les_s == 110
    assert history.last_ten_s == pytest.approx(65)
    assert history.constant_s == pytest.approx(60)  # who did not wait does not count
    assert history.fifteen_minutes_s(1660.0) == pytest.approx(55)
    assert history.fifteen_minutes_s(1000.0 + 900 + 600) == pytest.approx(105)
    assert history.fifteen_minutes_s(90_000.0) == pytest.approx(105)  # the last that was known


def test_past_waits_over_a_restart() -> None:
    history = WaitHistory()
    for i in range(30):
        history.served(float(i), 1000.0 + 60 * i, asterisk_wait_s=i)
        history.call_ended()
    again = WaitHistory.restore(history.save())
    assert again.save() == history.save()
    for each in (history, again):
        each.served(500.0, 3000.0, asterisk_wait_s=500)
    assert again.fifteen_minutes_s(3000.0) == pytest.approx(history.fifteen_minutes_s(3000.0))
    assert again.asterisk_s == history.asterisk_s
