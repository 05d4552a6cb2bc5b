"""The estimated wait of each service, from the queue's live state and what calls have taken so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ivr.dialer.line import Line
from ivr.domain.callback import Callback
from ivr.domain.queue_state import QueueState
from ivr.domain.wait import HandleTime, WaitEstimate, estimate, unknown
from ivr.service.options import ServiceOptions
from ivr.service.waiting import Standing
from ivr.store.port import CallbackStore, Place, StoreUnavailable

_STORE_S = 0.5
"""A caller is not kept in silence for a store that does not answer."""
_FRESH_S = 0.5
"""A line of thousands is not read anew for every call."""


class Waits:
    """Learns how long calls of each queue take, and estimates with it."""

    def __init__(self, line: Line, store: CallbackStore, now: Callable[[], float]) -> None:
        self._line, self._store, self._now = line, store, now
        self._handle_times: dict[str, HandleTime] = {}
        self._read: dict[str, tuple[float, list[Place]]] = {}

    def call_handled(self, options: ServiceOptions, handled_s: float) -> None:
        """An agent of the service's queue was taken by a call for so long, talk and wrap-up."""
        self._handle_times[options.queue] = self._handle_time(options).after(handled_s)

    async def estimate(self, service: str, options: ServiceOptions) -> WaitEstimate:
        """The wait of somebody who asks now; an unknown wait is an answer, never an error."""
        state = self._line.queue(options.queue)
        if state is None:
            return unknown("the queue's state is not known")
        places = await self._places(service)
        return self._estimate(state, options, len(self._line.waiters(options.queue, places)))

    async def standing(self, callback: Callback, options: ServiceOptions) -> Standing | None:
        """Where a callback stands in its line; None while the queue's state is not known."""
        state = self._line.queue(options.queue)
        if state is None:
            return None
        waiters = self._line.waiters(options.queue, await self._places(callback.service))
        others = [waiter for waiter in waiters if waiter.callback_id != callback.id]
        ahead = sum(waiter.asked_at_s < callback.asked_at_s for waiter in others)
        return Standing(ahead + 1, len(others) + 1, self._estimate(state, options, ahead))

    def _estimate(self, state: QueueState, options: ServiceOptions, ahead: int) -> WaitEstimate:
        return estimate(
            # Whose agent is being rung has got one, who is not free any more either.
            ahead=max(0, ahead - state.being_rung_for),
            serving=state.staffed,
            free=len(state.available(self._now())),
            handle_time_s=self._handle_time(options).mean_s,
            patience_s=options.default_patience_s,
        )

    async def _places(self, service: str) -> list[Place]:
        """The callbacks in line. Many calls at once share one reading; without a store the last one holds."""
        read_at_s, places = self._read.get(service, (float("-inf"), []))
        if self._now() - read_at_s < _FRESH_S:
            return places
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_STORE_S):
                places = await self._store.line(service)
        self._read[service] = self._now(), places
        return places

    def _handle_time(self, options: ServiceOptions) -> HandleTime:
        return self._handle_times.get(options.queue) or HandleTime(options.default_handle_time_s)
