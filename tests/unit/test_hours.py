"""Office hours: what is written and when that is open, held against a reference that looks at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.dates import (
    DAY_S,
    Dated,
    Day,
    Season,
    Span,
    Weekly,
    read_dated,
    read_day,
    read_season,
    read_span,
    read_weekly,
)
from ivr.domain.hours import FORESIGHT_S, OfficeHours, midnight_s
from ivr.domain.periods import intersection, union, without
from ivr.domain.zones import UnknownZone, load_zone, offset, stretches

pytestmark = pytest.mark.unit

NEW_YORK = load_zone("America/New_York")
ZONES = [load_zone(z) for z in ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")]
OFFICE = tuple(read_weekly(text) for text in ("Mon-Fri 09:00-17:00",))


def at(text: str, zone: str = "America/New_York", fold: int = 0) -> float:
    """Epoch seconds of a wall clock's time; the second of a doubled hour with fold=1."""
    return datetime.fromisoformat(text).replace(tzinfo=load_zone(zone), fold=fold).timestamp()


def shown(periods: list[tuple[int, int]], zone: str = "America/New_York") -> list[tuple[str, str]]:
    return [
        (
            datetime.fromtimestamp(start_s, load_zone(zone)).isoformat(timespec="minutes"),
            datetime.fromtimestamp(end_s, load_zone(zone)).isoformat(timespec="minutes"),
        )
        for start_s, end_s in periods
    ]


# -- the slow, obvious reference -------------------------------------------------------------------------------------


def open_minutes(hours: OfficeHours, start_s: int, end_s: int) -> list[int]:
    """Look at the clock on the wall every minute, and then at every rule."""

    def calendars(calendar: OfficeHours, day: date) -> list[OfficeHours]:
        for alternative in calendar.alternatives:
            if alternative.holds_on(day):
                return [calendar, *calendars(alternative, day)]
        return [calendar]

    @cache
    def begun(day: date) -> tuple[list[Span], list[Span], list[Span]]:
        """The special, closed and weekly hours that begin on a day."""
        of_day = calendars(hours, day)
        return (
            [a.span for c in of_day for a in c.added if a.day.is_on(day)],
            [a.span for c in of_day for a in c.closed if a.day.is_on(day)],
            [w.span for w in of_day[-1].weekly if day.weekday() in w.days],
        )

    def is_open(at_s: int) -> bool:
        wall = datetime.fromtimestamp(at_s, hours.zone)
        today, second = wall.date(), wall.hour * 3600 + wall.minute * 60
        added, closed, weekly = (
            any(span.from_s <= second < span.to_s for span in spans_today)
            or any(span.from_s <= second + DAY_S < span.to_s for span in spans_yesterday)
            for spans_today, spans_yesterday in zip(begun(today), begun(today - timedelta(days=1)), strict=True)
        )
        return hours.holds_on(today) and (added or (weekly and not closed))

    return [at_s for at_s in range(start_s, end_s, 60) if is_open(at_s)]


def minutes(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high).map(lambda m: m * 600)


spans = st.tuples(minutes(0, 143), minutes(1, 143)).map(lambda p: Span(p[0], p[0] + p[1]))
weeklies = st.builds(Weekly, st.frozensets(st.integers(0, 6), min_size=1), spans)
# Around both changes of the clock of each zone, a year's end and a leap day.
MOMENTS = [
    "2027-03-13", "2027-03-28", "2027-11-06", "2027-10-30", "2027-04-03", "2027-10-02", "2027-12-31", "2028-02-28",
]  # fmt: skip
starts = st.sampled_from(MOMENTS).map(lambda day: date.fromisoformat(day))


@st.composite
def cases(draw: st.DrawFn) -> tuple[OfficeHours, int]:
    start = draw(starts)
    near = st.integers(-1, 3).map(lambda n: start + timedelta(days=n))
    days = near.flatmap(lambda d: st.sampled_from([Day(d.year, d.month, d.day), Day(None, d.month, d.day)]))
    seasons = st.tuples(near, near, st.booleans()).map(
        lambda s: Season(*(Day(d.year if s[2] else None, d.month, d.day) for d in sorted(s[:2])))
    )
    zone = draw(st.sampled_from(ZONES))

    def calendar(depth: int, *, seasonal: bool) -> OfficeHours:
        return OfficeHours(
            zone,
            tuple(draw(st.lists(weeklies, max_size=3))),
            tuple(draw(st.lists(st.builds(Dated, days, spans), max_size=2))),
            tuple(draw(st.lists(st.builds(Dated, days, spans), max_size=2))),
            tuple(draw(st.lists(seasons, min_size=seasonal, max_size=1 + seasonal))),
            tuple(calendar(depth - 1, seasonal=True) for _ in range(draw(st.integers(0, 1)) if depth else 0)),
        )

    return calendar(2, seasonal=False), midnight_s(start) + draw(st.integers(0, DAY_S))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(cases())
def test_open_exactly_when_a_look_at_every_minute_says_so(case: tuple[OfficeHours, int]) -> None:
    hours, start_s = case
    # Every rule and every change of the clock is on a whole minute of UTC.
    start_s, end_s = start_s // 60 * 60, start_s // 60 * 60 + 36 * 3600
    expected = open_minutes(hours, start_s, end_s)
    periods = hours.periods(start_s, end_s)
    assert [at_s for from_s, to_s in periods for at_s in range(from_s, to_s, 60)] == expected
    assert all(end < begin for (_, end), (begin, _) in pairwise(periods))


@settings(max_examples=30, deadline=None)
@given(cases())
def test_openings_and_closings_ahead_agree_with_the_periods(case: tuple[OfficeHours, int]) -> None:
    hours, start_s = case
    month = hours.periods(start_s, start_s + 30 * DAY_S)
    opening = hours.next_opening(start_s)
    if month:
        assert opening == month[0][0]
        closes_s = month[0][1] if month[0][0] == start_s else start_s
        assert hours.open_for(start_s) == closes_s - start_s or closes_s == start_s + 30 * DAY_S
        assert hours.is_open(start_s) == (month[0][0] == start_s)
    else:
        assert opening is None or opening >= start_s + 30 * DAY_S
        assert hours.open_for(start_s) == 0


# -- by example ------------------------------------------------------------------------------------------------------


def test_a_week_with_wrapped_days_and_hours_over_midnight() -> None:
    hours = OfficeHours(NEW_YORK, (read_weekly("Sat-Mon 19:00-7:00"),))
    week = hours.periods(at("2027-06-07T00:00"), at("2027-06-14T00:00"))
    assert shown(week) == [
        ("2027-06-07T00:00-04:00", "2027-06-07T07:00-04:00"),
        ("2027-06-07T19:00-04:00", "2027-06-08T07:00-04:00"),
        ("2027-06-12T19:00-04:00", "2027-06-13T07:00-04:00"),
        ("2027-06-13T19:00-04:00", "2027-06-14T00:00-04:00"),
    ]


def test_the_hour_that_spring_skips_and_the_one_that_autumn_doubles() -> None:
    night = OfficeHours(NEW_YORK, (read_weekly("Mon-Sun 01:30-03:30"),))
    (spring,) = night.periods(at("2027-03-14T00:00"), at("2027-03-15T00:00"))
    assert spring[1] - spring[0] == 3600
    autumn = night.periods(at("2027-11-07T00:00"), at("2027-11-08T00:00"))
    # From the first 1:30 until the clock goes back, and from the second 1:30 on.
    assert shown(autumn) == [
        ("2027-11-07T01:30-04:00", "2027-11-07T01:00-05:00"),
        ("2027-11-07T01:30-05:00", "2027-11-07T03:30-05:00"),
    ]
    assert OfficeHours(NEW_YORK, OFFICE).open_for(at("2027-03-15T09:00")) == 8 * 3600


def test_holidays_special_days_and_seasons() -> None:
    hours = OfficeHours(
        NEW_YORK,
        OFFICE,
        added=(read_dated("2027-12-25 10:00-11:00", hours_wanted=True),),
        closed=(
            read_dated("12-24 13:00-17:00", hours_wanted=False),
            read_dated("12-25", hours_wanted=False),
            read_dated("2027-12-27", hours_wanted=False),
        ),
        seasons=(read_season("12-01 to 01-31"),),
    )
    assert shown(hours.periods(at("2027-12-24T00:00"), at("2027-12-29T00:00"))) == [
        ("2027-12-24T09:00-05:00", "2027-12-24T13:00-05:00"),
        ("2027-12-25T10:00-05:00", "2027-12-25T11:00-05:00"),
        ("2027-12-28T09:00-05:00", "2027-12-28T17:00-05:00"),
    ]
    assert hours.next_opening(at("2027-02-01T12:00")) == at("2027-12-01T09:00")


def test_a_holiday_ends_the_night_before_it() -> None:
    night = OfficeHours(
        NEW_YORK, (read_weekly("Mon-Sun 19:00-07:00"),), closed=(read_dated("07-04", hours_wanted=False),)
    )
    assert shown(night.periods(at("2027-07-03T12:00"), at("2027-07-05T12:00"))) == [
        ("2027-07-03T19:00-04:00", "2027-07-04T00:00-04:00"),
        ("2027-07-05T00:00-04:00", "2027-07-05T07:00-04:00"),
        # The night that began on the holiday runs on after it.
    ]


def test_an_alternative_replaces_the_week_in_its_season_and_our_holidays_stay() -> None:
    summer = OfficeHours(
        NEW_YORK, (read_weekly("Mon-Fri 07:00-12:00"),), seasons=(read_season("2027-07-01 to 2027-07-06"),)
    )
    hours = OfficeHours(NEW_YORK, OFFICE, closed=(read_dated("07-05", hours_wanted=False),), alternatives=(summer,))
    assert shown(hours.periods(at("2027-07-02T00:00"), at("2027-07-08T00:00"))) == [
        ("2027-07-02T07:00-04:00", "2027-07-02T12:00-04:00"),
        ("2027-07-06T07:00-04:00", "2027-07-06T12:00-04:00"),
        ("2027-07-07T09:00-04:00", "2027-07-07T17:00-04:00"),
    ]


def test_always_and_never_open() -> None:
    always = OfficeHours(NEW_YORK, (read_weekly("Mon-Sun 00:00-24:00"),))
    assert always.open_for(0) == FORESIGHT_S
    assert always.next_opening(12.5) == 12.5
    never = OfficeHours(NEW_YORK)
    assert never.next_opening(0) is None
    assert never.open_for(0) == 0


def test_open_for_counts_to_the_closing_of_this_very_opening() -> None:
    hours = OfficeHours(NEW_YORK, OFFICE)
    assert hours.open_for(at("2027-06-07T16:59") + 30.5) == 29.5
    assert hours.open_for(at("2027-06-07T17:00")) == 0
    assert hours.next_opening(at("2027-06-11T17:00")) == at("2027-06-14T09:00")


def test_a_leap_day_without_a_year() -> None:
    leap = OfficeHours(NEW_YORK, added=(read_dated("02-29 10:00-12:00", hours_wanted=True),))
    assert leap.next_opening(at("2027-03-01T00:00")) == at("2028-02-29T10:00")


# -- what is written -------------------------------------------------------------------------------------------------


def test_days_are_read_in_every_form() -> None:
    assert read_weekly("sat-mon 9:00-17:00").days == {5, 6, 0}
    assert read_weekly("Mon,Wednesday 00:00-24:00") == Weekly(frozenset({0, 2}), Span(0, DAY_S))
    assert read_weekly("Sun-Sun 08:00-9:30").days == {6}
    assert read_season("12-24") == Season(Day(None, 12, 24), Day(None, 12, 24))
    assert read_dated("2027-01-01", hours_wanted=False).span == Span(0, DAY_S)


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (read_weekly, "Mon-Fri", "hours such as 09:00-17:00"),
        (read_weekly, "Mo-Fr 09:00-17:00", "days such as Mon-Fri are wanted"),
        (read_weekly, "", "days such as Mon-Fri"),
        (read_span, "09:00-09:00", "a whole day is 00:00-24:00"),
        (read_span, "24:00-09:00", "begin and end"),
        (read_span, "09:60-10:00", "there is no time 09:60"),
        (read_span, "09:00-25:00", "there is no time 25:00"),
        (read_span, "9-17", "hours such as 09:00-17:00"),
        (read_day, "2027-02-29", "there is no day 2027-02-29"),
        (read_day, "13-01", "there is no day 13-01"),
        (read_day, "24.12.", "a day such as 2027-12-24"),
        (read_season, "2027-06-01 to 08-31", "both days with a year"),
        (read_season, "2027-06-02 to 2027-06-01", "before the first"),
    ],
)
def test_what_cannot_be_read_is_told(read: object, text: str, words: str) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=words.replace(".", r"\.")):
        read(text)
    with pytest.raises(ValueError, match="hours such as"):
        read_dated("2027-12-24", hours_wanted=True)


@pytest.mark.parametrize("name", ["EST", "est", "CET", "PST8PDT"])
def test_an_abbreviation_is_no_zone(name: str) -> None:
    with pytest.raises(UnknownZone, match=r"an abbreviation.*such as (America|Europe)/"):
        load_zone(name)


@pytest.mark.parametrize("name", ["", "Nowhere/Land", "America", "../etc/passwd", "America/../UTC", "x" * 500, "US"])
def test_what_is_no_zone(name: str) -> None:
    with pytest.raises(UnknownZone, match="America/New_York"):
        load_zone(name)


def test_stretches_are_cut_at_every_change_of_the_clock() -> None:
    lord_howe = load_zone("Australia/Lord_Howe")
    start_s, end_s = (
        int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()),
        int(datetime(2028, 1, 1, tzinfo=UTC).timestamp()),
    )
    found = stretches(lord_howe, start_s, end_s)
    assert [stretch.offset_s for stretch in found] == [39600, 37800, 39600]
    assert (found[0].start_s, found[-1].end_s) == (start_s, end_s)
    for before, after in pairwise(found):
        assert before.end_s == after.start_s
        assert offset(lord_howe, after.start_s - 1) == before.offset_s
        assert offset(lord_howe, after.start_s) == after.offset_s


sets = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


@given(sets, sets)
def test_sets_of_periods_against_sets_of_numbers(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    def numbers(periods: list[tuple[int, int]]) -> set[int]:
        return {n for start, end in periods for n in range(start, end)}

    a, b = union(one), union(other)
    assert numbers(a) == numbers(one)
    assert numbers(intersection(a, b)) == numbers(a) & numbers(b)
    assert numbers(without(a, b)) == numbers(a) - numbers(b)
    for result in (a, intersection(a, b), without(a, b)):
        assert result == sorted(result)
        assert all(start < end for start, end in result)
