"""`/genesys`: places in line and estimated waits.

The reference product has three ways to estimate and lets the client choose. Here there is one estimate, from the
queue's live state; the choice is taken, and changes nothing. -1 stands for a wait that cannot be told.
"""

from __future__ import annotations

from typing import Final, Literal

from aiohttp import web
from pydantic import Field

from ivr.domain.callback import CallbackState
from ivr.domain.wait import WaitEstimate
from ivr.service.catalog import Catalog
from ivr.service.errors import InvalidParameter, UnknownService, WrongState
from ivr.web.answers import answer
from ivr.web.bodies import read_params
from ivr.web.keys import SERVICE, WAITING
from ivr.web.operations import FORMS, Answer, Model, operation, read_query

_TAG: Final = "genesys: waits"
IN_LINE: Final = (CallbackState.QUEUED, CallbackState.ROUTING)
MAX_QUEUES: Final = 50


def add_wait_routes(app: web.Application) -> None:
    app.router.add_get("/genesys/1/service/ewt-for-vq", ewt_v1)
    app.router.add_get("/genesys/2/ewt", ewt_v2)
    app.router.add_get("/genesys/1/service/{id}/check-queue-position", queue_position)
    app.router.add_post("/genesys/1/service/{id}/check-queue-position", post_queue_position)


class Position(Answer):
    position: int = Field(alias="_position", description="1 is the next to be served; -1 while it is not known")
    eta: float = Field(alias="_eta", description="estimated wait in seconds; -1 when it cannot be told")
    total_waiting: int = Field(alias="_total_waiting", description="everybody in line; -1 while it is not known")
    ewt: float = Field(description="the same as _eta")


class NoBody(Model):
    """Nothing is wanted."""


@operation(_TAG, Position, refusals=(404, 409, 503))
async def queue_position(request: web.Request) -> web.Response:
    """The place of a callback among everybody in line, live callers too."""
    service = request.app[SERVICE]
    callback = await service.query(request.match_info["id"])
    if callback.state not in IN_LINE:
        raise WrongState(callback, "only QUEUED and ROUTING callbacks have a place in line")
    standing = await request.app[WAITING].standing(callback, service.catalog.for_callback(callback))
    position, waiting = (-1, -1) if standing is None else (standing.position, standing.waiting)
    ewt_s = -1.0 if standing is None else told(standing.wait)
    return answer({"_position": position, "_eta": ewt_s, "_total_waiting": waiting, "ewt": ewt_s})


@operation(_TAG, Position, body=NoBody, media=FORMS, refusals=(404, 409, 503))
async def post_queue_position(request: web.Request) -> web.Response:
    """The same by POST, as apps of the reference product ask; the body may be empty."""
    if await request.read():
        await read_params(request)
    return await queue_position(request)


class EwtV1Query(Model):
    name: str = Field(description="a service, or a queue")
    aqt: Literal["urs", "urs2", "stat"] = Field("urs2", description="taken, and changes nothing")


class Ewt(Answer):
    time: int = Field(description="when it was estimated, epoch seconds")
    ewt: float = Field(description="estimated wait in seconds; -1 when it cannot be told")
    calls: int = Field(description="everybody in line; -1 while it is not known")
    pos: int = Field(description="the place of somebody who asks now; -1 while it is not known")


@operation(_TAG, Ewt, query=EwtV1Query, refusals=(400, 404))
async def ewt_v1(request: web.Request) -> web.Response:
    """The wait of somebody who asks now."""
    asked = read_query(request, EwtV1Query)
    catalog = request.app[SERVICE].catalog
    service = service_of_queue(catalog, asked.name)
    if service is None:
        raise UnknownService(asked.name, catalog)
    return answer(await _ewt(request, service))


class EwtV2Query(Model):
    virtual_queues: str = Field(alias="virtual-queues", description="services or queues, comma-separated")
    mode: Literal["ewt1", "ewt2", "ewt3"] = Field("ewt2", description="taken, and changes nothing")


@operation(_TAG, dict[str, Ewt], query=EwtV2Query, refusals=(400, 404))
async def ewt_v2(request: web.Request) -> web.Response:
    """The waits of several queues, by their names."""
    asked = read_query(request, EwtV2Query)
    catalog = request.app[SERVICE].catalog
    found = {}
    for name in read_queues("virtual-queues", asked.virtual_queues):
        service = service_of_queue(catalog, name)
        if service is None:
            raise UnknownService(name, catalog)
        found[name] = await _ewt(request, service)
    return answer(found)


async def _ewt(request: web.Request, service: str) -> dict[str, object]:
    wait = await request.app[WAITING].estimate(service, request.app[SERVICE].catalog.get(service))
    ahead = -1 if wait.ahead is None else wait.ahead
    place = -1 if wait.ahead is None else wait.ahead + 1
    return {"time": int(request.app[SERVICE].availability.now_s()), "ewt": told(wait), "calls": ahead, "pos": place}


def told(wait: WaitEstimate) -> float:
    """Seconds, -1 when nobody can tell."""
    return -1.0 if wait.median_s is None else round(wait.median_s, 1)


def service_of_queue(catalog: Catalog, name: str) -> str | None:
    """The service of that name, else the first that is served by the queue of that name."""
    if name in set(catalog):
        return name
    return next((service for service in catalog if catalog.get(service).queue == name), None)


def read_queues(parameter: str, text: str) -> list[str]:
    """Raises InvalidParameter for none, or too many."""
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not 1 <= len(names) <= MAX_QUEUES:
        raise InvalidParameter(parameter, f"1 to {MAX_QUEUES} names are wanted, comma-separated")
    return names
