"""The callback service: the only way in, for the inbound call and for HTTP alike."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from ivr.domain.callback import Callback, CallbackState, Reason
from ivr.domain.lifecycle import Event
from ivr.service.admission import conditions, refuse_closed
from ivr.service.availability import Availability
from ivr.service.catalog import Catalog
from ivr.service.changes import ENDED, Changed, Changes
from ivr.service.doubtful import Doubtful
from ivr.service.durations import format_instant
from ivr.service.errors import ServiceError, StorageFailed, TimeRefused, WrongState
from ivr.service.finding import find_callbacks, read_condition
from ivr.service.gate import Gate
from ivr.service.interactions import Interactions
from ivr.service.marking import Marking
from ivr.service.overview import Overview
from ivr.service.request import (
    NEW_DESIRED_TIME,
    NUMBER,
    StartRequest,
    read_number,
    read_time,
    read_user_data,
    refuse_blocked,
)
from ivr.service.storage import ask
from ivr.store.port import CallbackStore, StoreError
from ivr.telemetry.metrics import Metrics

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """A callback that is stored: it may be promised now."""

    id: str
    callback: Callback


class CallbackService:
    """Starts, finds, changes and ends callbacks. Everything it refuses is a ServiceError."""

    def __init__(
        self,
        store: CallbackStore,
        catalog: Catalog,
        *,
        interactions: Interactions | None = None,
        metrics: Metrics | None = None,
        now: Callable[[], float] = time.time,
        new_id: Callable[[str], str] | None = None,
    ) -> None:
        """Without `interactions` (no switch at hand) originating calls are not marked, and that is logged."""
        self._store, self.catalog = store, catalog
        self._marking = Marking(store, interactions)
        self._metrics = metrics or Metrics()
        self._now = now
        self.availability = Availability(store, catalog.builtins, now)
        self.overview = Overview(store, catalog)
        self._gate = Gate(store, catalog, self.availability, now)
        self._changes, self._doubtful = Changes(store, now), Doubtful(self.look_up, now)
        self._new_id = new_id or (lambda service: f"{service}-{secrets.token_hex(10)}")

    # -- start --------------------------------------------------------------------------------------------------

    async def start(
        self,
        service: str,
        params: Mapping[str, Any],
        *,
        asked_at_s: float | None = None,
        facts: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Started:
        """Admit and store a request; it is durable when this returns.

        `params` are the reference product's (`_customer_number`, `_wait_for_agent`, `_desired_time`,
        `_originating_interaction_id`, options that may be overridden, the caller's own data). `asked_at_s` is for
        callers of ours who know since when the customer has been waiting, and `facts` for what the history should
        know of the offer. `headers` are those of the HTTP request: a daily limit may look at them. Raises a
        ServiceError; after StorageFailed nothing may be promised.
        """
        try:
            callback = await self._admit(service, params, headers or {}, asked_at_s, facts or {})
        except ServiceError as refused:
            await self._note_refusal(service, refused)
            raise
        self._metrics.accepted.labels(service).inc()
        _log.info("callback accepted", callback_id=callback.id, service=service, state=str(callback.state))
        await self._marking.mark(callback)
        return Started(callback.id, callback)

    async def _admit(
        self,
        service: str,
        params: Mapping[str, Any],
        headers: Mapping[str, str],
        asked_at_s: float | None,
        facts: Mapping[str, str],
    ) -> Callback:
        request = await self._gate.read(service, params, headers)
        callback = self._new_callback(service, request, asked_at_s)
        try:
            return await self._gate.admit(callback, request, facts)
        except StoreError as error:
            self._doubtful.add(callback)
            raise StorageFailed(str(error)) from error

    def _new_callback(self, service: str, request: StartRequest, asked_at_s: float | None) -> Callback:
        options, booked_s, now_s = request.options, request.desired_at_s, self._now()
        return Callback(
            id=self._new_id(service),
            service=service,
            customer_number=request.customer_number,
            created_at_s=now_s,
            asked_at_s=min(asked_at_s or now_s, now_s) if booked_s is None else booked_s,
            expires_at_s=(now_s if booked_s is None else booked_s) + options.ttl_s,
            wait_for_agent=request.wait_for_agent,
            state=CallbackState.QUEUED if booked_s is None else CallbackState.SCHEDULED,
            desired_at_s=booked_s,
            queued_at_s=now_s if booked_s is None else None,
            locale=options.language,
            originating_interaction_id=request.originating_interaction_id,
            user_data=request.user_data,
            lookup_keys=options.lookup_keys(),
            overrides=request.overrides,
        )

    async def _note_refusal(self, service: str, refused: ServiceError) -> None:
        known = service in self.catalog
        self._metrics.refused.labels(service if known else "", refused.exception, refused.cause).inc()
        _log.info("callback refused", service=service, exception=refused.exception, cause=refused.cause)
        if known and not isinstance(refused, StorageFailed):
            with suppress(StoreError):
                await self._store.log(
                    service, "refused", data={"exception": refused.exception, "cause": refused.cause}
                )

    # -- find ---------------------------------------------------------------------------------------------------

    async def query(self, callback_id: str, *, service: str | None = None) -> Callback:
        """The callback of this id, of that service if one is named. Raises UnknownCallback, StorageFailed."""
        return await self._changes.find(callback_id, service=service)

    async def look_up(self, callback_id: str) -> Callback | None:
        """The callback of this id, None when there is none. Raises StorageFailed."""
        return await ask(self._store.get(callback_id))

    async def query_properties(
        self, service: str | None, wanted: Sequence[tuple[str, str]], *, any_of: bool = False, limit: int = 1000
    ) -> list[Callback]:
        """Callbacks of one service, or of all, with all (or any) of the wanted properties, oldest ask first.

        A property is `_customer_number`, a lookup key of the service, `_callback_reason`, or `_callback_state`, whose
        value may be several states with commas between, and begin with `!` for "not". Without any: all callbacks.
        Raises UnknownService, InvalidParameter, StorageFailed.
        """
        found: list[Callback] = []
        for name in self.catalog if service is None else [service]:
            options = self.catalog.get(name)
            conditions = [read_condition(key, value, options) for key, value in wanted]
            found += await find_callbacks(self._store, name, conditions, any_of=any_of, limit=limit)
        found.sort(key=lambda callback: (callback.asked_at_s, callback.id))
        return found[:limit]

    # -- change -------------------------------------------------------------------------------------------------

    async def cancel(self, callback_id: str, *, service: str | None = None, reason: str | None = None) -> Callback:
        """End a callback; one that is cancelled already stays so. While it is dialled, the dialer finds out by its
        next write. Raises UnknownCallback, WrongState, StorageFailed."""

        def cancelled(callback: Callback) -> Changed:
            if callback.is_final and callback.reason == (reason or Reason.CANCELLED):
                return None
            if callback.state is CallbackState.PROCESSING:
                raise WrongState(callback, "the customer is talking with an agent")
            return self._changes.applied(callback, Event.CANCELLED, reason=reason)

        return await self._changes.change(callback_id, service, cancelled)

    async def update(self, callback_id: str, params: Mapping[str, Any], *, service: str | None = None) -> Callback:
        """Book another time (`_new_desired_time`) and change properties: the customer's number, own data.

        A booked callback whose new time is left out goes into the line now. The time, the number and the data are
        admitted as in `start`. Raises UnknownCallback, InvalidParameter, NumberRefused, PatternRefused,
        CountryRefused, TimeRefused, DuplicateCallback, QueueFull, WrongState, StorageFailed.
        """
        found = await self.query(callback_id, service=service)
        try:
            return await self._update(found, params)
        except ServiceError as refused:
            await self._note_refusal(found.service, refused)
            raise

    async def _update(self, found: Callback, params: Mapping[str, Any]) -> Callback:
        options = self.catalog.for_callback(found)
        at_s = read_time(NEW_DESIRED_TIME, params.get(NEW_DESIRED_TIME))
        number = read_number(params[NUMBER], options) if params.get(NUMBER) is not None else None
        data = read_user_data(params)
        told = data if number is None else {**data, NUMBER: number}
        refuse_blocked(told, options, self.catalog.builtins.patterns)
        wanted = replace(found, desired_at_s=at_s)

        def updated(callback: Callback) -> Changed:
            if callback.is_final:
                raise WrongState(callback, ENDED)
            if callback.dialing is not None or callback.state in (CallbackState.ROUTING, CallbackState.PROCESSING):
                raise WrongState(callback, "the customer is being called just now")
            callback = replace(
                callback,
                customer_number=number or callback.customer_number,
                user_data={**callback.user_data, **data},
            )
            if at_s is not None:
                moved = replace(callback, desired_at_s=at_s, asked_at_s=at_s, expires_at_s=at_s + options.ttl_s)
                return self._changes.applied(moved, Event.RESCHEDULED)
            if callback.state is CallbackState.SCHEDULED:
                refuse_closed(callback.service, options, self.catalog.builtins, self._now())
                now_s = self._now()
                moved = replace(callback, desired_at_s=None, asked_at_s=now_s, expires_at_s=now_s + options.ttl_s)
                return self._changes.applied(moved, Event.SUBMITTED)
            return self._changes.applied(callback, Event.UPDATED)

        logged = {} if at_s is None else {"desired_time": format_instant(at_s)}
        try:
            place = None if at_s is None else self._gate.place(wanted, options, NEW_DESIRED_TIME)
            admission = conditions(options, (), place, booked=at_s is not None)
            return await self._changes.change(
                found.id,
                found.service,
                updated,
                admission=admission,
                refusal=lambda error: self._gate.refusal(error, wanted, options, admission),
                data=logged,
            )
        except TimeRefused as refused:
            raise await self._gate.with_proposals(refused, wanted, options) from None

    # -- pause --------------------------------------------------------------------------------------------------

    async def pause(self, service: str, reason: str | None, *, who: str) -> list[str]:
        """Refuse requests and dial nobody from now on, for `reason`; with None go on. Services with the same
        `_paused_services_id` are paused together; returns their names. Raises UnknownService, StorageFailed."""
        group = self._paused_with(service)
        data = {"who": who, "detail": reason or ""}
        together = [name for name in self.catalog if self._paused_with(name) == group]
        for name in together:
            await ask(self._store.pause(name, reason, data))
        _log.warning("resumed" if reason is None else "paused", services=together, who=who, reason=reason)
        return together

    async def paused(self, service: str) -> str | None:
        """The reason for which a service is paused, None when it is not. Raises UnknownService, StorageFailed."""
        self.catalog.get(service)
        return await ask(self._store.paused(service))

    def _paused_with(self, service: str) -> str:
        return self.catalog.get(service).paused_services_id or service

    # -- what the dialer's round calls --------------------------------------------------------------------------

    async def submit_due(self, service: str) -> list[Callback]:
        """Put booked callbacks whose time has come into the line. Raises StorageFailed."""
        return await self._changes.apply_to_all(
            service, await ask(self._store.due(service, self._now())), Event.SUBMITTED
        )

    async def expire_overdue(self, service: str) -> list[Callback]:
        """End callbacks that nobody can be bothered with any more: past `_ttl`, or in line for longer than
        `_urs_queued_ttl`, or stored though their callers were told that it failed. One that is being dialled is left
        alone. Raises UnknownService, StorageFailed."""
        now_s = self._now()
        unwanted = await self._changes.apply_to_all(
            service, await self._doubtful.found(service), Event.GAVE_UP, reason=Reason.FAIL_QUEUEING
        )
        waits_s = self.catalog.get(service).urs_queued_ttl_s
        line = await ask(self._store.line(service))
        too_long = [p.callback_id for p in line if not p.in_flight and p.queued_at_s + waits_s <= now_s]
        overdue = dict.fromkeys([*await ask(self._store.overdue(service, now_s)), *too_long])
        return unwanted + await self._changes.apply_to_all(service, overdue, Event.EXPIRED)
