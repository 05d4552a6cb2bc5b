"""One attempt at one callback, as the outbound script sees it: the service's rules and the ledger."""

from __future__ import annotations

from collections.abc import Callable

from ivr.dialer.ledger import Ledger
from ivr.dialer.line import AskedTimes, Line, channel_id
from ivr.domain.callback import Attempt, Callback
from ivr.domain.retry import RetryRules
from ivr.flows.call import DialRequest
from ivr.service.options import ServiceOptions
from ivr.store.port import CallbackStore, Claim


class AttemptCase(Ledger):
    """A claimed callback under the options that its service has now."""

    def __init__(
        self,
        store: CallbackStore,
        claim: Claim,
        options: ServiceOptions,
        line: Line,
        asked: AskedTimes,
        now: Callable[[], float],
    ) -> None:
        rules = RetryRules(options.max_dial_attempts, options.dial_retry_timeout_s)
        super().__init__(store, claim, rules, now)
        self._options, self._line, self._asked = options, line, asked
