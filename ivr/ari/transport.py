"""How requests and events travel: the seam between the client and the network.

There is one transport now, HTTP for requests and a websocket for events (`http_transport.py`). Asterisk from 22.4
also takes requests over the event websocket, and from 22.5 connects to us by itself; each would be another class
like it, and nothing else would change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask of Asterisk. `path` and `query` are quoted already; `path` begins after /ari."""

    method: str
    path: str
    query: str = ""
    body: Any = None
    """A value for JSON, or None for no body."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What Asterisk answered, whatever its status."""

    status: int
    body: bytes


class Transport(Protocol):
    """Carries requests and events; it retries nothing."""

    async def request(self, request: Request, timeout_s: float) -> Reply:
        """Ask, and wait at most `timeout_s` for the whole answer.

        Raises AriConnectionError and AriTimeout, after both of which the request may have been carried out.
        """

    def events(self, app: str) -> AbstractAsyncContextManager[AsyncIterator[str | bytes]]:
        """Register the application and receive its events for as long as the block lasts, one frame each.

        Entering raises AriUnauthorized, AriConnectionError or AriTimeout; iterating ends with AriConnectionLost.
        """

    async def close(self) -> None:
        """Let go of every connection."""
