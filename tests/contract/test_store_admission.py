"""What every store looks at before it takes a callback: one request after another, and all at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from ivr.domain.callback import Callback, CallbackState, Reason
from ivr.domain.lifecycle import Event, apply
from ivr.store.port import (
    VALUE_WINDOW_S,
    Admission,
    AlreadyWaiting,
    CallbackStore,
    LineFull,
    NotAdmitted,
    Paused,
    SlotPlace,
    SlotTaken,
    TooMany,
    TooManyOfValue,
    Window,
)

pytest_plugins = ["any_store"]
pytestmark = pytest.mark.contract

NOW = 1_800_000_000.25
SLOT = SlotPlace(NOW + 3600 - 0.25, NOW + 3900 - 0.25, 5)
numbers: Iterator[int] = iter(range(10**9))


def a_request(at_s: float = NOW, **fields: object) -> Callback:
    n = next(numbers)
    made = Callback(
        id=f"support-{n:016x}",
        service="support",
        customer_number=f"+1202{n:07d}",
        created_at_s=at_s,
        asked_at_s=at_s,
        expires_at_s=at_s + 86400,
        queued_at_s=at_s,
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # the fields are spelled out at each call


def a_booking(at_s: float = SLOT.start_s, *, number: str = "") -> Callback:
    booked = a_request(state=CallbackState.SCHEDULED, desired_at_s=at_s, asked_at_s=at_s, queued_at_s=None)
    return replace(booked, customer_number=number or booked.customer_number)


def slots(*places: SlotPlace) -> list[tuple[int, int]]:
    return [(int(place.start_s), int(place.end_s)) for place in places]


# -- throttles -------------------------------------------------------------------------------------------------------


async def test_a_window_slides(any_store: CallbackStore) -> None:
    admission = Admission(windows=(Window(3, 60.0), Window(4, 600.0)))
    for after_s in (0, 10, 20):
        await any_store.create(a_request(NOW + after_s), admission=admission)
    with pytest.raises(TooMany) as refused:
        await any_store.create(a_request(NOW + 59.9), admission=admission)
    assert (refused.value.window, refused.value.count, refused.value.free_at_s) == (0, 3, NOW + 60)
    await any_store.create(a_request(NOW + 60), admission=admission)
    with pytest.raises(TooMany) as refused:
        await any_store.create(a_request(NOW + 300), admission=admission)
    assert (refused.value.window, refused.value.free_at_s) == (1, NOW + 600)
    await any_store.create(a_request(NOW + 600), admission=admission)


async def test_a_window_that_was_made_smaller_tells_when_there_is_room(any_store: CallbackStore) -> None:
    for after_s in range(5):
        await any_store.create(a_request(NOW + after_s), admission=Admission(windows=(Window(9, 60.0),)))
    with pytest.raises(TooMany) as refused:
        await any_store.create(a_request(NOW + 5), admission=Admission(windows=(Window(2, 60.0),)))
    # Three have to leave before a second one may come.
    assert (refused.value.count, refused.value.free_at_s) == (5, NOW + 3 + 60)


async def test_what_was_refused_is_not_counted(any_store: CallbackStore) -> None:
    admission = Admission(windows=(Window(2, 60.0),), values=(("key", "7"),), max_of_value=2, max_pending=1)
    first = a_request()
    await any_store.create(first, admission=admission)
    for _ in range(5):
        with pytest.raises(AlreadyWaiting):
            await any_store.create(a_request(customer_number=first.customer_number), admission=admission)
    await any_store.create(a_request(), admission=admission)


async def test_the_same_request_repeated_is_counted_once(any_store: CallbackStore) -> None:
    admission = Admission(windows=(Window(2, 60.0),), values=(("key", "7"),), max_of_value=2)
    first = a_request()
    for _ in range(3):
        await any_store.create(first, admission=admission)
    await any_store.create(a_request(), admission=admission)
    with pytest.raises(TooMany):
        await any_store.create(a_request(), admission=admission)


async def test_each_value_has_its_daily_limit(any_store: CallbackStore) -> None:
    def of(*values: tuple[str, str]) -> Admission:
        return Admission(values=values, max_of_value=2)

    one, other = ("device", "a b{}:*"), ("device", "c")
    await any_store.create(a_request(NOW), admission=of(one))
    await any_store.create(a_request(NOW + 100), admission=of(other, one))
    with pytest.raises(TooManyOfValue) as refused:
        await any_store.create(a_request(NOW + 200), admission=of(other, one))
    assert (refused.value.name, refused.value.count) == ("device", 2)
    assert refused.value.free_at_s == NOW + VALUE_WINDOW_S
    await any_store.create(a_request(NOW + 200), admission=of(other))
    await any_store.create(a_request(NOW + 200), admission=of(("account", one[1])))
    await any_store.create(a_request(NOW + VALUE_WINDOW_S), admission=of(one))
    with pytest.raises(TooManyOfValue):
        await any_store.create(a_request(NOW + VALUE_WINDOW_S + 50), admission=of(one))


async def test_another_service_is_counted_by_itself(any_store: CallbackStore) -> None:
    admission = Admission(windows=(Window(1, 60.0),), values=(("key", "7"),), max_of_value=1)
    await any_store.create(a_request(), admission=admission)
    sales = a_request()
    await any_store.create(
        replace(sales, id=sales.id.replace("support", "sales"), service="sales"), admission=admission
    )


# -- slots -----------------------------------------------------------------------------------------------------------


async def test_a_slot_takes_what_it_has_and_gives_back_what_is_cancelled(any_store: CallbackStore) -> None:
    admission = Admission(slot=replace(SLOT, capacity=2))
    first = await any_store.create(a_booking(SLOT.start_s), admission=admission)
    await any_store.create(a_booking(SLOT.end_s - 0.5), admission=admission)
    # Neighbours are of no account.
    await any_store.create(a_booking(SLOT.start_s - 0.5))
    await any_store.create(a_booking(SLOT.end_s))
    with pytest.raises(SlotTaken) as refused:
        await any_store.create(a_booking(), admission=admission)
    assert refused.value.booked == 2
    assert await any_store.booked("support", slots(SLOT)) == [2]

    await any_store.save(apply(first, Event.CANCELLED, NOW, reason="storm"), "cancelled")
    assert await any_store.booked("support", slots(SLOT)) == [1]
    await any_store.create(a_booking(), admission=admission)


async def test_another_booking_gives_the_place_back(any_store: CallbackStore) -> None:
    later = SlotPlace(SLOT.end_s, SLOT.end_s + 300, 1)
    moving = await any_store.create(a_booking(), admission=Admission(slot=SLOT))
    within = replace(moving, desired_at_s=SLOT.start_s + 60, asked_at_s=SLOT.start_s + 60)
    # Its own place is free for it, also in a slot that has become smaller.
    moving = await any_store.save(within, "rescheduled", admission=Admission(slot=replace(SLOT, capacity=1)))
    moved = replace(moving, desired_at_s=later.start_s, asked_at_s=later.start_s)
    moving = await any_store.save(moved, "rescheduled", admission=Admission(slot=later))
    assert await any_store.booked("support", slots(SLOT, later)) == [0, 1]

    other = await any_store.create(a_booking(), admission=Admission(slot=SLOT))
    with pytest.raises(SlotTaken):
        await any_store.save(
            replace(other, desired_at_s=later.start_s), "rescheduled", admission=Admission(slot=later)
        )
    assert await any_store.get(other.id) == other
    assert await any_store.booked("support", slots(SLOT, later)) == [1, 1]

    # Called for now instead: no booking any more.
    now = replace(apply(moving, Event.SUBMITTED, NOW), desired_at_s=None, asked_at_s=NOW)
    await any_store.save(now, "submitted")
    assert await any_store.booked("support", slots(later)) == [0]


async def test_a_place_is_kept_while_the_callback_goes_on_and_after_it_was_called(any_store: CallbackStore) -> None:
    callback = await any_store.create(a_booking(), admission=Admission(slot=SLOT))
    for event in (Event.SUBMITTED, Event.CUSTOMER_REACHED, Event.AGENT_CONNECTED, Event.TALK_ENDED):
        callback = await any_store.save(apply(callback, event, NOW), event)
        assert await any_store.booked("support", slots(SLOT)) == [1], event
    failed = await any_store.create(a_booking(), admission=Admission(slot=SLOT))
    gone = apply(apply(failed, Event.SUBMITTED, NOW), Event.GAVE_UP, NOW, reason=Reason.FAIL_CALL_TO_CUSTOMER)
    await any_store.save(gone, "gave_up")
    assert await any_store.booked("support", slots(SLOT)) == [2]


async def test_two_hundred_at_once_for_five_places_make_five(any_store: CallbackStore) -> None:
    tries = (any_store.create(a_booking(SLOT.start_s + n), admission=Admission(slot=SLOT)) for n in range(200))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Callback) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, SlotTaken) for outcome in outcomes) == 195
    assert await any_store.booked("support", slots(SLOT)) == [5]
    assert len(await any_store.find("support")) == 5


async def test_moving_at_once_into_one_place_moves_one(any_store: CallbackStore) -> None:
    target = SlotPlace(SLOT.end_s, SLOT.end_s + 300, 1)
    booked = [await any_store.create(a_booking()) for _ in range(20)]
    tries = (
        any_store.save(replace(c, desired_at_s=target.start_s), "rescheduled", admission=Admission(slot=target))
        for c in booked
    )
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Callback) for outcome in outcomes) == 1
    assert await any_store.booked("support", slots(SLOT, target)) == [19, 1]


async def test_bookings_are_counted_in_many_slots(any_store: CallbackStore) -> None:
    draw = random.Random(4)
    begin_s = int(SLOT.start_s)
    cut = [begin_s, begin_s + 300, begin_s + 450]  # one is shorter
    starts = [*cut, *(begin_s + 750 + 300 * n for n in range(2500))]
    asked = list(pairwise(starts))
    expected = dict.fromkeys(asked, 0)
    for _ in range(60):
        start_s, end_s = slot = draw.choice(asked)
        expected[slot] += 1
        await any_store.create(a_booking(start_s + draw.random() * (end_s - start_s)))
    assert await any_store.booked("support", asked) == list(expected.values())
    assert await any_store.booked("support", asked[5::7]) == list(expected.values())[5::7]
    assert await any_store.booked("support", []) == []
    assert await any_store.booked("sales", asked[:2]) == [0, 0]


# -- the line, and the order -----------------------------------------------------------------------------------------


async def test_a_booking_called_for_now_needs_room_in_the_line(any_store: CallbackStore) -> None:
    await any_store.create(a_request())
    booking = await any_store.create(a_booking(), admission=Admission(max_queued=1))
    now = replace(apply(booking, Event.SUBMITTED, NOW), desired_at_s=None)
    with pytest.raises(LineFull):
        await any_store.save(now, "submitted", admission=Admission(max_queued=1))
    await any_store.save(now, "submitted", admission=Admission(max_queued=2))


async def test_a_paused_service_takes_nothing_and_changes_go_on(any_store: CallbackStore) -> None:
    callback = await any_store.create(a_request())
    assert await any_store.paused("support") is None
    await any_store.pause("support", "storm", {"who": "ann"})
    assert await any_store.paused("support") == "storm"
    with pytest.raises(Paused) as refused:
        await any_store.create(a_request())
    assert refused.value.reason == "storm"
    await any_store.save(apply(callback, Event.CANCELLED, NOW), "cancelled")
    await any_store.pause("support", None, {"who": "bob"})
    assert await any_store.paused("support") is None
    await any_store.create(a_request())
    told = [(e.kind, e.data.get("who")) for e in await any_store.events("support") if "who" in e.data]
    assert told == [("paused", "ann"), ("resumed", "bob")]
    await any_store.pause("support", "", {})
    assert await any_store.paused("support") == ""


async def test_conditions_are_looked_at_in_their_order(any_store: CallbackStore) -> None:
    kept = await any_store.create(a_booking())
    await any_store.create(a_request())
    key = ("key", "7")
    await any_store.create(a_request(), admission=Admission((Window(9, 60.0),), (key,), 9))
    everything = Admission((Window(0, 60.0), Window(1, 60.0)), (key,), 1, 1, replace(SLOT, capacity=1), 1)
    asked = a_booking(number=kept.customer_number)

    async def refused_for(admission: Admission, callback: Callback = asked) -> type[NotAdmitted]:
        with pytest.raises(NotAdmitted) as refused:
            await any_store.check(callback, admission)
        with pytest.raises(type(refused.value)):
            await any_store.create(callback, admission=admission)
        return type(refused.value)

    await any_store.pause("support", "", {})
    assert await refused_for(everything) is Paused
    await any_store.pause("support", None, {})
    without_first = replace(everything, windows=(Window(1, 60.0),))
    assert await refused_for(without_first) is TooMany
    unthrottled = replace(everything, windows=())
    assert await refused_for(unthrottled) is TooManyOfValue
    assert await refused_for(replace(unthrottled, values=())) is AlreadyWaiting
    assert await refused_for(replace(unthrottled, values=(), max_pending=None)) is SlotTaken
    immediate = a_request()
    assert await refused_for(Admission(max_queued=1), immediate) is LineFull


async def test_a_check_stores_and_counts_nothing(any_store: CallbackStore) -> None:
    admission = Admission((Window(1, 60.0),), (("key", "7"),), 1, 1, replace(SLOT, capacity=1), 1)
    callback = a_booking()
    for _ in range(3):
        await any_store.check(callback, admission)
    assert await any_store.get(callback.id) is None
    assert await any_store.events("support") == []
    await any_store.create(callback, admission=admission)


async def test_throttles_hold_when_everybody_asks_at_once(any_store: CallbackStore) -> None:
    admission = Admission((Window(10, 60.0),), (("key", "7"),), 7)
    tries = (any_store.create(a_request(), admission=admission) for _ in range(100))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(outcome, Callback) for outcome in outcomes) == 7
    assert {type(outcome) for outcome in outcomes} == {Callback, TooManyOfValue}
