"""When a customer may be rung: hours on the customer's own clock, by the time zone of the number.

A number may belong to several zones (a toll-free or a mobile one). It is then rung only while the hours hold in
all of them; where no hour of the coming week suits all, while they hold in any.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as zones_of_numbers
from phonenumbers.tzdata import TIMEZONE_DATA

from ivr.domain.dates import DAY_S, Weekly, read_weekly
from ivr.domain.hours import OfficeHours
from ivr.domain.periods import intersection
from ivr.domain.zones import UnknownZone, load_zone

_LOOK_AHEAD_S: Final = 8 * DAY_S


def read_calling_hours(text: str) -> tuple[Weekly, ...]:
    """`Mon-Fri 08:00-21:00; Sat 09:00-20:00`; nothing for any time. Raises ValueError."""
    return tuple(read_weekly(part) for part in text.split(";") if part.strip())


def zones_of(number: str) -> tuple[ZoneInfo, ...]:
    """The time zones in which a number (E.164) may be; none when nothing is known of it."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    for names in (
        zones_of_numbers.time_zones_for_number(parsed),
        zones_of_numbers.time_zones_for_geographical_number(parsed),
    ):
        found = [zone for name in names if (zone := _known(name)) is not None]
        if found:
            return tuple(found)
    return ()


def load_zones() -> None:
    """Read all zones in which numbers may be, some hundred small files, so that nobody waits for them later."""
    for name in {name for names in TIMEZONE_DATA.values() for name in names}:
        _known(name)


def may_be_rung_from(now_s: float, hours: Sequence[Weekly], zones: Sequence[ZoneInfo]) -> float:
    """`now_s` when a customer in these zones may be rung now, else when that will be (epoch seconds)."""
    if not hours or not zones:
        return now_s
    end_s = now_s + _LOOK_AHEAD_S
    each = [OfficeHours(zone, tuple(hours)).periods(now_s, end_s) for zone in zones]
    in_all = reduce(intersection, each)
    soonest_s = in_all[0][0] if in_all else min((periods[0][0] for periods in each if periods), default=now_s)
    return max(now_s, soonest_s)


def _known(name: str) -> ZoneInfo | None:
    try:
        return None if name.startswith("Etc/") else load_zone(name)
    except UnknownZone:
        return None
