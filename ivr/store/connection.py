"""The way to the Redis server: a pool, a deadline on everything, and errors in the store's own words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ivr.store.port import StoreError, StoreUnavailable

DEADLINE_S: Final = 2.0
"""How long the store may take to answer before it counts as away: a caller is listening to silence meanwhile."""
_CONNECT_S: Final = 1.0
_PAUSE_S: Final = 0.1
_MAX_CONNECTIONS: Final = 64

# The server answers but cannot do its work now: a full disk, a replica, start-up, a partition, a wrong password.
_UNABLE: Final = (
    "MISCONF", "OOM", "READONLY", "LOADING", "BUSY", "NOAUTH", "WRONGPASS", "NOPERM", "MASTERDOWN", "NOREPLICAS",
    "CLUSTERDOWN", "TRYAGAIN", "UNBLOCKED",
)  # fmt: skip
_UNABLE_ERRORS: Final = (
    redis_errors.ConnectionError,
    redis_errors.ReadOnlyError,
    redis_errors.OutOfMemoryError,
    OSError,
)


class Connection:
    """Runs commands against one server with a deadline of `deadline_s` seconds on each."""

    def __init__(self, url: str, *, deadline_s: float = DEADLINE_S, max_connections: int = _MAX_CONNECTIONS) -> None:
        """`url`: redis://, rediss:// or unix://. Nothing is opened before the first command. Raises ValueError."""
        self._deadline_s = deadline_s
        # A stuck socket must leave time for another try within the deadline.
        self._pool = _pool(url, max_connections, deadline_s, socket_timeout_s=deadline_s / 2)
        # Whoever waits for events blocks on the socket for longer than any command may take.
        self._waiting_pool = _pool(url, max_connections, deadline_s, socket_timeout_s=None)
        self._redis: Redis = Redis(connection_pool=self._pool)
        self._waiting: Redis = Redis(connection_pool=self._waiting_pool)

    async def run(self, command: Callable[[Redis], Awaitable[Any]], *, repeatable: bool = True) -> Any:
        """The answer to `command`. What may be repeated without harm is tried again until the deadline.

        Raises StoreUnavailable, and StoreError when the server refuses the command itself.
        """
        try:
            async with asyncio.timeout(self._deadline_s):
                while True:
                    try:
                        return await command(self._redis)
                    except (redis_errors.ConnectionError, redis_errors.TimeoutError, OSError):
                        if not repeatable:
                            raise
                        await asyncio.sleep(_PAUSE_S)
        except (TimeoutError, redis_errors.TimeoutError) as error:
            raise StoreUnavailable(f"no answer from the store within {self._deadline_s:g} s") from error
        except (redis_errors.RedisError, OSError) as error:
            raise _in_our_words(error) from error

    async def wait(self, command: Callable[[Redis], Awaitable[Any]], wait_s: float) -> Any:
        """The answer to a command that blocks for up to `wait_s` seconds by itself."""
        try:
            async with asyncio.timeout(wait_s + self._deadline_s):
                return await command(self._waiting)
        except (TimeoutError, redis_errors.TimeoutError) as error:
            raise StoreUnavailable(f"no answer from the store within {wait_s + self._deadline_s:g} s") from error
        except (redis_errors.RedisError, OSError) as error:
            raise _in_our_words(error) from error

    async def close(self) -> None:
        for client, pool in ((self._redis, self._pool), (self._waiting, self._waiting_pool)):
            await client.aclose()
            await pool.disconnect()


def _pool(url: str, size: int, wait_s: float, *, socket_timeout_s: float | None) -> BlockingConnectionPool:
    return BlockingConnectionPool.from_url(
        url,
        max_connections=size,
        timeout=wait_s,
        socket_connect_timeout=_CONNECT_S,
        socket_timeout=socket_timeout_s,
        # Retries are ours: redis-py does not know which commands may be repeated.
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=True,
        # Otherwise every new connection looks up redis-py's version on the disk, in the event loop.
        driver_info=None,
    )


def _in_our_words(error: Exception) -> StoreError:
    text = str(error) or type(error).__name__
    # Old servers put the code of a command's error in the middle of the script's.
    if isinstance(error, _UNABLE_ERRORS) or any(word in text for word in _UNABLE):
        return StoreUnavailable(f"the store cannot be used now: {text}")
    return StoreError(f"the store refused a command: {text}")
