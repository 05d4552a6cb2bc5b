"""The estimator on live events: what it is told, what it says, when it keeps silent, and over a restart."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ami.events import (
    AgentComplete,
    AgentConnect,
    AmiEvent,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
)
from ivr.dialer.line import Line
from ivr.domain.estimate.estimator import Guesses, QueueEstimator
from ivr.domain.estimate.learner import QueueLearner
from ivr.domain.estimate.live import OnCall, Staffing, live_situation
from ivr.domain.estimate.remaining import Spoken, remaining
from ivr.domain.estimate.situation import Agent, Ahead, Situation
from ivr.domain.pacing import Waiter
from ivr.domain.queue_state import Member, MemberStatus, QueueState, Waiting
from ivr.domain.wait import WaitEstimate, unknown
from ivr.reception.waits import Waits
from ivr.service.options import service_options
from ivr.store.memory_store import MemoryStore
from ivr.telemetry.metrics import Metrics

pytestmark = pytest.mark.unit

OPTIONS = service_options(
    "support", {"_default_handle_time": 120, "_default_patience": 600}, trunk="carrier", language="en-US"
)


def member(number: int, **about: object) -> Member:
    return replace(Member(f"PJSIP/agent-{number}", status=MemberStatus.IN_USE, wrapup_s=10.0), **about)  # type: ignore[arg-type]


# -- the situation


def test_every_agent_is_seen_for_what_they_are() -> None:
    members = (
        member(1, in_call=True),
        member(2, status=MemberStatus.NOT_IN_USE, last_call_at_s=995.0),
        member(3, status=MemberStatus.NOT_IN_USE),
        member(4, status=MemberStatus.NOT_IN_USE, paused=True, last_pause_at_s=900.0),
        member(5, status=MemberStatus.UNAVAILABLE),
        member(6),
    )
    situation = live_situation(
        QueueState("support", 1000.0, members),
        [Waiter(990.0), Waiter(950.0, "cb-1")],
        {"PJSIP/agent-1": OnCall(940.0, is_callback=True)},
        1000.0,
    )
    assert situation.agents == (
        Agent(busy_for_s=60.0, on_callback=True),
        Agent(free_in_s=5.0),
        Agent(),
        Agent(away_for_s=100.0),
        Agent(busy_for_s=0.0),
    )
    assert situation.ahead == (Ahead(50.0, is_callback=True), Ahead(10.0))
    assert situation.head_age_s == 50.0
    assert situation.idle == 1
    assert not situation.goes_straight_in


def test_a_mass_log_out_is_no_ground_for_a_figure() -> None:
    staffing = Staffing()
    staffing.saw(10, 0.0)
    staffing.saw(7, 100.0)
    assert staffing.why_abstain() == ""
    staffing.saw(4, 200.0)
    assert staffing.why_abstain() == "6 of 10 agents left within 10 minutes"
    staffing.saw(4, 900.0)
    assert staffing.why_abstain() == ""  # that is how many there are now
    staffing.saw(12, 950.0)
    assert staffing.why_abstain() == ""


# -- who waits already


def test_nobody_is_told_more_than_before() -> None:
    said = Spoken(at_s=0.0, longest_s=600.0)
    shorter = WaitEstimate(60.0, 120.0, 300.0, "")
    assert remaining(shorter, said, 100.0).wait == shorter
    longer = WaitEstimate(60.0, 550.0, 900.0, "")
    kept = remaining(longer, said, 100.0)
    assert (kept.wait.p10_s, kept.wait.median_s, kept.wait.p90_s, kept.takes_longer) == (60.0, 500.0, 500.0, False)
    hopeless = WaitEstimate(501.0, 700.0, 900.0, "")
    assert remaining(hopeless, said, 100.0).wait == hopeless
    assert remaining(hopeless, said, 100.0).takes_longer
    assert remaining(hopeless, None, 100.0).takes_longer is False
    assert remaining(unknown("?"), said, 100.0).wait == unknown("?")


@given(st.floats(0, 4000), st.floats(0, 4000), st.tuples(*[st.floats(0, 4000)] * 3))
def test_it_only_grows_where_that_is_said(longest_s: float, gone_s: float, quantiles: tuple[float, ...]) -> None:
    p10, p50, p90 = sorted(quantiles)
    now = remaining(WaitEstimate(p10, p50, p90, ""), Spoken(0.0, longest_s), gone_s)
    assert now.wait.p10_s is not None
    assert now.wait.median_s is not None
    assert now.wait.p90_s is not None
    assert now.wait.p10_s <= now.wait.median_s <= now.wait.p90_s
    assert now.takes_longer or now.wait.p90_s <= max(longest_s - gone_s, 0.0)


# -- what the estimator says


def warm(learner: QueueLearner, calls: int = 600) -> float:
    """An agent serves one caller after the other, 100 s each, while two more wait; the moment after."""
    at_s = 0.0
    for i in range(calls):
        situation = Situation((Agent(busy_for_s=0.0),), (Ahead(),) * 2, head_age_s=50.0)
        learner.joined(f"in-{i}", at_s, situation)
        if i >= 3:
            learner.left(f"in-{i - 3}", at_s + 1)
            learner.connected(f"in-{i - 3}", "PJSIP/agent-1", at_s + 1, ring_s=1)
            learner.completed("PJSIP/agent-1", at_s + 98, wrapup_s=2)
        at_s += 100
    return at_s


def test_it_learns_how_long_waits_are() -> None:
    learner = QueueLearner(QueueEstimator(np.random.default_rng(1), Guesses(30.0, 600.0)))
    at_s = warm(learner)
    assert learner.estimator.outcomes > 580
    assert learner.estimator.handle_time_s == pytest.approx(100, rel=0.15)
    told = learner.estimator.forecast(Situation((Agent(busy_for_s=1.0),), (Ahead(),) * 2), at_s).potential
    assert told.mean_s == pytest.approx(300, rel=0.1)
    assert told.p10_s <= told.p50_s <= told.p90_s


@given(
    busy=st.lists(st.floats(0, 5000), min_size=1, max_size=12),
    ahead=st.integers(0, 120),
    callbacks=st.integers(0, 3),
    away=st.integers(0, 3),
)
def test_an_estimate_is_finite_and_in_order(busy: list[float], ahead: int, callbacks: int, away: int) -> None:
    estimator = QueueEstimator(np.random.default_rng(1))
    agents = [Agent(busy_for_s=each) for each in busy] + [Agent(away_for_s=30.0)] * away
    line = [Ahead(5.0, is_callback=i < callbacks) for i in range(ahead)]
    forecast = estimator.forecast(Situation(tuple(agents), tuple(line), head_age_s=5.0 if line else None), 0.0)
    for told in (forecast.potential, forecast.if_served):
        assert np.isfinite([told.mean_s, *told.quantiles_s]).all()
        assert 0 <= told.p10_s <= told.p50_s <= told.p90_s
    assert all(np.isfinite(each) and each >= 0 for each in forecast.anchors.values())


def test_more_people_ahead_wait_longer() -> None:
    learner = QueueLearner(QueueEstimator(np.random.default_rng(1)))
    warm(learner)
    means = [
        learner.estimator.forecast(Situation((Agent(busy_for_s=10.0),) * 4, (Ahead(),) * n), 1e5).potential.mean_s
        for n in range(0, 40, 4)
    ]
    assert means == sorted(means)


def test_it_goes_on_after_a_restart() -> None:
    learner = QueueLearner(QueueEstimator(np.random.default_rng(1)))
    at_s = warm(learner)
    saved = json.dumps(learner.estimator.save())
    assert len(saved) < 1_000_000
    again = QueueEstimator(np.random.default_rng(2))
    again.load(json.loads(saved))
    situation = Situation((Agent(busy_for_s=1.0),), (Ahead(),) * 2)
    before = learner.estimator.forecast(situation, at_s).potential
    after = again.forecast(situation, at_s).potential
    assert after.quantiles_s == pytest.approx(before.quantiles_s, rel=0.25)
    with pytest.raises(ValueError, match="version"):
        again.load({"version": 99})


def test_old_and_unknown_news_do_no_harm() -> None:
    learner = QueueLearner(QueueEstimator(np.random.default_rng(1)))
    learner.completed("PJSIP/agent-9", 100.0)
    learner.connected("never-joined", "PJSIP/agent-9", 90.0, ring_s=-5.0)  # the clock went back
    learner.gave_up("never-joined", 80.0)
    learner.joined("a", 70.0, Situation((Agent(busy_for_s=3.0),)))
    learner.joined("a", 60.0, Situation((Agent(busy_for_s=3.0),)))
    learner.left("a", 50.0)
    learner.logged_out("PJSIP/agent-1", 40.0)
    learner.connected("a", "PJSIP/agent-1", 30.0)
    learner.lost_sight()
    learner.completed("PJSIP/agent-1", 20.0)
    assert learner.estimator.outcomes == 1


def test_a_call_in_the_wrap_up_ends_it() -> None:
    learner = QueueLearner(QueueEstimator(np.random.default_rng(1)))
    learner.connected("a", "PJSIP/agent-1", 0.0)
    learner.completed("PJSIP/agent-1", 50.0, wrapup_s=30.0)
    learner.connected("b", "PJSIP/agent-1", 60.0)
    assert learner.estimator.handling.count == 1
    learner.completed("PJSIP/agent-1", 100.0, wrapup_s=30.0)
    learner.joined("c", 200.0, None)
    assert learner.estimator.handling.count == 2
    assert learner.estimator.handling.save()["seen"] == [60.0, 70.0]


# -- in the program


class Queues:
    def __init__(self, state: QueueState) -> None:
        self.now = state

    def state(self, queue: str) -> QueueState | None:
        return self.now if queue == self.now.name else None


class Kept:
    """Keeps what was learnt, as Redis does."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def learnt(self, queue: str) -> str | None:
        return self.texts.get(queue)

    async def keep_learnt(self, queue: str, text: str) -> None:
        self.texts[queue] = text


def caller_event(kind: type[AmiEvent], caller: str, *more: object) -> AmiEvent:
    return kind(0.0, "support", f"SIP/{caller}", caller, "", "", "", *more)  # type: ignore[call-arg]


class Centre:
    """One agent of 100 s a call, told to `Waits` as AMI does."""

    def __init__(self, kept: Kept | None = None, metrics: Metrics | None = None) -> None:
        self.at_s = 0.0
        self.queues = Queues(QueueState("support", 0.0, (member(1, in_call=True),)))
        self.line = Line(self.queues)
        self.waits = Waits(self.line, MemoryStore(), lambda: self.at_s, learnt=kept, metrics=metrics)
        self.joined: list[str] = []

    def hear(self, event: AmiEvent) -> None:
        self.waits.hear(OPTIONS, event)

    def join(self, caller: str) -> None:
        waiting = Waiting(caller, f"SIP/{caller}", len(self.joined) + 1, self.at_s)
        self.queues.now = self.queues.now.joined(waiting)
        self.joined.append(caller)
        self.hear(caller_event(QueueCallerJoin, caller, len(self.joined), len(self.joined)))

    def leave(self, caller: str) -> None:
        self.queues.now = self.queues.now.left(caller)
        self.joined.remove(caller)
        self.hear(caller_event(QueueCallerLeave, caller, 1, len(self.joined)))

    def serve_for(self, calls: int) -> None:
        agent = ("PJSIP/agent-1", "", "", "")
        for i in range(calls):
            self.join(f"in-{i}")
            if i % 10 == 9:
                self.at_s += 1
                gone = self.joined[-1]
                self.hear(caller_event(QueueCallerAbandon, gone, 3, 3, 1))
                self.leave(gone)
                self.at_s -= 1
            elif i >= 2:
                served = self.joined[0]
                self.leave(served)
                self.hear(caller_event(AgentConnect, served, *agent, 200, 0))
                self.at_s += 90
                self.hear(caller_event(AgentComplete, served, *agent, 200, 90, "caller"))
                self.at_s += 10


async def test_at_first_the_operators_guess_holds_then_what_came() -> None:
    centre = Centre()
    first = await centre.waits.estimate("support", OPTIONS)
    assert first.median_s == pytest.approx(120 * 0.69, rel=0.05)
    assert first.basis == "0 ahead, 1 agents (0 free), handle time 120 s"
    centre.serve_for(120)
    learnt = await centre.waits.estimate("support", OPTIONS)
    assert "learnt from" in learnt.basis
    assert (first.ahead, learnt.ahead) == (0, 2)
    assert learnt.p10_s is not None
    assert learnt.median_s is not None
    assert learnt.p90_s is not None
    # Who joins finds two in line and waits for two calls: the third begins at that moment.
    assert learnt.median_s == pytest.approx(200, rel=0.3)
    assert learnt.p10_s <= learnt.median_s <= learnt.p90_s


async def test_the_last_estimate_is_measured_and_an_unknown_one_is_no_figure() -> None:
    metrics = Metrics()
    centre = Centre(metrics=metrics)

    def measured_s() -> float | None:
        return metrics.registry.get_sample_value("ivr_wait_estimate_seconds", {"service": "support"})

    told = await centre.waits.estimate("support", OPTIONS)
    assert measured_s() == told.median_s
    centre.queues.now = replace(centre.queues.now, members=())
    assert (await centre.waits.estimate("support", OPTIONS)).median_s is None
    assert isnan(measured_s() or 0.0)


async def test_every_estimate_is_held_against_what_came() -> None:
    metrics = Metrics()
    centre = Centre(metrics=metrics)
    centre.serve_for(120)

    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(name, {"queue": "support", **labels}) or 0.0

    served = value("ivr_wait_outcomes_total", outcome="served")
    hung_up = value("ivr_wait_outcomes_total", outcome="hung_up")
    assert served > 90
    assert hung_up > 5
    assert value("ivr_waited_seconds_total") / (served + hung_up) == pytest.approx(200, rel=0.1)
    squared = [value("ivr_wait_error_squared_seconds_total", estimator=who) for who in ("ours", "asterisk")]
    assert all(each > 0 for each in squared)
    covered = [value("ivr_wait_covered_total", quantile=q) for q in ("p10", "p50", "p90")]
    assert 0 < covered[0] <= covered[1] <= covered[2] < served + hung_up


async def test_it_abstains_when_agents_leave_at_once() -> None:
    centre = Centre()
    centre.serve_for(120)
    centre.queues.now = replace(centre.queues.now, members=tuple(member(i, in_call=True) for i in range(1, 5)))
    assert (await centre.waits.estimate("support", OPTIONS)).is_known
    centre.queues.now = replace(centre.queues.now, members=(member(1, in_call=True),))
    assert await centre.waits.estimate("support", OPTIONS) == unknown("3 of 4 agents left within 10 minutes")
    centre.at_s += 700
    assert (await centre.waits.estimate("support", OPTIONS)).is_known


async def test_a_free_agent_is_no_wait_whatever_was_learnt() -> None:
    centre = Centre()
    centre.serve_for(120)
    idle = tuple(member(i, status=MemberStatus.NOT_IN_USE) for i in range(1, 9))
    centre.queues.now = replace(centre.queues.now, members=idle)
    assert (await centre.waits.estimate("support", OPTIONS)).median_s == 0


async def run_a_moment(waits: Waits) -> None:
    task = asyncio.create_task(waits.run(lambda: [OPTIONS]))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_was_learnt_is_kept_over_a_restart() -> None:
    kept = Kept()
    centre = Centre(kept)
    await run_a_moment(centre.waits)
    assert kept.texts == {}
    task_waits = centre.waits
    centre.serve_for(120)
    await run_a_moment(task_waits)
    assert "support" in kept.texts
    after = Centre(kept)
    await run_a_moment(after.waits)
    assert "learnt from" in (await after.waits.estimate("support", OPTIONS)).basis


async def test_what_cannot_be_read_is_begun_anew() -> None:
    kept = Kept()
    kept.texts["support"] = '{"estimator": {"version": 1}}'
    centre = Centre(kept)
    await run_a_moment(centre.waits)
    assert (await centre.waits.estimate("support", OPTIONS)).basis.startswith("0 ahead")


def test_an_estimate_takes_at_most_5_ms_with_50_agents_and_100_waiting() -> None:
    learner = QueueLearner(QueueEstimator(np.random.default_rng(1)))
    for i in range(2000):
        learner.estimator.patience.saw(1.0 + i % 400, gave_up=i % 3 == 0)
    warm(learner, 100)
    busy, line = (Agent(busy_for_s=30.0),) * 50, tuple(Ahead(5.0 * i) for i in range(100, 0, -1))
    took_s = []
    for _ in range(20):
        began_s = time.process_time()
        learner.estimator.forecast(Situation(busy, line, head_age_s=500.0), 1e5)
        took_s.append(time.process_time() - began_s)
    assert min(took_s) < 0.005  # the least: others use this machine too
