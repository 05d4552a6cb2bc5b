"""`/genesys/1` and `/genesys/2`: the reference product's callback API."""

from __future__ import annotations

from aiohttp import web

from ivr.service.errors import InvalidParameter
from ivr.web.answers import answer
from ivr.web.bodies import read_params
from ivr.web.keys import SERVICE
from ivr.web.records import genesys_record


def add_genesys_routes(app: web.Application) -> None:
    for version in ("1", "2"):
        base = f"/genesys/{version}/service/callback"
        app.router.add_get(base, query)
        app.router.add_post(f"{base}/{{service}}", start)
        app.router.add_get(f"{base}/{{service}}", query_service)
        app.router.add_put(f"{base}/{{service}}/{{id}}", update)
        app.router.add_delete(f"{base}/{{service}}/{{id}}", cancel)


async def start(request: web.Request) -> web.Response:
    """Start a callback: its id at once, before anything is dialled."""
    params = await read_params(request)
    started = await request.app[SERVICE].start(request.match_info["service"], params, headers=request.headers)
    return answer({"_id": started.id})


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


async def query_service(request: web.Request) -> web.Response:
    """By properties over one service."""
    pairs = [(key, value) for key, value in request.query.items() if key != "operand"]
    name = request.match_info["service"]
    found = await request.app[SERVICE].query_properties(name, pairs, any_of=_any_of(request))
    return answer([genesys_record(callback) for callback in found])


async def update(request: web.Request) -> web.Response:
    """Another time (`_new_desired_time`; left out it is now) and other properties."""
    params = await read_params(request)
    service, callback_id = request.match_info["service"], request.match_info["id"]
    return answer(genesys_record(await request.app[SERVICE].update(callback_id, params, service=service)))


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
