"""What events make of the picture of a queue."""

from __future__ import annotations

import pytest

from ivr.ami.board import apply, read_status
from ivr.ami.events import AmiEvent, UnknownEvent, decode
from ivr.ami.protocol import AmiMessage
from ivr.domain.queue_state import MemberStatus, QueueState

pytestmark = pytest.mark.unit

NOW_S = 1_795_402_400.0
WRAPUP_S = {"support": 5.0}


def event(kind: str, **headers: object) -> AmiEvent:
    lines = "\r\n".join(f"{name}: {value}" for name, value in {"Queue": "support", **headers}.items())
    made = decode(AmiMessage(f"Event: {kind}\r\n{lines}".encode()))
    assert not isinstance(made, UnknownEvent), made
    return made


def params(queue: str = "support", **headers: object) -> AmiEvent:
    return event("QueueParams", Queue=queue, Calls=0, **headers)


def entry(uniqueid: str, position: int, wait_s: int) -> AmiEvent:
    return event("QueueEntry", Uniqueid=uniqueid, Channel=f"PJSIP/{uniqueid}", Position=position, Wait=wait_s)


def join(uniqueid: str, position: int) -> AmiEvent:
    return event("QueueCallerJoin", Uniqueid=uniqueid, Channel=f"PJSIP/{uniqueid}", Position=position)


def leave(uniqueid: str) -> AmiEvent:
    return event("QueueCallerLeave", Uniqueid=uniqueid, Channel=f"PJSIP/{uniqueid}")


def member(kind: str = "QueueMemberStatus", **headers: object) -> AmiEvent:
    return event(kind, **{"Interface": "PJSIP/1", "Location": "PJSIP/1", "Status": 1, **headers})


def agent(kind: str, **headers: object) -> AmiEvent:
    known = {"Channel": "PJSIP/c", "Uniqueid": "c", "Interface": "PJSIP/1", "HoldTime": 1, "TalkTime": 2}
    return event(kind, **{**known, **headers})


def read(*items: AmiEvent, before: dict[str, QueueState] | None = None, now_s: float = NOW_S) -> QueueState:
    return read_status(items, before or {}, WRAPUP_S, now_s)["support"]


def after(state: QueueState, *events: AmiEvent, now_s: float = NOW_S) -> QueueState:
    for each in events:
        state = apply(state, each, WRAPUP_S, now_s)
    return state


def test_a_status_is_read_in_full() -> None:
    state = read(
        params(Strategy="rrmemory", Holdtime=4, TalkTime=7, Completed=1, Abandoned=2, Max=50, Weight=3),
        member("QueueMember", Name="Ann", Penalty=2, CallsTaken=9, LastCall=1795402398, InCall=0),
        entry("b", 2, 10),
        entry("a", 1, 20),
    )
    assert (state.strategy, state.holdtime_s, state.talktime_s, state.completed, state.abandoned) == (
        "rrmemory",
        4,
        7,
        1,
        2,
    )
    assert (state.max_waiting, state.weight, state.at_s) == (50, 3, NOW_S)
    (ann,) = state.members
    assert (ann.name, ann.penalty, ann.calls_taken, ann.status) == ("Ann", 2, 9, MemberStatus.NOT_IN_USE)
    assert [(w.uniqueid, w.joined_at_s) for w in state.waiting] == [("a", NOW_S - 20), ("b", NOW_S - 10)]


def test_the_queues_wrapup_holds_where_the_member_has_none() -> None:
    state = read(params(), member("QueueMember", LastCall=int(NOW_S) - 3))
    assert state.members[0].wrapup_s == 5.0
    assert not state.available(NOW_S)
    assert state.available(NOW_S + 2)
    own = read(params(), member("QueueMember", LastCall=int(NOW_S) - 3, Wrapuptime=60))
    assert not own.available(NOW_S + 50)


def test_several_queues_and_none() -> None:
    queues = read_status([params("support"), params("sales"), entry("a", 1, 0)], {}, {}, NOW_S)
    assert (len(queues["support"].waiting), len(queues["sales"].waiting)) == (1, 0)
    assert read_status([], {}, {}, NOW_S) == {}


def test_a_join_that_was_seen_is_more_exact_than_a_list_of_whole_seconds() -> None:
    before = {"support": after(read(params()), join("a", 1), now_s=NOW_S - 7.7)}
    assert read(params(), entry("a", 1, 7), before=before).waiting[0].joined_at_s == NOW_S - 7.7
    # Much too different: they left and came back while nobody looked.
    assert read(params(), entry("a", 1, 2), before=before).waiting[0].joined_at_s == NOW_S - 2


def test_a_call_from_joining_to_wrapping_up() -> None:
    state = read(params(), member("QueueMember"))
    assert state.available(NOW_S)
    state = after(state, join("c", 1))
    assert [w.uniqueid for w in state.waiting] == ["c"]
    state = after(state, agent("AgentCalled"), member(Status=6))
    assert not state.available(NOW_S)
    assert state.members[0].is_ringing
    assert state.being_rung_for == 1
    state = after(state, leave("c"), agent("AgentConnect"))
    assert (state.waiting, state.members[0].in_call) == ((), True)
    # The telephone is idle again an instant before Asterisk says that the talk is over, or after: both are right.
    for events in ((agent("AgentComplete"), member(LastCall=int(NOW_S))), (agent("AgentComplete"), member())):
        ended = after(state, *events[:1], now_s=NOW_S)
        assert (ended.members[0].in_call, ended.members[0].last_call_at_s) == (False, NOW_S)
    idle = after(state, agent("AgentComplete"), member(LastCall=int(NOW_S)))
    assert not idle.available(NOW_S + 4)
    assert idle.available(NOW_S + 5)


def test_an_agent_who_does_not_answer_rings_for_nobody_any_more() -> None:
    state = after(read(params()), join("c", 1), agent("AgentCalled"))
    assert after(state, agent("AgentRingNoAnswer")).being_rung_for == 0
    assert after(state, agent("AgentDump")).being_rung_for == 0
    # QueueStatus does not tell who rings.
    again = read(params(), entry("c", 1, 1), before={"support": state}, now_s=NOW_S + 1)
    assert again.being_rung_for == 1


def test_members_come_pause_and_go() -> None:
    state = after(read(params()), member("QueueMemberAdded"))
    assert len(state.available(NOW_S)) == 1
    state = after(state, member("QueueMemberPause", Paused=1, PausedReason="lunch"))
    assert (state.available(NOW_S), state.members[0].pause_reason) == ((), "lunch")
    assert after(state, member("QueueMemberRemoved")).members == ()


def test_old_news_changes_nothing_that_lasts() -> None:
    """What happened while the list was read comes after the list, which has it already."""
    state = read(params(), entry("b", 1, 0))
    assert after(state, join("b", 2)) is state
    assert after(state, leave("a")) is state
    assert [w.uniqueid for w in after(state, join("c", 2), leave("c")).waiting] == ["b"]


def test_agents_of_whom_we_know_nothing() -> None:
    state = read(params())
    assert after(state, agent("AgentConnect"), agent("AgentComplete")) is state
    assert (
        after(
            state,
            agent("AgentRingNoAnswer"),
            agent("AgentDump"),
            event("QueueCallerAbandon", Channel="x", Uniqueid="x"),
        )
        is state
    )
