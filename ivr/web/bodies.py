"""Parameters from a request's body: a JSON object, a form, or a multipart form. Nothing is guessed at.

Raises InvalidParameter for what cannot be read, and aiohttp's own errors for a body too large (413) or of another
type (415).
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from aiohttp import web

from ivr.service.errors import InvalidParameter
from ivr.web.multipart import parse_form

MAX_BODY_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 200
_JSON: Final = frozenset(
    {
        "application/json",
        "text/json",
        "text/plain",
        # curl -d '{...}' says that it is a form, and some clients say nothing at all.
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    }
)


async def read_params(request: web.Request) -> dict[str, Any]:
    """The parameters of a start or an update."""
    body = await request.read()
    match request.content_type:
        case "multipart/form-data":
            return _multipart(request.headers["Content-Type"], body)
        case "application/json" | "text/json":
            return read_json_object(body)
        case "application/x-www-form-urlencoded" | "application/octet-stream":
            # curl -d '{...}' says that it is a form, and some clients say nothing at all.
            return read_json_object(body) if body.lstrip()[:1] in (b"{", b"[") else _form(body)
        case other:
            raise web.HTTPUnsupportedMediaType(
                text=f"{other} is not understood; application/json, application/x-www-form-urlencoded"
                " and multipart/form-data are"
            )


async def read_json(request: web.Request, *, or_nothing: bool = False) -> dict[str, Any]:
    """The parameters where only JSON is taken; with `or_nothing` there may be no body at all."""
    body = await request.read()
    if request.content_type not in _JSON:
        raise web.HTTPUnsupportedMediaType(text=f"{request.content_type} is not understood; application/json is")
    return {} if or_nothing and not body else read_json_object(body)


def read_json_object(body: bytes) -> dict[str, Any]:
    """A JSON object without repeated keys, NaN or Infinity."""
    try:
        found = json.loads(_utf8(body), parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError:
        raise InvalidParameter("body", "the JSON is nested too deeply") from None
    except InvalidParameter:
        raise
    except ValueError as error:
        raise InvalidParameter("body", f"is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidParameter("body", 'a JSON object is wanted, such as {"_customer_number": "+12025550100"}')
    return found


def _form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(_utf8(body), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except InvalidParameter:
        raise
    except ValueError as error:
        raise InvalidParameter("body", f"is not a form: {error}") from None
    return _unique(pairs)


def _multipart(content_type: str, body: bytes) -> dict[str, Any]:
    fields = parse_form(content_type, body, max_fields=MAX_FIELDS)
    return _unique([(name, _utf8(content)) for name, content in fields])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InvalidParameter(ascii(key)[:60], "is given twice")
        found[key] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidParameter("body", f"{text[:20]} is larger than any number")
    return number


def _no_number(name: str) -> NoReturn:
    raise InvalidParameter("body", f"{name} is not JSON")


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise InvalidParameter("body", "is not UTF-8 text") from None
