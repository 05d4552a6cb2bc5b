"""Which times can be booked: for those who ask beforehand, and proposed to those whose time cannot be had."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from ivr.service.admission import horizon_s
from ivr.service.builtins import Builtins
from ivr.service.options import ServiceOptions
from ivr.service.storage import ask
from ivr.store.port import CallbackStore

_DAY_S: Final = 86400.0
_PROPOSED: Final = 10
_AROUND_S: Final = ((3 * _DAY_S, 7 * _DAY_S), (31 * _DAY_S, 31 * _DAY_S))
"""How long before and after the time that was wanted others are looked for; the second where the first has none."""


class Bookable(NamedTuple):
    """A time that can be booked, and the places of its slot."""

    at_s: int
    free: int
    total: int


class Availability:
    """Looks at calendars and bookings; nothing is held for who looks."""

    def __init__(self, store: CallbackStore, builtins: Builtins, now: Callable[[], float]) -> None:
        self._store, self._builtins = store, builtins
        self._now = self.now_s = now

    async def between(
        self, service: str, options: ServiceOptions, start_s: float, end_s: float, *, busy: bool = False
    ) -> list[Bookable]:
        """Times from `start_s` until before `end_s`, one for each slot: its first open moment.

        Those that have passed or are too far ahead are left out, and full ones without `busy`. Raises StorageFailed,
        InvalidParameter.
        """
        now_s = self._now()
        first_s = max(start_s, math.floor(now_s) + 1.0)
        slots = self._builtins.slots_of(options).between(first_s, min(end_s, horizon_s(options, now_s) + 1.0))
        if not slots:
            return []
        taken = await ask(self._store.booked(service, [(slot.start_s, slot.end_s) for slot in slots]))
        return [
            Bookable(slot.opens_s, max(0, slot.total - count), slot.total)
            for slot, count in zip(slots, taken, strict=True)
            if busy or count < slot.total
        ]

    async def proposals(self, service: str, options: ServiceOptions, wanted_s: float) -> dict[float, int]:
        """Some times near the one that was wanted, and how many places each has. Raises StorageFailed."""
        now_s = self._now()
        middle_s = min(max(wanted_s, now_s), horizon_s(options, now_s))
        for before_s, after_s in _AROUND_S:
            found = await self.between(service, options, middle_s - before_s, middle_s + after_s)
            if found:
                near = sorted(found, key=lambda each: abs(each.at_s - wanted_s))[:_PROPOSED]
                return {float(each.at_s): each.free for each in sorted(near)}
        return {}
