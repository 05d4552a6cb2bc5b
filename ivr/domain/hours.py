"""When an office is open: open exactly while the clock on its wall shows an opening hour.

The rules are about that clock, so an hour that the clock skips in spring has no openings, and one that it shows twice
in autumn has them twice. What is open on a day: the weekly hours, of the first alternative whose season it is or else
our own; less what is closed; and the special openings in any case, on holidays too. Outside the calendar's own
seasons all is closed. Hours over midnight belong to the day on which they begin, and end with a holiday's beginning.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from ivr.domain.dates import DAY_S, Dated, Season, Weekly
from ivr.domain.periods import Period, intersection, union, without
from ivr.domain.zones import stretches

FORESIGHT_S: Final = 366 * DAY_S
"""No further ahead is looked for an opening or a closing."""
_CHUNK_S: Final = 7 * DAY_S


class Closures(Protocol):
    """Days and hours that something else says are closed: national holidays, an operator's own calendar."""

    def between(self, first: date, last: date) -> Iterable[Period]:
        """Closed periods that touch these days, in seconds of the office's wall clock (see `midnight_s`)."""


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """One calendar."""

    zone: ZoneInfo
    weekly: tuple[Weekly, ...] = ()
    added: tuple[Dated, ...] = ()
    closed: tuple[Dated, ...] = ()
    seasons: tuple[Season, ...] = ()
    """The calendar holds on these days only; always, when there are none."""
    alternatives: tuple[OfficeHours, ...] = ()
    """Seasonal calendars: in its season the first of them replaces our weekly hours and adds its special days."""
    closures: tuple[Closures, ...] = ()

    def periods(self, start_s: float, end_s: float) -> list[Period]:
        """Whole epoch seconds when it is open, from `start_s` until before `end_s`."""
        found: list[Period] = []
        for stretch in stretches(self.zone, math.floor(start_s), math.ceil(end_s)):
            shift_s = stretch.offset_s
            wall = self._on_the_wall(stretch.start_s + shift_s, stretch.end_s + shift_s)
            found += [(from_s - shift_s, to_s - shift_s) for from_s, to_s in wall]
        return union(found)

    def is_open(self, at_s: float) -> bool:
        return bool(self.periods(math.floor(at_s), math.floor(at_s) + 1))

    def open_for(self, at_s: float) -> float:
        """Seconds until it closes: 0 when it is closed, at most FORESIGHT_S."""
        closes_s = at_s
        for periods in self._ahead(at_s):
            if not periods or periods[0][0] > closes_s:
                break
            closes_s = float(periods[0][1])
            if len(periods) > 1:
                break
        return min(closes_s - at_s, FORESIGHT_S)

    def next_opening(self, at_s: float) -> float | None:
        """When it is open next: `at_s` itself when it is open then, None when it stays closed for FORESIGHT_S."""
        for periods in self._ahead(at_s):
            if periods:
                return max(at_s, float(periods[0][0]))
        return None

    def holds_on(self, day: date) -> bool:
        return not self.seasons or any(season.includes(day) for season in self.seasons)

    def _ahead(self, at_s: float) -> Iterator[list[Period]]:
        start_s = math.floor(at_s)
        for chunk_s in range(start_s, start_s + FORESIGHT_S, _CHUNK_S):
            yield self.periods(chunk_s, chunk_s + _CHUNK_S)

    def _on_the_wall(self, from_s: int, to_s: int) -> list[Period]:
        days = _days(from_s, to_s)
        weekly, added, closed, valid = [], [], [], []
        for day in days:
            midnight = midnight_s(day)
            calendars = self._of_day(day)
            weekly += [w.span.on(midnight) for w in calendars[-1].weekly if day.weekday() in w.days]
            for calendar in calendars:
                added += [a.span.on(midnight) for a in calendar.added if a.day.is_on(day)]
                closed += [c.span.on(midnight) for c in calendar.closed if c.day.is_on(day)]
                for closures in calendar.closures:
                    closed += closures.between(day, day)
            if self.holds_on(day):
                valid.append((midnight, midnight + DAY_S))
        hours = union([*without(union(weekly), union(closed)), *added])
        return intersection(intersection(hours, union(valid)), [(from_s, to_s)])

    def _of_day(self, day: date) -> list[OfficeHours]:
        """The calendars whose special days hold on a day; the weekly hours are those of the last."""
        for alternative in self.alternatives:
            if alternative.holds_on(day):
                return [self, *alternative._of_day(day)]
        return [self]


def midnight_s(day: date) -> int:
    """The beginning of a day in seconds of a wall clock since 1970-01-01 00:00 on that clock."""
    return (day.toordinal() - _EPOCH) * DAY_S


_EPOCH: Final = date(1970, 1, 1).toordinal()


def _days(from_s: int, to_s: int) -> list[date]:
    """The days of a stretch of wall time, and the one before, whose hours may run over midnight."""
    first = datetime.fromtimestamp(from_s, UTC).date() - timedelta(days=1)
    count = math.ceil((to_s - midnight_s(first)) / DAY_S)
    return [first + timedelta(days=n) for n in range(count)]
