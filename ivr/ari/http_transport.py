"""Requests over HTTP, events over a websocket: what every Asterisk with ARI can do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self
from urllib.parse import quote

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from yarl import URL

from ivr.ari.checks import checked_text
from ivr.ari.errors import AriConnectionError, AriConnectionLost, AriTimeout, http_error
from ivr.ari.transport import Reply, Request

# Shorter than Asterisk's own session_keep_alive of 15 s, or a request may meet a connection that is being closed.
KEEP_ALIVE_S = 10.0
# Far under Asterisk's default sessionlimit of 100; a request that finds none free waits, within its deadline.
MAX_CONNECTIONS = 64
CONNECT_S = 5.0
# A host that vanished without a word is noticed after at most the sum of these two.
PING_EVERY_S = 5.0
PING_WITHIN_S = 5.0
MAX_FRAME_BYTES = 1 << 20
# Asterisk drops a websocket that takes nothing for 100 ms (websocket_write_timeout); so many frames may wait here.
MAX_FRAMES = 1024


class HttpTransport:
    """Keeps HTTP connections open, and opens one websocket for each `events` block."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """`url` is ARI's base, such as http://127.0.0.1:8088/ari."""
        base = URL(url.rstrip("/"))
        if base.scheme not in ("http", "https") or not base.host or base.user:
            raise ValueError(f"not the address of an ARI (http://HOST:PORT/ari): {url!r}")
        self._base = str(base)
        self._websocket = str(base.with_scheme("wss" if base.scheme == "https" else "ws"))
        self._headers = {"Authorization": aiohttp.encode_basic_auth(checked_text(user, "the ARI user"), password)}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def request(self, request: Request, timeout_s: float) -> Reply:
        url = self._base + request.path + (f"?{request.query}" if request.query else "")
        try:
            async with self._open_session().request(
                request.method,
                URL(url, encoded=True),
                json=request.body,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
                allow_redirects=False,
            ) as response:
                return Reply(response.status, await response.read())
        except TimeoutError as error:
            raise AriTimeout(f"{request}: no answer within {timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise AriConnectionError(f"{request}: {_said(error)}") from error

    @asynccontextmanager
    async def events(self, app: str) -> AsyncIterator[AsyncIterator[str | bytes]]:
        where = f"{self._websocket}/events?app={quote(app, safe='')}"
        try:
            connection = await connect(
                where,
                additional_headers=self._headers,
                proxy=None,
                compression=None,
                open_timeout=CONNECT_S,
                close_timeout=1.0,
                ping_interval=PING_EVERY_S,
                ping_timeout=PING_WITHIN_S,
                max_size=MAX_FRAME_BYTES,
                max_queue=MAX_FRAMES,
            )
        except InvalidStatus as error:
            raise http_error(error.response.status_code, error.response.reason_phrase, "GET /events") from error
        except TimeoutError as error:
            raise AriTimeout(f"GET /events: no websocket within {CONNECT_S:g} s") from error
        except (OSError, WebSocketException) as error:
            raise AriConnectionError(f"GET /events: {_said(error)}") from error
        try:
            yield _frames(connection)
        finally:
            await connection.close()

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _frames(connection: ClientConnection) -> AsyncIterator[str | bytes]:
    try:
        while True:
            yield await connection.recv()
    except ConnectionClosed as error:
        raise AriConnectionLost(f"the event websocket closed: {_said(error)}") from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
