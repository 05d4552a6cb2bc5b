"""The dialer: looks at the line of each queue, dials whom pacing releases, and sees every attempt to its end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine

import structlog
from structlog.contextvars import bound_contextvars

from ivr.dialer.attempt import AttemptCase
from ivr.dialer.calling_hours import put_off
from ivr.dialer.leases import Leases
from ivr.dialer.line import Line
from ivr.dialer.reconcile import reconcile
from ivr.domain.pacing import Release, release
from ivr.flows.call import AlreadyDialled, Switch, SwitchLost
from ivr.flows.outbound import NoLongerOurs, outbound
from ivr.service.callbacks import CallbackService
from ivr.service.errors import StorageFailed
from ivr.store.port import CallbackStore, Claim, Place, StoreUnavailable

_log = structlog.get_logger(__name__)

_ROUND_S = 1.0
"""A line is looked at as often as this, and at once when something has changed."""
_DRAIN_S = 5.0


class Dialer:
    """Serves the callbacks of every service; run it in one task and `kick` it when a line or a queue changes."""

    def __init__(
        self,
        callbacks: CallbackService,
        store: CallbackStore,
        switch: Switch,
        line: Line,
        *,
        worker: str,
        ready: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        """`worker` names this process among all dialers; `ready` tells whether calls can be made now."""
        self._callbacks, self._store, self._switch, self._line = callbacks, store, switch, line
        self._ready, self._now = ready, now
        self._leases = Leases(store, worker, now)
        self._attempts: set[asyncio.Task[None]] = set()
        self._cases: dict[str, AttemptCase] = {}
        """The attempts under way, by callback; without those whose call was ended as nobody wants it any more."""
        self._kicked = asyncio.Event()
        self._last_mind: dict[str, str] = {}

    @property
    def in_flight(self) -> int:
        """Attempts that this worker is watching, talks included."""
        return len(self._attempts)

    def kick(self) -> None:
        """Something changed: look at the lines now."""
        self._kicked.set()

    async def run(self) -> None:
        """Until cancelled; then attempts in progress are left to whoever reconciles, their calls go on."""
        keeping = asyncio.create_task(self._leases.keep())
        try:
            while True:
                for queue, services in self._services_by_queue().items():
                    await self._round(queue, services)
                try:
                    async with asyncio.timeout(_ROUND_S):
                        await self._kicked.wait()
                except TimeoutError:
                    pass
                self._kicked.clear()
        finally:
            for task in (keeping, *self._attempts):
                task.cancel()
            await asyncio.wait({keeping, *self._attempts}, timeout=_DRAIN_S)

    def _services_by_queue(self) -> dict[str, list[str]]:
        """Services that share a queue share its agents: who of them is dialled is one decision."""
        catalog, shared = self._callbacks.catalog, defaultdict[str, list[str]](list)
        for service in catalog:
            shared[catalog.get(service).queue].append(service)
        return shared

    async def _round(self, queue: str, services: list[str]) -> None:
        try:
            line: list[Place] = []
            for service in services:
                await self._callbacks.submit_due(service)
                await self._callbacks.expire_overdue(service)
                if self._ready():
                    await self._take_over_orphans(service)
                    places = await self._store.line(service)
                    await self._end_unwanted(service, places)
                    # Of a paused service only goes on what has begun; the others keep their places, and no agent.
                    held = await self._store.paused(service) is not None
                    line += [place for place in places if place.in_flight or not held]
            if line and self._ready():
                await self._dial(queue, services, line)
        except (StoreUnavailable, StorageFailed) as gone:
            _log.warning("store_unavailable", queue=queue, error=str(gone))

    async def _take_over_orphans(self, service: str) -> None:
        for callback_id in await self._store.expired_claims(service, self._now()):
            if claim := await self._leases.take(callback_id, orphaned=True):
                case = self._case(claim)
                self._start(reconcile(self._switch, case), case)

    async def _end_unwanted(self, service: str, places: list[Place]) -> None:
        """End the calls of callbacks that were cancelled since they were dialled."""
        in_line = {place.callback_id for place in places}
        for case in [c for c in self._cases.values() if c.callback.service == service and c.is_before_agent]:
            if case.callback.id in in_line:
                continue
            callback = await self._store.get(case.callback.id)
            # Asked again: an attempt may have come to its own end meanwhile, and be saying goodbye.
            if case.is_before_agent and (callback is None or callback.is_final):
                try:
                    if await self._switch.end(case.channel_id):
                        self._cases.pop(case.callback.id, None)
                except SwitchLost as lost:
                    _log.warning("unwanted_call_not_ended", channel=case.channel_id, error=str(lost))

    async def _dial(self, queue: str, services: list[str], line: list[Place]) -> None:
        state = self._line.queue(queue)
        now_s = self._now()
        decision = release(
            self._line.waiters(queue, line),
            free=len(state.available(now_s)) if state else None,
            serving=state.staffed if state else 0,
            now_s=now_s,
            max_in_flight=sum(self._callbacks.catalog.get(service).max_in_flight for service in services),
        )
        for service in services:
            await self._tell(service, decision)
        for callback_id in decision.callback_ids:
            if claim := await self._leases.take(callback_id):
                if await self._put_off(claim):
                    await self._leases.give_back(claim)
                    continue
                case = self._case(claim)
                self._start(outbound(self._switch, case), case)

    async def _put_off(self, claim: Claim) -> bool:
        catalog = self._callbacks.catalog
        options = catalog.for_callback(claim.callback)
        return await put_off(self._store, claim, options, catalog.builtins.slots_of(options).zone, self._now())

    def _case(self, claim: Claim) -> AttemptCase:
        options = self._callbacks.catalog.for_callback(claim.callback)
        return AttemptCase(self._store, claim, options, self._line, self._now)

    async def _tell(self, service: str, decision: Release) -> None:
        """The reason of every release, and of every change of mind about releasing nobody (not of every figure)."""
        mind = decision.reason.partition(":")[0]
        if mind == self._last_mind.get(service) and not decision.callback_ids:
            return
        self._last_mind[service] = mind
        released = [each for each in decision.callback_ids if each.rpartition("-")[0] == service]
        data = {"released": ",".join(released), "reason": decision.reason}
        await self._store.log(service, "pacing", data=data)

    def _start(self, work: Coroutine[object, object, None], case: AttemptCase) -> None:
        self._cases[case.callback.id] = case
        task = asyncio.create_task(self._watched(work, case))
        self._attempts.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._attempts.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("attempt_failed", exc_info=error)
        self.kick()

    async def _watched(self, work: Coroutine[object, object, None], case: AttemptCase) -> None:
        """Work on a claimed callback. At its end the claim is given back; a call that got out of sight is reconciled
        as soon as the switch is there again, one whose script failed when the claim runs out."""
        claim = case.claim
        with bound_contextvars(callback_id=claim.callback.id):
            try:
                try:
                    await work
                finally:
                    case.leave_place()
            except NoLongerOurs:
                _log.info("callback_taken_away")
            except StoreUnavailable as gone:
                _log.warning("attempt_not_stored", error=str(gone))
            except (SwitchLost, AlreadyDialled) as lost:
                _log.warning("attempt_out_of_sight", error=repr(lost))
                await self._leases.let_go(claim)
            except BaseException:
                self._leases.abandon(claim)
                raise
            finally:
                if self._cases.get(claim.callback.id) is case:
                    del self._cases[claim.callback.id]
            if self._leases.holds(claim):
                await self._leases.give_back(claim)
