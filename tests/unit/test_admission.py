"""What is listed can be booked, and what cannot be booked is not listed: calendars, slots and admission agree."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.callback import Callback, CallbackState
from ivr.domain.capacity import Capacity, DayPlan
from ivr.domain.dates import Span, Weekly
from ivr.domain.hours import OfficeHours
from ivr.domain.zones import load_zone
from ivr.service.admission import horizon_s, place_for_booking
from ivr.service.availability import Availability
from ivr.service.builtins import Builtins
from ivr.service.errors import OutOfOfficeHours, SlotFull, TimeRefused, TooFarAhead
from ivr.service.options import BUCKETS_MIN, ServiceOptions, service_options
from ivr.store.memory_store import MemoryStore
from ivr.store.port import SlotPlace

pytestmark = pytest.mark.unit

HOUR_S = 3600
# Two days before the clock goes forward in New York, and before it goes back.
MOMENTS = (1_804_809_600, 1_825_372_800)
ZONE = load_zone("America/New_York")

weeklies = st.builds(
    Weekly,
    st.frozensets(st.integers(0, 6), min_size=2),
    st.tuples(st.integers(0, 95), st.integers(2, 60)).map(lambda p: Span(p[0] * 900, (p[0] + p[1]) * 900)),
)
plans = st.dictionaries(st.integers(0, 23).map(lambda h: h * 60), st.integers(0, 3), min_size=8).map(DayPlan.of)


@st.composite
def services(draw: st.DrawFn) -> tuple[ServiceOptions, Builtins]:
    given_options: dict[str, object] = {
        "_request_time_bucket": draw(st.sampled_from(BUCKETS_MIN)),
        "_max_request_by_time_bucket": draw(st.integers(1, 3)),
        "_reject_future_desired_time": draw(st.sampled_from(["30m", "12h", "3d"])),
    }
    hours, capacities = {}, {}
    if draw(st.booleans()):
        given_options["_business_hours_service"] = "office"
        hours["office"] = OfficeHours(ZONE, tuple(draw(st.lists(weeklies, min_size=1, max_size=2))))
    if draw(st.booleans()):
        given_options["_capacity_service"] = "places"
        capacities["places"] = Capacity(ZONE, tuple(draw(st.lists(plans, min_size=7, max_size=7))))
    return service_options("s", given_options, trunk="t", language="en-US"), Builtins(hours, capacities)


def a_booking(n: int, at_s: float) -> Callback:
    return Callback(
        id=f"s-{n:08x}",
        service="s",
        customer_number="+12025550100",
        created_at_s=0.0,
        asked_at_s=at_s,
        expires_at_s=at_s + 86400,
        state=CallbackState.SCHEDULED,
        desired_at_s=at_s,
    )


def tried(options: ServiceOptions, builtins: Builtins, at_s: float, now_s: float) -> SlotPlace | TimeRefused:
    try:
        return place_for_booking("s", "_desired_time", at_s, options, builtins, now_s)
    except TimeRefused as refused:
        return refused


@settings(max_examples=40, deadline=None)
@given(
    services(),
    st.sampled_from(MOMENTS),
    st.integers(0, 48 * 60),
    st.lists(st.floats(2, 4 * 24 * HOUR_S), max_size=20),
    st.lists(st.integers(0, 40), max_size=10),
)
def test_what_is_listed_can_be_booked_and_nothing_else(
    service: tuple[ServiceOptions, Builtins], moment: int, minute: int, wanted: list[float], booked: list[int]
) -> None:
    options, builtins = service
    now_s = moment + minute * 60 + 0.5

    async def look() -> None:
        store = MemoryStore()
        availability = Availability(store, builtins, lambda: now_s)
        end_s = now_s + 5 * 24 * HOUR_S
        every = await availability.between("s", options, 0, end_s, busy=True)
        taken: Counter[int] = Counter()
        for n, pick in enumerate(booked):
            if every:
                at_s = every[pick % len(every)].at_s
                await store.create(a_booking(n, at_s))
                taken[at_s] += 1
        listed = await availability.between("s", options, 0, end_s)
        assert {each.at_s: each.free for each in listed} == {
            each.at_s: each.total - taken[each.at_s] for each in every if each.total > taken[each.at_s]
        }

        # Every listed time has the place that was listed.
        slots: dict[float, SlotPlace] = {}
        for each in every:
            slot = builtins.slots_of(options).slot_at(each.at_s)
            assert slot is not None
            slots[slot.start_s] = SlotPlace(slot.start_s, slot.end_s, slot.total)
        assert len(slots) == len(every)
        for each in every[:: max(1, len(every) // 20)]:
            place = place_for_booking("s", "_desired_time", each.at_s, options, builtins, now_s)
            assert place == slots[place.start_s]
            assert place.capacity == each.total

        for ahead_s in wanted:
            asked_s = now_s + ahead_s
            outcome = tried(options, builtins, asked_s, now_s)
            inside = any(place.start_s <= asked_s < place.end_s for place in slots.values())
            match outcome:
                case SlotPlace():
                    # One that is not listed has begun: its first moment is over.
                    assert inside or outcome.start_s <= now_s
                case OutOfOfficeHours():
                    assert not builtins.slots_of(options).is_open(asked_s)
                case TooFarAhead():
                    assert asked_s > horizon_s(options, now_s)
                case _:
                    assert isinstance(outcome, SlotFull)
                    assert not inside

    asyncio.run(look())


async def test_proposals_are_the_nearest_that_can_be_had() -> None:
    options = service_options(
        "s", {"_request_time_bucket": 60, "_max_request_by_time_bucket": 1}, trunk="t", language="en-US"
    )
    store, now_s = MemoryStore(), MOMENTS[0] + 1.0
    availability = Availability(store, Builtins(), lambda: now_s)
    wanted_s = MOMENTS[0] + 20 * HOUR_S
    for n in range(5):
        await store.create(a_booking(n, wanted_s + n * HOUR_S))
    proposed = await availability.proposals("s", options, wanted_s)
    assert [(at_s - wanted_s) / HOUR_S for at_s in proposed] == [-7, -6, -5, -4, -3, -2, -1, 5, 6, 7]
    assert set(proposed.values()) == {1}
    # Nothing for days around: then from further away.
    closed = Builtins({"office": OfficeHours(ZONE)})
    options = options.overridden({"_business_hours_service": "office"})
    assert await Availability(store, closed, lambda: now_s).proposals("s", options, wanted_s) == {}


def test_a_slot_without_capacity_says_so() -> None:
    options = service_options("s", {"_capacity_service": "places"}, trunk="t", language="en-US")
    builtins = Builtins({}, {"places": Capacity(ZONE, (DayPlan(),) * 7)})
    with pytest.raises(SlotFull, match="no callbacks are taken in the slot of 2027-03-12"):
        place_for_booking("s", "_desired_time", MOMENTS[0] + 60, options, builtins, MOMENTS[0])
