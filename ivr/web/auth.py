"""Who may come in: the API key in `x-api-key` (or as a bearer token, for Prometheus)."""

from __future__ import annotations

import hmac
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from ivr.web.answers import error_answer
from ivr.web.keys import API_KEY

HEADER: Final = "x-api-key"
OPEN_TO_ALL: Final = frozenset({"/healthz", "/readyz"})


def has_key(request: web.Request) -> bool:
    """Whether the request brings the key; takes as long for a wrong one as for the right one."""
    given = request.headers.get(HEADER) or request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(errors="surrogateescape"), request.app[API_KEY].encode())


@web.middleware
async def key_wanted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """401 without the key, whether or not there is something at that path."""
    if request.path in OPEN_TO_ALL or has_key(request):
        return await handler(request)
    return error_answer(
        401,
        "CallbackExceptionUnauthorized",
        "Unauthorized",
        f"send the API key in the header {HEADER}",
        {"WWW-Authenticate": 'Bearer realm="callback"'},
    )
