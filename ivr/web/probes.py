"""What watches this program: liveness, readiness, measures."""

from __future__ import annotations

from aiohttp import web

from ivr.web.answers import answer
from ivr.web.auth import has_key
from ivr.web.keys import HEALTH, METRICS


def add_probe_routes(app: web.Application) -> None:
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def healthz(_request: web.Request) -> web.Response:
    """The process lives and answers."""
    return answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """200 when every part works, else 503. Who has the key is told why a part does not."""
    parts = await request.app[HEALTH].check()
    ready = all(part.up for part in parts.values())
    shown = {
        name: {"up": part.up} | ({"detail": part.detail} if has_key(request) else {}) for name, part in parts.items()
    }
    return answer({"ready": ready, "parts": shown}, status=200 if ready else 503)


async def metrics(request: web.Request) -> web.Response:
    body, content_type = request.app[METRICS].exposition()
    return web.Response(body=body, headers={"Content-Type": content_type})
