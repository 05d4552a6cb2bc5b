"""`/api/v1`: what operators see and change."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from ivr.service.errors import InvalidParameter
from ivr.web.answers import answer
from ivr.web.bodies import read_json
from ivr.web.keys import SERVICE
from ivr.web.operations import operation, read_model
from ivr.web.operator_shapes import (
    Callbacks,
    CallbacksQuery,
    Changed,
    OptionsBody,
    PauseAnswer,
    PauseBody,
    PauseChanged,
    ServiceAnswer,
    Services,
)
from ivr.web.records import operator_record
from ivr.web.shapes import OperatorRecord

_DEFAULT_LIMIT: Final = 250
_MAX_LIMIT: Final = 10_000


def add_operator_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/callbacks", callbacks)
    app.router.add_get("/api/v1/callbacks/{id}", callback)
    app.router.add_get("/api/v1/services", services)
    app.router.add_get("/api/v1/services/{service}", service)
    app.router.add_patch("/api/v1/services/{service}", change_service)
    app.router.add_get("/api/v1/services/{service}/pause", pause)
    app.router.add_put("/api/v1/services/{service}/pause", pause_service)
    app.router.add_delete("/api/v1/services/{service}/pause", resume_service)


@operation("operators", Callbacks, query=CallbacksQuery, refusals=(400, 404, 503))
async def callbacks(request: web.Request) -> web.Response:
    """Callbacks, oldest ask first."""
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


@operation("operators", OperatorRecord, refusals=(404, 503))
async def callback(request: web.Request) -> web.Response:
    """Everything about one callback."""
    return answer(operator_record(await request.app[SERVICE].query(request.match_info["id"])))


@operation("operators", Services)
async def services(request: web.Request) -> web.Response:
    """Every service with all its options."""
    catalog = request.app[SERVICE].catalog
    return answer({"services": [_shown(request, name) for name in catalog]})


@operation("operators", ServiceAnswer, refusals=(404,))
async def service(request: web.Request) -> web.Response:
    """The options of a service: value, what the file says, default, range, help."""
    return answer(_shown(request, request.match_info["service"]))


@operation("operators", Changed, body=OptionsBody, refusals=(404, 503))
async def change_service(request: web.Request) -> web.Response:
    """Change options from now on: `{"_ewt_threshold": 0}`; null falls back to the settings file."""
    changes = await read_json(request)
    if not changes:
        raise InvalidParameter("body", 'options are wanted, such as {"_ewt_threshold": 240}')
    name = request.match_info["service"]
    made = await request.app[SERVICE].catalog.change(name, changes, who=_who(request))
    return answer({"name": name, "changed": [{"option": c.option, "old": c.old, "new": c.new} for c in made]})


@operation("operators", PauseAnswer, refusals=(404, 503))
async def pause(request: web.Request) -> web.Response:
    """Whether a service is paused, and why."""
    reason = await request.app[SERVICE].paused(request.match_info["service"])
    return answer({"paused": reason is not None, "reason": reason})


@operation("operators", PauseChanged, body=PauseBody, refusals=(404, 503))
async def pause_service(request: web.Request) -> web.Response:
    """Emergency stop: requests are refused and nobody is dialled."""
    reason = read_model(await read_json(request, or_nothing=True), PauseBody).reason
    if not reason.isprintable():
        raise InvalidParameter("reason", "one line of text is wanted")
    names = await request.app[SERVICE].pause(request.match_info["service"], reason, who=_who(request))
    return answer({"paused": True, "reason": reason, "services": names})


@operation("operators", PauseChanged, refusals=(404, 503))
async def resume_service(request: web.Request) -> web.Response:
    """End the emergency stop."""
    names = await request.app[SERVICE].pause(request.match_info["service"], None, who=_who(request))
    return answer({"paused": False, "reason": None, "services": names})


def _who(request: web.Request) -> str:
    return f"api key from {request.remote or 'a local socket'}"


def _shown(request: web.Request, name: str) -> dict[str, Any]:
    return {"name": name, "options": request.app[SERVICE].catalog.describe(name)}


def _read_limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= _MAX_LIMIT:
        return int(text)
    raise InvalidParameter("limit", f"a whole number from 1 to {_MAX_LIMIT} is wanted")
