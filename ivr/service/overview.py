"""Many callbacks at once, for those who look after them: how many run, lists by time, and ends with a reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ivr.domain.callback import Callback, CallbackState, Reason
from ivr.service.catalog import Catalog
from ivr.service.errors import InvalidParameter, ServiceError
from ivr.service.finding import read_condition
from ivr.service.storage import ask
from ivr.store.port import CallbackStore

EXECUTING: Final = (CallbackState.QUEUED, CallbackState.ROUTING)
_AT_ONCE: Final = 16
_PAGE: Final = 500
MAX_REASON_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one of the callbacks that were to be cancelled; `refused` is None when it was."""

    callback_id: str
    refused: ServiceError | None


class Overview:
    """Reads a service as a whole."""

    def __init__(self, store: CallbackStore, catalog: Catalog) -> None:
        self._store, self._catalog = store, catalog

    async def executing(self, services: Iterable[str]) -> dict[str, int]:
        """Callbacks that wait for an agent, are dialled, or bring a customer to one. Raises UnknownService,
        StorageFailed."""
        found = {}
        for service in services:
            self._catalog.get(service)
            counts = await ask(self._store.counts(service))
            found[service] = sum(counts.get(state, 0) for state in EXECUTING)
        return found

    async def between(
        self,
        service: str,
        start_s: float,
        end_s: float,
        wanted: Sequence[tuple[str, str]] = (),
        *,
        offset: int = 0,
        limit: int = 1000,
    ) -> list[Callback]:
        """Callbacks that were asked for, or are booked, from `start_s` until before `end_s`, the earliest first.

        `wanted` as in CallbackService.query_properties. Raises UnknownService, InvalidParameter, StorageFailed.
        """
        options = self._catalog.get(service)
        conditions = [read_condition(key, value, options) for key, value in wanted]
        states = [state for state in CallbackState if all(state in condition.states for condition in conditions)]
        found: list[Callback] = []
        if not states:
            return found
        async for page in self._pages(service, states, start_s, end_s):
            found += [callback for callback in page if all(condition.holds(callback) for condition in conditions)]
            if len(found) >= offset + limit:
                break
        return found[offset : offset + limit]

    async def ended_because(self, reason: str) -> AsyncIterator[list[Callback]]:
        """All callbacks of all services that are COMPLETED for this reason, some at a time. Raises StorageFailed."""
        for service in self._catalog:
            async for page in self._pages(service, [CallbackState.COMPLETED], float("-inf"), float("inf")):
                found = [callback for callback in page if callback.reason == reason]
                if found:
                    yield found

    async def _pages(
        self, service: str, states: Sequence[CallbackState], start_s: float, end_s: float
    ) -> AsyncIterator[list[Callback]]:
        after: tuple[float, str] | None = None
        while True:
            page = await ask(
                self._store.find_between(service, start_s, end_s, states=states, after=after, limit=_PAGE)
            )
            yield page
            if len(page) < _PAGE:
                return
            after = (page[-1].asked_at_s, page[-1].id)


async def cancel_all(ids: Iterable[str], cancel: Callable[[str], Awaitable[object]]) -> list[Ended]:
    """Cancel each, and say of each what became of it; some at the same time."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(callback_id: str) -> Ended:
        async with turn:
            try:
                await cancel(callback_id)
            except ServiceError as refused:
                return Ended(callback_id, refused)
        return Ended(callback_id, None)

    return list(await asyncio.gather(*map(one, dict.fromkeys(ids))))


def read_reason(text: str | None) -> str | None:
    """The reason of a cancellation, None for the usual one. Raises InvalidParameter."""
    if text is None or not text.strip():
        return None
    reason = text.strip()
    if len(reason) > MAX_REASON_LENGTH or not reason.isprintable():
        raise InvalidParameter("reason", f"a line of up to {MAX_REASON_LENGTH} characters is wanted")
    if reason in set(Reason) - {Reason.CANCELLED}:
        raise InvalidParameter("reason", f"{reason} says that something else happened; give one of your own")
    return reason
