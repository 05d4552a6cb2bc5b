"""Answers in JSON, and every failure in the error body of the API that was asked."""

from __future__ import annotations

import json
import math
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from ivr.service.durations import format_instant
from ivr.service.errors import ServiceError, TimeRefused
from ivr.web.envelope import ENGAGEMENT, Failure, enveloped_failure
from ivr.web.keys import METRICS

_log = structlog.get_logger(__name__)
_dumps: Final = partial(json.dumps, separators=(",", ":"))

_KEPT: Final = ("Allow", "WWW-Authenticate")
_NAMES: Final = {
    401: "CallbackExceptionUnauthorized",
    404: "CallbackExceptionNotFound",
    405: "CallbackExceptionMethod",
    413: "CallbackExceptionTooLarge",
    415: "CallbackExceptionMediaType",
}


def answer(data: Any, *, status: int = 200) -> web.Response:
    return web.json_response(data, status=status, dumps=_dumps)


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
        failure = _of_refusal(refused)
    except web.HTTPException as raised:
        if raised.status < 400:
            raise
        exception = _NAMES.get(raised.status, "CallbackExceptionInvalidParameter")
        headers = {name: raised.headers[name] for name in _KEPT if name in raised.headers}
        failure = Failure(raised.status, exception, raised.reason, _hint(raised), headers)
    except Exception:  # noqa: BLE001  # the client gets no traceback, the log does
        _log.exception("a request failed", method=request.method, path=request.path)
        failure = Failure(
            500, "CallbackException", "Internal error", "the request failed; the log says why", refused=None
        )
    if request.path.startswith(ENGAGEMENT):
        return enveloped_failure(request, failure)
    body: dict[str, Any] = {
        "exception": failure.exception,
        "code": failure.status,
        "phrase": failure.phrase,
        "message": failure.message,
    }
    if failure.availability is not None:
        body["availability"] = failure.availability
    return web.json_response(body, status=failure.status, dumps=_dumps, headers=failure.headers)


def _of_refusal(refused: ServiceError) -> Failure:
    headers = {}
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(refused.retry_after_s))
    availability = None
    if isinstance(refused, TimeRefused) and refused.availability is not None:
        availability = {format_instant(at_s): free for at_s, free in refused.availability.items()}
    return Failure(
        refused.status, refused.exception, refused.phrase, str(refused), headers, availability, refused=refused
    )


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
