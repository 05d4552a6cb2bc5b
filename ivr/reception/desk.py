"""The desk of one service, as the inbound script sees it."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.dialer.line import Line
from ivr.domain.numbers import digits_as_dialled, parse_number, usable_caller_number
from ivr.domain.wait import WaitEstimate
from ivr.flows.call import END_OF_QUEUE, Call
from ivr.flows.inbound import AlreadyRequested, RequestFailed, RequestRefused
from ivr.flows.menu import Keying
from ivr.reception.waits import Waits
from ivr.service.callbacks import CallbackService
from ivr.service.errors import CountryRefused, DuplicateCallback, NumberRefused, PatternRefused, ServiceError
from ivr.service.options import ServiceOptions
from ivr.store.journal import Journal


class Numbers:
    """Telephone numbers as the callers of a country know them."""

    def __init__(self, country: str) -> None:
        self._country = country

    def from_caller_id(self, caller_number: str) -> str | None:
        return usable_caller_number(caller_number, self._country)

    def from_digits(self, digits: str) -> str | None:
        # A premium number is one all the same; the service refuses it, and the caller hears why.
        number = parse_number(digits, self._country, allow_premium=True)
        return number if isinstance(number, str) else None

    def digits_to_say(self, number: str) -> str:
        return digits_as_dialled(number, self._country)


class ServiceDesk:
    """One inbound call's view of its service; `asked_at_s` is when the caller first asked."""

    def __init__(
        self,
        service: str,
        options: ServiceOptions,
        asked_at_s: float,
        *,
        callbacks: CallbackService,
        journal: Journal,
        line: Line,
        waits: Waits,
    ) -> None:
        self.service, self._options, self._asked_at_s = service, options, asked_at_s
        self._callbacks, self._journal, self._line, self._waits = callbacks, journal, line, waits
        self._facts: dict[str, str] = {}

    @property
    def queue(self) -> str:
        return self._options.queue

    @property
    def threshold_s(self) -> float:
        return self._options.ewt_threshold_s

    @property
    def tries(self) -> int:
        return self._options.menu_tries

    @property
    def one_key(self) -> Keying:
        return Keying(self._options.first_digit_timeout_s, self._options.inter_digit_timeout_s)

    @property
    def numbers(self) -> Numbers:
        return Numbers(self._options.default_country)

    def position_of(self, call: Call) -> int:
        """The place in the agent queue (1 is first) that this caller's time of asking gives them."""
        # While nobody can tell, the end: they asked a moment ago, and must not pass those who wait.
        return self._line.position(self.queue, self._asked_at_s) or END_OF_QUEUE

    async def estimate(self) -> WaitEstimate:
        wait = await self._waits.estimate(self.service, self._options)
        if wait.ahead is not None:
            self._facts["place"] = str(wait.ahead + 1)
        if wait.median_s is not None:
            self._facts["ewt_s"] = f"{wait.median_s:.0f}"
        return wait

    async def request_callback(self, call: Call, number: str) -> str:
        """Store the request through the callback service, which also marks the call with it."""
        if self.queue != self.service:
            await call.attach({"CB_QUEUE": self.queue})
        params = {"_customer_number": number, "_originating_interaction_id": call.id}
        try:
            started = await self._callbacks.start(
                self.service, params, asked_at_s=self._asked_at_s, facts={"channel": "IVR", **self._facts}
            )
        except DuplicateCallback as refused:
            raise AlreadyRequested(refused.pending[0]) from refused
        except (NumberRefused, CountryRefused, PatternRefused) as refused:
            raise RequestRefused(str(refused)) from refused
        except ServiceError as failed:
            raise RequestFailed(str(failed)) from failed
        return started.id

    def note(self, call: Call, kind: str, data: Mapping[str, str]) -> None:
        """Tell the history; never raises and never waits."""
        self._journal.note(self.service, kind, data, call_id=call.id)
