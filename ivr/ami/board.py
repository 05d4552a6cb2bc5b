"""The changes that an event makes to the picture of a queue. Pure; the moments are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ivr.ami.events import (
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentDump,
    AgentRingNoAnswer,
    AmiEvent,
    MemberEvent,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueEntry,
    QueueMember,
    QueueMemberRemoved,
    QueueParams,
)
from ivr.domain.queue_state import Member, QueueState, Waiting

# QueueStatus tells a wait in whole seconds; what we saw ourselves is better as long as the two agree.
WAIT_TOLERANCE_S = 2.0


def read_status(
    items: Iterable[AmiEvent],
    before: Mapping[str, QueueState],
    wrapup_s: Mapping[str, float],
    now_s: float,
) -> dict[str, QueueState]:
    """The queues in the answer to QueueStatus. `before` lends what that does not tell: the exact moments at which
    callers joined, and whose telephones ring for them.

    wrapup_s: the wrap-up of each queue, for members without one of their own.
    """
    queues: dict[str, QueueState] = {}
    members: dict[str, list[Member]] = {}
    waiting: dict[str, list[Waiting]] = {}
    for item in items:
        match item:
            case QueueParams():
                queues[item.queue] = _of_params(item, now_s)
            case QueueMember():
                members.setdefault(item.queue, []).append(member_of(item, wrapup_s))
            case QueueEntry():
                waiting.setdefault(item.queue, []).append(_of_entry(item, before.get(item.queue), now_s))
    return {
        name: replace(
            state,
            members=tuple(members.get(name, ())),
            waiting=tuple(sorted(waiting.get(name, ()), key=lambda caller: caller.position)),
        )
        for name, state in queues.items()
    }


def apply(state: QueueState, event: AmiEvent, wrapup_s: Mapping[str, float], now_s: float) -> QueueState:
    """The queue after this event of it. The same object when the event changes nothing.

    An event that is older than the state does no harm that the events after it would not undo.
    """
    match event:
        case QueueCallerJoin():
            return state.joined(
                Waiting(
                    uniqueid=event.uniqueid,
                    channel=event.channel,
                    position=event.position,
                    joined_at_s=now_s,
                    caller_number=event.caller_number,
                    caller_name=event.caller_name,
                )
            )
        case QueueCallerLeave():
            return state.left(event.uniqueid)
        case QueueMemberRemoved():
            return state.without_member(event.interface)
        case MemberEvent():
            return state.with_member(member_of(event, wrapup_s))
        case AgentCalled():
            return state.rung(event.uniqueid, event.interface, rings=True)
        case AgentRingNoAnswer() | AgentDump():
            return state.rung(event.uniqueid, event.interface, rings=False)
        # Asterisk sends no member event when a call begins or ends that leaves the device as busy as it was.
        case AgentConnect():
            return _with_call(state, event.interface, in_call=True)
        case AgentComplete():
            return _with_call(state, event.interface, in_call=False, ended_at_s=now_s)
        case _:
            return state


def member_of(event: MemberEvent, wrapup_s: Mapping[str, float]) -> Member:
    """The member in an event. Its own wrap-up, where it has one, goes before the queue's."""
    return Member(
        interface=event.interface,
        name=event.member_name,
        status=event.status,
        paused=event.paused,
        pause_reason=event.pause_reason,
        in_call=event.in_call,
        penalty=event.penalty,
        calls_taken=event.calls_taken,
        last_call_at_s=event.last_call_at_s,
        last_pause_at_s=event.last_pause_at_s,
        logged_in_at_s=event.logged_in_at_s,
        wrapup_s=event.wrapup_s or wrapup_s.get(event.queue, 0.0),
    )


def _of_params(item: QueueParams, now_s: float) -> QueueState:
    return QueueState(
        name=item.queue,
        at_s=now_s,
        strategy=item.strategy,
        weight=item.weight,
        max_waiting=item.max_waiting,
        holdtime_s=item.holdtime_s,
        talktime_s=item.talktime_s,
        completed=item.completed,
        abandoned=item.abandoned,
    )


def _of_entry(item: QueueEntry, before: QueueState | None, now_s: float) -> Waiting:
    joined_at_s, ringing = now_s - item.waited_s, frozenset[str]()
    seen = before.waiter(item.uniqueid) if before else None
    if seen and abs(seen.joined_at_s - joined_at_s) <= WAIT_TOLERANCE_S:
        joined_at_s, ringing = seen.joined_at_s, seen.ringing
    return Waiting(
        uniqueid=item.uniqueid,
        channel=item.channel,
        position=item.position,
        joined_at_s=joined_at_s,
        caller_number=item.caller_number,
        caller_name=item.caller_name,
        priority=item.priority,
        ringing=ringing,
    )


def _with_call(state: QueueState, interface: str, *, in_call: bool, ended_at_s: float = 0.0) -> QueueState:
    member = state.member(interface)
    if member is None:
        return state
    return state.with_member(replace(member, in_call=in_call, last_call_at_s=max(member.last_call_at_s, ended_at_s)))
