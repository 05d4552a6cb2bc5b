"""Any store, with its operations timed and what becomes of callbacks counted on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from time import perf_counter
from typing import Final, TypeVar

from ivr.domain.callback import Callback, CallbackState, DialResult
from ivr.domain.lifecycle import Event
from ivr.store.port import (
    NO_LIMITS,
    Admission,
    CallbackStore,
    Claim,
    Durability,
    LoggedEvent,
    Place,
    StoreUnavailable,
)
from ivr.telemetry.metrics import Metrics

_T = TypeVar("_T")
_ATTEMPT_ENDED: Final = frozenset({Event.ATTEMPT_FAILED, Event.CUSTOMER_REACHED, Event.GAVE_UP})


class MeteredStore:
    """A CallbackStore in front of another."""

    def __init__(self, store: CallbackStore, metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics

    async def create(
        self,
        callback: Callback,
        *,
        admission: Admission = NO_LIMITS,
        data: Mapping[str, str] | None = None,
    ) -> Callback:
        creating = self._store.create(callback, admission=admission, data=data)
        return await self._timed("create", creating)

    async def check(self, callback: Callback, admission: Admission) -> None:
        await self._timed("check", self._store.check(callback, admission))

    async def save(
        self,
        callback: Callback,
        kind: str,
        *,
        claim: Claim | None = None,
        data: Mapping[str, str] | None = None,
        admission: Admission = NO_LIMITS,
    ) -> Callback:
        saving = self._store.save(callback, kind, claim=claim, data=data, admission=admission)
        saved = await self._timed("save", saving)
        self._count(saved, kind)
        return saved

    async def get(self, callback_id: str) -> Callback | None:
        return await self._timed("get", self._store.get(callback_id))

    async def find(
        self,
        service: str,
        *,
        number: str | None = None,
        lookup: tuple[str, str] | None = None,
        states: Sequence[CallbackState] = (),
        limit: int = 1000,
    ) -> list[Callback]:
        finding = self._store.find(service, number=number, lookup=lookup, states=states, limit=limit)
        return await self._timed("find", finding)

    async def find_between(
        self,
        service: str,
        start_s: float,
        end_s: float,
        *,
        states: Sequence[CallbackState],
        after: tuple[float, str] | None = None,
        limit: int = 1000,
    ) -> list[Callback]:
        finding = self._store.find_between(service, start_s, end_s, states=states, after=after, limit=limit)
        return await self._timed("find_between", finding)

    async def counts(self, service: str) -> dict[CallbackState, int]:
        return await self._timed("counts", self._store.counts(service))

    async def booked(self, service: str, slots: Sequence[tuple[int, int]]) -> list[int]:
        return await self._timed("booked", self._store.booked(service, slots))

    async def pause(self, service: str, reason: str | None, data: Mapping[str, str]) -> None:
        await self._timed("pause", self._store.pause(service, reason, data))

    async def paused(self, service: str) -> str | None:
        return await self._timed("paused", self._store.paused(service))

    async def line(self, service: str) -> list[Place]:
        line = await self._timed("line", self._store.line(service))
        self._metrics.waiting.labels(service).set(len(line))
        self._metrics.in_flight.labels(service).set(sum(place.in_flight for place in line))
        return line

    async def due(self, service: str, before_s: float, *, limit: int = 100) -> list[str]:
        return await self._timed("due", self._store.due(service, before_s, limit=limit))

    async def overdue(self, service: str, now_s: float, *, limit: int = 100) -> list[str]:
        return await self._timed("overdue", self._store.overdue(service, now_s, limit=limit))

    async def claim(
        self, callback_id: str, worker: str, now_s: float, lease_s: float, *, orphaned: bool = False
    ) -> Claim | None:
        claiming = self._store.claim(callback_id, worker, now_s, lease_s, orphaned=orphaned)
        return await self._timed("claim", claiming)

    async def renew(self, claim: Claim, now_s: float, lease_s: float) -> Claim:
        return await self._timed("renew", self._store.renew(claim, now_s, lease_s))

    async def release(self, claim: Claim) -> None:
        await self._timed("release", self._store.release(claim))

    async def expired_claims(self, service: str, now_s: float) -> list[str]:
        return await self._timed("expired_claims", self._store.expired_claims(service, now_s))

    async def log(
        self,
        service: str,
        kind: str,
        *,
        callback_id: str | None = None,
        call_id: str | None = None,
        data: Mapping[str, str] | None = None,
    ) -> None:
        if kind == "callback_offered":
            self._metrics.offers.labels(service).inc()
        logging = self._store.log(service, kind, callback_id=callback_id, call_id=call_id, data=data)
        await self._timed("log", logging)

    async def events(
        self, service: str, after: str = "0", *, limit: int = 1000, block_s: float = 0.0
    ) -> list[LoggedEvent]:
        # Not timed: it waits because it is asked to.
        return await self._store.events(service, after, limit=limit, block_s=block_s)

    async def ping(self) -> None:
        await self._timed("ping", self._store.ping())

    async def durability(self) -> Durability:
        return await self._store.durability()

    async def _timed(self, operation: str, answer: Awaitable[_T]) -> _T:
        begun_s = perf_counter()
        try:
            return await answer
        except StoreUnavailable:
            self._metrics.store_errors.labels(operation).inc()
            raise
        finally:
            self._metrics.store_s.labels(operation).observe(perf_counter() - begun_s)

    def _count(self, callback: Callback, kind: str) -> None:
        result = callback.attempts[-1].result if callback.attempts else None
        # Who was reached has been counted then, also when it is given up afterwards.
        if kind in _ATTEMPT_ENDED and result and (result is not DialResult.PERSON or kind == Event.CUSTOMER_REACHED):
            self._metrics.dials.labels(callback.service, result).inc()
        if callback.is_final:
            self._metrics.completed_as(callback.service, callback.reason or "")
