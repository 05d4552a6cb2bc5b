"""What every resource needs of the client: to ask Asterisk, and to follow events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from ivr.ari.checks import checked_text
from ivr.ari.decode import Malformed
from ivr.ari.errors import AriProtocolError, http_error
from ivr.ari.handlers import Handlers
from ivr.ari.operations import Operation
from ivr.ari.router import Router
from ivr.ari.transport import Reply, Request, Transport

T = TypeVar("T")

Value = str | int | bool | None
"""A query parameter; None leaves it out."""


class Session:
    """Sends operations, every one with a deadline, and turns answers into values or errors."""

    def __init__(self, transport: Transport, app: str, timeout_s: float, router: Router, handlers: Handlers) -> None:
        self.transport = transport
        self.app = app
        self.router = router
        self.handlers = handlers
        self._timeout_s = timeout_s

    async def do(
        self,
        operation: Operation,
        ids: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        /,
        **query: Value,
    ) -> None:
        """Carry out an operation whose answer tells nothing. Raises AriError."""
        await self._answer(operation, ids or {}, query, body)

    async def read(
        self,
        shape: Callable[[Any], T],
        operation: Operation,
        ids: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        /,
        **query: Value,
    ) -> T:
        """Carry out an operation and read its answer. Raises AriError."""
        reply = await self._answer(operation, ids or {}, query, body)
        try:
            return shape(json.loads(reply.body))
        except (Malformed, ValueError, RecursionError) as error:
            raise AriProtocolError(f"{operation.method} {operation.path}: {error}") from error

    async def _answer(
        self,
        operation: Operation,
        ids: Mapping[str, str],
        query: Mapping[str, Value],
        body: Mapping[str, Any] | None,
    ) -> Reply:
        request = Request(operation.method, operation.target(ids), _query(operation, query), _body(operation, body))
        reply = await self.transport.request(request, self._timeout_s)
        if reply.status >= 300:
            raise http_error(reply.status, _reason(reply), str(request))
        return reply


def new_id(kind: str) -> str:
    """An id that nothing in Asterisk has yet."""
    return f"{kind}-{uuid4().hex}"


def _query(operation: Operation, values: Mapping[str, Value]) -> str:
    pairs = []
    for key, value in values.items():
        if key not in operation.query:
            raise TypeError(f"{operation.method} {operation.path} has no parameter {key}")
        match value:
            case None:
                continue
            case bool():
                pairs.append((key, "true" if value else "false"))
            case _:
                pairs.append((key, checked_text(str(value), key)))
    return urlencode(pairs, quote_via=quote, safe="")


def _body(operation: Operation, body: Mapping[str, Any] | None) -> Any:
    if body is None:
        return None
    for key in body:
        if key not in operation.body:
            raise TypeError(f"{operation.method} {operation.path} has no body parameter {key}")
    if operation.bare_body:
        return next(iter(body.values()))
    return body


def _reason(reply: Reply) -> str:
    """Asterisk's own words in an answer that says no."""
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return reply.body[:200].decode(errors="replace").strip()
    if isinstance(said, dict):
        return str(said.get("message") or said.get("error") or "")
    return ""
