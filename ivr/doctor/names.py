"""Looks up the name of a machine without being held up by a name server that does not answer.

The resolver of the system can take longer than the doctor may; a thread of the event loop's own would keep the
program from ending until then, a daemon thread does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from urllib.parse import urlsplit

from ivr.doctor.check import Finding, failed
from ivr.settings import Settings


async def unknown_redis(settings: Settings) -> Finding | None:
    """The finding when the Redis server's name cannot be found."""
    host = urlsplit(settings.redis.url.get_secret_value()).hostname
    return await unknown_name(host, "[redis] url or REDIS_URL") if host else None


async def unknown_name(host: str, option: str) -> Finding | None:
    """The finding when `host`, the value of `option`, cannot be found; None when it has an address."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def tell(problem: str) -> None:
        if not answer.done():
            answer.set_result(problem)

    def ask() -> None:
        try:
            socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            problem = ""
        except (OSError, UnicodeError) as error:
            problem = str(error)
        # Nobody waits any more when the loop was closed meanwhile.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, problem)

    threading.Thread(target=ask, name=f"look up {host}", daemon=True).start()
    problem = await answer
    if not problem:
        return None
    return failed(
        f"the name {host} cannot be found: {problem}", f"correct {option}, or write the name into /etc/hosts"
    )
