"""Slots: the pieces of time into which bookings go, and what may be booked in each.

Slots begin where the wall clock shows a multiple of their length from midnight; a change of the clock cuts the slot
that it falls into. What can be booked in a slot is told by the first moment of it at which the office is open.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ivr.domain.capacity import Capacity
from ivr.domain.hours import OfficeHours
from ivr.domain.zones import stretches


class Slot(NamedTuple):
    """One slot, in whole epoch seconds."""

    start_s: int
    end_s: int
    opens_s: int
    """The first moment of it that can be booked: its start, unless the office opens later."""
    total: int
    """How many bookings it takes in all."""


@dataclass(frozen=True, slots=True)
class SlotRules:
    """What decides over the slots of a service."""

    zone: ZoneInfo
    length_s: int
    flat: int
    """Bookings per slot where there is no capacity calendar."""
    hours: OfficeHours | None = None
    """Without, it is always open."""
    capacity: Capacity | None = None

    def is_open(self, at_s: float) -> bool:
        return self.hours is None or self.hours.is_open(at_s)

    def slot_at(self, at_s: float) -> Slot | None:
        """The slot of a moment; None when the office is not open in any part of it."""
        start_s, end_s = next(self._grid(math.floor(at_s), math.floor(at_s) + 1))
        return next(iter(self.between(start_s, end_s)), None)

    def between(self, start_s: float, end_s: float) -> list[Slot]:
        """Slots that can be booked from `start_s` until before `end_s`: with an open moment, and a capacity."""
        first_s, last_s = math.ceil(start_s), math.ceil(end_s)
        if first_s >= last_s:
            return []
        # A slot that has begun before `start_s` is known by an opening before it, which is not asked for.
        early_s = first_s - self.length_s
        open_periods = [(early_s, last_s)] if self.hours is None else self.hours.periods(early_s, last_s)
        figures = self.capacity.periods(early_s, last_s) if self.capacity else []
        found: list[Slot] = []
        at, figure, total = 0, 0, self.flat
        opened_s, closed_s = open_periods[0] if open_periods else (last_s, last_s)
        for slot_start_s, slot_end_s in self._grid(first_s, last_s):
            while closed_s <= slot_start_s:
                at += 1
                if at == len(open_periods):
                    return found
                opened_s, closed_s = open_periods[at]
            opens_s = slot_start_s if slot_start_s > opened_s else opened_s
            if opens_s < first_s or opens_s >= slot_end_s or opens_s >= last_s:
                continue
            if figures:
                while figures[figure].end_s <= opens_s:
                    figure += 1
                total = figures[figure].capacity
            if total > 0:
                found.append(Slot(slot_start_s, slot_end_s, opens_s, total))
        return found

    def _grid(self, start_s: int, end_s: int) -> Iterator[tuple[int, int]]:
        """Every slot that has a part between the two."""
        length_s = self.length_s
        # A little more on both sides, so that the cuts at the ends are real changes of the clock or do not matter.
        for from_s, to_s, offset_s in stretches(self.zone, start_s - length_s, end_s + length_s):
            first_end_s = from_s + length_s - (from_s + offset_s) % length_s
            if start_s < first_end_s and from_s < end_s:
                yield from_s, min(first_end_s, to_s)
            for at_s in range(first_end_s, min(to_s, end_s), length_s):
                if at_s + length_s > start_s:
                    yield at_s, min(at_s + length_s, to_s)
