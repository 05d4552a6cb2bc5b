"""The record of one attempt, kept while it lasts.

What must be durable before the telephone rings is stored or the attempt does not happen. What comes after it never
waits for the store: the talk of two people matters more, and since the record is cumulative the next write carries
what an earlier one could not. Only the end insists, with back-off, until the claim is of no use any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import structlog

from ivr.backoff import Backoff
from ivr.domain.answer import Answer
from ivr.domain.callback import Attempt, Callback, CallbackState, DialResult, Reason
from ivr.domain.lifecycle import Event, apply
from ivr.domain.retry import GiveUp, RetryRules, TryAgain, after_attempt
from ivr.flows.outbound import NoLongerOurs
from ivr.store.port import CallbackStore, Claim, StaleWrite, StoreUnavailable

_log = structlog.get_logger(__name__)

_INSIST_S = 600.0
"""How long the end of an attempt is offered to a store that does not answer; afterwards reconciliation has it."""


class Ledger:
    """One claimed callback as its attempt goes on. Every method may raise NoLongerOurs."""

    def __init__(self, store: CallbackStore, claim: Claim, rules: RetryRules, now: Callable[[], float]) -> None:
        self._store, self._rules, self._now = store, rules, now
        self.claim = claim
        self.callback: Callback = claim.callback

    async def store_intent(self, attempt: Attempt) -> None:
        """Store the intent to dial. Raises StoreUnavailable: then nothing may be dialled."""
        callback = apply(self.callback, Event.DIALED, self._now()).with_attempt(attempt)
        await self._save(callback, Event.DIALED, {"attempt": str(attempt.number), "channel": attempt.channel_id})

    async def picked_up(self) -> None:
        """Somebody or something answered; the next write carries it, the history is told at once."""
        attempt = replace(self.callback.attempts[-1], answered_at_s=self._now())
        self.callback = self.callback.with_attempt(attempt)
        with suppress(StoreUnavailable):
            await self._store.log(
                self.callback.service,
                "answered",
                callback_id=self.callback.id,
                call_id=attempt.channel_id,
                data={"rang_s": f"{self._now() - attempt.started_at_s:.1f}"},
            )

    async def rang_out(self, answer: Answer) -> None:
        """The attempt is over without a person for the agent."""
        await self._attempt_over(answer, reached=False)

    async def lost(self, detail: str) -> None:
        """The customer hung up before an agent came."""
        await self._attempt_over(Answer(DialResult.PERSON, detail), reached=True)

    async def reached(self, answer: Answer) -> None:
        callback = self._with_result(answer, ended=False)
        await self._try_save(
            apply(callback, Event.CUSTOMER_REACHED, self._now()), Event.CUSTOMER_REACHED, _told(answer)
        )

    async def connected(self, agent: str, waited_s: float) -> None:
        callback = apply(self.callback, Event.AGENT_CONNECTED, self._now())
        await self._try_save(
            callback, Event.AGENT_CONNECTED, {"agent": agent, "customer_waited_s": f"{waited_s:.1f}"}
        )

    async def no_agent(self, reason: Reason, detail: str) -> None:
        callback = apply(self._ended(), Event.GAVE_UP, self._now(), reason=reason)
        await self._insist(callback, Event.GAVE_UP, {"reason": reason, "detail": detail})

    async def talk_ended(self) -> None:
        callback = apply(self._ended(), Event.TALK_ENDED, self._now())
        await self._insist(callback, Event.TALK_ENDED, {"reason": Reason.AGENT_CONNECTED})

    async def interrupted(self, detail: str) -> None:
        """Nobody watched the attempt to its end; whatever it came to, it counts as made."""
        last = self.callback.attempts[-1]
        result = last.result or DialResult.UNKNOWN
        await self._attempt_over(Answer(result, detail), reached=self.callback.state is CallbackState.ROUTING)

    async def _attempt_over(self, answer: Answer, *, reached: bool) -> None:
        callback = self._with_result(answer, ended=True)
        next_step = after_attempt(
            answer.result,
            attempts_made=len(callback.attempts),
            reached=reached,
            now_s=self._now(),
            rules=self._rules,
        )
        match next_step:
            case TryAgain(at_s):
                event = Event.CUSTOMER_LOST if reached else Event.ATTEMPT_FAILED
                callback = replace(apply(callback, event, self._now()), not_before_s=at_s)
                data = {**_told(answer), "next_attempt_in_s": f"{at_s - self._now():.0f}"}
            case GiveUp(reason):
                event = Event.GAVE_UP
                callback = apply(callback, event, self._now(), reason=reason)
                data = {**_told(answer), "reason": reason}
        await self._insist(callback, event, data)

    def _with_result(self, answer: Answer, *, ended: bool) -> Callback:
        """The callback with what is known now of its last attempt."""
        ended_at_s = self._now() if ended else None
        return self.callback.with_attempt(
            replace(self.callback.attempts[-1], result=answer.result, detail=answer.detail, ended_at_s=ended_at_s)
        )

    def _ended(self) -> Callback:
        return self.callback.with_attempt(replace(self.callback.attempts[-1], ended_at_s=self._now()))

    async def _save(self, callback: Callback, kind: Event, data: Mapping[str, str]) -> None:
        try:
            self.callback = await self._store.save(callback, kind, claim=self.claim, data=data)
        except StaleWrite as stale:
            raise NoLongerOurs(callback.id) from stale

    async def _try_save(self, callback: Callback, kind: Event, data: Mapping[str, str]) -> None:
        try:
            await self._save(callback, kind, data)
        except StoreUnavailable as gone:
            self.callback = callback
            _log.warning("write_postponed", callback_id=callback.id, kind=kind, error=str(gone))

    async def _insist(self, callback: Callback, kind: Event, data: Mapping[str, str]) -> None:
        backoff = Backoff(first_s=0.2, limit_s=5.0)
        give_up_at_s = self._now() + _INSIST_S
        while True:
            try:
                await self._save(callback, kind, data)
                return
            except StoreUnavailable:
                if self._now() > give_up_at_s:
                    raise
                await asyncio.sleep(backoff.next_s())


def _told(answer: Answer) -> dict[str, str]:
    return {"result": answer.result, "detail": answer.detail}
