"""Slots and their capacity, held against a reference that walks over every minute."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.capacity import Capacity, DayPlan
from ivr.domain.dates import DAY_S, Day, Span, Weekly, read_weekly
from ivr.domain.hours import OfficeHours, midnight_s
from ivr.domain.slots import Slot, SlotRules
from ivr.domain.zones import load_zone, offset

pytestmark = pytest.mark.unit

NEW_YORK = load_zone("America/New_York")
ZONES = [load_zone(z) for z in ("America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")]
WEEK = tuple(DayPlan.of({h * 60: h for h in range(9, 17)}) if d < 5 else DayPlan() for d in range(7))


def at(text: str, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK, fold=fold).timestamp())


def local(slots: list[Slot]) -> list[str]:
    return [datetime.fromtimestamp(slot.opens_s, NEW_YORK).isoformat(timespec="minutes") for slot in slots]


# -- capacity --------------------------------------------------------------------------------------------------------


def test_a_figure_holds_for_its_hour_or_until_the_next() -> None:
    plan = DayPlan.of({600: 6, 630: 2, 840: 1})
    figures = {"09:59": 0, "10:00": 6, "10:29": 6, "10:30": 2, "10:59": 2, "11:00": 0, "14:59": 1, "15:00": 0}
    assert {t: plan.at(int(t[:2]) * 3600 + int(t[3:]) * 60) for t in figures} == figures
    assert DayPlan.of({600: 3, 660: 4}).at(39600) == 4


def test_a_dated_plan_replaces_its_whole_day() -> None:
    capacity = Capacity(
        NEW_YORK,
        WEEK,
        (
            (Day(None, 12, 24), DayPlan.of({540: 1})),
            (Day(2027, 12, 24), DayPlan.of({600: 2})),
            (Day(None, 12, 27), DayPlan()),
        ),
    )
    christmas = [p for p in capacity.periods(at("2027-12-24T00:00"), at("2027-12-25T00:00")) if p.capacity]
    assert christmas == [(at("2027-12-24T10:00"), at("2027-12-24T11:00"), 2)]
    assert [p.capacity for p in capacity.periods(at("2027-12-27T00:00"), at("2027-12-28T00:00"))] == [0]
    assert list(capacity.periods(at("2028-12-24T09:00"), at("2028-12-24T10:00"))) == [
        (at("2028-12-24T09:00"), at("2028-12-24T10:00"), 1)
    ]


def test_capacity_without_gaps_over_both_changes_of_the_clock() -> None:
    capacity = Capacity(NEW_YORK, WEEK)
    for day in ("2027-03-12", "2027-11-05"):
        start_s = at(f"{day}T00:00")
        periods = capacity.periods(start_s, start_s + 5 * DAY_S)
        assert (periods[0].start_s, periods[-1].end_s) == (start_s, start_s + 5 * DAY_S)
        assert all(one.end_s == other.start_s and one.capacity != other.capacity for one, other in pairwise(periods))
        nines = [datetime.fromtimestamp(p.start_s, NEW_YORK).hour for p in periods if p.capacity == 9]
        assert nines == [9, 9, 9]


# -- slots -----------------------------------------------------------------------------------------------------------


def test_slots_begin_on_the_wall_clock() -> None:
    kathmandu = SlotRules(load_zone("Asia/Kathmandu"), 3600, 1)
    (slot,) = kathmandu.between(at("2027-06-07T00:00"), at("2027-06-07T01:00"))
    assert slot.start_s % 3600 == 900  # 5:45 ahead of UTC


def test_a_change_of_the_clock_cuts_a_slot() -> None:
    rules = SlotRules(NEW_YORK, 7200, 1)
    spring = rules.between(at("2027-03-14T00:00"), at("2027-03-14T08:00"))
    assert [slot.end_s - slot.start_s for slot in spring] == [7200, 3600, 7200, 7200]
    autumn = rules.between(at("2027-11-07T00:00"), at("2027-11-07T04:00"))
    assert [slot.end_s - slot.start_s for slot in autumn] == [7200, 3600, 7200]
    second_one = at("2027-11-07T01:30", fold=1)
    assert rules.slot_at(second_one) == autumn[1]


def test_a_slot_opens_with_the_office() -> None:
    hours = OfficeHours(NEW_YORK, (read_weekly("Mon-Fri 09:10-11:30"),))
    rules = SlotRules(NEW_YORK, 3600, 4, hours)
    day = rules.between(at("2027-06-07T00:00"), at("2027-06-08T00:00"))
    assert local(day) == ["2027-06-07T09:10-04:00", "2027-06-07T10:00-04:00", "2027-06-07T11:00-04:00"]
    assert [slot.start_s for slot in day][:2] == [at("2027-06-07T09:00"), at("2027-06-07T10:00")]
    assert rules.slot_at(at("2027-06-07T09:30")) == day[0]
    assert rules.slot_at(at("2027-06-07T12:00")) is None
    # The first slot has begun to be booked; what is left are those after it.
    assert rules.between(at("2027-06-07T09:11"), at("2027-06-08T00:00")) == day[1:]


def test_a_slot_without_capacity_is_none() -> None:
    rules = SlotRules(NEW_YORK, 1800, 99, capacity=Capacity(NEW_YORK, WEEK))
    day = rules.between(at("2027-06-07T00:00"), at("2027-06-08T00:00"))
    assert len(day) == 16
    assert [slot.total for slot in day[::2]] == list(range(9, 17))
    assert rules.slot_at(at("2027-06-07T08:59")) is None


weeklies = st.builds(
    Weekly,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.tuples(st.integers(0, 95), st.integers(1, 95)).map(lambda p: Span(p[0] * 900, (p[0] + p[1]) * 900)),
)
plans = st.dictionaries(st.integers(0, 47).map(lambda n: n * 30), st.integers(0, 9), max_size=30).map(DayPlan.of)
days = st.sampled_from(["2027-03-13", "2027-11-06", "2027-04-03", "2027-10-02", "2027-06-07"])


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from([5, 15, 30, 60, 120]),
    st.lists(weeklies, max_size=2),
    st.none() | st.lists(plans, min_size=7, max_size=7),
    days.map(date.fromisoformat),
)
def test_slots_against_a_walk_over_every_minute(
    zone: object, length_min: int, weekly: list[Weekly], plans: list[DayPlan] | None, day: date
) -> None:
    zone = load_zone(str(zone))
    capacity = None if plans is None else Capacity(zone, tuple(plans))
    hours = OfficeHours(zone, tuple(weekly)) if weekly else None
    rules = SlotRules(zone, length_min * 60, 3, hours, capacity)
    start_s = midnight_s(day)
    end_s = start_s + 36 * 3600

    first_s = start_s - 2 * length_min * 60
    # That openings are right is shown in test_hours.py.
    openings = [(first_s, end_s)] if hours is None else hours.periods(first_s, end_s)
    opened = {at_s for from_s, to_s in openings for at_s in range(from_s, to_s, 60)}
    expected: dict[tuple[int, int], int] = {}  # the slot as the wall shows it, and its first open minute
    for at_s in sorted(opened):
        ahead_s = offset(zone, at_s)
        expected.setdefault(((at_s + ahead_s) // (length_min * 60), ahead_s), at_s)
    figures = {}
    for at_s in expected.values():
        wall = datetime.fromtimestamp(at_s, zone)
        second = wall.hour * 3600 + wall.minute * 60
        figures[at_s] = 3 if plans is None else plans[wall.weekday()].at(second)

    found = rules.between(start_s, end_s)
    assert {slot.opens_s: slot.total for slot in found} == {
        at_s: total for at_s, total in figures.items() if at_s >= start_s and total
    }
    for slot in found[:: max(1, len(found) // 9)]:
        assert rules.slot_at(slot.opens_s) == slot
        assert rules.slot_at(slot.end_s - 1) == slot
        assert slot.start_s <= slot.opens_s < slot.end_s <= slot.start_s + length_min * 60


def test_a_month_of_short_slots_has_them_all() -> None:
    hours = OfficeHours(NEW_YORK, (read_weekly("Mon-Sun 00:00-24:00"),))
    everyday = tuple(DayPlan.of({h * 60: 5 for h in range(24)}) for _ in range(7))
    rules = SlotRules(NEW_YORK, 300, 5, hours, Capacity(NEW_YORK, everyday))
    assert len(rules.between(at("2027-06-01T00:00"), at("2027-07-02T00:00"))) == 31 * 288
