"""Who may come in: the API key in `x-api-key`.

Prometheus sends it as a bearer token, and clients of the reference product as the password of HTTP Basic.
"""

from __future__ import annotations

import base64
import hmac
from contextlib import suppress
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from ivr.web.keys import API_KEY

HEADER: Final = "x-api-key"
OPEN_TO_ALL: Final = frozenset({"/healthz", "/readyz", "/openapi.json"})


def has_key(request: web.Request) -> bool:
    """Whether the request brings the key; takes as long for a wrong one as for the right one."""
    given = request.headers.get(HEADER) or _authorized(request.headers.get("Authorization", ""))
    return hmac.compare_digest(given.encode(errors="surrogateescape"), request.app[API_KEY].encode())


def _authorized(header: str) -> str:
    """The bearer token, or the password of whatever user."""
    scheme, _, credentials = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            with suppress(ValueError):
                return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    return ""


@web.middleware
async def key_wanted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """401 without the key, whether or not there is something at that path."""
    if request.path in OPEN_TO_ALL or has_key(request):
        return await handler(request)
    raise web.HTTPUnauthorized(
        text=f"send the API key in the header {HEADER}", headers={"WWW-Authenticate": 'Bearer realm="callback"'}
    )
