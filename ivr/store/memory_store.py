"""The callback store in memory: for the simulator and for tests on virtual time. Nothing survives the process."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ivr.domain.callback import Callback, CallbackState
from ivr.store.codec import event_data
from ivr.store.keys import service_of
from ivr.store.memory_admission import IN_LINE, Lease, MemoryService, admit_changed, admit_new, count_booked
from ivr.store.port import (
    NO_LIMITS,
    Admission,
    Claim,
    Durability,
    LoggedEvent,
    Place,
    StaleWrite,
    StoreUnavailable,
)


class MemoryStore:
    """A CallbackStore and an OptionsStore in one process."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self.available = True
        """Set to False, every call raises StoreUnavailable: a Redis that is down."""
        self._now = now
        self._services: defaultdict[str, MemoryService] = defaultdict(MemoryService)
        self._logged = asyncio.Condition()

    # -- callbacks ----------------------------------------------------------------------------------------------

    async def create(
        self,
        callback: Callback,
        *,
        admission: Admission = NO_LIMITS,
        data: Mapping[str, str] | None = None,
    ) -> Callback:
        service = await self._service(callback.service)
        kept = service.records.get(callback.id)
        if kept is not None:
            if service.last_write[callback.id] == (callback, "accepted"):
                return kept
            raise StaleWrite(f"{callback.id} exists already")
        admit_new(service, callback, admission)
        if admission.windows:
            service.accepted.append(callback.created_at_s)
        for value in admission.values:
            service.of_values.setdefault(value, []).append(callback.created_at_s)
        return await self._write(service, callback, 1, "accepted", data)

    async def check(self, callback: Callback, admission: Admission) -> None:
        admit_new(await self._service(callback.service), callback, admission)

    async def save(
        self,
        callback: Callback,
        kind: str,
        *,
        claim: Claim | None = None,
        data: Mapping[str, str] | None = None,
        admission: Admission = NO_LIMITS,
    ) -> Callback:
        service = await self._service(callback.service)
        kept = self._alive(service, callback.id)
        if kept is None:
            raise StaleWrite(f"{callback.id} is gone")
        if service.last_write[callback.id] == (callback, kind) and kept.version == callback.version + 1:
            return kept
        if kept.version != callback.version:
            raise StaleWrite(f"{callback.id} was changed since version {callback.version} was read")
        if claim is not None and service.fences.get(callback.id) != claim.fence:
            raise StaleWrite(f"{callback.id} was claimed by another worker")
        admit_changed(service, kept, callback, admission)
        return await self._write(service, callback, callback.version + 1, kind, data)

    async def get(self, callback_id: str) -> Callback | None:
        name = service_of(callback_id)
        return None if name is None else self._alive(await self._service(name), callback_id)

    async def find(
        self,
        service: str,
        *,
        number: str | None = None,
        lookup: tuple[str, str] | None = None,
        states: Sequence[CallbackState] = (),
        limit: int = 1000,
    ) -> list[Callback]:
        kept = await self._service(service)
        found = [
            callback
            for callback_id in list(kept.records)
            if (callback := self._alive(kept, callback_id)) is not None
            and (not states or callback.state in states)
            and (number is None or callback.customer_number == number)
            and (lookup is None or (lookup[0] in callback.lookup_keys and _has(callback, lookup)))
        ]
        return sorted(found, key=_order)[:limit]

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
        found = await self.find(service, states=states, limit=1_000_000)
        in_time = [callback for callback in found if start_s <= callback.asked_at_s < end_s]
        return [callback for callback in in_time if after is None or _order(callback) > after][:limit]

    async def counts(self, service: str) -> dict[CallbackState, int]:
        found = await self.find(service, limit=1_000_000)
        return {state: sum(callback.state is state for callback in found) for state in CallbackState}

    # -- slots and pauses ----------------------------------------------------------------------------------------

    async def booked(self, service: str, slots: Sequence[tuple[int, int]]) -> list[int]:
        kept = await self._service(service)
        return [count_booked(kept, start_s, end_s) for start_s, end_s in slots]

    async def pause(self, service: str, reason: str | None, data: Mapping[str, str]) -> None:
        kept = await self._service(service)
        kept.paused = reason
        await self._append(kept, service, "resumed" if reason is None else "paused", None, None, data)

    async def paused(self, service: str) -> str | None:
        return (await self._service(service)).paused

    # -- the line -----------------------------------------------------------------------------------------------

    async def line(self, service: str) -> list[Place]:
        kept = await self._service(service)
        return [
            Place(
                callback.id,
                callback.asked_at_s,
                callback.not_before_s,
                callback.wait_for_agent,
                callback.id in kept.leases,
                callback.created_at_s if callback.queued_at_s is None else callback.queued_at_s,
                callback.expires_at_s,
                callback.state,
            )
            for callback in sorted(kept.records.values(), key=_order)
            if callback.state in IN_LINE
        ]

    async def due(self, service: str, before_s: float, *, limit: int = 100) -> list[str]:
        booked = await self.find(service, states=[CallbackState.SCHEDULED], limit=1_000_000)
        return [callback.id for callback in booked if callback.asked_at_s <= before_s][:limit]

    async def overdue(self, service: str, now_s: float, *, limit: int = 100) -> list[str]:
        kept = await self._service(service)
        late = [c for c in kept.records.values() if not c.is_final and c.expires_at_s <= now_s]
        late.sort(key=lambda callback: (callback.expires_at_s, callback.id))
        return [c.id for c in late[:limit] if c.id not in kept.leases or kept.leases[c.id].until_s <= now_s]

    # -- claims -------------------------------------------------------------------------------------------------

    async def claim(
        self, callback_id: str, worker: str, now_s: float, lease_s: float, *, orphaned: bool = False
    ) -> Claim | None:
        name = service_of(callback_id)
        service = await self._service(name or "")
        callback = self._alive(service, callback_id)
        claimable = (*IN_LINE, CallbackState.PROCESSING) if orphaned else (CallbackState.QUEUED,)
        if callback is None or callback.state not in claimable:
            return None
        lease = service.leases.get(callback_id)
        if lease is not None and lease.until_s > now_s:
            return None
        fence = service.fences.get(callback_id, 0) + 1
        service.fences[callback_id] = fence
        service.leases[callback_id] = Lease(worker, now_s + lease_s)
        return Claim(callback, worker, fence, now_s + lease_s)

    async def renew(self, claim: Claim, now_s: float, lease_s: float) -> Claim:
        service = await self._service(claim.callback.service)
        lease = service.leases.get(claim.callback.id)
        if lease is None or service.fences.get(claim.callback.id) != claim.fence:
            raise StaleWrite(f"{claim.callback.id} is no longer held by {claim.worker}")
        lease.until_s = now_s + lease_s
        return replace(claim, until_s=lease.until_s)

    async def release(self, claim: Claim) -> None:
        service = await self._service(claim.callback.service)
        if service.fences.get(claim.callback.id) == claim.fence:
            service.leases.pop(claim.callback.id, None)

    async def expired_claims(self, service: str, now_s: float) -> list[str]:
        leases = (await self._service(service)).leases
        ended = sorted(
            (lease.until_s, callback_id) for callback_id, lease in leases.items() if lease.until_s <= now_s
        )
        return [callback_id for _, callback_id in ended]

    # -- events -------------------------------------------------------------------------------------------------

    async def log(
        self,
        service: str,
        kind: str,
        *,
        callback_id: str | None = None,
        call_id: str | None = None,
        data: Mapping[str, str] | None = None,
    ) -> None:
        kept = await self._service(service)
        await self._append(kept, service, kind, callback_id, call_id, data or {})

    async def events(
        self, service: str, after: str = "0", *, limit: int = 1000, block_s: float = 0.0
    ) -> list[LoggedEvent]:
        kept = await self._service(service)
        seen = len(kept.events) if after == "$" else int(after.partition("-")[0])
        if block_s > 0 and len(kept.events) <= seen:
            try:
                async with asyncio.timeout(block_s), self._logged:
                    await self._logged.wait_for(lambda: len(kept.events) > seen)
            except TimeoutError:
                return []
        return kept.events[seen : seen + limit]

    # -- options of a service -----------------------------------------------------------------------------------

    async def changed_options(self, service: str) -> dict[str, str]:
        return dict((await self._service(service)).options)

    async def change_options(
        self, service: str, changes: Mapping[str, str | None], kind: str, data: Mapping[str, str]
    ) -> None:
        kept = await self._service(service)
        for name, value in changes.items():
            if value is None:
                kept.options.pop(name, None)
            else:
                kept.options[name] = value
        await self._append(kept, service, kind, None, None, data)

    # -- health -------------------------------------------------------------------------------------------------

    async def ping(self) -> None:
        await self._service("")

    async def durability(self) -> Durability:
        await self._service("")
        return Durability(False, "kept in memory only: everything is lost with the process")

    # -- inside -------------------------------------------------------------------------------------------------

    async def _service(self, name: str) -> MemoryService:
        # A real store lets others run while it answers; so does this one, before it looks at anything.
        await asyncio.sleep(0)
        if not self.available:
            raise StoreUnavailable("the store was switched off")
        return self._services[name]

    def _alive(self, service: MemoryService, callback_id: str) -> Callback | None:
        callback = service.records.get(callback_id)
        if callback is not None and callback.is_final and callback.kept_until_s <= self._now():
            for kept in (service.records, service.fences, service.last_write):
                kept.pop(callback_id, None)
            return None
        return callback

    async def _write(
        self, service: MemoryService, callback: Callback, version: int, kind: str, data: Mapping[str, str] | None
    ) -> Callback:
        kept = replace(callback, version=version)
        service.records[callback.id] = kept
        service.last_write[callback.id] = (callback, kind)
        if callback.state in (CallbackState.COMPLETED, CallbackState.SCHEDULED):
            service.leases.pop(callback.id, None)
        told, call_id = event_data(callback, data), callback.originating_interaction_id
        await self._append(service, callback.service, kind, callback.id, call_id, told)
        return kept

    async def _append(
        self,
        service: MemoryService,
        name: str,
        kind: str,
        callback_id: str | None,
        call_id: str | None,
        data: Mapping[str, str],
    ) -> None:
        entry = f"{len(service.events) + 1}-0"
        service.events.append(LoggedEvent(entry, self._now(), kind, name, callback_id, call_id, dict(data)))
        async with self._logged:
            self._logged.notify_all()


def _order(callback: Callback) -> tuple[float, str]:
    return callback.asked_at_s, callback.id


def _has(callback: Callback, lookup: tuple[str, str]) -> bool:
    return callback.user_data.get(lookup[0]) == lookup[1]
