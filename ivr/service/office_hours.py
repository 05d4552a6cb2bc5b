"""Office hours from the settings file: `[service.NAME]` with `_type = "office-hours"`.

Options end in a number of one's choosing where there may be several. The names are the reference product's; those of
the three kinds of `_include_`, `_national_holidays` and `_ics` are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from ivr.domain.dates import Dated, Season, Weekly, read_dated, read_season, read_weekly
from ivr.domain.hours import Closures, OfficeHours
from ivr.domain.zones import load_zone
from ivr.service.closures import CalendarFile, NationalHolidays
from ivr.service.problems import nearest

Refuse = Callable[[str, str, str], None]
"""Told of service, option and what is wrong with it."""

_NUMBERED: Final = re.compile(r"(_[a-z_]+?)[0-9]{0,4}", re.ASCII)
_KNOWN: Final = (
    "_timezone", "_bh_regular", "_bh_add", "_holiday", "_effective_dates", "_use_alternative", "_include_bh_regular",
    "_include_bh_add", "_include_holiday", "_national_holidays", "_ics",
)  # fmt: skip
_UTC: Final = ZoneInfo("UTC")


@dataclass(slots=True)
class _Draft:
    """One service as it is written, before the others that it names are put in."""

    zone: ZoneInfo = _UTC
    weekly: list[Weekly] = field(default_factory=list)
    added: list[Dated] = field(default_factory=list)
    closed: list[Dated] = field(default_factory=list)
    seasons: list[Season] = field(default_factory=list)
    closures: list[Closures] = field(default_factory=list)
    named: list[tuple[str, str]] = field(default_factory=list)
    """Option and the service that it names."""


def read_office_hours(
    tables: Mapping[str, Mapping[str, Any]], folder: Path, today: date, refuse: Refuse
) -> dict[str, OfficeHours]:
    """Every office-hours service; calendar files are looked for in `folder`."""
    drafts = {name: _draft(table, folder, today, partial(refuse, name)) for name, table in tables.items()}
    return {name: _composed(name, drafts, (), refuse) for name in drafts}


def _draft(table: Mapping[str, Any], folder: Path, today: date, refuse: Callable[[str, str], None]) -> _Draft:
    draft = _Draft()
    if "_timezone" not in table:
        refuse("_timezone", "is missing; a zone of the tz database is wanted, such as America/New_York")
    # The zone first: what a calendar file says is put on its wall.
    for option in sorted(table, key=lambda name: name != "_timezone"):
        found = _NUMBERED.fullmatch(option)
        if found is None or found[1] not in _KNOWN:
            refuse(option, f"unknown option of office hours{nearest(option, _KNOWN)}")
            continue
        values = table[option] if isinstance(table[option], list) else [table[option]]
        for value in values:
            if not isinstance(value, str):
                refuse(option, "text in quotes is wanted, or a list of such")
                continue
            try:
                _read(draft, found[1], option, value, folder, today)
            except ValueError as error:
                refuse(option, str(error))
    return draft


def _read(draft: _Draft, kind: str, option: str, value: str, folder: Path, today: date) -> None:
    match kind:
        case "_timezone":
            draft.zone = load_zone(value)
        case "_bh_regular":
            draft.weekly.append(read_weekly(value))
        case "_bh_add":
            draft.added.append(read_dated(value, hours_wanted=True))
        case "_holiday":
            draft.closed.append(read_dated(value, hours_wanted=False))
        case "_effective_dates":
            draft.seasons.append(read_season(value))
        case "_national_holidays":
            draft.closures += [NationalHolidays(place.strip(), today) for place in value.split(",")]
        case "_ics":
            draft.closures.append(CalendarFile(folder / value, draft.zone, today))
        case _:
            draft.named.append((option, value.strip()))


def _composed(name: str, drafts: Mapping[str, _Draft], above: tuple[str, ...], refuse: Refuse) -> OfficeHours:
    draft = drafts[name]
    hours = OfficeHours(
        draft.zone,
        tuple(draft.weekly),
        tuple(draft.added),
        tuple(draft.closed),
        tuple(draft.seasons),
        closures=tuple(draft.closures),
    )
    path = (*above, name)
    for option, other in draft.named:
        if other not in drafts:
            refuse(name, option, f"there are no office hours {other[:40]!r}{nearest(other, drafts)}")
        elif other in path:
            refuse(name, option, f"goes round in a circle: {' -> '.join((*path, other))}")
        elif option.startswith("_use_alternative") and not drafts[other].seasons:
            refuse(name, option, f"{other} has no _effective_dates, so it would always take the place of {name}")
        else:
            hours = _with(hours, option, _composed(other, drafts, path, refuse))
    return hours


def _with(hours: OfficeHours, option: str, part: OfficeHours) -> OfficeHours:
    """`hours` with what `option` takes from another calendar; its rules are about our clock then."""
    if option.startswith("_use_alternative"):
        return replace(hours, alternatives=(*hours.alternatives, part))
    if option.startswith("_include_bh_regular"):
        return replace(hours, weekly=hours.weekly + part.weekly)
    if option.startswith("_include_bh_add"):
        return replace(hours, added=hours.added + part.added)
    return replace(hours, closed=hours.closed + part.closed, closures=hours.closures + part.closures)
