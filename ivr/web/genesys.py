"""`/genesys/1` and `/genesys/2`: the reference product's callback API."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from ivr.service.errors import InvalidParameter
from ivr.web.answers import answer
from ivr.web.bodies import read_params
from ivr.web.keys import SERVICE
from ivr.web.operations import FORMS, operation
from ivr.web.records import genesys_record
from ivr.web.shapes import GenesysRecord, Instant, Started

_TAG: Final = "genesys: callbacks"


def add_genesys_routes(app: web.Application) -> None:
    for version in ("1", "2"):
        base = f"/genesys/{version}/service/callback"
        app.router.add_get(base, query)
        app.router.add_post(f"{base}/{{service}}", start)
        app.router.add_get(f"{base}/{{service}}", query_service)
        app.router.add_put(f"{base}/{{service}}/{{id}}", update)
        app.router.add_delete(f"{base}/{{service}}/{{id}}", cancel)


class StartBody(BaseModel):
    """What starts a callback. Other keys with an underscore are options, obeyed where `_overwritable_options` has
    them; keys without one are the customer's data: up to 50 texts, numbers or truths."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    customer_number: str = Field(alias="_customer_number", examples=["+12025550100"])
    desired_time: Instant | None = Field(None, alias="_desired_time", description="now when left out")
    wait_for_agent: bool | None = Field(None, alias="_wait_for_agent")
    originating_interaction_id: str | None = Field(
        None, alias="_originating_interaction_id", description="the call from which it is asked for, to be marked"
    )


class UpdateBody(BaseModel):
    """What changes a callback. Keys without an underscore are the customer's data."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    new_desired_time: Instant | None = Field(None, alias="_new_desired_time", description="now when left out")
    customer_number: str | None = Field(None, alias="_customer_number")


class PropertiesQuery(BaseModel):
    """Any other key is a lookup key of the service."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    operand: str = Field("AND", description="whether all (AND) or any (OR) of the properties are wanted")
    customer_number: str = Field("", alias="_customer_number")
    callback_state: str = Field("", alias="_callback_state", description="several with commas; with ! all others")
    callback_reason: str = Field("", alias="_callback_reason")


class IdQuery(PropertiesQuery):
    id: str = Field("", alias="_id", description="alone, for one callback")


class CancelQuery(BaseModel):
    discard_ors_failure: bool = Field(False, description="taken, and changes nothing")


@operation(_TAG, Started, body=StartBody, media=FORMS, refusals=(403, 404, 429, 503))
async def start(request: web.Request) -> web.Response:
    """Start a callback: its id at once, before anything is dialled."""
    params = await read_params(request)
    started = await request.app[SERVICE].start(request.match_info["service"], params, headers=request.headers)
    return answer({"_id": started.id})


@operation(_TAG, list[GenesysRecord], query=IdQuery, refusals=(400, 503))
async def query(request: web.Request) -> web.Response:
    """By `_id`, or by properties over all services: an array, empty when there is none."""
    pairs = [(key, value) for key, value in request.query.items() if key != "operand"]
    service = request.app[SERVICE]
    match pairs:
        case []:
            raise InvalidParameter("_id", "is missing; or name properties such as _customer_number")
        case [("_id", callback_id)]:
            callback = await service.look_up(callback_id)
            return answer([] if callback is None else [genesys_record(callback)])
        case _:
            found = await service.query_properties(None, pairs, any_of=_any_of(request))
            return answer([genesys_record(callback) for callback in found])


@operation(_TAG, list[GenesysRecord], query=PropertiesQuery, refusals=(400, 404, 503))
async def query_service(request: web.Request) -> web.Response:
    """By properties over one service."""
    pairs = [(key, value) for key, value in request.query.items() if key != "operand"]
    name = request.match_info["service"]
    found = await request.app[SERVICE].query_properties(name, pairs, any_of=_any_of(request))
    return answer([genesys_record(callback) for callback in found])


@operation(_TAG, GenesysRecord, body=UpdateBody, media=FORMS, refusals=(403, 404, 409, 503))
async def update(request: web.Request) -> web.Response:
    """Another time (`_new_desired_time`; left out it is now) and other properties."""
    params = await read_params(request)
    service, callback_id = request.match_info["service"], request.match_info["id"]
    return answer(genesys_record(await request.app[SERVICE].update(callback_id, params, service=service)))


@operation(_TAG, query=CancelQuery, refusals=(404, 409, 503))
async def cancel(request: web.Request) -> web.Response:
    """Cancel. `discard_ors_failure` is taken and changes nothing: a cancellation here needs no other program."""
    await request.app[SERVICE].cancel(request.match_info["id"], service=request.match_info["service"])
    return web.Response()


def _any_of(request: web.Request) -> bool:
    match request.query.get("operand", "AND").upper():
        case "AND":
            return False
        case "OR":
            return True
        case _:
            raise InvalidParameter("operand", "AND or OR is wanted")
