"""Requests whose storing was never answered for: their callers were told that it failed, so it had better have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ivr.domain.callback import Callback

_log = structlog.get_logger(__name__)

_WATCHED_S: Final = 120.0
"""How long a write may still arrive at a store that has begun to answer again."""


class Doubtful:
    """Ids to be looked for, and what is found to be withdrawn."""

    def __init__(self, look_up: Callable[[str], Awaitable[Callback | None]], now: Callable[[], float]) -> None:
        self._look_up, self._now = look_up, now
        self._since_s: dict[str, tuple[str, float]] = {}

    def add(self, callback: Callback) -> None:
        self._since_s[callback.id] = (callback.service, self._now())

    async def found(self, service: str) -> list[str]:
        """Ids of those that were stored after all. Raises StorageFailed while the store does not answer."""
        stored = []
        for callback_id, (of_service, since_s) in list(self._since_s.items()):
            if of_service != service:
                continue
            callback = await self._look_up(callback_id)
            if callback is not None and not callback.is_final:
                _log.warning("a request was stored whose caller was told that it failed", callback_id=callback_id)
                stored.append(callback_id)
            elif callback is not None or self._now() - since_s > _WATCHED_S:
                del self._since_s[callback_id]
        return stored
