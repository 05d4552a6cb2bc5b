"""What is examined: the settings, and the connections that they tell of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from ivr.ari import AriClient
from ivr.ari.http_transport import HttpTransport
from ivr.doctor.manager import Manager
from ivr.doctor.names import unknown_redis
from ivr.service.catalog import Catalog
from ivr.service.errors import StorageFailed
from ivr.service.options import ServiceOptions
from ivr.settings import Settings, SettingsRefused
from ivr.store.connection import Connection
from ivr.store.port import StoreError
from ivr.store.redis_store import RedisStore

OPTIONS_S: Final = 1.5
"""For the store to tell what was changed while running; without an answer the file holds."""
REQUEST_S: Final = 3.0
"""For one request; less than an examination's deadline, so that the finding can say which request it was."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Open connections to one installation. Nothing is connected before the first request."""

    settings: Settings
    services: Mapping[str, ServiceOptions]
    """As they are now: what was changed while running over what the file says."""
    transport: HttpTransport
    ari: AriClient
    """For requests only. Its application name is a throw-away one: under the real name the doctor's websocket would
    take the calls away from a running program."""
    manager: Manager
    store: Connection
    now_s: Callable[[], float]
    _modules: dict[str, str] = field(default_factory=dict)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def modules(self) -> Mapping[str, str]:
        """The status of Asterisk's modules by name, asked once. Raises AriError."""
        async with self._asking:
            if not self._modules:
                self._modules.update({module.name: module.status for module in await self.ari.asterisk.modules()})
        return self._modules

    async def is_running(self, module: str) -> bool:
        return (await self.modules()).get(module) == RUNNING


RUNNING: Final = "Running"


@asynccontextmanager
async def admitted(settings: Settings, now_s: Callable[[], float]) -> AsyncIterator[Patient]:
    """The connections of one examination. `now_s`: this machine's clock, epoch seconds.

    Raises SettingsRefused when an address in them can be none.
    """
    asterisk = settings.asterisk
    password = asterisk.ari_password.get_secret_value()
    try:
        transport = HttpTransport(asterisk.ari_url, asterisk.ari_user, password)
        store = Connection(settings.redis.url.get_secret_value(), deadline_s=REQUEST_S, max_connections=8)
    except ValueError as error:
        raise SettingsRefused([str(error)]) from None
    app = f"ivr-doctor-{uuid4().hex[:8]}"
    ari = AriClient(
        asterisk.ari_url, asterisk.ari_user, password, app, request_timeout_s=REQUEST_S, transport=transport
    )
    manager = Manager(asterisk.ami_host, asterisk.ami_port, REQUEST_S)
    try:
        services = await _services_now(settings, store)
        yield Patient(settings, services, transport, ari, manager, store, now_s)
    finally:
        await manager.close()
        await ari.close()
        await store.close()


async def _services_now(settings: Settings, connection: Connection) -> Mapping[str, ServiceOptions]:
    store = RedisStore(settings.redis.url.get_secret_value(), deadline_s=OPTIONS_S)
    catalog = Catalog(settings.services, store, settings.builtins)
    try:
        async with asyncio.timeout(OPTIONS_S):
            if await unknown_redis(settings):
                return settings.services
            # Asked once; the store itself would ask a server that is not there again and again.
            await connection.run(lambda redis: redis.ping(), repeatable=False)
            await catalog.load()
    except (StoreError, StorageFailed, TimeoutError):
        return settings.services
    finally:
        await store.close()
    return {name: catalog.get(name) for name in catalog}
