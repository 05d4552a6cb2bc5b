"""What handlers find in the application, each by a typed key."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ivr.service.callbacks import CallbackService
from ivr.service.waiting import Waiting
from ivr.telemetry.health import Health
from ivr.telemetry.metrics import Metrics

SERVICE: Final = web.AppKey("service", CallbackService)
WAITING: Final = web.AppKey[Waiting]("waiting", Waiting)
HEALTH: Final = web.AppKey("health", Health)
METRICS: Final = web.AppKey("metrics", Metrics)
API_KEY: Final = web.AppKey("api_key", str)
