"""The line of a service: live callers of the agent queue and callbacks, by the time they first asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.dialer.attempt import AttemptCase
from ivr.dialer.line import Line, channel_id, is_ours
from ivr.domain.callback import Callback
from ivr.domain.pacing import Waiter
from ivr.domain.queue_state import QueueState, Waiting
from ivr.flows.call import END_OF_QUEUE
from ivr.lab.switch import FakeCall, Person
from ivr.reception.desk import ServiceDesk
from ivr.reception.waits import Waits
from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.options import service_options
from ivr.store.journal import Journal
from ivr.store.memory_store import MemoryStore
from ivr.store.port import Claim, Place

pytestmark = pytest.mark.unit

OPTIONS = service_options("support", {}, trunk="carrier", language="en-US")


@dataclass
class Queues:
    """One queue, as the test says it is; None: not known."""

    waiting: Sequence[Waiting] | None

    def state(self, queue: str) -> QueueState | None:
        known = self.waiting is not None and queue == "support"
        return QueueState("support", 0.0, waiting=tuple(self.waiting or ())) if known else None


def waiting(uniqueid: str, joined_at_s: float) -> Waiting:
    return Waiting(uniqueid, f"PJSIP/{uniqueid}", position=1, joined_at_s=joined_at_s)


def place(callback_id: str, asked_at_s: float, *, in_flight: bool = False) -> Place:
    return Place(callback_id, asked_at_s, not_before_s=7.0, wait_for_agent=True, in_flight=in_flight)


def test_live_callers_and_callbacks_stand_in_one_line() -> None:
    line = Line(Queues([waiting("a", 10.0), waiting("b", 20.0)]))
    assert line.waiters("support", [place("support-1", 5.0)]) == [
        Waiter(10.0),
        Waiter(20.0),
        Waiter(5.0, "support-1", not_before_s=7.0, wait_for_agent=True, in_flight=False),
    ]


def test_a_reached_customer_in_the_queue_is_counted_once() -> None:
    reached = waiting(channel_id("support-1", 1), 300.0)
    line = Line(Queues([reached, waiting("a", 20.0)]))
    assert line.waiters("support", [place("support-1", 5.0, in_flight=True)]) == [
        Waiter(20.0),
        Waiter(5.0, "support-1", not_before_s=7.0, in_flight=True),
    ]


def test_without_the_queue_the_callbacks_still_stand_in_line() -> None:
    assert Line(Queues(None)).waiters("support", [place("support-1", 5.0)]) == [
        Waiter(5.0, "support-1", not_before_s=7.0)
    ]


def test_the_time_of_asking_counts_and_not_the_time_of_joining() -> None:
    line = Line(Queues([waiting("a", 60.0), waiting("b", 20.0)]))
    line.note_asked("a", 10.0)
    assert [w.asked_at_s for w in line.waiters("support", [])] == [10.0, 20.0]
    assert line.position("support", 15.0) == 2
    line.forget("a")
    assert [w.asked_at_s for w in line.waiters("support", [])] == [60.0, 20.0]
    assert line.position("support", 15.0) == 1


def test_forgetting_somebody_who_was_never_noted_is_no_error() -> None:
    Line(Queues(None)).forget("a")


def test_a_reached_customer_in_the_queue_keeps_those_behind_who_asked_later() -> None:
    reached = channel_id("support-1", 2)
    line = Line(Queues([waiting(reached, 300.0)]))
    line.note_asked(reached, 5.0)
    assert line.position("support", 10.0) == 2
    assert line.position("support", 4.0) == 1


asked_s = st.integers(0, 20).map(float)


@given(st.lists(asked_s), asked_s)
def test_who_is_put_in_at_their_position_stands_by_the_time_of_asking(others_s: list[float], own_s: float) -> None:
    in_order = sorted(others_s)
    line = Line(Queues([waiting(str(i), at_s) for i, at_s in enumerate(in_order)]))
    position = line.position("support", own_s)
    assert position is not None
    ahead, behind = in_order[: position - 1], in_order[position - 1 :]
    assert all(at_s <= own_s for at_s in ahead)
    assert all(at_s > own_s for at_s in behind)


def test_while_the_queue_is_not_known_nobody_has_a_position() -> None:
    assert Line(Queues(None)).position("support", 5.0) is None
    assert Line(Queues([])).position("support", 5.0) == 1
    assert Line(Queues([])).position("another", 5.0) is None


def desk(line: Line, asked_at_s: float) -> ServiceDesk:
    store = MemoryStore()
    return ServiceDesk(
        "support",
        OPTIONS,
        asked_at_s,
        callbacks=CallbackService(store, Catalog({"support": OPTIONS}, store)),
        journal=Journal(store),
        line=line,
        waits=Waits(line, store, lambda: 0.0),
    )


def attempt(line: Line, asked_at_s: float) -> AttemptCase:
    callback = Callback("support-1", "support", "+12025550100", asked_at_s, asked_at_s, 1e12)
    return AttemptCase(MemoryStore(), Claim(callback, "w1", 1, 1e12), OPTIONS, line, lambda: 0.0)


@pytest.mark.parametrize(
    ("queue", "caller", "customer"),
    [
        (Queues([waiting("a", 10.0), waiting("b", 20.0)]), 2, 2),
        # A new caller must not pass those whom we cannot see; a customer was rung because it was their turn.
        (Queues(None), END_OF_QUEUE, 1),
    ],
)
async def test_the_place_of_a_caller_and_of_a_customer(queue: Queues, caller: int, customer: int) -> None:
    line = Line(queue)
    assert desk(line, 15.0).position_of(FakeCall("in-1", Person())) == caller
    assert attempt(line, 15.0).position() == customer


@given(st.text("0123456789abcdef-", min_size=1), st.integers(1, 20))
def test_a_call_to_a_customer_is_known_by_its_id(callback_id: str, number: int) -> None:
    assert is_ours(channel_id(callback_id, number))
    assert not is_ours("1732330000.17")
    assert channel_id(callback_id, number) != channel_id(callback_id, number + 1)
