"""The HTTP application, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from ivr.service.callbacks import CallbackService
from ivr.service.waiting import NothingKnown, Waiting
from ivr.telemetry.health import Health
from ivr.telemetry.metrics import Metrics
from ivr.web.answers import failures_as_bodies
from ivr.web.auth import key_wanted
from ivr.web.availability import add_availability_routes
from ivr.web.bodies import MAX_BODY_BYTES
from ivr.web.calendars import add_calendar_routes
from ivr.web.engagement import add_engagement_routes
from ivr.web.genesys import add_genesys_routes
from ivr.web.genesys_admin import add_genesys_admin_routes
from ivr.web.keys import API_KEY, HEALTH, METRICS, SERVICE, WAITING
from ivr.web.openapi import add_document_route
from ivr.web.operators import add_operator_routes
from ivr.web.probes import add_probe_routes
from ivr.web.wait_times import add_wait_routes

_DRAIN_S: Final = 5.0


def create_app(
    service: CallbackService, *, health: Health, metrics: Metrics, api_key: str, waiting: Waiting | None = None
) -> web.Application:
    """All HTTP faces, opened by `api_key`; /healthz, /readyz and /openapi.json need none.

    Without `waiting` no place in line and no wait is known. Raises ValueError for an empty key.
    """
    if not api_key:
        raise ValueError("an API key is needed")
    app = web.Application(middlewares=[failures_as_bodies, key_wanted], client_max_size=MAX_BODY_BYTES)
    app[SERVICE], app[HEALTH], app[METRICS], app[API_KEY] = service, health, metrics, api_key
    app[WAITING] = waiting or NothingKnown()
    add_genesys_routes(app)
    add_genesys_admin_routes(app)
    add_wait_routes(app)
    add_availability_routes(app)
    add_calendar_routes(app)
    add_engagement_routes(app)
    add_operator_routes(app)
    add_probe_routes(app)
    add_document_route(app)
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` while inside; gives the port in use (`port` may be 0). Raises OSError when it cannot listen."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_DRAIN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
