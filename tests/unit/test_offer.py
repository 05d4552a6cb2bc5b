"""Whether a callback is offered, and what is said about why."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.offer import decide_offer
from ivr.domain.wait import WaitEstimate, unknown

pytestmark = pytest.mark.unit


def waiting(median_s: float) -> WaitEstimate:
    return WaitEstimate(median_s / 2, median_s, median_s * 2, "3 ahead")


@pytest.mark.parametrize(
    ("median_s", "threshold_s", "offer"),
    [
        (179.999, 180.0, False),
        (180.0, 180.0, True),
        (180.001, 180.0, True),
        (0.0, 180.0, False),
        (0.0, 0.0, True),
        (600.0, 0.0, True),
        (86399.0, 86400.0, False),
    ],
)
def test_offered_when_the_median_is_not_under_the_threshold(median_s: float, threshold_s: float, offer: bool) -> None:
    assert decide_offer(waiting(median_s), threshold_s=threshold_s).offer is offer


def test_the_median_decides_and_not_the_range() -> None:
    assert not decide_offer(WaitEstimate(10.0, 100.0, 1000.0, "wide"), threshold_s=180.0).offer
    assert decide_offer(WaitEstimate(10.0, 200.0, 210.0, "skewed"), threshold_s=180.0).offer


@given(threshold_s=st.floats(0, 86400))
def test_a_wait_that_nobody_can_tell_is_offered_with_the_reason(threshold_s: float) -> None:
    decision = decide_offer(unknown("no agent is logged in"), threshold_s=threshold_s)
    assert decision.offer
    assert decision.reason == "wait unknown: no agent is logged in"


@pytest.mark.parametrize(
    ("median_s", "reason"),
    [
        (179.7, "estimated 179 s, under the threshold of 180 s: 3 ahead"),
        (180.0, "estimated 180 s, not under the threshold of 180 s: 3 ahead"),
        (412.2, "estimated 413 s, not under the threshold of 180 s: 3 ahead"),
    ],
)
def test_the_reason_in_words(median_s: float, reason: str) -> None:
    assert decide_offer(waiting(median_s), threshold_s=180.0).reason == reason


@given(
    median_s=st.floats(0, 1e6),
    threshold_s=st.integers(0, 864_000).map(lambda tenths: tenths / 10),
    nudge=st.sampled_from([None, -0.01, 0.0, 0.01]),
)
def test_the_figures_of_the_reason_agree_with_it(median_s: float, threshold_s: float, nudge: float | None) -> None:
    if nudge is not None:
        median_s = max(threshold_s + nudge, 0.0)
    decision = decide_offer(waiting(median_s), threshold_s=threshold_s)
    told = re.fullmatch(r"estimated (\d+) s, (not )?under the threshold of ([\d.]+) s: 3 ahead", decision.reason)
    assert told
    assert (told[2] is not None) is decision.offer
    assert (int(told[1]) >= float(told[3])) is decision.offer
    assert abs(int(told[1]) - median_s) <= 1
