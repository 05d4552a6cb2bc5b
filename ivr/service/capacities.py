"""Capacity from the settings file: `[service.NAME]` with `_type = "capacity"`.

`_capacity_1` to `_capacity_7` give the figures of a weekday by hour, as JSON text or as a table:
`{"1": {"0900": 6, "1000": 8}}`, where 1 is Monday and 7 Sunday. `_capacity_add` has figures of single days:
`{"2027-12-24": {"0900": 2}, "12-25": {}}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from ivr.domain.capacity import Capacity, DayPlan
from ivr.domain.dates import DAY_NAMES, Day, read_day
from ivr.domain.zones import load_zone
from ivr.service.problems import nearest

_HOUR: Final = re.compile(r"([01][0-9]|2[0-3]):?([0-5][0-9])", re.ASCII)
_WEEKDAY: Final = re.compile(r"_capacity_([1-7])", re.ASCII)
_KNOWN: Final = ("_timezone", "_max_capacity", "_capacity_add", *(f"_capacity_{n}" for n in range(1, 8)))
MAX_CAPACITY: Final = 1000


def read_capacity(table: Mapping[str, Any], refuse: Callable[[str, str], None]) -> Capacity:
    """One capacity service; `refuse` is told of option and problem."""
    zone, weekly, dated = ZoneInfo("UTC"), [DayPlan()] * 7, list[tuple[Day, DayPlan]]()
    if "_timezone" not in table:
        refuse("_timezone", "is missing; a zone of the tz database is wanted, such as America/New_York")
    most = table.get("_max_capacity", MAX_CAPACITY)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 1_000_000:
        refuse("_max_capacity", "a whole number from 1 to 1000000 is wanted")
        most = MAX_CAPACITY
    for option, value in table.items():
        try:
            if option == "_timezone":
                zone = load_zone(value if isinstance(value, str) else "")
            elif option == "_capacity_add":
                dated += [(read_day(day), _plan(hours, most)) for day, hours in _object(value).items()]
            elif found := _WEEKDAY.fullmatch(option):
                for day, hours in _by_weekday(_object(value), int(found[1])).items():
                    weekly[day - 1] = _plan(hours, most)
            elif option not in _KNOWN:
                refuse(option, f"unknown option of a capacity{nearest(option, _KNOWN)}")
        except ValueError as error:
            refuse(option, str(error))
    return Capacity(zone, tuple(weekly), tuple(dated))


def _by_weekday(value: Mapping[str, Any], number: int) -> dict[int, Any]:
    """Figures by weekday, 1 for Monday; without weekdays inside they are those of the option's own number."""
    if not any(isinstance(inner, dict) for inner in value.values()):
        return {number: value}
    if strange := [key for key in value if key not in "1234567" or len(key) != 1]:
        days = ", ".join(f"{n} {name}" for n, name in enumerate(DAY_NAMES, 1))
        raise ValueError(f"a weekday's number is wanted ({days}), not {strange[0][:20]!r}")
    return {int(key): inner for key, inner in value.items()}


def _object(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError('figures by hour are wanted, such as {"1": {"0900": 6, "1000": 8}}')
    return value


def _plan(hours: object, most: int) -> DayPlan:
    if not isinstance(hours, dict):
        raise ValueError('figures by hour are wanted, such as {"0900": 6, "1000": 8}')
    by_minute = {}
    for hour, figure in hours.items():
        found = _HOUR.fullmatch(hour)
        if found is None:
            raise ValueError(f"an hour such as 0900 is wanted, not {hour[:20]!r}")
        if isinstance(figure, bool) or not isinstance(figure, int) or not 0 <= figure <= most:
            raise ValueError(f"{hour}: a whole number from 0 to {most} (_max_capacity) is wanted, not {figure!r:.20}")
        by_minute[int(found[1]) * 60 + int(found[2])] = figure
    return DayPlan.of(by_minute)
