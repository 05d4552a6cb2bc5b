"""The picture of one agent queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.queue_state import Member, MemberStatus, QueueState, Waiting

pytestmark = pytest.mark.unit

NOW_S = 1_000_000.0


def caller(uniqueid: str, position: int = 1, joined_at_s: float = NOW_S) -> Waiting:
    return Waiting(uniqueid=uniqueid, channel=f"PJSIP/{uniqueid}", position=position, joined_at_s=joined_at_s)


@pytest.mark.parametrize(
    ("member", "available"),
    [
        (Member("PJSIP/1", status=MemberStatus.NOT_IN_USE), True),
        (Member("Local/1@agents", status=MemberStatus.UNKNOWN), True),
        (Member("PJSIP/1", status=MemberStatus.NOT_IN_USE, paused=True), False),
        (Member("PJSIP/1", status=MemberStatus.NOT_IN_USE, in_call=True), False),
        (Member("PJSIP/1", status=MemberStatus.IN_USE), False),
        (Member("PJSIP/1", status=MemberStatus.RINGING), False),
        (Member("PJSIP/1", status=MemberStatus.ON_HOLD), False),
        (Member("PJSIP/1", status=MemberStatus.UNAVAILABLE), False),
        (Member("PJSIP/1", status=MemberStatus.INVALID), False),
        (Member("PJSIP/1", status=MemberStatus.NOT_IN_USE, last_call_at_s=NOW_S - 9, wrapup_s=10), False),
        (Member("PJSIP/1", status=MemberStatus.NOT_IN_USE, last_call_at_s=NOW_S - 10, wrapup_s=10), True),
        # No call yet: there is nothing to wrap up, however long the wrap-up.
        (Member("PJSIP/1", status=MemberStatus.NOT_IN_USE, last_call_at_s=0, wrapup_s=2 * NOW_S), True),
    ],
)
def test_who_takes_the_next_call(member: Member, available: bool) -> None:
    assert member.is_available(NOW_S) is available
    state = QueueState("support", NOW_S, members=(member,))
    assert state.available(NOW_S) == ((member,) if available else ())


def test_logged_in_and_staffed() -> None:
    state = QueueState(
        "support",
        NOW_S,
        members=(
            Member("PJSIP/1", status=MemberStatus.IN_USE),
            Member("PJSIP/2", status=MemberStatus.NOT_IN_USE, paused=True),
            Member("PJSIP/3", status=MemberStatus.UNAVAILABLE),
        ),
    )
    assert (state.logged_in, state.staffed) == (2, 1)


def test_for_whom_a_telephone_rings() -> None:
    state = QueueState("support", NOW_S).joined(caller("a")).joined(caller("b", 2))
    assert state.being_rung_for == 0
    state = state.rung("a", "PJSIP/1", rings=True).rung("b", "PJSIP/2", rings=True)
    # As with the strategy ringall.
    state = state.rung("a", "PJSIP/3", rings=True)
    assert state.being_rung_for == 2
    assert state.rung("a", "PJSIP/1", rings=False).being_rung_for == 2
    assert state.rung("b", "PJSIP/2", rings=False).being_rung_for == 1
    assert state.left("a").being_rung_for == 1
    assert [w.position for w in state.left("a").waiting] == [1]
    # What changes nothing is the same state.
    assert state.rung("a", "PJSIP/1", rings=True) is state
    assert state.rung("gone", "PJSIP/1", rings=True) is state


def test_wrapup_is_not_counted_during_a_call() -> None:
    talking = Member("PJSIP/1", in_call=True, last_call_at_s=NOW_S, wrapup_s=30)
    assert not talking.is_in_wrapup(NOW_S + 1)
    assert talking.wrapup_ends_at_s == NOW_S + 30


def test_joining_in_the_middle_moves_the_rest_back() -> None:
    state = QueueState("support", NOW_S).joined(caller("a", 1)).joined(caller("b", 2)).joined(caller("c", 2))
    assert [(w.uniqueid, w.position) for w in state.waiting] == [("a", 1), ("c", 2), ("b", 3)]


def test_old_news_of_a_join_changes_nothing() -> None:
    state = QueueState("support", NOW_S).joined(caller("a", 1)).joined(caller("b", 2))
    assert state.joined(caller("b", 1, NOW_S + 5)) is state


def test_leaving_moves_the_rest_up_and_a_second_time_does_nothing() -> None:
    state = QueueState("support", NOW_S).joined(caller("a", 1)).joined(caller("b", 2)).left("a")
    assert [(w.uniqueid, w.position) for w in state.waiting] == [("b", 1)]
    assert state.left("a") is state


def test_members_are_known_by_interface() -> None:
    state = QueueState("support", NOW_S).with_member(Member("PJSIP/1")).with_member(Member("PJSIP/2"))
    state = state.with_member(Member("PJSIP/1", paused=True))
    assert [(m.interface, m.paused) for m in state.members] == [("PJSIP/1", True), ("PJSIP/2", False)]
    assert [m.interface for m in state.without_member("PJSIP/1").members] == ["PJSIP/2"]
    assert state.member("PJSIP/9") is None


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("join"), st.integers(0, 9), st.integers(-3, 20)),
            st.tuples(st.just("leave"), st.integers(0, 9), st.just(0)),
        )
    )
)
def test_positions_are_always_one_to_n_without_repeats(moves: list[tuple[str, int, int]]) -> None:
    state = QueueState("support", NOW_S)
    present: set[str] = set()
    for move, who, position in moves:
        if move == "join":
            state = state.joined(caller(str(who), position))
            present.add(str(who))
        else:
            state = state.left(str(who))
            present.discard(str(who))
        assert [w.position for w in state.waiting] == list(range(1, len(state.waiting) + 1))
        assert {w.uniqueid for w in state.waiting} == present
