"""`/engagement/v3`: the API of the reference product's cloud successor.

Every body is the envelope of `ivr/web/envelope.py`. The customer's number is in the body and never in the address;
`userData` goes with the callback, and into no log. Calls that customers make themselves (`call-in`) are not offered.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from ivr.domain.callback import CallbackState
from ivr.domain.hours import FORESIGHT_S
from ivr.service.durations import format_instant
from ivr.service.errors import InvalidParameter
from ivr.service.request import DESIRED_TIME, NUMBER, ORIGINATING
from ivr.web.availability import slots
from ivr.web.bodies import read_json
from ivr.web.calendar_shapes import Slots
from ivr.web.envelope import ENGAGEMENT, enveloped
from ivr.web.keys import SERVICE, WAITING
from ivr.web.operations import JSON, Answer, Model, operation, read_model, read_query
from ivr.web.ranges import read_local, read_range, read_zone
from ivr.web.shapes import Enveloped, Instant
from ivr.web.wait_times import IN_LINE, read_queues, service_of_queue, told

_TAG: Final = "engagement v3"
_UTC: Final = ZoneInfo("UTC")
MOST_DAYS: Final = 100
_FACTS: Final = {
    "cb_offer_type": "_CB_DIM_CALLBACK_OFFER_TYPE",
    "inbound_vq": "_CB_DIM_VQ",
    "offer_threshold_s": "_CB_EWT_THRESHOLD_WHEN_OFFERED",
    "channel": "_CB_DIM_CHANNEL",
    "offer_timing": "_CB_OFFER_TIMING",
}
"""What goes into the history with the acceptance, by its names in the reference product's reports."""


def add_engagement_routes(app: web.Application) -> None:
    app.router.add_post(f"{ENGAGEMENT}/callbacks/create", create)
    app.router.add_post(f"{ENGAGEMENT}/callbacks/retrieve", retrieve)
    app.router.add_post(f"{ENGAGEMENT}/callbacks/cancel", cancel)
    app.router.add_get(f"{ENGAGEMENT}/callbacks/availability/{{service}}", availability)
    app.router.add_get(f"{ENGAGEMENT}/callbacks/open-for/{{service}}", open_for)
    app.router.add_get(f"{ENGAGEMENT}/estimated-wait-time", estimated_wait_time)


Scalar = StrictStr | bool | int | float | None
_Line = Annotated[StrictStr, Field(pattern=r"^[^\x00-\x1f\x7f]{0,200}$")]


class CreateBody(BaseModel):
    """Keys that are not listed are ignored, as the product does."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    service_name: StrictStr = Field(alias="serviceName", min_length=1)
    phone_number: StrictStr = Field(alias="phoneNumber", min_length=1)
    desired_time: StrictStr | None = Field(
        None, alias="desiredTime", description="time in UTC, such as 2027-03-14T09:30:00.000Z; now when left out"
    )
    cb_offer_type: Literal["ASAP", "SCHEDULED", "COMBINED_SCHEDULED_AND_ASAP"] | None = Field(
        None, alias="cbOfferType", description="for the history"
    )
    language: Annotated[StrictStr, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")] | None = Field(
        None, description="of the prompts, such as en-US; where _overwritable_options has _language"
    )
    inbound_vq: _Line | None = Field(None, alias="inboundVQ", description="for the history")
    offer_threshold_s: float | None = Field(
        None, alias="offerThreshold", ge=0, allow_inf_nan=False, description="seconds, for the history"
    )
    channel: _Line | None = Field(None, description="for the history, such as WEB")
    offer_timing: Literal["ON-HOURS", "OFF-HOURS"] | None = Field(
        None, alias="offerTiming", description="for the history"
    )
    cb_origination_ixn_id: StrictStr | None = Field(
        None, alias="cbOriginationIxnId", description="the call from which it is asked for, to be marked"
    )
    user_data: dict[str, Scalar] | None = Field(
        None, alias="userData", description="goes with the callback, into no log; a key begins with a letter"
    )
    # Taken for the sake of clients that send them; nothing acts on them here.
    survey_rp: Scalar = Field(None, alias="surveyRP", description="not used")
    priority: Scalar = Field(None, description="not used")
    route_point: Scalar = Field(None, alias="routePoint", description="not used")
    captcha_token: Scalar = Field(None, alias="captchaToken", description="not used")
    push_channel: Scalar = Field(None, alias="pushChannel", description="not used")
    push_target: Scalar = Field(None, alias="pushTarget", description="not used")


class IdBody(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: StrictStr = Field(min_length=1)


class Id(Answer):
    id: str


class Retrieved(Answer):
    id: str
    desired_time: Instant = Field(alias="desiredTime")
    callback_state: CallbackState = Field(alias="callbackState")
    callback_reason: str | None = Field(None, alias="callbackReason", description="of a COMPLETED one")
    phone_number: str = Field(alias="phoneNumber")
    position_in_queue: int | None = Field(
        None, alias="positionInQueue", description="of a QUEUED or ROUTING one, while it is known; 1 is next"
    )
    estimated_wait_time: float | None = Field(
        None, alias="estimatedWaitTime", description="seconds, with the position; -1 when it cannot be told"
    )


@operation(_TAG, Enveloped[Id], body=CreateBody, media=(JSON,), refusals=(404, 429, 500))
async def create(request: web.Request) -> web.Response:
    """Ask for a callback: its id at once. 429 names other times where a time cannot be had."""
    asked = read_model(await read_json(request), CreateBody)
    params: dict[str, Any] = {NUMBER: asked.phone_number}
    for key in asked.user_data or {}:
        if key.startswith("_"):
            raise InvalidParameter("userData", "a key begins with a letter")
    params |= asked.user_data or {}
    given = {
        DESIRED_TIME: asked.desired_time,
        ORIGINATING: asked.cb_origination_ixn_id,
        "_language": asked.language,
    }
    params |= {key: value for key, value in given.items() if value is not None}
    facts = {key: str(value) for name, key in _FACTS.items() if (value := getattr(asked, name)) is not None}
    started = await request.app[SERVICE].start(asked.service_name, params, headers=request.headers, facts=facts)
    return enveloped({"id": started.id})


@operation(_TAG, Enveloped[Retrieved], body=IdBody, media=(JSON,), refusals=(404, 500))
async def retrieve(request: web.Request) -> web.Response:
    """State, place and estimate of a callback."""
    service = request.app[SERVICE]
    callback = await service.query(read_model(await read_json(request), IdBody).id)
    data: dict[str, Any] = {
        "id": callback.id,
        "desiredTime": format_instant(callback.service_start_s),
        "callbackState": callback.state,
        "phoneNumber": callback.customer_number,
    }
    if callback.is_final:
        data["callbackReason"] = callback.reason
    if callback.state in IN_LINE:
        standing = await request.app[WAITING].standing(callback, service.catalog.for_callback(callback))
        if standing is not None:
            data |= {"positionInQueue": standing.position, "estimatedWaitTime": told(standing.wait)}
    return enveloped(data)


@operation(_TAG, Enveloped[Id], body=IdBody, media=(JSON,), refusals=(404, 500))
async def cancel(request: web.Request) -> web.Response:
    """End a callback; once more does no harm."""
    callback_id = read_model(await read_json(request), IdBody).id
    await request.app[SERVICE].cancel(callback_id)
    return enveloped({"id": callback_id})


class OpenForQuery(Model):
    start: str = Field("", description="2027-03-14T09:30:00Z, or without the Z with a timezone; now when left out")
    timezone: str = Field("", description="zone of a start without one, such as Europe/Berlin")


class OpenFor(Answer):
    open_for: int = Field(
        alias="openFor", description=f"seconds until it closes: 0 when it is closed, at most {FORESIGHT_S}"
    )


@operation(_TAG, Enveloped[OpenFor], query=OpenForQuery, refusals=(400, 404))
async def open_for(request: web.Request) -> web.Response:
    """How long the office stays open; one without office hours always is."""
    asked = read_query(request, OpenForQuery)
    catalog = request.app[SERVICE].catalog
    options = catalog.get(request.match_info["service"])
    zone = await read_zone({"timezone": asked.timezone}, _UTC)
    at_s = read_instant("start", asked.start, zone) if asked.start else request.app[SERVICE].availability.now_s()
    hours = catalog.builtins.hours_of(options)
    return enveloped({"openFor": int(FORESIGHT_S if hours is None else hours.open_for(at_s))})


class AvailabilityQuery(Model):
    start: str = Field("", description="2027-03-14T09:30:00.000Z, or without the Z in `timezone`; now when left out")
    start_ms: int | None = Field(None, alias="startMS", ge=0, le=10**15, description="the same in epoch milliseconds")
    number_of_days: int | None = Field(None, alias="numberOfDays", ge=1, le=MOST_DAYS)
    end: str = Field("", description="as start; without any end, the next slot only")
    end_ms: int | None = Field(None, alias="endMS", ge=0, le=10**15, description="the same in epoch milliseconds")
    timezone: str = Field("", description="of local times, such as Europe/Berlin; UTC when left out")
    max_time_slots: int | None = Field(None, alias="maxTimeSlots", ge=1, le=100_000)
    report_busy: bool = Field(False, alias="reportBusy", description="list full slots, too")


@operation(_TAG, Enveloped[Slots], query=AvailabilityQuery, refusals=(400, 404, 500))
async def availability(request: web.Request) -> web.Response:
    """Times that can be booked."""
    asked = read_query(request, AvailabilityQuery)
    service, name = request.app[SERVICE], request.match_info["service"]
    options = service.catalog.get(name)
    zone = await read_zone({"timezone": asked.timezone}, _UTC)
    given = {
        "start": format_instant(read_instant("start", asked.start, zone)) if asked.start else None,
        "start-ms": asked.start_ms,
        "number-of-days": asked.number_of_days,
        "end": format_instant(read_instant("end", asked.end, zone)) if asked.end else None,
        "end-ms": asked.end_ms,
    }
    bucket_s = options.request_time_bucket_min * 60
    start_s, end_s = read_range(
        {key: str(value) for key, value in given.items() if value is not None},
        now_s=service.availability.now_s(),
        zone=zone,
        default_s=bucket_s,
        most_days=MOST_DAYS,
    )
    found = await service.availability.between(name, options, start_s, end_s, busy=asked.report_busy)
    return enveloped(
        {
            "durationMin": options.request_time_bucket_min,
            "timezone": str(zone),
            "slots": slots(found[: asked.max_time_slots], zone),
        }
    )


def read_instant(name: str, text: str, zone: ZoneInfo) -> float:
    """Epoch seconds of a time with Z, or of one on the clock of `zone`. Raises InvalidParameter."""
    if not text.endswith("Z"):
        return read_local(name, text, zone)
    return read_local(name, text.removesuffix("Z"), _UTC)


class EstimateQuery(Model):
    virtual_queues: str = Field(alias="virtual-queues", description="services or queues, comma-separated")
    mode: Literal["mode1", "mode2", "mode3"] = Field("mode2", description="taken, and changes nothing")


class Estimate(Answer):
    virtual_queue: str = Field(alias="virtualQueue")
    estimated_wait_time: float = Field(alias="estimatedWaitTime", description="seconds; -1 when it cannot be told")
    message: str = Field(description="what it is based on")


@operation(_TAG, Enveloped[list[Estimate]], query=EstimateQuery, refusals=(400,))
async def estimated_wait_time(request: web.Request) -> web.Response:
    """The waits of somebody who asks now; a queue that there is not has -1, and a message."""
    asked = read_query(request, EstimateQuery)
    catalog = request.app[SERVICE].catalog
    found = []
    for name in read_queues("virtual-queues", asked.virtual_queues):
        service = service_of_queue(catalog, name)
        if service is None:
            wait_s, why = -1.0, "there is no such queue"
        else:
            wait = await request.app[WAITING].estimate(service, catalog.get(service))
            wait_s, why = told(wait), wait.basis
        found.append({"virtualQueue": name, "estimatedWaitTime": wait_s, "message": why})
    return enveloped(found)
