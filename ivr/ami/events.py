"""The events of queues, agents and hang-ups; every other one is an `UnknownEvent`. Decoding never raises.

Durations are whole seconds, as Asterisk counts them; moments are epoch seconds of Asterisk's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ivr.ami.protocol import AmiMessage
from ivr.domain.queue_state import MemberStatus


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """What all events have."""

    at_s: float
    """When Asterisk sent it; 0 without timestampevents=yes in manager.conf, and for the items of a list."""

    @property
    def name(self) -> str:
        """The type by Asterisk's name."""
        return type(self).__name__


@dataclass(frozen=True, slots=True)
class UnknownEvent(AmiEvent):
    """An event that we have no class for, or, with a `note`, one that could not be read."""

    message: AmiMessage
    note: str = ""

    @property
    def name(self) -> str:
        return self.message.event


@dataclass(frozen=True, slots=True)
class QueueEvent(AmiEvent):
    """An event of one queue."""

    queue: str


@dataclass(frozen=True, slots=True)
class QueueParams(QueueEvent):
    """In the list of QueueStatus: the queue itself. Its statistics count since Asterisk was started."""

    max_waiting: int
    strategy: str
    calls: int
    holdtime_s: int
    talktime_s: int
    completed: int
    abandoned: int
    service_level_s: int
    service_level_percent: float
    weight: int


@dataclass(frozen=True, slots=True)
class MemberEvent(QueueEvent):
    """How a member is now."""

    interface: str
    member_name: str
    state_interface: str
    membership: str
    """static, dynamic or realtime."""
    penalty: int
    calls_taken: int
    last_call_at_s: int
    """When the last call of the queue ended; 0 when there was none."""
    last_pause_at_s: int
    logged_in_at_s: int
    in_call: bool
    status: MemberStatus
    paused: bool
    pause_reason: str
    wrapup_s: int
    """The member's own wrap-up; 0 means that the queue's holds, which AMI does not tell."""


@dataclass(frozen=True, slots=True)
class QueueMember(MemberEvent):
    """In the list of QueueStatus: a member."""


@dataclass(frozen=True, slots=True)
class QueueMemberStatus(MemberEvent):
    """The member's device has another state."""


@dataclass(frozen=True, slots=True)
class QueueMemberAdded(MemberEvent):
    pass


@dataclass(frozen=True, slots=True)
class QueueMemberRemoved(MemberEvent):
    pass


@dataclass(frozen=True, slots=True)
class QueueMemberPause(MemberEvent):
    """Paused, or back."""


@dataclass(frozen=True, slots=True)
class QueueMemberPenalty(MemberEvent):
    pass


@dataclass(frozen=True, slots=True)
class QueueMemberRinginuse(MemberEvent):
    pass


@dataclass(frozen=True, slots=True)
class QueueEntry(QueueEvent):
    """In the list of QueueStatus: a caller who waits."""

    position: int
    channel: str
    uniqueid: str
    caller_number: str
    caller_name: str
    waited_s: int
    priority: int


@dataclass(frozen=True, slots=True)
class CallerEvent(QueueEvent):
    """An event of a caller in a queue."""

    channel: str
    uniqueid: str
    linkedid: str
    caller_number: str
    caller_name: str


@dataclass(frozen=True, slots=True)
class QueueCallerJoin(CallerEvent):
    position: int
    count: int


@dataclass(frozen=True, slots=True)
class QueueCallerLeave(CallerEvent):
    """Out of the queue, for whatever reason: served, given up (after QueueCallerAbandon), timed out, taken out."""

    position: int
    count: int


@dataclass(frozen=True, slots=True)
class QueueCallerAbandon(CallerEvent):
    """Hung up while waiting. QueueCallerLeave follows."""

    position: int
    original_position: int
    hold_s: int


@dataclass(frozen=True, slots=True)
class AgentEvent(CallerEvent):
    """An event of a caller and the agent who is to serve them."""

    interface: str
    member_name: str
    dest_channel: str
    """The agent's channel."""
    dest_uniqueid: str


@dataclass(frozen=True, slots=True)
class AgentCalled(AgentEvent):
    """The agent's telephone rings for this caller."""


@dataclass(frozen=True, slots=True)
class AgentConnect(AgentEvent):
    """The two talk. QueueCallerLeave came before."""

    hold_s: int
    ring_s: int


@dataclass(frozen=True, slots=True)
class AgentComplete(AgentEvent):
    """The talk is over; `reason` is caller, agent or transfer."""

    hold_s: int
    talk_s: int
    reason: str


@dataclass(frozen=True, slots=True)
class AgentRingNoAnswer(AgentEvent):
    ring_ms: int


@dataclass(frozen=True, slots=True)
class AgentDump(AgentEvent):
    """The agent hung up while the caller was being announced to them."""


@dataclass(frozen=True, slots=True)
class Hangup(AmiEvent):
    """A channel ended, in a queue or not. `cause` is Q.850's."""

    channel: str
    uniqueid: str
    linkedid: str
    cause: int
    cause_txt: str


class _Required:
    """Stands for "no default"."""


_REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class Header:
    """One header of an event: how to read it, and what it is when it is missing."""

    name: str
    read: Callable[[str], Any]
    default: Any = _REQUIRED


def _text(value: str) -> str:
    return value


def _caller(value: str) -> str:
    """What Asterisk puts for an unknown caller, in events and in lists, is no number and no name."""
    return "" if value in ("<unknown>", "unknown") else value


def _truth(value: str) -> bool:
    return value.strip().lower() in ("1", "yes", "true")


def _status(value: str) -> MemberStatus:
    return MemberStatus(int(value))


_QUEUE = (Header("Queue", _text),)


def _member(name: str, interface: str) -> tuple[Header, ...]:
    return (
        *_QUEUE,
        Header(interface, _text),
        Header(name, _text, ""),
        Header("StateInterface", _text, ""),
        Header("Membership", _text, ""),
        Header("Penalty", int, 0),
        Header("CallsTaken", int, 0),
        Header("LastCall", int, 0),
        Header("LastPause", int, 0),
        Header("LoginTime", int, 0),
        Header("InCall", _truth, False),
        Header("Status", _status),
        Header("Paused", _truth, False),
        Header("PausedReason", _text, ""),
        Header("Wrapuptime", int, 0),
    )


_LISTED_MEMBER = _member("Name", "Location")
_CHANGED_MEMBER = _member("MemberName", "Interface")
_CALLER = (
    *_QUEUE,
    Header("Channel", _text),
    Header("Uniqueid", _text),
    Header("Linkedid", _text, ""),
    Header("CallerIDNum", _caller, ""),
    Header("CallerIDName", _caller, ""),
)
_AGENT = (
    *_CALLER,
    Header("Interface", _text),
    Header("MemberName", _text, ""),
    Header("DestChannel", _text, ""),
    Header("DestUniqueid", _text, ""),
)

# The headers of each event in use, in the order of its class.
EVENTS: dict[str, tuple[type[AmiEvent], tuple[Header, ...]]] = {
    kind.__name__: (kind, headers)
    for kind, headers in (
        (
            QueueParams,
            (
                *_QUEUE,
                Header("Max", int, 0),
                Header("Strategy", _text, ""),
                Header("Calls", int),
                Header("Holdtime", int, 0),
                Header("TalkTime", int, 0),
                Header("Completed", int, 0),
                Header("Abandoned", int, 0),
                Header("ServiceLevel", int, 0),
                Header("ServicelevelPerf", float, 0.0),
                Header("Weight", int, 0),
            ),
        ),
        (QueueMember, _LISTED_MEMBER),
        (QueueMemberStatus, _CHANGED_MEMBER),
        (QueueMemberAdded, _CHANGED_MEMBER),
        (QueueMemberRemoved, _CHANGED_MEMBER),
        (QueueMemberPause, _CHANGED_MEMBER),
        (QueueMemberPenalty, _CHANGED_MEMBER),
        (QueueMemberRinginuse, _CHANGED_MEMBER),
        (
            QueueEntry,
            (
                *_QUEUE,
                Header("Position", int),
                Header("Channel", _text),
                Header("Uniqueid", _text),
                Header("CallerIDNum", _caller, ""),
                Header("CallerIDName", _caller, ""),
                Header("Wait", int),
                Header("Priority", int, 0),
            ),
        ),
        (QueueCallerJoin, (*_CALLER, Header("Position", int), Header("Count", int, 0))),
        (QueueCallerLeave, (*_CALLER, Header("Position", int, 0), Header("Count", int, 0))),
        (
            QueueCallerAbandon,
            (*_CALLER, Header("Position", int, 0), Header("OriginalPosition", int, 0), Header("HoldTime", int, 0)),
        ),
        (AgentCalled, _AGENT),
        (AgentConnect, (*_AGENT, Header("HoldTime", int), Header("RingTime", int, 0))),
        (AgentComplete, (*_AGENT, Header("HoldTime", int), Header("TalkTime", int), Header("Reason", _text, ""))),
        (AgentRingNoAnswer, (*_AGENT, Header("RingTime", int, 0))),
        (AgentDump, _AGENT),
        (
            Hangup,
            (
                Header("Channel", _text),
                Header("Uniqueid", _text),
                Header("Linkedid", _text, ""),
                Header("Cause", int, 0),
                Header("Cause-txt", _text, ""),
            ),
        ),
    )
}


def decode(message: AmiMessage) -> AmiEvent:
    """The event in a message. Never raises."""
    known = EVENTS.get(message.event)
    if known is None:
        return UnknownEvent(0.0, message)
    kind, headers = known
    values: list[Any] = []
    for header in headers:
        if header.name not in message:
            if header.default is _REQUIRED:
                return UnknownEvent(0.0, message, f"{message.event} has no {header.name}")
            values.append(header.default)
            continue
        value = message.get(header.name)
        try:
            values.append(header.read(value))
        except ValueError:
            return UnknownEvent(0.0, message, f"{message.event}: {header.name} is {value[:80]!r}")
    return kind(_moment(message), *values)


def _moment(message: AmiMessage) -> float:
    try:
        return float(message.get("timestamp", "0"))
    except ValueError:
        return 0.0
