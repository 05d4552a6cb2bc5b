"""Whom to dial now: properties of any release, and lines played through in rounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.pacing import Release, Waiter, position_of, release

pytestmark = pytest.mark.unit

NOW_S = 1000.0
ALICE, BOB, CAROL = "support-a", "support-b", "support-c"


def dial(line: Sequence[Waiter], *, free: int | None, busy: int = 3, max_in_flight: int = 10) -> Release:
    return release(line, free=free, serving=(free or 0) + busy, now_s=NOW_S, max_in_flight=max_in_flight)


# -- by example


def test_a_free_agent_is_for_the_first_in_line() -> None:
    decision = dial([Waiter(20.0, BOB), Waiter(10.0, ALICE)], free=1)
    assert decision == Release(
        (ALICE,), "1 with an agent free: 1 free of 4, 0 callers waiting, 0 in flight of at most 10"
    )


def test_two_free_agents_are_for_two() -> None:
    assert dial([Waiter(10.0, ALICE), Waiter(20.0, BOB), Waiter(30.0, CAROL)], free=2).callback_ids == (ALICE, BOB)


def test_a_live_caller_ahead_gets_the_agent() -> None:
    decision = dial([Waiter(5.0), Waiter(10.0, ALICE)], free=1)
    assert decision == Release((), "none to dial: 1 free of 4, 1 callers waiting, 0 in flight of at most 10")
    assert dial([Waiter(5.0), Waiter(10.0, ALICE)], free=2).callback_ids == (ALICE,)


def test_the_head_of_the_line_is_dialled_while_only_later_callers_take_every_agent() -> None:
    decision = dial([Waiter(10.0, ALICE), Waiter(15.0, BOB), Waiter(20.0), Waiter(30.0)], free=0)
    assert decision == Release(
        (ALICE,),
        "1 before 2 who asked later and would take every agent: "
        "0 free of 3, 2 callers waiting, 0 in flight of at most 10",
    )


@pytest.mark.parametrize(
    "line",
    [
        [Waiter(10.0, ALICE), Waiter(15.0, BOB)],  # Nobody would take the next agent from them.
        [Waiter(5.0), Waiter(10.0, ALICE), Waiter(20.0)],  # Somebody asked earlier.
        [Waiter(10.0, ALICE, in_flight=True), Waiter(15.0, BOB), Waiter(20.0)],  # One at a time.
        [Waiter(10.0, ALICE), Waiter(15.0, BOB, in_flight=True), Waiter(20.0)],
        [Waiter(10.0), Waiter(10.0, ALICE), Waiter(20.0)],  # At the same moment: the one who is there.
    ],
)
def test_otherwise_nobody_is_dialled_without_a_free_agent(line: list[Waiter]) -> None:
    assert dial(line, free=0).callback_ids == ()


def test_without_any_agent_logged_in_nobody_who_waits_for_one_is_dialled() -> None:
    assert dial([Waiter(10.0, ALICE), Waiter(20.0)], free=0, busy=0).callback_ids == ()


def test_in_the_gap_after_an_attempt_the_next_in_line_is_dialled() -> None:
    line = [Waiter(10.0, ALICE, not_before_s=NOW_S + 0.1), Waiter(20.0, BOB)]
    assert dial(line, free=1).callback_ids == (BOB,)
    assert dial([replace(line[0], not_before_s=NOW_S), line[1]], free=1).callback_ids == (ALICE,)


def test_who_need_not_wait_is_dialled_whatever_the_agents_do() -> None:
    line = [Waiter(5.0), Waiter(10.0, ALICE, wait_for_agent=False), Waiter(20.0, BOB)]
    assert dial(line, free=0, busy=0) == Release(
        (ALICE,),
        "1 without waiting for an agent: 0 free of 0, 1 callers waiting, 0 in flight of at most 10",
    )


def test_one_who_asked_later_and_need_not_wait_holds_up_nobody() -> None:
    """Reached and in the queue they stand behind; they are no reason to let an older callback wait."""
    line = [Waiter(10.0, ALICE), Waiter(20.0, BOB, wait_for_agent=False, in_flight=True)]
    assert dial(line, free=1).callback_ids == (ALICE,)
    assert dial(line, free=0).callback_ids == (ALICE,)
    earlier = [Waiter(10.0, ALICE), Waiter(5.0, BOB, wait_for_agent=False, in_flight=True)]
    assert dial(earlier, free=1).callback_ids == ()


def test_the_last_free_dial_is_for_who_asked_first() -> None:
    line = [Waiter(10.0, ALICE), Waiter(20.0, BOB, wait_for_agent=False)]
    assert dial(line, free=1, max_in_flight=1).callback_ids == (ALICE,)
    assert dial(line, free=0, max_in_flight=1).callback_ids == (ALICE,)
    assert dial([Waiter(5.0), *line], free=1, max_in_flight=1).callback_ids == (BOB,)


def test_an_unknown_queue_and_its_reason() -> None:
    line = [Waiter(10.0, ALICE), Waiter(20.0, BOB, wait_for_agent=False), Waiter(30.0)]
    decision = dial(line, free=None)
    assert decision.callback_ids == (BOB,)
    assert decision.reason == (
        "1 without waiting for an agent: the queue's state is not known, 1 callers waiting, 0 in flight of at most 10"
    )


# -- by property

asked_s = st.integers(0, 12).map(float)
callers = st.builds(Waiter, asked_at_s=asked_s)
callbacks = st.builds(
    Waiter,
    asked_at_s=asked_s,
    callback_id=st.just("support"),
    not_before_s=st.sampled_from([0.0, NOW_S, NOW_S + 1]),
    wait_for_agent=st.booleans(),
    in_flight=st.booleans(),
)


@st.composite
def lines(draw: st.DrawFn) -> list[Waiter]:
    drawn = draw(st.lists(callers | callbacks, max_size=15))
    return [replace(w, callback_id=f"support-{i}") if w.callback_id else w for i, w in enumerate(drawn)]


frees = st.none() | st.integers(0, 6)
busies = st.integers(0, 4)
limits = st.integers(1, 12)


@dataclass(frozen=True)
class Case:
    """A line, what was decided, and the same things counted in another way."""

    line: list[Waiter]
    free: int | None
    serving: int
    max_in_flight: int
    decision: Release

    def chosen(self) -> list[Waiter]:
        by_id = {w.callback_id: w for w in self.line if w.callback_id}
        return [by_id[callback_id] for callback_id in self.decision.callback_ids]

    def in_flight(self) -> list[Waiter]:
        return [w for w in self.line if w.in_flight]

    def promised(self) -> int:
        return len([w for w in self.in_flight() if w.wait_for_agent])

    def takers(self) -> list[Waiter]:
        """Who gets the next agents in turn: live callers, and those rung without waiting for an agent."""
        at_once = [w for w in self.line if not w.wait_for_agent and (w.in_flight or w.not_before_s <= NOW_S)]
        return [w for w in self.line if w.callback_id is None or w in at_once]

    def rank(self, waiter: Waiter) -> tuple[float, int]:
        return waiter.asked_at_s, next(i for i, each in enumerate(self.line) if each is waiter)

    def spoken_for(self, waiter: Waiter) -> int:
        """Agents who are not for `waiter`, as somebody ahead will have them or was rung for them."""
        dialled = [w for w in self.chosen() if w.wait_for_agent]
        return self.promised() + len([w for w in (*self.takers(), *dialled) if self.rank(w) < self.rank(waiter)])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    line, free, max_in_flight = draw(lines()), draw(frees), draw(limits)
    serving = (free or 0) + draw(busies)
    decision = release(line, free=free, serving=serving, now_s=NOW_S, max_in_flight=max_in_flight)
    return Case(line, free, serving, max_in_flight, decision)


@given(cases())
def test_nobody_is_dialled_twice_or_early_or_beyond_the_limit(case: Case) -> None:
    chosen = case.chosen()
    assert len({w.callback_id for w in chosen}) == len(chosen)
    assert all(not w.in_flight and w.not_before_s <= NOW_S for w in chosen)
    assert not chosen or len(case.in_flight()) + len(chosen) <= case.max_in_flight


@given(cases())
def test_they_are_dialled_in_the_order_of_asking(case: Case) -> None:
    assert all(one.asked_at_s <= other.asked_at_s for one, other in pairwise(case.chosen()))


@given(cases())
def test_no_agent_is_promised_to_two(case: Case) -> None:
    waited = [w for w in case.chosen() if w.wait_for_agent]
    if case.free is None:
        assert not waited
        return
    assert len(waited) <= max(case.free - case.promised(), 1)
    if waited and case.free <= case.promised():
        # Nobody is free; then the one and only, who is first in line and would be passed by those behind.
        assert [case.spoken_for(w) for w in waited] == [0]
        assert case.takers()
        assert case.serving
    else:
        assert all(case.spoken_for(w) < case.free for w in waited)


@given(cases())
def test_who_is_left_has_a_reason_to_wait(case: Case) -> None:
    if len(case.in_flight()) + len(case.chosen()) >= case.max_in_flight:
        return
    for w in case.line:
        if w.callback_id in (None, *case.decision.callback_ids) or w.in_flight or w.not_before_s > NOW_S:
            continue
        assert w.wait_for_agent
        assert case.free is None or case.spoken_for(w) >= case.free
        assert case.free is None or case.spoken_for(w) or not case.takers() or not case.serving


@given(cases())
def test_while_the_queue_is_not_known_only_those_are_dialled_who_need_not_wait(case: Case) -> None:
    unknown = release(case.line, free=None, serving=0, now_s=NOW_S, max_in_flight=100)
    assert set(unknown.callback_ids) == {
        w.callback_id
        for w in case.line
        if w.callback_id and not w.wait_for_agent and not w.in_flight and w.not_before_s <= NOW_S
    }


REASON = re.compile(
    r"(?P<causes>none to dial|\d+ w.+|\d+ before.+): "
    r"(?:(?P<free>\d+) free of (?P<serving>\d+)|the queue's state is not known), "
    r"(?P<live>\d+) callers waiting, (?P<in_flight>\d+) in flight of at most (?P<limit>\d+)"
)


@given(cases())
def test_the_reason_tells_the_truth(case: Case) -> None:
    told = REASON.fullmatch(case.decision.reason)
    assert told, case.decision.reason
    assert told["free"] == (None if case.free is None else str(case.free))
    assert case.free is None or int(told["serving"]) == case.serving
    assert int(told["live"]) == len([w for w in case.line if w.callback_id is None])
    assert int(told["in_flight"]) == len(case.in_flight())
    assert int(told["limit"]) == case.max_in_flight

    counts = {"without": 0, "with": 0, "before": 0}
    for count, cause in re.findall(r"(?:^|, )(\d+) (without|with|before)\b", told["causes"]):
        counts[cause] = int(count)
    waited = [w for w in case.chosen() if w.wait_for_agent]
    assert (told["causes"] == "none to dial") is (case.decision.callback_ids == ())
    assert counts["without"] == len(case.chosen()) - len(waited)
    assert counts["with"] + counts["before"] == len(waited)
    assert bool(counts["with"]) is bool(waited and case.free and case.free > case.promised())
    if later := re.search(r"before (\d+) who asked later", told["causes"]):
        assert int(later[1]) == len([w for w in case.takers() if case.rank(w) > case.rank(waited[0])])


# -- in rounds


@dataclass
class Rounds:
    """A service second by second: agents, an agent queue that serves by the time of asking, and callbacks."""

    agents: int
    talk_s: int = 10
    ring_s: int = 6
    max_in_flight: int = 10
    live_every_s: int = 0
    at_once_every_s: int = 0
    """How often somebody new asks, for ever; 0: never."""
    line: list[Waiter] = field(default_factory=list)
    never_answer: frozenset[str] = frozenset()
    """These are tried three times, with a minute between."""

    def __post_init__(self) -> None:
        self.now_s = 100
        self.busy_until_s: list[int] = []
        self.queue: list[Waiter] = []
        self.ringing: list[tuple[int, Waiter]] = []
        self.dialled: list[str] = []
        self.served: list[Waiter] = []

    def play(self, rounds: int) -> None:
        for _ in range(rounds):
            self.now_s += 1
            self._ask()
            self._pick_up()
            self.busy_until_s = [until for until in self.busy_until_s if until > self.now_s]
            self._serve()
            self._dial()

    def _ask(self) -> None:
        if self.live_every_s and self.now_s % self.live_every_s == 0:
            self.queue.append(Waiter(self.now_s))
        if self.at_once_every_s and self.now_s % self.at_once_every_s == 0:
            self.line.append(Waiter(self.now_s, f"at-once-{self.now_s}", wait_for_agent=False))

    def _pick_up(self) -> None:
        for until_s, waiter in list(self.ringing):
            if until_s <= self.now_s:
                self.ringing.remove((until_s, waiter))
                if waiter.callback_id not in self.never_answer:
                    self.queue.append(waiter)
                    continue
                self.line.remove(waiter)
                if self.dialled.count(waiter.callback_id) < 3:
                    self.line.append(replace(waiter, in_flight=False, not_before_s=self.now_s + 60))

    def _serve(self) -> None:
        self.queue.sort(key=lambda waiter: waiter.asked_at_s)
        while self.queue and len(self.busy_until_s) < self.agents:
            waiter = self.queue.pop(0)
            self.busy_until_s.append(self.now_s + self.talk_s)
            self.served.append(waiter)
            if waiter.callback_id:
                self.line.remove(waiter)

    def _dial(self) -> None:
        live = [waiter for waiter in self.queue if waiter.callback_id is None]
        decision = release(
            [*live, *self.line],
            free=self.agents - len(self.busy_until_s),
            serving=self.agents,
            now_s=self.now_s,
            max_in_flight=self.max_in_flight,
        )
        for callback_id in decision.callback_ids:
            index = next(i for i, w in enumerate(self.line) if w.callback_id == callback_id)
            self.line[index] = replace(self.line[index], in_flight=True)
            self.ringing.append((self.now_s + self.ring_s, self.line[index]))
            self.dialled.append(callback_id)


WANTED = [f"wanted-{i}" for i in range(10)]


def ten_wanted() -> list[Waiter]:
    return [Waiter(float(i), callback_id) for i, callback_id in enumerate(WANTED)]


@pytest.mark.parametrize("agents", [1, 3, 8])
@pytest.mark.parametrize("live_every_s", [0, 1, 8])
@pytest.mark.parametrize("at_once_every_s", [0, 3, 8])
@pytest.mark.parametrize("max_in_flight", [1, 10])
def test_nobody_starves_and_the_order_is_kept(
    agents: int, live_every_s: int, at_once_every_s: int, max_in_flight: int
) -> None:
    """Ten who wait for an agent, before an endless stream of people who ask later and take every agent they can."""
    world = Rounds(
        agents,
        max_in_flight=max_in_flight,
        live_every_s=live_every_s,
        at_once_every_s=at_once_every_s,
        line=ten_wanted(),
    )
    world.play(300)
    assert [callback_id for callback_id in world.dialled if callback_id.startswith("wanted")] == WANTED
    assert [w.callback_id for w in world.served if w.callback_id in WANTED] == WANTED


def test_callers_alone_do_not_keep_agents_from_callbacks_for_ever() -> None:
    """Each callback is served before those who asked a minute later, though all agents are always busy."""
    world = Rounds(3, live_every_s=3, line=ten_wanted())
    world.play(400)
    ahead = {w.callback_id: i for i, w in enumerate(world.served) if w.callback_id}
    assert set(ahead) == set(WANTED)
    assert max(ahead.values()) < 60


def test_customers_who_never_answer_hold_up_nobody() -> None:
    world = Rounds(1, live_every_s=16, line=ten_wanted(), never_answer=frozenset(WANTED[:3]))
    world.play(1500)
    assert [w.callback_id for w in world.served if w.callback_id] == WANTED[3:]
    assert [world.dialled.count(callback_id) for callback_id in WANTED] == [3] * 3 + [1] * 7


# -- the place in app_queue


@given(st.lists(asked_s), asked_s)
def test_who_stands_at_their_position_stands_in_order_and_behind_equals(others_s: list[float], own_s: float) -> None:
    position = position_of(own_s, others_s)
    assert position == 1 + len([at_s for at_s in others_s if at_s < own_s]) + others_s.count(own_s)
    in_order = sorted(others_s)
    assert [*in_order[: position - 1], own_s, *in_order[position - 1 :]] == sorted([*others_s, own_s])
