"""The life of a callback: one table of what may follow what.

A change is always `apply(callback, event, now_s)`; whatever the table does not allow raises IllegalTransition.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final

from ivr.domain.callback import Callback, CallbackState, Reason

_S: Final = CallbackState.SCHEDULED
_Q: Final = CallbackState.QUEUED
_R: Final = CallbackState.ROUTING
_P: Final = CallbackState.PROCESSING
_C: Final = CallbackState.COMPLETED


class Event(StrEnum):
    """What can happen to a callback."""

    SUBMITTED = "submitted"
    """The booked time is near: into the line."""
    DIALED = "dialed"
    """An attempt begins."""
    ATTEMPT_FAILED = "attempt_failed"
    """Not reached; there will be another attempt."""
    CUSTOMER_REACHED = "customer_reached"
    """A person answered and wants the call."""
    CUSTOMER_LOST = "customer_lost"
    """The customer hung up before an agent; there will be another attempt."""
    AGENT_CONNECTED = "agent_connected"
    TALK_ENDED = "talk_ended"
    RESCHEDULED = "rescheduled"
    UPDATED = "updated"
    """Data changed; the state stays."""
    CANCELLED = "cancelled"
    GAVE_UP = "gave_up"
    """No further attempt, or an error that ends it; the reason says which."""
    EXPIRED = "expired"


TRANSITIONS: Final[dict[tuple[CallbackState, Event], CallbackState]] = {
    (_S, Event.SUBMITTED): _Q,
    (_S, Event.RESCHEDULED): _S,
    (_Q, Event.RESCHEDULED): _S,
    (_S, Event.UPDATED): _S,
    (_Q, Event.UPDATED): _Q,
    (_Q, Event.DIALED): _Q,
    (_Q, Event.ATTEMPT_FAILED): _Q,
    (_Q, Event.CUSTOMER_REACHED): _R,
    (_R, Event.CUSTOMER_LOST): _Q,
    (_R, Event.AGENT_CONNECTED): _P,
    (_P, Event.TALK_ENDED): _C,
    (_S, Event.CANCELLED): _C,
    (_Q, Event.CANCELLED): _C,
    (_R, Event.CANCELLED): _C,
    (_S, Event.GAVE_UP): _C,
    (_Q, Event.GAVE_UP): _C,
    (_R, Event.GAVE_UP): _C,
    (_S, Event.EXPIRED): _C,
    (_Q, Event.EXPIRED): _C,
    (_R, Event.EXPIRED): _C,
    (_P, Event.EXPIRED): _C,
}

_OWN_REASON: Final[dict[Event, Reason]] = {
    Event.TALK_ENDED: Reason.AGENT_CONNECTED,
    Event.CANCELLED: Reason.CANCELLED,
    Event.EXPIRED: Reason.FAIL_TIMEOUT_TTL,
}


class IllegalTransition(Exception):
    """`event` cannot happen to a callback in `state`."""

    def __init__(self, callback_id: str, state: CallbackState, event: Event) -> None:
        super().__init__(f"callback {callback_id} is {state}: it cannot be {event}")
        self.callback_id, self.state, self.event = callback_id, state, event


def may(callback: Callback, event: Event) -> bool:
    """Whether the table allows `event` now."""
    return (callback.state, event) in TRANSITIONS


def apply(callback: Callback, event: Event, now_s: float, *, reason: str | None = None) -> Callback:
    """The callback after `event`.

    `reason` is wanted for GAVE_UP, may replace the standard one of CANCELLED (free text of a bulk cancel), and is
    otherwise set by the event itself. Raises IllegalTransition, and ValueError for GAVE_UP without a reason.
    """
    try:
        state = TRANSITIONS[callback.state, event]
    except KeyError:
        raise IllegalTransition(callback.id, callback.state, event) from None
    if state is not CallbackState.COMPLETED:
        return replace(callback, state=state, queued_at_s=_queued_at(callback, event, now_s))
    why = reason or _OWN_REASON.get(event)
    if why is None:
        raise ValueError(f"{event} needs a reason: one of {', '.join(Reason)}")
    return replace(callback, state=state, reason=str(why), completed_at_s=now_s)


def _queued_at(callback: Callback, event: Event, now_s: float) -> float | None:
    match event:
        case Event.SUBMITTED:
            return now_s
        case Event.RESCHEDULED:
            return None
        case _:
            return callback.queued_at_s
