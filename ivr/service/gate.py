"""The gate of the callback service: reads a request, and stores its callback when all conditions hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from ivr.domain.callback import Callback
from ivr.service.admission import before_time, conditions, place_for_booking, refusal, refuse_closed
from ivr.service.availability import Availability
from ivr.service.catalog import Catalog
from ivr.service.errors import ServiceError, ServicePaused, StorageFailed, TimeRefused
from ivr.service.options import ServiceOptions
from ivr.service.request import DESIRED_TIME, StartRequest, read_start
from ivr.service.storage import ask
from ivr.store.port import Admission, CallbackStore, NotAdmitted, SlotPlace

_T = TypeVar("_T")


class Gate:
    """Refuses with a ServiceError that says what to do."""

    def __init__(
        self, store: CallbackStore, catalog: Catalog, availability: Availability, now: Callable[[], float]
    ) -> None:
        self._store, self._catalog, self._availability, self._now = store, catalog, availability, now

    async def read(self, service: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> StartRequest:
        """The request, as far as it can be told without the store. Raises a ServiceError."""
        options = self._catalog.get(service)
        try:
            request = read_start(params, options, self._catalog.builtins.patterns, headers)
            self._catalog.builtins.check(request.options)
        except ServiceError:
            await self._refuse_paused(service)
            raise
        return request

    async def admit(self, callback: Callback, request: StartRequest, facts: Mapping[str, str]) -> Callback:
        """Store a new callback. Raises a ServiceError when it is refused, StoreError when it may be stored or not."""
        options, booked = request.options, callback.desired_at_s is not None
        try:
            place = self.place(callback, options, DESIRED_TIME)
        except TimeRefused as closed:
            early = before_time(conditions(options, request.limited, None, booked=booked))
            await self._or_refusal(self._store.check(callback, early), callback, options, early)
            raise await self.with_proposals(closed, callback, options) from None
        admission = conditions(options, request.limited, place, booked=booked)
        try:
            storing = self._store.create(callback, admission=admission, data=facts)
            return await self._or_refusal(storing, callback, options, admission)
        except TimeRefused as taken:
            raise await self.with_proposals(taken, callback, options) from None

    def place(self, callback: Callback, options: ServiceOptions, name: str) -> SlotPlace | None:
        """What a callback needs of a slot for the time that the parameter `name` asked for; None for one that is
        wanted now. Raises TimeRefused, InvalidParameter."""
        builtins, now_s = self._catalog.builtins, self._now()
        if callback.desired_at_s is None:
            refuse_closed(callback.service, options, builtins, now_s)
            return None
        return place_for_booking(callback.service, name, callback.desired_at_s, options, builtins, now_s)

    def refusal(
        self, error: NotAdmitted, callback: Callback, options: ServiceOptions, admission: Admission
    ) -> ServiceError:
        """What the store refused, in the words of the service."""
        return refusal(error, callback.service, options, admission, callback.desired_at_s, self._now())

    async def with_proposals(self, refused: TimeRefused, callback: Callback, options: ServiceOptions) -> TimeRefused:
        """The refusal, with times that can be had where it is of a kind to propose some. Raises StorageFailed."""
        if refused.proposes:
            wanted_s = self._now() if callback.desired_at_s is None else callback.desired_at_s
            refused.availability = await self._availability.proposals(callback.service, options, wanted_s)
        return refused

    async def _refuse_paused(self, service: str) -> None:
        """That the service is paused goes before everything; the store looks at it for all that gets there."""
        with suppress(StorageFailed):
            if (reason := await ask(self._store.paused(service))) is not None:
                raise ServicePaused(service, reason) from None

    async def _or_refusal(
        self, answer: Awaitable[_T], callback: Callback, options: ServiceOptions, admission: Admission
    ) -> _T:
        try:
            return await answer
        except NotAdmitted as error:
            raise self.refusal(error, callback, options, admission) from None
