"""The HTTP application with every kind of service, callbacks in every state, and a queue that is seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from time import time
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ivr.dialer.line import Line
from ivr.domain.callback import Callback
from ivr.domain.lifecycle import Event, apply
from ivr.domain.queue_state import Member, MemberStatus, QueueState, Waiting
from ivr.reception.standing import Standings
from ivr.reception.waits import Waits
from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.durations import format_instant
from ivr.settings import Settings, load_settings
from ivr.store.metered_store import MeteredStore
from ivr.store.redis_store import RedisStore
from ivr.telemetry.health import Health
from ivr.telemetry.metrics import Metrics
from ivr.web.app import create_app

KEY = "a key for the tests"
SETTINGS = """
[asterisk]
ari_user = "ivr"
ari_password = "ari secret"
ami_user = "ivr"
ami_password = "ami secret"
[http]
api_key = "0123456789abcdef"

[service.open-hours]
_type = "office-hours"
_timezone = "America/New_York"
_bh_regular1 = "Mon-Sun 00:00-24:00"

[service.shut]
_type = "office-hours"
_timezone = "America/New_York"
_bh_regular1 = "Mon-Fri 09:00-17:00"
_effective_dates1 = "2020-01-01 to 2020-01-02"

[service.places]
_type = "capacity"
_timezone = "America/New_York"
_capacity_1 = '{"1": {"0900": 2}}'

[service.support]
_customer_lookup_keys = "_customer_number,account"
_enable_in_queue_checking = "strict"
_throttle_request_parameters_limit = 0

[service.daily]
_enable_in_queue_checking = "false"
_throttle_request_parameters_limit = 1

[service.full]
_max_queued_callbacks_per_service = 0

[service.closed]
_business_hours_service = "shut"
_enable_reject_out_of_office_hours = true

[service.booked]
_business_hours_service = "open-hours"
_max_request_by_time_bucket = 1
_enable_in_queue_checking = "false"
"""
TAKEN, QUEUED, SCHEDULED, DONE = "+12025550110", "+12025550111", "+12025550112", "+12025550113"


class OneQueue:
    """The state of the queue `support`: two agents on calls, and a live caller who came first."""

    def state(self, queue: str) -> QueueState | None:
        if queue != "support":
            return None
        agents = tuple(Member(f"PJSIP/agent-{n}", status=MemberStatus.IN_USE, in_call=True) for n in (1, 2))
        return QueueState("support", time(), agents, (Waiting("1.1", "PJSIP/caller", 1, time() - 3600),))


@dataclass
class FullSite:
    """A client with the key, and what is known of the callbacks that are there."""

    client: TestClient  # type: ignore[type-arg]  # generic only in some releases of aiohttp
    app: web.Application
    store: RedisStore
    service: CallbackService
    known: dict[str, str]

    def filled(self, value: Any) -> Any:
        """`value` with the names of what is known, such as `@queued`, replaced."""
        match value:
            case str():
                return self.known.get(value, value)
            case Mapping():
                return {key: self.filled(each) for key, each in value.items()}
            case list():
                return [self.filled(each) for each in value]
            case _:
                return value

    async def everything(self) -> dict[str, tuple[int, str]]:
        """Version and state of every callback: what a refused request leaves as it is."""
        found: list[Callback] = []
        for name in self.service.catalog:
            found += await self.store.find(name, limit=10_000)
        return {callback.id: (callback.version, callback.state) for callback in found}


@pytest.fixture
def full_settings(tmp_path: Path) -> Settings:
    file = tmp_path / "ivr.toml"
    file.write_text(SETTINGS)
    return load_settings(file, {})


def full_app(settings: Settings, store: RedisStore) -> tuple[web.Application, CallbackService]:
    """The application on a store; with what an operator would see of the queue `support`."""
    metrics, health = Metrics(), Health()
    metered = MeteredStore(store, metrics)
    catalog = Catalog(settings.services, store, settings.builtins)
    service = CallbackService(metered, catalog, metrics=metrics)
    line = Line(OneQueue())
    health.probe("redis", store.ping)
    health.up("ari")
    health.up("ami")
    waiting = Standings(line, metered, Waits(line, metered, time))
    return create_app(service, health=health, metrics=metrics, api_key=KEY, waiting=waiting), service


@pytest.fixture
async def full_site(
    redis_url: str,
    full_settings: Settings,
    aiohttp_client: Callable[..., Awaitable[TestClient]],  # type: ignore[type-arg]
) -> AsyncIterator[FullSite]:
    store = RedisStore(redis_url)
    app, service = full_app(full_settings, store)
    client = await aiohttp_client(TestServer(app), headers={"x-api-key": KEY})
    known = await populate(service, store)
    yield FullSite(client, app, store, service, known)
    await client.close()
    await store.close()


async def populate(service: CallbackService, store: RedisStore) -> dict[str, str]:
    """Callbacks in every state; their ids, and times to book, by the names that requests use."""
    slot = ceil(time() / 300 + 12) * 300
    queued = await service.start("support", {"_customer_number": QUEUED, "account": "7"})
    booked = await service.start("support", {"_customer_number": SCHEDULED, "_desired_time": format_instant(slot)})
    done = await service.start("support", {"_customer_number": DONE, "account": "=1+1"})
    await service.cancel(done.id, reason="storm")
    talking = (await service.start("support", {"_customer_number": TAKEN})).callback
    for event in (Event.CUSTOMER_REACHED, Event.AGENT_CONNECTED):
        talking = await store.save(apply(replace(talking), event, time()), event)
    await service.start("booked", {"_customer_number": TAKEN, "_desired_time": format_instant(slot)})
    await service.start("daily", {"_customer_number": TAKEN})
    return {
        "@queued": queued.id,
        "@scheduled": booked.id,
        "@done": done.id,
        "@talking": talking.id,
        "@slot": format_instant(slot),
        "@free": format_instant(slot + 3600),
        "@past": format_instant(time() - 3600),
        "@later": format_instant(time() + 86400),
    }
