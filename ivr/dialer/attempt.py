"""One attempt at one callback, as the outbound script sees it: the service's rules and the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable

from ivr.dialer.ledger import Ledger
from ivr.dialer.line import Line, channel_id
from ivr.domain.callback import Attempt, CallbackState
from ivr.domain.retry import RetryRules
from ivr.flows.call import DialRequest
from ivr.service.options import ServiceOptions
from ivr.store.port import CallbackStore, Claim


class AttemptCase(Ledger):
    """A claimed callback under the options that its service has now."""

    def __init__(
        self, store: CallbackStore, claim: Claim, options: ServiceOptions, line: Line, now: Callable[[], float]
    ) -> None:
        super().__init__(store, claim, RetryRules(options.max_dial_attempts, options.dial_retry_timeout_s), now)
        self._options, self._line = options, line

    @property
    def queue(self) -> str:
        return self._options.queue

    @property
    def ring_s(self) -> float:
        return self._options.ixn_createcall_timeout_s

    @property
    def detect(self) -> bool:
        return self._options.cpd_enable

    @property
    def detect_s(self) -> float:
        return self._options.call_timeguard_timeout_ms / 1000

    @property
    def confirm_s(self) -> float:
        return self._options.confirm_timeout_s

    @property
    def max_wait_s(self) -> float:
        return self._options.max_time_to_wait_for_agent_on_the_call_s

    @property
    def channel_id(self) -> str:
        """Of the attempt under way."""
        return self.callback.attempts[-1].channel_id

    @property
    def is_before_agent(self) -> bool:
        """A call is under way that brought the customer to no agent yet, as far as this worker knows."""
        return bool(self.callback.attempts) and self.callback.state in (CallbackState.QUEUED, CallbackState.ROUTING)

    async def begin(self) -> None:
        """Store the intent to dial once more. Raises StoreUnavailable: then nothing may be dialled."""
        number = len(self.callback.attempts) + 1
        await self.store_intent(Attempt(number, channel_id(self.callback.id, number), self._now()))
        self.take_place()

    def take_place(self) -> None:
        """In the agent queue the call under way stands by when its customer asked, not by when it joined."""
        self._line.note_asked(self.channel_id, self.callback.asked_at_s)

    def leave_place(self) -> None:
        """Nobody watches the call any more."""
        if self.callback.attempts:
            self._line.forget(self.channel_id)

    def request(self) -> DialRequest:
        """The call to make for this attempt."""
        return DialRequest(
            channel_id=self.channel_id,
            number=self.callback.customer_number,
            caller_number=self._options.calling_party_number,
            caller_name=self._options.calling_party_display_name,
            locale=self.callback.locale,
            variables={
                "CB_SERVICE_ID": self.callback.id,
                "CDR(_CB_SERVICE_ID)": self.callback.id,
                "CB_CUSTOMER": self.callback.customer_number,
                "GMS_UserData": json.dumps(dict(self.callback.user_data)),
            },
            prefix=self._options.prefix_dial_out,
            trunk=self._options.trunk,
            ring_s=self.ring_s,
        )

    def position(self) -> int:
        """The place in the agent queue (1 is first) that the time of asking gives this customer now."""
        # While nobody can tell, the head: they were rung because their turn had come.
        return self._line.position(self.queue, self.callback.asked_at_s) or 1
