"""What is known of one agent queue at one moment: who waits, who works, and who is free.

Everything here is a value: a change makes a new one, and `now_s` is always given. Moments are epoch seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum


class MemberStatus(IntEnum):
    """The state of a member's device, by Asterisk's numbers."""

    UNKNOWN = 0
    NOT_IN_USE = 1
    IN_USE = 2
    BUSY = 3
    INVALID = 4
    UNAVAILABLE = 5
    RINGING = 6
    RING_IN_USE = 7
    ON_HOLD = 8


_GONE = frozenset({MemberStatus.INVALID, MemberStatus.UNAVAILABLE})
# A device without state reporting stays UNKNOWN for ever; Asterisk rings it, so it counts as idle.
_IDLE = frozenset({MemberStatus.NOT_IN_USE, MemberStatus.UNKNOWN})
_RINGING = frozenset({MemberStatus.RINGING, MemberStatus.RING_IN_USE})


@dataclass(frozen=True, slots=True)
class Member:
    """An agent's place in a queue."""

    interface: str
    name: str = ""
    status: MemberStatus = MemberStatus.UNKNOWN
    paused: bool = False
    pause_reason: str = ""
    in_call: bool = False
    """On a call that came through this queue (a call from elsewhere shows in `status` only)."""
    penalty: int = 0
    calls_taken: int = 0
    last_call_at_s: float = 0.0
    """When the last call of this queue ended; 0 when there was none."""
    last_pause_at_s: float = 0.0
    logged_in_at_s: float = 0.0
    wrapup_s: float = 0.0
    """After a call of this queue the member is left in peace this long."""

    @property
    def is_logged_in(self) -> bool:
        """The device is there (registered, reachable), whatever it is doing."""
        return self.status not in _GONE

    @property
    def is_ringing(self) -> bool:
        return self.status in _RINGING

    @property
    def wrapup_ends_at_s(self) -> float:
        """When the rest after the last call is over; 0 when there was no call."""
        return self.last_call_at_s + self.wrapup_s if self.last_call_at_s else 0.0

    def is_in_wrapup(self, now_s: float) -> bool:
        return not self.in_call and now_s < self.wrapup_ends_at_s

    def is_available(self, now_s: float) -> bool:
        """Would take the next call at once: device idle, not paused, on no call, not in wrap-up."""
        return self.status in _IDLE and not self.paused and not self.in_call and now_s >= self.wrapup_ends_at_s

    def is_staffed(self) -> bool:
        """Logged in and not paused: will take calls sooner or later."""
        return self.is_logged_in and not self.paused


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller in the queue."""

    uniqueid: str
    channel: str
    position: int
    """From 1, the next to be served."""
    joined_at_s: float
    caller_number: str = ""
    caller_name: str = ""
    priority: int = 0
    ringing: frozenset[str] = frozenset()
    """The interfaces of the agents whose telephones ring for this caller."""

    def waited_s(self, now_s: float) -> float:
        return max(0.0, now_s - self.joined_at_s)


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue as it was at `at_s`."""

    name: str
    at_s: float
    """The last moment at which this was known to be true."""
    members: tuple[Member, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    """In the order of their positions."""
    strategy: str = ""
    weight: int = 0
    max_waiting: int = 0
    """The queue is full at this many; 0 means no limit."""
    # The next four are Asterisk's own statistics since it was started, as of the last full reading.
    holdtime_s: float = 0.0
    talktime_s: float = 0.0
    completed: int = 0
    abandoned: int = 0

    def member(self, interface: str) -> Member | None:
        return next((m for m in self.members if m.interface == interface), None)

    def waiter(self, uniqueid: str) -> Waiting | None:
        return next((w for w in self.waiting if w.uniqueid == uniqueid), None)

    @property
    def logged_in(self) -> int:
        return sum(m.is_logged_in for m in self.members)

    @property
    def staffed(self) -> int:
        """Members logged in and not paused."""
        return sum(m.is_staffed() for m in self.members)

    def available(self, now_s: float) -> tuple[Member, ...]:
        """The members who would take a call at once."""
        return tuple(m for m in self.members if m.is_available(now_s))

    @property
    def being_rung_for(self) -> int:
        """How many of those who wait have an agent's telephone ringing for them: that agent is theirs."""
        return sum(bool(w.ringing) for w in self.waiting)

    def with_member(self, member: Member) -> QueueState:
        """The same queue with this member, in the place of an earlier one of that interface."""
        if self.member(member.interface) is None:
            return replace(self, members=(*self.members, member))
        return replace(self, members=tuple(member if m.interface == member.interface else m for m in self.members))

    def without_member(self, interface: str) -> QueueState:
        return replace(self, members=tuple(m for m in self.members if m.interface != interface))

    def joined(self, caller: Waiting) -> QueueState:
        """The same queue with this caller at their position; everybody from there on moves back by one.

        One who is waiting already stays where they are: the news is old.
        """
        if self.waiter(caller.uniqueid) is not None:
            return self
        index = min(max(caller.position - 1, 0), len(self.waiting))
        return replace(self, waiting=_numbered([*self.waiting[:index], caller, *self.waiting[index:]]))

    def left(self, uniqueid: str) -> QueueState:
        """The same queue without this caller; those behind move up."""
        if self.waiter(uniqueid) is None:
            return self
        return replace(self, waiting=_numbered([w for w in self.waiting if w.uniqueid != uniqueid]))

    def rung(self, uniqueid: str, interface: str, *, rings: bool) -> QueueState:
        """The same queue now that an agent's telephone `rings` for this caller, or does so no more."""
        caller = self.waiter(uniqueid)
        if caller is None or (interface in caller.ringing) is rings:
            return self
        changed = replace(caller, ringing=caller.ringing ^ {interface})
        return replace(self, waiting=tuple(changed if w is caller else w for w in self.waiting))


def _numbered(callers: list[Waiting]) -> tuple[Waiting, ...]:
    return tuple(
        w
        if w.position == place
        else Waiting(
            w.uniqueid, w.channel, place, w.joined_at_s, w.caller_number, w.caller_name, w.priority, w.ringing
        )
        for place, w in enumerate(callers, start=1)
    )
