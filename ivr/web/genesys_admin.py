"""`/genesys/1/admin/callback`: many callbacks at once, for those who run the contact centre."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from functools import partial
from itertools import chain
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ivr.domain.callback import Callback, Reason
from ivr.service.durations import parse_instant_s
from ivr.service.errors import InvalidParameter
from ivr.service.finding import STATE
from ivr.service.overview import cancel_all, read_reason
from ivr.web.answers import answer
from ivr.web.bodies import read_params
from ivr.web.keys import SERVICE
from ivr.web.operations import FORMS, Answer, Model, operation, read_model, read_query
from ivr.web.records import genesys_record
from ivr.web.shapes import GenesysRecord

_BEFORE_S: Final = 900.0
_AHEAD_S: Final = 86400.0
MAX_RECORDS: Final = 10_000
_TAG: Final = "genesys: administration"
_PROPERTIES: Final = (
    "_id", "_service_name", "_customer_number", "_desired_time", "_callback_state", "_callback_reason",
)  # fmt: skip
_PLAIN_CELL: Final = re.compile(r"\+?[0-9][0-9 .()/-]*", re.ASCII)


def _names(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_names)]


def add_genesys_admin_routes(app: web.Application) -> None:
    base = "/genesys/1/admin/callback"
    app.router.add_get(f"{base}/queues", queues)
    app.router.add_get(f"{base}/watermarks", watermarks)
    app.router.add_post(f"{base}/cancel", cancel)
    app.router.add_post(f"{base}/reportcancelled", report_cancelled)


class QueuesQuery(BaseModel):
    """Any other key is a property by which callbacks are found, as in a query of one service."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    target: Names = Field(default_factory=list, description="services, comma-separated; all when left out")
    start_time: str = Field("", description="asked for or booked from then on; 15 minutes ago when left out")
    end_time: str = Field("", description="and before then; in 24 hours when left out")
    states: str = Field("", description="states, comma-separated; with ! before them all others")
    max: int = Field(1000, ge=1, le=MAX_RECORDS, description="records of each service")
    offset: int = Field(0, ge=0, le=1_000_000, description="so many of each service are passed over")


@operation(_TAG, dict[str, list[GenesysRecord]], query=QueuesQuery, refusals=(400, 404, 503))
async def queues(request: web.Request) -> web.Response:
    """Callbacks of services in a stretch of time, by service."""
    asked = read_query(request, QueuesQuery)
    service, now_s = request.app[SERVICE], request.app[SERVICE].availability.now_s()
    start_s = _time("start_time", asked.start_time, now_s - _BEFORE_S)
    end_s = _time("end_time", asked.end_time, now_s + _AHEAD_S)
    if end_s < start_s:
        raise InvalidParameter("end_time", "is before start_time")
    wanted = [(key, str(value)) for key, value in (asked.model_extra or {}).items()]
    wanted += [(STATE, asked.states)] if asked.states else []
    found = {}
    for name in asked.target or service.catalog:
        callbacks = await service.overview.between(name, start_s, end_s, wanted, offset=asked.offset, limit=asked.max)
        found[name] = [genesys_record(callback) for callback in callbacks]
    return answer(found)


class Watermarks(Answer):
    """Callbacks that wait for an agent, are dialled, or bring a customer to one."""

    services: dict[str, int]
    total: int


class WatermarksQuery(Model):
    """May be given several times."""

    service_name: list[str] = Field(default_factory=list, description="a service; all when left out")


@operation(_TAG, Watermarks, query=WatermarksQuery, refusals=(400, 404, 503))
async def watermarks(request: web.Request) -> web.Response:
    """How many callbacks run in each service, against `_max_queued_callbacks_per_service`."""
    for key in request.query:
        if key != "service_name":
            raise InvalidParameter(ascii(key)[1:-1][:60], "is not understood; service_name is")
    service = request.app[SERVICE]
    named = list(chain.from_iterable(value.split(",") for value in request.query.getall("service_name", [])))
    found = await service.overview.executing(named or service.catalog)
    return answer({"services": found, "total": sum(found.values())})


class CancelBody(Model):
    reason: str = Field("", description="kept as the callbacks' reason; CANCELLED when left out")
    ids: Names = Field(min_length=1, max_length=1000, description="ids of callbacks; in a form comma-separated")


class Cancelled(Answer):
    id: str = Field(alias="_id")
    code: int = Field(description="200, or the status with which it would have been refused alone")
    message: str


class CancelAnswer(Answer):
    cancelled: int
    results: list[Cancelled]


@operation(_TAG, CancelAnswer, body=CancelBody, media=FORMS)
async def cancel(request: web.Request) -> web.Response:
    """Cancel many callbacks with one reason; each has its own result."""
    asked = read_model(await read_params(request), CancelBody)
    reason = read_reason(asked.reason)
    ended = await cancel_all(asked.ids, partial(request.app[SERVICE].cancel, reason=reason))
    results = [
        {"_id": each.callback_id, "code": 200, "message": "Cancelled"}
        if each.refused is None
        else {"_id": each.callback_id, "code": each.refused.status, "message": str(each.refused)}
        for each in ended
    ]
    return answer({"cancelled": sum(each.refused is None for each in ended), "results": results})


class ReportBody(Model):
    callback_reason: str = Field(Reason.CANCELLED, description="the reason with which they were cancelled")
    exported_properties: Names = Field(
        default_factory=list, max_length=100, description=f"columns; {', '.join(_PROPERTIES)} when left out"
    )


@operation(_TAG, str, body=ReportBody, media=FORMS, refusals=(503,), answer_media="text/csv")
async def report_cancelled(request: web.Request) -> web.StreamResponse:
    """The callbacks that were cancelled with a reason, as CSV with a header line."""
    asked = read_model(await read_params(request), ReportBody)
    columns = list(dict.fromkeys(asked.exported_properties)) or list(_PROPERTIES)
    pages = request.app[SERVICE].overview.ended_because(asked.callback_reason)
    # The first page before the head: a store that does not answer is told by the status.
    first: list[Callback] = await anext(pages, [])
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="cancelled.csv"',
        }
    )
    await response.prepare(request)
    await response.write(_lines([columns]) + _rows(first, columns))
    async for page in pages:
        await response.write(_rows(page, columns))
    await response.write_eof()
    return response


def _rows(callbacks: Iterable[Callback], columns: list[str]) -> bytes:
    return _lines([_cell(_property(callback, column)) for column in columns] for callback in callbacks)


def _lines(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _property(callback: Callback, name: str) -> Any:
    if not name.startswith("_"):
        return callback.user_data.get(name, "")
    return genesys_record(callback).get("_id" if name == "_service_id" else name, "")


def _cell(value: Any) -> str:
    """A spreadsheet must not take a customer's text for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") and not _PLAIN_CELL.fullmatch(text) else text


def _time(name: str, text: str, default_s: float) -> float:
    if not text:
        return default_s
    try:
        return parse_instant_s(text)
    except ValueError as error:
        raise InvalidParameter(name, str(error)) from None
