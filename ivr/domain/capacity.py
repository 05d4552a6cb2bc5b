"""How many callbacks may be booked at a time: a figure per slot for the hours of the week, and of single days.

The figure of an hour holds for every slot that begins in it. An hour without a figure has none to give.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from ivr.domain.dates import DAY_S, Day
from ivr.domain.hours import midnight_s
from ivr.domain.zones import stretches

_HOUR_S: Final = 3600


class CapacityPeriod(NamedTuple):
    """A time, in epoch seconds, in which every slot takes as many."""

    start_s: int
    end_s: int
    capacity: int


@dataclass(frozen=True, slots=True)
class DayPlan:
    """The figures of a day: each begins at its second from midnight and holds until the next, 0 before the first."""

    starts_s: tuple[int, ...] = ()
    figures: tuple[int, ...] = ()

    @classmethod
    def of(cls, by_minute: Mapping[int, int]) -> DayPlan:
        """From figures by minute of the day. Each holds until the end of its clock hour, or until the next."""
        steps: dict[int, int] = {}
        for minute, figure in sorted(by_minute.items()):
            steps[minute * 60] = figure
            steps.setdefault((minute // 60 + 1) * _HOUR_S, 0)
        steps |= {minute * 60: figure for minute, figure in by_minute.items()}
        return cls(tuple(sorted(steps)), tuple(steps[at_s] for at_s in sorted(steps)))

    def at(self, second: int) -> int:
        """The figure at a second of the day."""
        step = bisect_right(self.starts_s, second)
        return self.figures[step - 1] if step else 0


@dataclass(frozen=True, slots=True)
class Capacity:
    """One capacity calendar."""

    zone: ZoneInfo
    weekly: tuple[DayPlan, ...]
    """Seven of them, Monday first."""
    dated: tuple[tuple[Day, DayPlan], ...] = ()
    """A plan here replaces the whole day; one with a year goes before one without."""

    def periods(self, start_s: int, end_s: int) -> list[CapacityPeriod]:
        """The time from `start_s` until before `end_s` (epoch seconds) without gaps, by capacity."""
        found: list[CapacityPeriod] = []
        for stretch in stretches(self.zone, start_s, end_s):
            at_s = stretch.start_s
            while at_s < stretch.end_s:
                wall_s = at_s + stretch.offset_s
                day = datetime.fromtimestamp(wall_s, UTC).date()
                second = wall_s - midnight_s(day)
                plan = self._plan(day)
                step = bisect_right(plan.starts_s, second)
                until_s = plan.starts_s[step] if step < len(plan.starts_s) else DAY_S
                next_s = min(at_s + until_s - second, stretch.end_s)
                _append(found, CapacityPeriod(at_s, next_s, plan.at(second)))
                at_s = next_s
        return found

    def _plan(self, day: date) -> DayPlan:
        plans = [(on.year is None, plan) for on, plan in self.dated if on.is_on(day)]
        return min(plans, key=lambda each: each[0])[1] if plans else self.weekly[day.weekday()]


def _append(found: list[CapacityPeriod], period: CapacityPeriod) -> None:
    if found and found[-1].capacity == period.capacity:
        found[-1] = found[-1]._replace(end_s=period.end_s)
    else:
        found.append(period)
