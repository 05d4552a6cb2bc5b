"""Time zones of the tz database, and the stretches of time in which a zone's offset does not change."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_NAME: Final = re.compile(r"[A-Z][A-Za-z]*(/[A-Z][A-Za-z0-9_+-]*){1,2}", re.ASCII)
_ABBREVIATED: Final = {
    "EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York", "EST5EDT": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "CT": "America/Chicago", "CST6CDT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "MT": "America/Denver", "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles", "HST": "Pacific/Honolulu", "GMT": "Europe/London", "BST": "Europe/London",
    "WET": "Europe/Lisbon", "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MET": "Europe/Berlin",
    "EET": "Europe/Athens", "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "AEST": "Australia/Sydney",
}  # fmt: skip
_DAY_S: Final = 86400


class UnknownZone(ValueError):
    """There is no such time zone, or it is only an abbreviation; the message says what would be valid."""


class Stretch(NamedTuple):
    """Whole epoch seconds from `start_s` until before `end_s`; a wall clock shows UTC plus `offset_s` meanwhile."""

    start_s: int
    end_s: int
    offset_s: int


@cache
def load_zone(name: str) -> ZoneInfo:
    """The zone of this name; the first use of a name reads a small file. Raises UnknownZone."""
    if name == "UTC" or _NAME.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UnknownZone(
                f"the tz database has no zone {name!r}; wanted is one such as America/New_York"
            ) from None
    likely = _ABBREVIATED.get(name.upper(), "America/New_York")
    what = "an abbreviation, which does not tell when clocks change" if name.upper() in _ABBREVIATED else "no zone"
    raise UnknownZone(f"{name[:40]!r} is {what}; a zone of the tz database is wanted, such as {likely}")


def stretches(zone: ZoneInfo, start_s: int, end_s: int) -> list[Stretch]:
    """The time from `start_s` until before `end_s` (epoch seconds), cut where the zone's offset changes."""
    found = []
    begun_s, at_s, offset_s = start_s, start_s, offset(zone, start_s)
    while at_s < end_s:
        # Two changes within one day would be missed; no zone has had them since clocks agree with UTC.
        next_s = min(at_s + _DAY_S, end_s)
        if offset(zone, next_s) != offset_s:
            changed_s = _change(zone, at_s, next_s)
            found.append(Stretch(begun_s, changed_s, offset_s))
            begun_s, offset_s = changed_s, offset(zone, changed_s)
            next_s = changed_s
        at_s = next_s
    if begun_s < end_s:
        found.append(Stretch(begun_s, end_s, offset_s))
    return found


def offset(zone: ZoneInfo, at_s: float) -> int:
    """How far, in seconds, the zone's clocks are ahead of UTC at this moment."""
    ahead = datetime.fromtimestamp(at_s, zone).utcoffset()
    return int((ahead or timedelta()).total_seconds())


def _change(zone: ZoneInfo, before_s: int, after_s: int) -> int:
    """The first second with the offset of `after_s`."""
    old = offset(zone, before_s)
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if offset(zone, middle_s) == old:
            before_s = middle_s
        else:
            after_s = middle_s
    return after_s
