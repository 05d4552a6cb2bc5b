"""What the rest of the system asks of a store, whatever keeps the data.

A write is durable when the call returns. Every wait has a deadline; a store that cannot answer raises
StoreUnavailable. Repeating a write that went through without our hearing of it does no harm: the same callback
created again, or the same change saved again over the same version, is answered as the first time.

    StoreError
    +-- StoreUnavailable
    +-- StaleWrite
    +-- NotAdmitted
        +-- Paused
        +-- TooMany
        +-- TooManyOfValue
        +-- AlreadyWaiting
        +-- SlotTaken
        +-- LineFull
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ivr.domain.callback import Callback, CallbackState


class StoreError(Exception):
    """Base of what a store raises."""


class StoreUnavailable(StoreError):
    """The store did not answer in time or refused to write; nothing is known of the change."""


class StaleWrite(StoreError):
    """Somebody else changed or claimed the record since it was read; nothing was written. Read it and decide anew."""


class NotAdmitted(StoreError):
    """A condition of the Admission was not met; nothing was written."""


class Paused(NotAdmitted):
    """The service takes nothing at present."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"paused: {reason}" if reason else "paused")
        self.reason = reason


class TooMany(NotAdmitted):
    """As many callbacks were accepted in a window of time as are allowed in it."""

    def __init__(self, window: int, count: int, free_at_s: float) -> None:
        super().__init__(f"window {window} has {count} already")
        self.window, self.count, self.free_at_s = window, count, free_at_s
        """`window` counts from 0; at `free_at_s` there will be room for one more."""


class TooManyOfValue(NotAdmitted):
    """As many callbacks with the same value of a parameter were accepted in 24 hours as are allowed."""

    def __init__(self, name: str, count: int, free_at_s: float) -> None:
        super().__init__(f"{count} with this {name} already")
        self.name, self.count, self.free_at_s = name, count, free_at_s


class SlotTaken(NotAdmitted):
    """The slot has as many bookings as it takes."""

    def __init__(self, booked: int) -> None:
        super().__init__(f"{booked} are booked in this slot already")
        self.booked = booked


class AlreadyWaiting(NotAdmitted):
    """This number has as many callbacks pending in this service as are allowed; nothing was written."""

    def __init__(self, pending: Sequence[str]) -> None:
        super().__init__(f"already pending: {', '.join(pending)}")
        self.pending = tuple(pending)


class LineFull(NotAdmitted):
    """The service has as many callbacks in line as are allowed; nothing was written."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} callbacks are in line already")
        self.waiting = waiting


VALUE_WINDOW_S: Final = 86400.0
"""Over which the callbacks with one value of a parameter are counted."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` callbacks of a service are accepted in any `length_s` seconds."""

    limit: int
    length_s: float


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """A place in a slot (epoch seconds, the end not included) that takes `capacity` bookings."""

    start_s: float
    end_s: float
    capacity: int


@dataclass(frozen=True, slots=True)
class Admission:
    """What a callback must meet, looked at in this order and in the same step as it is stored.

    What has happened is counted by the callbacks' own times: `created_at_s`, and for slots `desired_at_s`.
    """

    windows: tuple[Window, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    """Names of parameters and their values, of each of which `max_of_value` are accepted in VALUE_WINDOW_S."""
    max_of_value: int = 0
    max_pending: int | None = None
    """Unfinished callbacks of a number in the service."""
    slot: SlotPlace | None = None
    max_queued: int | None = None
    """Callbacks in line, for one that goes into the line."""


NO_LIMITS: Final = Admission()


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
        admission: Admission = NO_LIMITS,
        data: Mapping[str, str] | None = None,
    ) -> Callback:
        """Store a new callback and log "accepted" with `data`; returns it as it is kept (version 1).

        In the same step checks that the service is not paused, and `admission`. Raises NotAdmitted, StaleWrite,
        StoreUnavailable.
        """

    async def check(self, callback: Callback, admission: Admission) -> None:
        """Raises what `create` would, NotAdmitted and StoreUnavailable, and stores nothing."""

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

    async def find_between(
        self,
        service: str,
        start_s: float,
        end_s: float,
        *,
        states: Sequence[CallbackState],
        after: tuple[float, str] | None = None,
        limit: int = 1000,
    ) -> list[Callback]:
        """Callbacks in these states whose `asked_at_s` is from `start_s` until before `end_s`, the earliest first.

        With `after`, the `asked_at_s` and id of the last one that is known already, those that follow it. Fewer than
        `limit` are the last ones.
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
        admission: Admission = NO_LIMITS,
    ) -> Callback:
        """Write a changed callback over the version it was read at, and log `kind` with `data`, in one step.

        With `claim`, also refuses when another worker has claimed it since (a larger fence).
        A final state, and a return to SCHEDULED, ends the claim and leaves the line. Returns it with the new version.
        Of `admission`, `max_pending` is looked at when the customer's number has changed, `slot` always, and
        `max_queued` when a SCHEDULED one goes into the line; a pause does not matter. A place in a slot is given back
        by another booking, and by an end that is a cancellation.
        Raises StaleWrite, NotAdmitted, StoreUnavailable.
        """

    async def booked(self, service: str, slots: Sequence[tuple[int, int]]) -> list[int]:
        """How many bookings are in each slot (start and end in epoch seconds, the end not included)."""

    async def pause(self, service: str, reason: str | None, data: Mapping[str, str]) -> None:
        """Accept nothing from now on, because of `reason`; with None accept again. Logs "paused" or "resumed"."""

    async def paused(self, service: str) -> str | None:
        """The reason for which the service is paused, None when it is not."""

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
