"""Ranges of time in a query: `start` and an end, in the reference product's several ways of saying so."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ivr.domain.zones import UnknownZone, load_zone
from ivr.service.admission import LAST_S
from ivr.service.durations import parse_instant_s
from ivr.service.errors import InvalidParameter

MOST_DAYS: Final = 366
_STARTS: Final = ("start", "start-ms", "timestamp")
_ENDS: Final = ("end", "end-ms", "number-of-days")
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII)


def read_range(
    query: Mapping[str, str], *, now_s: float, zone: ZoneInfo, default_s: float, most_days: int
) -> tuple[float, float]:
    """Start and end in epoch seconds. Without a start it is now; without an end `default_s` later; a number of days
    is counted on the clock of `zone`. Raises InvalidParameter."""
    given = _one_of(query, _STARTS)
    start_s = now_s if given is None else _instant(given, query[given])
    given = _one_of(query, _ENDS)
    if given is None:
        end_s = start_s + default_s
    elif given == "number-of-days":
        days = read_count(given, query[given], most_days)
        end_s = (datetime.fromtimestamp(start_s, zone) + timedelta(days=days)).timestamp()
    else:
        end_s = _instant(given, query[given])
    return checked_range(start_s, end_s, given or "end", most_days)


def checked_range(start_s: float, end_s: float, name: str, most_days: int) -> tuple[float, float]:
    """The two. Raises InvalidParameter when they are the wrong way round or too far apart."""
    if end_s < start_s:
        raise InvalidParameter(name, "is before the start")
    if end_s - start_s > (most_days + 1) * 86400:
        raise InvalidParameter(name, f"at most {most_days} days can be asked for at once")
    return start_s, end_s


def read_count(name: str, text: str, most: int) -> int:
    """A whole number from 1 to `most`. Raises InvalidParameter."""
    if text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most:
        return int(text)
    raise InvalidParameter(name, f"a whole number from 1 to {most} is wanted")


async def read_zone(query: Mapping[str, str], default: ZoneInfo) -> ZoneInfo:
    """The zone of `timezone`. Raises InvalidParameter."""
    name = query.get("timezone")
    if not name:
        return default
    try:
        # A zone is read from a file when it is asked for the first time.
        return await asyncio.to_thread(load_zone, name)
    except UnknownZone as error:
        raise InvalidParameter("timezone", str(error)) from None


def read_local(name: str, text: str, zone: ZoneInfo) -> float:
    """Epoch seconds of a time on the clock of `zone`, such as 2027-03-14T09:30:00. Raises InvalidParameter."""
    try:
        if not _LOCAL.fullmatch(text):
            raise ValueError
        at_s = datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        raise InvalidParameter(
            name, "a time without a zone is wanted, such as 2027-03-14T09:30:00; the zone is `timezone`"
        ) from None
    return _within_reason(name, at_s)


def _one_of(query: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    given = [name for name in names if query.get(name)]
    if len(given) > 1:
        raise InvalidParameter(given[1], f"either this or {given[0]}, not both")
    return given[0] if given else None


def _instant(name: str, text: str) -> float:
    if name.endswith("-ms"):
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            raise InvalidParameter(name, "milliseconds since 1970 are wanted")
        return _within_reason(name, int(text) / 1000)
    try:
        return _within_reason(name, parse_instant_s(text))
    except ValueError as error:
        raise InvalidParameter(name, str(error)) from None


def _within_reason(name: str, at_s: float) -> float:
    if not 86400 <= at_s < LAST_S - 366 * 86400:
        raise InvalidParameter(name, "a time from 1971 to 8998 is wanted")
    return at_s
