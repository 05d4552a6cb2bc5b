"""The life of a callback: what may follow what, whatever order things happen in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ivr.domain.callback import KEPT_AFTER_END_S, Attempt, Callback, CallbackState, DialResult, Reason
from ivr.domain.lifecycle import TRANSITIONS, Event, IllegalTransition, apply, may

pytestmark = pytest.mark.unit

STATES = list(CallbackState)


def a_callback(state: CallbackState = CallbackState.QUEUED, **fields: float) -> Callback:
    times = {"created_at_s": 1000.0, "asked_at_s": 900.0, "expires_at_s": 90000.0} | fields
    return Callback("support-0123456789", "support", "+12025550100", state=state, **times)  # type: ignore[arg-type]


@given(st.sampled_from(STATES), st.sampled_from(list(Event)))
def test_what_the_table_does_not_allow_is_refused(state: CallbackState, event: Event) -> None:
    callback = a_callback(state)
    if may(callback, event):
        after = apply(callback, event, 2000.0, reason=Reason.FAIL_ERROR)
        assert after.state is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition) as refused:
            apply(callback, event, 2000.0, reason=Reason.FAIL_ERROR)
        assert str(state) in str(refused.value)
        assert event in str(refused.value)


@pytest.mark.parametrize("event", Event)
def test_nothing_follows_the_end(event: Event) -> None:
    assert not may(a_callback(CallbackState.COMPLETED), event)


@pytest.mark.parametrize("state", [s for s in STATES if s is not CallbackState.COMPLETED])
def test_from_every_state_the_end_can_be_reached(state: CallbackState) -> None:
    reached, frontier = set[CallbackState](), {state}
    while frontier:
        reached |= frontier
        frontier = {after for (before, _), after in TRANSITIONS.items() if before in frontier} - reached
    assert CallbackState.COMPLETED in reached


@pytest.mark.parametrize(
    ("state", "event", "reason"),
    [
        (CallbackState.PROCESSING, Event.TALK_ENDED, Reason.AGENT_CONNECTED),
        (CallbackState.QUEUED, Event.CANCELLED, Reason.CANCELLED),
        (CallbackState.SCHEDULED, Event.EXPIRED, Reason.FAIL_TIMEOUT_TTL),
    ],
)
def test_an_end_has_its_reason(state: CallbackState, event: Event, reason: Reason) -> None:
    ended = apply(a_callback(state), event, 2000.0)
    assert (ended.reason, ended.completed_at_s) == (reason, 2000.0)


def test_giving_up_needs_a_reason_and_a_cancellation_may_have_words_of_its_own() -> None:
    with pytest.raises(ValueError, match="FAIL_CALL_TO_CUSTOMER"):
        apply(a_callback(), Event.GAVE_UP, 2000.0)
    assert (
        apply(a_callback(), Event.CANCELLED, 2000.0, reason="storm, offices closed").reason == "storm, offices closed"
    )


def test_the_line_is_entered_when_submitted_and_left_when_booked_again() -> None:
    booked = a_callback(CallbackState.SCHEDULED)
    assert booked.queued_at_s is None
    queued = apply(booked, Event.SUBMITTED, 2000.0)
    assert queued.queued_at_s == 2000.0
    assert apply(queued, Event.DIALED, 3000.0).queued_at_s == 2000.0
    assert apply(queued, Event.RESCHEDULED, 3000.0).queued_at_s is None


def test_a_record_is_kept_until_its_time_and_an_hour_after_a_late_end() -> None:
    callback = a_callback(expires_at_s=90000.0)
    assert callback.kept_until_s == 90000.0
    assert apply(callback, Event.CANCELLED, 2000.0).kept_until_s == 90000.0
    assert apply(callback, Event.EXPIRED, 90001.0).kept_until_s == 90001.0 + KEPT_AFTER_END_S


def test_an_attempt_replaces_the_one_of_its_number() -> None:
    ringing = Attempt(1, "cb-x-1", 1000.0)
    callback = a_callback().with_attempt(ringing)
    assert callback.dialing == ringing
    over = Attempt(1, "cb-x-1", 1000.0, ended_at_s=1030.0, result=DialResult.BUSY)
    callback = callback.with_attempt(over)
    assert callback.attempts == (over,)
    assert callback.dialing is None


class Life(RuleBasedStateMachine):
    """Anything may happen at any time; what is remembered beside the callback must agree with it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.callback = a_callback(CallbackState.SCHEDULED)
        self.in_line = False
        self.with_customer = False
        self.ended: tuple[str, float] | None = None

    @rule(event=st.sampled_from(list(Event)), wait_s=st.floats(0, 3600))
    def something_happens(self, event: Event, wait_s: float) -> None:
        self.now_s += wait_s
        before, allowed = self.callback, may(self.callback, event)
        try:
            self.callback = apply(
                before, event, self.now_s, reason=Reason.FAIL_ERROR if event is Event.GAVE_UP else None
            )
        except IllegalTransition:
            assert not allowed
            assert self.callback is before
            return
        assert allowed
        self._remember(event)

    def _remember(self, event: Event) -> None:
        match event:
            case Event.SUBMITTED:
                self.in_line = True
            case Event.RESCHEDULED:
                self.in_line = False
            case Event.CUSTOMER_REACHED:
                self.with_customer = True
            case Event.CUSTOMER_LOST:
                self.with_customer = False
            case Event.AGENT_CONNECTED:
                self.in_line = False
            case Event.TALK_ENDED | Event.CANCELLED | Event.GAVE_UP | Event.EXPIRED:
                self.in_line = self.with_customer = False
                self.ended = (str(self.callback.reason), self.now_s)

    @precondition(lambda self: self.ended is not None)
    @rule(event=st.sampled_from(list(Event)))
    def the_end_is_the_end(self, event: Event) -> None:
        with pytest.raises(IllegalTransition):
            apply(self.callback, event, self.now_s, reason=Reason.FAIL_ERROR)

    @invariant()
    def state_agrees_with_what_happened(self) -> None:
        state = self.callback.state
        assert (state in (CallbackState.QUEUED, CallbackState.ROUTING)) == self.in_line
        assert (state in (CallbackState.ROUTING, CallbackState.PROCESSING)) == self.with_customer
        assert self.callback.is_final == (self.ended is not None)

    @invariant()
    def an_end_has_reason_and_time_and_nothing_else_has(self) -> None:
        assert (self.callback.reason, self.callback.completed_at_s) == (self.ended or (None, None))

    @invariant()
    def who_asked_first_stays_who_asked_first(self) -> None:
        assert self.callback.asked_at_s == 900.0


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase
