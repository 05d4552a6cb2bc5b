"""Days, days of every year, hours of a day and seasons, as office hours are written: `12-24 09:00-13:00`.

Every reader raises ValueError with what would be valid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

DAY_S: Final = 86400
DAY_NAMES: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NAMED: Final = {name.lower(): n for n, name in enumerate(DAY_NAMES)}
_LONG: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})", re.ASCII)
_DAY: Final = re.compile(r"(?:([0-9]{4})-)?([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_LEAP_YEAR: Final = 2000


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of a day: seconds on the wall from its midnight; over 86400 on the following day."""

    from_s: int
    to_s: int

    def on(self, midnight_s: int) -> tuple[int, int]:
        """The period on the day that begins at `midnight_s`."""
        return midnight_s + self.from_s, midnight_s + self.to_s


WHOLE_DAY: Final = Span(0, DAY_S)


@dataclass(frozen=True, slots=True)
class Weekly:
    """Hours of some days of the week, 0 for Monday."""

    days: frozenset[int]
    span: Span


@dataclass(frozen=True, slots=True)
class Day:
    """A date; without a year that day of every year (02-29 of leap years only)."""

    year: int | None
    month: int
    day: int

    def is_on(self, on: date) -> bool:
        return (self.month, self.day) == (on.month, on.day) and self.year in (None, on.year)


@dataclass(frozen=True, slots=True)
class Dated:
    """Hours of one day."""

    day: Day
    span: Span


@dataclass(frozen=True, slots=True)
class Season:
    """From one day to another, both included; without years that part of every year, over its end as well."""

    first: Day
    last: Day

    def includes(self, on: date) -> bool:
        if self.first.year is not None and self.last.year is not None:
            return _exact(self.first) <= (on.year, on.month, on.day) <= _exact(self.last)
        first, last = (self.first.month, self.first.day), (self.last.month, self.last.day)
        if first <= last:
            return first <= (on.month, on.day) <= last
        return (on.month, on.day) >= first or (on.month, on.day) <= last


def read_weekly(text: str) -> Weekly:
    """`Mon-Fri 09:00-17:00`, `Sat-Mon 19:00-7:00`, `Mon,Wed 08:00-12:00`."""
    days, _, hours = text.strip().partition(" ")
    return Weekly(_days(days), read_span(hours))


def read_dated(text: str, *, hours_wanted: bool) -> Dated:
    """`2027-12-24 09:00-13:00` or `12-24 09:00-13:00`; the whole day where hours may be left out."""
    day, _, hours = text.strip().partition(" ")
    if not hours.strip() and not hours_wanted:
        return Dated(read_day(day), WHOLE_DAY)
    return Dated(read_day(day), read_span(hours))


def read_season(text: str) -> Season:
    """`2027-06-01 to 2027-08-31`, `11-01 to 02-28`, or one day."""
    first, to, last = (part.strip() for part in text.partition(" to "))
    season = Season(read_day(first), read_day(last if to else first))
    if (season.first.year is None) != (season.last.year is None):
        raise ValueError("both days with a year are wanted, or both without")
    if season.first.year is not None and _exact(season.first) > _exact(season.last):
        raise ValueError("the last day is before the first")
    return season


def read_span(text: str) -> Span:
    """`09:00-17:00`; `19:00-7:00` ends on the next day, `00:00-24:00` is a whole day."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"hours such as 09:00-17:00 are wanted, not {text.strip()[:40]!r}")
    from_s, to_s = _clock(found[1], found[2]), _clock(found[3], found[4])
    if from_s in (to_s, DAY_S):
        raise ValueError("hours that begin and end at the same time; a whole day is 00:00-24:00")
    return Span(from_s, to_s if to_s > from_s else to_s + DAY_S)


def read_day(text: str) -> Day:
    """`2027-12-24`, or `12-24` for every year."""
    found = _DAY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"a day such as 2027-12-24, or 12-24 for every year, is wanted, not {text.strip()[:40]!r}")
    year, month, day = found[1], int(found[2]), int(found[3])
    try:
        date(int(year) if year else _LEAP_YEAR, month, day)
    except ValueError:
        raise ValueError(f"there is no day {text.strip()}") from None
    return Day(int(year) if year else None, month, day)


def _exact(day: Day) -> tuple[int, int, int]:
    return day.year or 0, day.month, day.day


def _clock(hours: str, minutes: str) -> int:
    at_s = int(hours) * 3600 + int(minutes) * 60
    if int(minutes) > 59 or at_s > DAY_S:
        raise ValueError(f"there is no time {hours}:{minutes}")
    return at_s


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = (name.strip().lower() for name in part.partition("-"))
        begin, end = _day_number(first), _day_number(last if dash else first)
        days |= {(begin + n) % 7 for n in range((end - begin) % 7 + 1)}
    return frozenset(days)


def _day_number(name: str) -> int:
    if name in _LONG:
        return _LONG.index(name)
    if name not in _NAMED:
        raise ValueError(f"days such as Mon-Fri are wanted ({', '.join(DAY_NAMES)}), not {name[:20]!r}")
    return _NAMED[name]
