"""Whatever comes over AMI becomes an event, and never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ami.events import (
    EVENTS,
    AgentComplete,
    AgentConnect,
    AmiEvent,
    Hangup,
    QueueCallerAbandon,
    QueueEntry,
    QueueMember,
    QueueMemberStatus,
    QueueParams,
    UnknownEvent,
    decode,
)
from ivr.ami.protocol import AmiMessage
from ivr.domain.queue_state import MemberStatus

pytestmark = pytest.mark.unit

# As Asterisk 22 sends them.
SAMPLES = {
    "QueueParams": "Queue: support\r\nMax: 0\r\nStrategy: rrmemory\r\nCalls: 1\r\nHoldtime: 4\r\nTalkTime: 7\r\n"
    "Completed: 1\r\nAbandoned: 2\r\nServiceLevel: 60\r\nServicelevelPerf: 66.7\r\nServicelevelPerf2: 100.0\r\n"
    "Weight: 3\r\nActionID: 3",
    "QueueMember": "Queue: support\r\nName: agent-1\r\nLocation: PJSIP/agent-1\r\nStateInterface: PJSIP/agent-1\r\n"
    "Membership: static\r\nPenalty: 2\r\nCallsTaken: 5\r\nLastCall: 1795402371\r\nLastPause: 0\r\n"
    "LoginTime: 1795402361\r\nInCall: 1\r\nStatus: 3\r\nPaused: 0\r\nPausedReason: \r\nWrapuptime: 0\r\nActionID: 3",
    "QueueEntry": "Queue: support\r\nPosition: 1\r\nChannel: PJSIP/callers-1\r\nUniqueid: 1.2\r\n"
    "CallerIDNum: +12025550100\r\nCallerIDName: unknown\r\nWait: 17\r\nPriority: 5\r\nActionID: 3",
    "Hangup": "Privilege: call,all\r\nTimestamp: 1795402371.687873\r\nChannel: PJSIP/callers-1\r\nUniqueid: 1.2\r\n"
    "Linkedid: 1.2\r\nCause: 16\r\nCause-txt: Normal Clearing",
}
_MEMBER = (
    "Queue: support\r\nMemberName: agent-1\r\nInterface: PJSIP/agent-1\r\nStatus: 1\r\nPaused: 1\r\n"
    "PausedReason: lunch\r\nInCall: 0\r\nRinginuse: 0\r\nWrapuptime: 9"
)
_CALLER = (
    "Timestamp: 1795402364.982035\r\nChannel: PJSIP/callers-1\r\nCallerIDNum: <unknown>\r\nCallerIDName: Ann\r\n"
    "Uniqueid: 1.2\r\nLinkedid: 1.1\r\nQueue: support\r\nPosition: 2\r\nCount: 3\r\nOriginalPosition: 4\r\n"
    "HoldTime: 12\r\nInterface: PJSIP/agent-1\r\nMemberName: agent-1\r\nDestChannel: PJSIP/agent-1-7\r\n"
    "DestUniqueid: 1.7\r\nRingTime: 3\r\nTalkTime: 60\r\nReason: caller"
)
for _kind in EVENTS:
    SAMPLES.setdefault(_kind, _MEMBER if _kind.startswith("QueueMember") else _CALLER)


def message(kind: str, body: str) -> AmiMessage:
    return AmiMessage(f"Event: {kind}\r\n{body}".encode())


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_every_type_in_use_becomes_its_class(kind: str) -> None:
    event = decode(message(kind, SAMPLES[kind]))
    assert (type(event).__name__, event.name) == (kind, kind)


def test_what_each_event_says() -> None:
    queue = decode(message("QueueParams", SAMPLES["QueueParams"]))
    assert isinstance(queue, QueueParams)
    assert (queue.queue, queue.strategy, queue.holdtime_s, queue.service_level_percent, queue.weight) == (
        "support",
        "rrmemory",
        4,
        66.7,
        3,
    )
    member = decode(message("QueueMember", SAMPLES["QueueMember"]))
    assert isinstance(member, QueueMember)
    assert (member.interface, member.member_name, member.status) == ("PJSIP/agent-1", "agent-1", MemberStatus.BUSY)
    assert (member.in_call, member.paused, member.last_call_at_s) == (True, False, 1795402371)
    changed = decode(message("QueueMemberStatus", _MEMBER))
    assert isinstance(changed, QueueMemberStatus)
    assert (changed.paused, changed.pause_reason, changed.wrapup_s) == (True, "lunch", 9)
    entry = decode(message("QueueEntry", SAMPLES["QueueEntry"]))
    assert isinstance(entry, QueueEntry)
    assert (entry.caller_number, entry.caller_name, entry.waited_s, entry.priority) == ("+12025550100", "", 17, 5)
    gone = decode(message("QueueCallerAbandon", _CALLER))
    assert isinstance(gone, QueueCallerAbandon)
    assert (gone.caller_number, gone.caller_name, gone.position, gone.original_position, gone.hold_s) == (
        "",
        "Ann",
        2,
        4,
        12,
    )
    connected = decode(message("AgentConnect", _CALLER))
    assert isinstance(connected, AgentConnect)
    assert (connected.hold_s, connected.ring_s, connected.dest_uniqueid) == (12, 3, "1.7")
    assert connected.at_s == pytest.approx(1795402364.982035)
    complete = decode(message("AgentComplete", _CALLER))
    assert isinstance(complete, AgentComplete)
    assert (complete.talk_s, complete.reason, complete.linkedid) == (60, "caller", "1.1")
    hangup = decode(message("Hangup", SAMPLES["Hangup"]))
    assert isinstance(hangup, Hangup)
    assert (hangup.cause, hangup.cause_txt) == (16, "Normal Clearing")


def test_an_unknown_event_keeps_its_message() -> None:
    event = decode(message("NewThing", "A: b"))
    assert isinstance(event, UnknownEvent)
    assert (event.name, event.note, event.message.get("A")) == ("NewThing", "", "b")


@pytest.mark.parametrize(
    ("kind", "body", "note"),
    [
        ("QueueEntry", "Queue: support", "QueueEntry has no Position"),
        ("QueueEntry", "Queue: support\r\nPosition: first", "QueueEntry: Position is 'first'"),
        ("QueueMemberStatus", "Queue: q\r\nInterface: x\r\nStatus: 99", "QueueMemberStatus: Status is '99'"),
        ("AgentConnect", "Queue: q", "AgentConnect has no Channel"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_note(kind: str, body: str, note: str) -> None:
    event = decode(message(kind, body))
    assert isinstance(event, UnknownEvent)
    assert event.note == note


def test_a_time_that_is_none_is_no_time() -> None:
    assert decode(message("Hangup", SAMPLES["Hangup"].replace("1795402371.687873", "now"))).at_s == 0.0


@given(st.sampled_from(sorted(EVENTS)), st.binary())
def test_any_body(kind: str, body: bytes) -> None:
    event = decode(AmiMessage(b"Event: " + kind.encode() + b"\r\n" + body))
    assert isinstance(event, AmiEvent)


@given(st.sampled_from(sorted(EVENTS)), st.data())
def test_any_damage_to_one_header(kind: str, data: st.DataObject) -> None:
    lines = SAMPLES[kind].split("\r\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    name = lines[at].partition(":")[0]
    lines[at] = data.draw(st.sampled_from(["", name, f"{name}:", "garbage"])) or f"{name}: {data.draw(st.text())}"
    assert isinstance(decode(message(kind, "\r\n".join(lines).encode("utf-8", "replace").decode())), AmiEvent)
