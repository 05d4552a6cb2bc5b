"""Where a callback stands in its line, and how long that takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

from ivr.dialer.line import Line
from ivr.domain.callback import Callback
from ivr.domain.wait import WaitEstimate
from ivr.service.options import ServiceOptions
from ivr.service.waiting import Standing
from ivr.store.port import CallbackStore, StoreError

_STORE_S = 1.0


class Estimates(Protocol):
    """The wait of somebody who asks now."""

    async def estimate(self, service: str, options: ServiceOptions) -> WaitEstimate: ...


class Standings:
    """What the APIs ask of the lines: a `Waiting`."""

    def __init__(self, line: Line, store: CallbackStore, waits: Estimates) -> None:
        self._line, self._store, self._waits = line, store, waits

    async def estimate(self, service: str, options: ServiceOptions) -> WaitEstimate:
        """The wait of somebody who asks now."""
        return await self._waits.estimate(service, options)

    async def standing(self, callback: Callback, options: ServiceOptions) -> Standing | None:
        """Where a callback stands; None while the queue or the store does not answer.

        Its wait is a newcomer's, as much of it as its place is of the line: the same agents serve both in turn.
        """
        if self._line.queue(options.queue) is None:
            return None
        try:
            async with asyncio.timeout(_STORE_S):
                places = await self._store.line(callback.service)
        except (StoreError, TimeoutError):
            return None
        others = [w for w in self._line.waiters(options.queue, places) if w.callback_id != callback.id]
        ahead = sum(waiter.asked_at_s < callback.asked_at_s for waiter in others)
        wait = await self._waits.estimate(callback.service, options)
        return Standing(ahead + 1, len(others) + 1, _part(wait, (ahead + 1) / (len(others) + 2), ahead))


def _part(wait: WaitEstimate, share: float, ahead: int) -> WaitEstimate:
    if wait.p10_s is None or wait.median_s is None or wait.p90_s is None:
        return wait
    return replace(
        wait, p10_s=wait.p10_s * share, median_s=wait.median_s * share, p90_s=wait.p90_s * share, ahead=ahead
    )
