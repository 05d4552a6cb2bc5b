"""Something that looks like Asterisk's ARI from outside, on a real socket, and can misbehave on demand."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import WSMsgType, web

USER, PASSWORD, APP = "callback", "secret", "callback"

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    """Still quoted."""
    query: dict[str, str]
    body: Any


class AriStandIn:
    """Answers requests by a table, and sends events over the websockets that are open.

    `answers` maps "METHOD /path" (after /ari, quoted) to what to do; everything else is 404.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answers: dict[str, Answer] = {}
        self.channels: list[dict[str, Any]] = []
        self.websockets: list[web.WebSocketResponse] = []
        self.websockets_ever = 0
        self.password = PASSWORD
        self.changed = asyncio.Condition()
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/ari"

    async def start(self) -> None:
        """Listen; on the same port as the last time, if there was one."""
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{rest:.*}", self._request)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Be gone, as an Asterisk that is being restarted."""
        self.drop_websockets()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def answer(self, request: str, status: int = 200, body: Any = None, *, after_s: float = 0.0) -> None:
        """Answer "METHOD /path" so from now on."""

        async def reply(_: web.Request) -> web.StreamResponse:
            await asyncio.sleep(after_s)
            if isinstance(body, bytes):
                return web.Response(status=status, body=body)
            return web.json_response(body, status=status) if body is not None else web.Response(status=status)

        self.answers[request] = reply

    async def send(self, kind: str, **fields: Any) -> None:
        """Send an event to the newest websocket."""
        await self.send_text(json.dumps({"type": kind, "application": APP, **fields}))

    async def send_text(self, text: str) -> None:
        await self.websockets[-1].send_str(text)

    def drop_websockets(self) -> None:
        """Cut them without a word."""
        for websocket in self.websockets:
            transport = websocket._req.transport if websocket._req is not None else None
            if transport is not None:
                transport.abort()
        self.websockets.clear()

    async def until(self, happened: Callable[[], bool], within_s: float = 5.0) -> None:
        """Wait for something that requests or websockets bring about."""
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(happened)

    def asked(self, request: str) -> list[Seen]:
        """What was asked so, in order."""
        return [seen for seen in self.seen if f"{seen.method} {seen.path}" == request]

    def _authorized(self, request: web.Request) -> bool:
        return (
            request.headers.get("Authorization") == f"Basic {b64encode(f'{USER}:{self.password}'.encode()).decode()}"
        )

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _request(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0].removeprefix("/ari")
        body = json.loads(await request.text()) if request.can_read_body else None
        self.seen.append(Seen(request.method, path, dict(request.query), body))
        await self._tell()
        if not self._authorized(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        known = self.answers.get(f"{request.method} {path}")
        if known is not None:
            return await known(request)
        if path == "/channels" and request.method == "GET":
            return web.json_response(self.channels)
        if path.endswith("/eventFilter"):
            return web.json_response({"name": APP})
        return web.json_response({"message": "Resource not found"}, status=404)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.websockets_ever += 1
        if not self._authorized(request):
            await self._tell()
            return web.json_response({"message": "Authentication required"}, status=401)
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        assert request.query["app"] == APP
        self.websockets.append(websocket)
        await self._tell()
        async for message in websocket:
            assert message.type is WSMsgType.TEXT
        if websocket in self.websockets:
            self.websockets.remove(websocket)
        await self._tell()
        return websocket


def channel(channel_id: str, **more: Any) -> dict[str, Any]:
    """A channel's JSON."""
    return {"id": channel_id, "name": f"PJSIP/{channel_id}", "state": "Up", **more}
