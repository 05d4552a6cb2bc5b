"""What the rest of the system asks of a store, whatever keeps the data.

A write is durable when the call returns. Every wait has a deadline; a store that cannot answer raises
StoreUnavailable. Repeating a write that went through without our hearing of it does no harm: the same callback
created again, or the same change saved again over the same version, is answered as the first time.

    StoreError
    +-- StoreUnavailable
    +-- StaleWrite
    +-- AlreadyWaiting
    +-- LineFull
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ivr.domain.callback import Callback, CallbackState


class StoreError(Exception):
    """Base of what a store raises."""


class StoreUnavailable(StoreError):
    """The store did not answer in time or refused to write; nothing is known of the change."""


class StaleWrite(StoreError):
    """Somebody else changed or claimed the record since it was read; nothing was written. Read it and decide anew."""


class AlreadyWaiting(StoreError):
    """This number has as many callbacks pending in this service as are allowed; nothing was written."""

    def __init__(self, pending: Sequence[str]) -> None:
        super().__init__(f"already pending: {', '.join(pending)}")
        self.pending = tuple(pending)


class LineFull(StoreError):
    """The service has as many callbacks in line as are allowed; nothing was written."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} callbacks are in line already")
        self.waiting = waiting


@dataclass(frozen=True, slots=True)
class Place:
    """One callback as it stands in the line of its service, oldest ask first."""

    callback_id: str
    asked_at_s: float
    not_before_s: float
    wait_for_agent: bool
    in_flight: bool
    """Claimed by a dialer: being dialled, or reached and not yet with an agent."""
    queued_at_s: float = 0.0
    """When it entered the line, which may be long after it was asked for."""
    expires_at_s: float = float("inf")
    state: CallbackState = CallbackState.QUEUED


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to dial one callback until `until_s`. The fence grows with every claim of the same callback."""

    callback: Callback
    worker: str
    fence: int
    until_s: float


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One entry of a service's event stream, oldest first; `id` orders them."""

    id: str
    at_s: float
    kind: str
    service: str
    callback_id: str | None
    call_id: str | None
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Durability:
    """What a store does with a write before it answers."""

    safe: bool | None
    """None when it will not tell."""
    detail: str
    """For an operator: what is set, and what should be."""


class CallbackStore(Protocol):
    """Keeps callbacks, their order in line, and the stream of what happened."""

    async def create(
        self,
        callback: Callback,
        *,
        max_pending: int | None = None,
        max_queued: int | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Callback:
        """Store a new callback and log "accepted" with `data`; returns it as it is kept (version 1).

        In the same step checks that the customer's number has fewer than `max_pending` unfinished callbacks in this
        service (AlreadyWaiting), and for one that goes into the line at once that fewer than `max_queued` are in it
        (LineFull). Raises StoreUnavailable.
        """

    async def get(self, callback_id: str) -> Callback | None:
        """The callback, None when there is none or it has been deleted at the end of its time."""

    async def find(
        self,
        service: str,
        *,
        number: str | None = None,
        lookup: tuple[str, str] | None = None,
        states: Sequence[CallbackState] = (),
        limit: int = 1000,
    ) -> list[Callback]:
        """Callbacks of a service, oldest ask first; all states when `states` is empty.

        `lookup` is a key of the user data and its value; only keys in the callback's `lookup_keys` are found.
        """

    async def counts(self, service: str) -> dict[CallbackState, int]:
        """How many callbacks of a service are in each state."""

    async def save(
        self,
        callback: Callback,
        kind: str,
        *,
        claim: Claim | None = None,
        data: Mapping[str, str] | None = None,
        max_pending: int | None = None,
    ) -> Callback:
        """Write a changed callback over the version it was read at, and log `kind` with `data`, in one step.

        With `claim`, also refuses when another worker has claimed it since (a larger fence).
        A final state, and a return to SCHEDULED, ends the claim and leaves the line. Returns it with the new version.
        `max_pending` is looked at when the customer's number has changed, as in `create`.
        Raises StaleWrite, AlreadyWaiting, StoreUnavailable.
        """

    async def line(self, service: str) -> list[Place]:
        """Everybody QUEUED or ROUTING in this service, in order of `asked_at_s`."""

    async def due(self, service: str, before_s: float, *, limit: int = 100) -> list[str]:
        """Ids of SCHEDULED callbacks whose booked time is not after `before_s`, earliest first."""

    async def overdue(self, service: str, now_s: float, *, limit: int = 100) -> list[str]:
        """Ids of unfinished callbacks past their `expires_at_s` that no worker holds under a running lease."""

    async def claim(
        self, callback_id: str, worker: str, now_s: float, lease_s: float, *, orphaned: bool = False
    ) -> Claim | None:
        """Take a QUEUED callback for dialling; None if it is gone, final, or held under a lease that still runs.

        `orphaned` also takes one that is ROUTING or PROCESSING, whose worker died, to find out what became of it.
        """

    async def renew(self, claim: Claim, now_s: float, lease_s: float) -> Claim:
        """Keep a claim for longer. Raises StaleWrite when it was lost."""

    async def release(self, claim: Claim) -> None:
        """Give a claim back; the callback keeps its place. Nothing happens if it was lost already."""

    async def expired_claims(self, service: str, now_s: float) -> list[str]:
        """Ids whose lease ran out without a release: their worker died."""

    async def log(
        self,
        service: str,
        kind: str,
        *,
        callback_id: str | None = None,
        call_id: str | None = None,
        data: Mapping[str, str] | None = None,
    ) -> None:
        """Add to the event stream of a service (offers, digits, estimates: what changes no callback)."""

    async def events(
        self, service: str, after: str = "0", *, limit: int = 1000, block_s: float = 0.0
    ) -> list[LoggedEvent]:
        """Entries after the id `after` ("$": only new ones), waiting up to `block_s` for the first."""

    async def ping(self) -> None:
        """Raises StoreUnavailable unless the store answers."""

    async def durability(self) -> Durability:
        """Whether a write that was answered survives a crash of the store's machine. Raises StoreUnavailable."""
