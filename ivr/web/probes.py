"""What watches this program: liveness, readiness, measures."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import Field

from ivr.web.answers import answer
from ivr.web.auth import has_key
from ivr.web.keys import HEALTH, METRICS
from ivr.web.operations import Answer, operation

_TAG = "about this program"


class Alive(Answer):
    status: Literal["ok"]


class Part(Answer):
    up: bool
    detail: str | None = Field(None, description="why it is down; told to who has the key")


class Ready(Answer):
    ready: bool
    parts: dict[str, Part]


def add_probe_routes(app: web.Application) -> None:
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


@operation(_TAG, Alive, needs_key=False)
async def healthz(_request: web.Request) -> web.Response:
    """The process lives and answers."""
    return answer({"status": "ok"})


@operation(_TAG, Ready, more_answers={503: Ready}, needs_key=False)
async def readyz(request: web.Request) -> web.Response:
    """200 when every part works, else 503. Who has the key is told why a part does not."""
    parts = await request.app[HEALTH].check()
    ready = all(part.up for part in parts.values())
    shown = {
        name: {"up": part.up} | ({"detail": part.detail} if has_key(request) else {}) for name, part in parts.items()
    }
    return answer({"ready": ready, "parts": shown}, status=200 if ready else 503)


@operation(_TAG, str, answer_media="text/plain")
async def metrics(request: web.Request) -> web.Response:
    """Measures for Prometheus."""
    body, content_type = request.app[METRICS].exposition()
    return web.Response(body=body, headers={"Content-Type": content_type})
