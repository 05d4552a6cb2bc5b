"""`/api/v1`: what operators see and change."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from ivr.service.errors import InvalidParameter
from ivr.web.answers import answer
from ivr.web.bodies import read_json_object
from ivr.web.keys import SERVICE
from ivr.web.records import operator_record

_DEFAULT_LIMIT: Final = 250
_MAX_LIMIT: Final = 10_000


def add_operator_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/callbacks", callbacks)
    app.router.add_get("/api/v1/callbacks/{id}", callback)
    app.router.add_get("/api/v1/services", services)
    app.router.add_get("/api/v1/services/{service}", service)
    app.router.add_patch("/api/v1/services/{service}", change_service)


async def callbacks(request: web.Request) -> web.Response:
    """`?service=&number=&state=&limit=`, oldest ask first."""
    wanted: list[tuple[str, str]] = []
    name, limit = None, _DEFAULT_LIMIT
    for key, value in request.query.items():
        match key:
            case "service":
                name = value
            case "number":
                wanted.append(("_customer_number", value))
            case "state":
                wanted.append(("_callback_state", value))
            case "limit":
                limit = _read_limit(value)
            case _:
                raise InvalidParameter(ascii(key)[:60], "service, number, state and limit are understood")
    found = await request.app[SERVICE].query_properties(name, wanted, limit=limit)
    return answer({"callbacks": [operator_record(each) for each in found]})


async def callback(request: web.Request) -> web.Response:
    return answer(operator_record(await request.app[SERVICE].query(request.match_info["id"])))


async def services(request: web.Request) -> web.Response:
    catalog = request.app[SERVICE].catalog
    return answer({"services": [_shown(request, name) for name in catalog]})


async def service(request: web.Request) -> web.Response:
    return answer(_shown(request, request.match_info["service"]))


async def change_service(request: web.Request) -> web.Response:
    """Change options from now on: `{"_ewt_threshold": 0}`; null falls back to the settings file."""
    changes = read_json_object(await request.read())
    if not changes:
        raise InvalidParameter("body", 'options are wanted, such as {"_ewt_threshold": 240}')
    name = request.match_info["service"]
    who = f"api key from {request.remote or 'a local socket'}"
    made = await request.app[SERVICE].catalog.change(name, changes, who=who)
    return answer({"name": name, "changed": [{"option": c.option, "old": c.old, "new": c.new} for c in made]})


def _shown(request: web.Request, name: str) -> dict[str, Any]:
    return {"name": name, "options": request.app[SERVICE].catalog.describe(name)}


def _read_limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= _MAX_LIMIT:
        return int(text)
    raise InvalidParameter("limit", f"a whole number from 1 to {_MAX_LIMIT} is wanted")
