"""Closed days that others keep the list of: national holidays, and an operator's own calendar file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import holidays
import icalendar
from dateutil.rrule import rrulestr

from ivr.domain.dates import DAY_S
from ivr.domain.hours import midnight_s
from ivr.domain.periods import Period, union
from ivr.service.problems import nearest

_YEARS_AHEAD: Final = 6
"""Repeated events of a calendar file are read so far ahead."""
_MOST_OCCURRENCES: Final = 20_000


class NationalHolidays:
    """The public holidays of a country, or of a part of one."""

    def __init__(self, place: str, today: date) -> None:
        """`place` is an ISO 3166 country or subdivision: US, US-CA. Raises ValueError for one that is not known."""
        country, _, part = place.upper().partition("-")
        known = holidays.list_supported_countries(include_aliases=False)
        if country not in known:
            raise ValueError(
                f"no holidays are known of {place[:20]!r}{nearest(country, known)}; wanted: US, DE-BY, ..."
            )
        if part and part not in known[country]:
            parts = ", ".join(known[country]) or "none"
            raise ValueError(f"{country} has no part {part[:20]!r}; known are: {parts}")
        # The coming ones now: making a year of them takes some milliseconds.
        self._days = holidays.country_holidays(
            country, subdiv=part or None, years=[today.year - 1, today.year, today.year + 1]
        )

    def between(self, first: date, last: date) -> Iterator[Period]:
        """Closed periods that touch these days, in wall seconds."""
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            if day in self._days:
                yield midnight_s(day), midnight_s(day) + DAY_S


class CalendarFile:
    """The events of an iCalendar file: closed while they last."""

    def __init__(self, path: Path, zone: ZoneInfo, today: date) -> None:
        """Reads the file. Raises ValueError when it cannot be read."""
        try:
            calendar = icalendar.Calendar.from_ical(path.read_bytes())
        except OSError as error:
            raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
        except (ValueError, IndexError, KeyError) as error:
            raise ValueError(f"{path.name} is no iCalendar file: {error}") from None
        events: list[Any] = [
            event for event in calendar.walk("VEVENT") if str(event.get("STATUS", "")).upper() != "CANCELLED"
        ]
        moved = {(str(e.get("UID")), _wall(e["RECURRENCE-ID"].dt, zone)) for e in events if "RECURRENCE-ID" in e}
        self._periods: list[Period] = []
        for event in events:
            try:
                self._periods += _closed(event, zone, today, moved)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                what = str(event.get("SUMMARY") or event.get("UID") or "without a name")[:60]
                raise ValueError(f"{path.name}: the event {what!r} cannot be read: {error}") from None
        self._periods = union(self._periods)
        self._ends = [end_s for _, end_s in self._periods]

    def between(self, first: date, last: date) -> Iterable[Period]:
        """Closed periods that touch these days, in wall seconds."""
        from_s, to_s = midnight_s(first), midnight_s(last) + DAY_S
        for n in range(bisect_left(self._ends, from_s), len(self._periods)):
            if self._periods[n][0] >= to_s:
                break
            yield self._periods[n]


def _closed(event: Any, zone: ZoneInfo, today: date, moved: set[tuple[str, int]]) -> Iterator[Period]:
    start = event["DTSTART"].dt
    begin_s = _wall(start, zone)
    if "DTEND" in event:
        length_s = _wall(event["DTEND"].dt, zone) - begin_s
    elif "DURATION" in event:
        length_s = int(event["DURATION"].dt.total_seconds())
    else:
        length_s = 0 if isinstance(start, datetime) else DAY_S
    left_out = {_wall(each.dt, zone) for dates in _several(event.get("EXDATE")) for each in dates.dts}
    begins = [begin_s]
    if "RRULE" in event:
        begins = list(_repeated(event, start, zone, today))
        left_out |= {at_s for uid, at_s in moved if uid == str(event.get("UID"))}
    for dates in _several(event.get("RDATE")):
        begins += [_wall(each.dt, zone) for each in dates.dts]
    for at_s in begins:
        if at_s not in left_out:
            yield at_s, at_s + length_s


def _repeated(event: Any, start: date | datetime, zone: ZoneInfo, today: date) -> Iterator[int]:
    begin = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day)  # noqa: DTZ001  # a date of the wall
    end_s = midnight_s(today) + _YEARS_AHEAD * 366 * DAY_S
    for rule in _several(event["RRULE"]):
        occurrences = rrulestr(rule.to_ical().decode(), dtstart=begin)
        for count, each in enumerate(occurrences):
            if count > _MOST_OCCURRENCES:
                raise ValueError(f"it repeats more than {_MOST_OCCURRENCES} times in {_YEARS_AHEAD} years")
            at_s = _wall(each, zone)
            if at_s > end_s:
                break
            yield at_s


def _wall(at: date | datetime, zone: ZoneInfo) -> int:
    """Seconds on the office's wall; a time without a zone is on that wall already."""
    if not isinstance(at, datetime):
        return midnight_s(at)
    local = at if at.tzinfo is None else at.astimezone(zone)
    return int(local.replace(tzinfo=UTC).timestamp())


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
