"""Answers in JSON, and every failure in the reference product's error body."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from ivr.service.durations import format_instant
from ivr.service.errors import ServiceError, TimeRefused
from ivr.web.keys import METRICS

_log = structlog.get_logger(__name__)
_dumps: Final = partial(json.dumps, separators=(",", ":"))

_NAMES: Final = {
    401: "CallbackExceptionUnauthorized",
    404: "CallbackExceptionNotFound",
    405: "CallbackExceptionMethod",
    413: "CallbackExceptionTooLarge",
    415: "CallbackExceptionMediaType",
}


def answer(data: Any, *, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, dumps=_dumps)


def error_answer(
    status: int,
    exception: str,
    phrase: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> web.Response:
    """`{"exception","code","phrase","message"}` and what there is `more`, with that HTTP status."""
    body = {"exception": exception, "code": status, "phrase": phrase, "message": message, **(more or {})}
    return web.json_response(body, status=status, dumps=_dumps, headers=headers)


@web.middleware
async def failures_as_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises into an answer, and count every answer."""
    response = await _answered(request, handler)
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "unknown"
    request.app[METRICS].http.labels(request.method if resource else "ANY", route, str(response.status)).inc()
    return response


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ServiceError as refused:
        return _refusal_answer(refused)
    except web.HTTPException as raised:
        if raised.status < 400:
            raise
        allow = raised.headers.get("Allow")
        return error_answer(
            raised.status,
            _NAMES.get(raised.status, "CallbackExceptionInvalidParameter"),
            raised.reason,
            _hint(raised),
            {"Allow": allow} if allow else None,
        )
    except Exception:  # noqa: BLE001  # the client gets no traceback, the log does
        _log.exception("a request failed", method=request.method, path=request.path)
        return error_answer(500, "CallbackException", "Internal error", "the request failed; the log says why")


def _refusal_answer(refused: ServiceError) -> web.Response:
    headers = None
    if refused.retry_after_s is not None:
        headers = {"Retry-After": str(math.ceil(refused.retry_after_s))}
    more = None
    if isinstance(refused, TimeRefused) and refused.availability is not None:
        more = {"availability": {format_instant(at_s): free for at_s, free in refused.availability.items()}}
    return error_answer(refused.status, refused.exception, refused.phrase, str(refused), headers, more)


def _hint(raised: web.HTTPException) -> str:
    match raised:
        case web.HTTPNotFound():
            return "no such resource"
        case web.HTTPMethodNotAllowed():
            return f"{raised.method} is not possible here; {', '.join(sorted(raised.allowed_methods))} is"
        case web.HTTPRequestEntityTooLarge():
            return "the body is larger than 64 KiB"
        case _:
            return raised.text or raised.reason
