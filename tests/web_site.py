"""The HTTP application on a real Valkey server, and a client with the key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.options import service_options
from ivr.store.metered_store import MeteredStore
from ivr.store.redis_store import RedisStore
from ivr.telemetry.health import Health
from ivr.telemetry.metrics import Metrics
from ivr.web.app import create_app

KEY = "a key for the tests"
START = "/genesys/1/service/callback/support"


@dataclass
class Site:
    """What the tests look at beside the answers."""

    client: TestClient  # type: ignore[type-arg]  # generic only in some releases of aiohttp
    store: RedisStore
    health: Health
    metrics: Metrics

    async def stored(self) -> int:
        return len(await self.store.find("support")) + len(await self.store.find("sales"))


@pytest.fixture
async def site(redis_url: str, aiohttp_client: Callable[..., Awaitable[TestClient]]) -> AsyncIterator[Site]:  # type: ignore[type-arg]
    store, metrics, health = RedisStore(redis_url), Metrics(), Health()
    given = {"_customer_lookup_keys": "_customer_number,account", "_enable_in_queue_checking": "strict"}
    services = {name: service_options(name, given, trunk="t", language="en-US") for name in ("support", "sales")}
    metered = MeteredStore(store, metrics)
    service = CallbackService(metered, Catalog(services, store), metrics=metrics)
    health.probe("redis", store.ping)
    app = create_app(service, health=health, metrics=metrics, api_key=KEY)
    client = await aiohttp_client(TestServer(app), headers={"x-api-key": KEY})
    yield Site(client, store, health, metrics)
    await client.close()
    await store.close()


@pytest.fixture
async def stranger(site: Site) -> AsyncIterator[ClientSession]:
    """A client without the key."""
    async with ClientSession(site.client.make_url("/")) as session:
        yield session
