"""A callback: who is to be rung, their place in line, and what has been tried so far.

All times are seconds since 1970-01-01 UTC, as floats, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

KEPT_AFTER_END_S: Final = 3600.0


class CallbackState(StrEnum):
    """The reference product's states of a callback."""

    SCHEDULED = "SCHEDULED"
    """Accepted for a later time; nothing happens before it is submitted to the line."""
    QUEUED = "QUEUED"
    """In line: waiting for an agent to be near, being dialled, or waiting for the next attempt."""
    ROUTING = "ROUTING"
    """The customer was reached and is waiting for an agent."""
    PROCESSING = "PROCESSING"
    """The customer talks with an agent."""
    COMPLETED = "COMPLETED"
    """Final; the reason says how it ended."""


class Reason(StrEnum):
    """Why a callback is COMPLETED (the reference product's names)."""

    AGENT_CONNECTED = "AGENT_CONNECTED"
    CANCELLED = "CANCELLED"
    NOT_AVAILABLE = "NOT_AVAILABLE"
    FAIL_CALL_TO_CUSTOMER = "FAIL_CALL_TO_CUSTOMER"
    FAIL_INTERACTION_DELETED = "FAIL_INTERACTION_DELETED"
    FAIL_TARGET_NOT_FOUND = "FAIL_TARGET_NOT_FOUND"
    FAIL_AGENT_CONNECT = "FAIL_AGENT_CONNECT"
    FAIL_TIMEOUT_TTL = "FAIL_TIMEOUT_TTL"
    FAIL_QUEUEING = "FAIL_QUEUEING"
    FAIL_ERROR = "FAIL_ERROR"


class DialResult(StrEnum):
    """What became of one attempt to reach the customer (the reference product's names, and DECLINED)."""

    PERSON = "PERSON"
    """A person answered and asked to be put through."""
    ANSWERING_MACHINE = "ANSWERING_MACHINE"
    BUSY = "BUSY"
    NO_ANSWER = "NO_ANSWER"
    ERROR_TONE = "ERROR_TONE"
    """The network says that there is no such number."""
    FAX = "FAX"
    CREATE_CALL_ERROR = "CREATE_CALL_ERROR"
    """The call could not be made: no trunk, congestion, rejected."""
    DECLINED = "DECLINED"
    """A person answered and said that the call is no longer wanted."""
    UNKNOWN = "UNKNOWN"
    """Answered, but nobody pressed a key and nothing said that it was a machine."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dial. `result` is None while it lasts."""

    number: int
    """1 for the first attempt."""
    channel_id: str
    started_at_s: float
    answered_at_s: float | None = None
    ended_at_s: float | None = None
    result: DialResult | None = None
    detail: str = ""
    """Why this result, for a person to read: "cause 17 User busy", "pressed 1 after 3.2 s"."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One customer's request to be called back."""

    id: str
    """`<service>-<hex>`: names its service, so that every key of a callback lies in one Redis slot."""
    service: str
    customer_number: str
    """E.164, with the plus."""
    created_at_s: float
    asked_at_s: float
    """When the customer first asked for an agent: this orders the line, whatever happens afterwards.
    For a scheduled callback the booked time."""
    expires_at_s: float
    """Unfinished by then, it is ended as FAIL_TIMEOUT_TTL; a finished record is deleted (see `kept_until_s`)."""
    wait_for_agent: bool = True
    state: CallbackState = CallbackState.QUEUED
    reason: str | None = None
    """A Reason, or the free text of a bulk cancel; only when COMPLETED."""
    desired_at_s: float | None = None
    """The booked time of a scheduled callback."""
    queued_at_s: float | None = None
    """When it entered the line; None while SCHEDULED."""
    not_before_s: float = 0.0
    """Not to be dialled earlier: the gap after a failed attempt."""
    completed_at_s: float | None = None
    locale: str = "en-US"
    originating_interaction_id: str | None = None
    user_data: Mapping[str, str] = field(default_factory=dict)
    lookup_keys: tuple[str, ...] = ()
    """Keys of `user_data` under which it can be found, besides its number."""
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Options of the service that this request was allowed to set for itself, by their names."""
    attempts: tuple[Attempt, ...] = ()
    version: int = 0
    """Counts the saves; the store refuses to save over a version that the writer has not seen."""

    @property
    def is_final(self) -> bool:
        return self.state is CallbackState.COMPLETED

    @property
    def kept_until_s(self) -> float:
        """When a finished record is deleted. One that ended late is kept for an hour, so that its end can be read."""
        if self.completed_at_s is None:
            return self.expires_at_s
        return max(self.expires_at_s, self.completed_at_s + KEPT_AFTER_END_S)

    @property
    def dialing(self) -> Attempt | None:
        """The attempt in progress, if there is one."""
        return self.attempts[-1] if self.attempts and self.attempts[-1].result is None else None

    @property
    def service_start_s(self) -> float:
        """`_CB_T_SERVICE_START`: the booked time of a scheduled callback, else when it was requested."""
        return self.created_at_s if self.desired_at_s is None else self.desired_at_s

    def with_attempt(self, attempt: Attempt) -> Callback:
        """This callback with `attempt` added, or put in place of the one of the same number."""
        kept = tuple(a for a in self.attempts if a.number != attempt.number)
        return replace(self, attempts=(*kept, attempt))
