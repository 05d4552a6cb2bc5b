"""`/genesys/1|2/service/callback/{service}/availability`: which times can be booked."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import web

from ivr.domain.zones import stretches
from ivr.service.availability import Bookable
from ivr.service.options import ServiceOptions
from ivr.web.answers import answer
from ivr.web.calendar_shapes import LocalSlotsQuery, Slots, SlotsQuery
from ivr.web.keys import SERVICE
from ivr.web.operations import operation, read_query
from ivr.web.ranges import read_range, read_zone
from ivr.web.shapes import Instant

_MOST_DAYS: Final = 100


def add_availability_routes(app: web.Application) -> None:
    app.router.add_get("/genesys/1/service/callback/{service}/availability", availability_1)
    app.router.add_get("/genesys/2/service/callback/{service}/availability", availability_2)


@operation("genesys: availability", dict[Instant, int], query=SlotsQuery, refusals=(400, 404, 503))
async def availability_1(request: web.Request) -> web.Response:
    """Free places by time: `{"2027-03-14T09:30:00.000Z": 5}`; without an end, those of the next slot."""
    asked = read_query(request, SlotsQuery)
    options = request.app[SERVICE].catalog.get(request.match_info["service"])
    found = await _bookable(request, options, _zone(request, options), asked, busy=False)
    return answer({f"{_text(each.at_s)}Z": each.free for each in found})


@operation("genesys: availability", Slots, query=LocalSlotsQuery, refusals=(400, 404, 503))
async def availability_2(request: web.Request) -> web.Response:
    """The same with local times and what each slot has in all; with `report-busy` full slots too."""
    asked = read_query(request, LocalSlotsQuery)
    options = request.app[SERVICE].catalog.get(request.match_info["service"])
    zone = await read_zone(request.query, _zone(request, options))
    found = await _bookable(request, options, zone, asked, busy=asked.report_busy)
    return answer(
        {"durationMin": options.request_time_bucket_min, "timezone": str(zone), "slots": slots(found, zone)}
    )


def slots(found: list[Bookable], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Times as the second version and the cloud successor's API tell them."""
    if not found:
        return []
    left = iter(found)
    each: Bookable | None = next(left)
    told = []
    for stretch in stretches(zone, found[0].at_s, found[-1].at_s + 1):
        while each is not None and each.at_s < stretch.end_s:
            at_s, free, total = each
            local = _text(at_s + stretch.offset_s)
            told.append({"utcTime": f"{_text(at_s)}Z", "localTime": local, "capacity": free, "total": total})
            each = next(left, None)
    return told


async def _bookable(
    request: web.Request, options: ServiceOptions, zone: ZoneInfo, asked: SlotsQuery, *, busy: bool
) -> list[Bookable]:
    service = request.app[SERVICE]
    start_s, end_s = read_range(
        request.query,
        now_s=service.availability.now_s(),
        zone=zone,
        default_s=options.request_time_bucket_min * 60,
        most_days=_MOST_DAYS,
    )
    found = await service.availability.between(request.match_info["service"], options, start_s, end_s, busy=busy)
    return found[: asked.max_time_slots]


def _zone(request: web.Request, options: ServiceOptions) -> ZoneInfo:
    return request.app[SERVICE].catalog.builtins.slots_of(options).zone


def _text(at_s: int) -> str:
    """Thousands of times are told at once, of few days."""
    days, second = divmod(at_s, 86400)
    return f"{_date(days)}T{_clock(second)}"


@lru_cache(maxsize=1000)
def _date(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


@lru_cache(maxsize=5000)
def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000"
