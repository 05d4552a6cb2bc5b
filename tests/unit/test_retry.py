"""What follows an attempt that did not bring the customer to an agent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.callback import DialResult, Reason
from ivr.domain.retry import GiveUp, RetryRules, TryAgain, after_attempt

pytestmark = pytest.mark.unit

NOT_DECLINED = [result for result in DialResult if result is not DialResult.DECLINED]
rules = st.builds(RetryRules, max_attempts=st.integers(1, 20), gap_s=st.floats(0, 86400))
moments_s = st.floats(0, 4e9)


@given(rules, st.integers(1, 25), st.booleans(), moments_s)
def test_who_declines_is_left_in_peace(rules: RetryRules, made: int, reached: bool, now_s: float) -> None:
    next_step = after_attempt(DialResult.DECLINED, attempts_made=made, reached=reached, now_s=now_s, rules=rules)
    assert next_step == GiveUp(Reason.CANCELLED)


@given(st.sampled_from(NOT_DECLINED), rules, st.integers(1, 25), st.booleans(), moments_s)
def test_tried_again_after_the_gap_until_the_attempts_are_used_up(
    result: DialResult, rules: RetryRules, made: int, reached: bool, now_s: float
) -> None:
    match after_attempt(result, attempts_made=made, reached=reached, now_s=now_s, rules=rules):
        case TryAgain(at_s):
            assert made < rules.max_attempts
            assert at_s == now_s + rules.gap_s
        case GiveUp(reason):
            assert made >= rules.max_attempts
            assert (reason is Reason.FAIL_INTERACTION_DELETED) is reached
            assert (reason is Reason.FAIL_CALL_TO_CUSTOMER) is not reached


@pytest.mark.parametrize("result", NOT_DECLINED)
@pytest.mark.parametrize("max_attempts", [1, 2, 3, 20])
def test_exactly_as_many_dials_as_allowed(result: DialResult, max_attempts: int) -> None:
    rules, made, now_s = RetryRules(max_attempts, gap_s=300.0), 1, 1000.0
    while isinstance(
        next_step := after_attempt(result, attempts_made=made, reached=False, now_s=now_s, rules=rules), TryAgain
    ):
        made, now_s = made + 1, next_step.at_s
    assert (made, now_s) == (max_attempts, 1000.0 + 300.0 * (max_attempts - 1))


def test_without_a_gap_the_next_dial_is_due_at_once() -> None:
    rules = RetryRules(max_attempts=2, gap_s=0.0)
    assert after_attempt(DialResult.BUSY, attempts_made=1, reached=False, now_s=7.0, rules=rules) == TryAgain(7.0)
