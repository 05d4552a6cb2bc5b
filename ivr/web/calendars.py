"""`/genesys/1|2/service/{name}`: office hours and capacities, each in its own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from ivr.domain.capacity import Capacity
from ivr.domain.hours import OfficeHours
from ivr.domain.zones import stretches
from ivr.service.durations import format_instant
from ivr.service.errors import InvalidParameter, UnknownService
from ivr.web.answers import answer
from ivr.web.calendar_shapes import CalendarQuery, CapacityAnswer, OfficeHoursAnswer
from ivr.web.keys import SERVICE
from ivr.web.operations import Model, operation, read_query
from ivr.web.ranges import MOST_DAYS, checked_range, read_local, read_range, read_zone

_DAY_S: Final = 86400.0


class CapacityQuery(Model):
    """What a capacity understands of a CalendarQuery."""

    start: str = ""
    end: str = ""
    timezone: str = ""


def add_calendar_routes(app: web.Application) -> None:
    for version in ("1", "2"):
        app.router.add_get(f"/genesys/{version}/service/{{service}}", calendar)


@operation("genesys: availability", OfficeHoursAnswer | CapacityAnswer, query=CalendarQuery, refusals=(400, 404))
async def calendar(request: web.Request) -> web.Response:
    """Office hours or a capacity, by name; office hours without parameters: whether it is open now."""
    name, builtins = request.match_info["service"], request.app[SERVICE].catalog.builtins
    if name in builtins.office_hours:
        return answer(_office_hours(request, builtins.office_hours[name]))
    if name in builtins.capacities:
        return answer(await _capacity(request, builtins.capacities[name]))
    raise UnknownService(name, [*builtins.office_hours, *builtins.capacities])


def _office_hours(request: web.Request, hours: OfficeHours) -> dict[str, Any]:
    """Open periods; without parameters the one of now, none while it is closed."""
    asked = read_query(request, CalendarQuery)
    if asked.timezone:
        raise InvalidParameter("timezone", f"office hours are told in UTC, for the clock of {hours.zone}")
    now_s = request.app[SERVICE].availability.now_s()
    if request.query:
        start_s, end_s = read_range(
            request.query, now_s=now_s, zone=hours.zone, default_s=_DAY_S, most_days=MOST_DAYS
        )
        periods = [(float(from_s), float(to_s)) for from_s, to_s in hours.periods(start_s, end_s)]
    else:
        open_s = hours.open_for(now_s)
        periods = [(now_s, now_s + open_s)] if open_s else []
    told = [{"start": format_instant(from_s), "end": format_instant(to_s)} for from_s, to_s in periods]
    return {"error": None, "timezone": str(hours.zone), "officeHours": told}


async def _capacity(request: web.Request, capacity: Capacity) -> dict[str, Any]:
    """Periods with a capacity, in local times without a zone; without parameters those of a day from now on."""
    asked = read_query(request, CapacityQuery)
    zone = await read_zone(request.query, capacity.zone)
    start_s = read_local("start", asked.start, zone) if asked.start else request.app[SERVICE].availability.now_s()
    end_s = read_local("end", asked.end, zone) if asked.end else start_s + _DAY_S
    checked_range(start_s, end_s, "end", MOST_DAYS)
    told = []
    for stretch in stretches(zone, int(start_s), int(end_s)):
        told += [
            {
                "start": _local(period.start_s + stretch.offset_s),
                "end": _local(period.end_s + stretch.offset_s),
                "capacity": period.capacity,
            }
            for period in capacity.periods(stretch.start_s, stretch.end_s)
            if period.capacity
        ]
    return {"error": None, "timezone": str(zone), "capacity": told}


def _local(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
