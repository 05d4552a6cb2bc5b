"""Each store that there is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ivr.store.memory_store import MemoryStore
from ivr.store.port import CallbackStore
from ivr.store.redis_store import RedisStore


@pytest.fixture(params=["memory", "redis"])
async def any_store(request: pytest.FixtureRequest) -> AsyncIterator[CallbackStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    redis = RedisStore(request.getfixturevalue("redis_url"))
    yield redis
    await redis.close()
