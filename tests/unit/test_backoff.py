"""Waits between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.backoff import Backoff

pytestmark = pytest.mark.unit


def test_doubles_up_to_the_limit_and_starts_over() -> None:
    waits = Backoff(0.5, 3.0, rng=lambda: 1.0)
    assert [waits.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    waits.reset()
    assert waits.next_s() == 0.5


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 20))
def test_scatter_stays_in_the_upper_half_of_the_step(chance: float, steps: int) -> None:
    scattered, highest = Backoff(1.0, 60.0, rng=lambda: chance), Backoff(1.0, 60.0, rng=lambda: 1.0)
    for _ in range(steps):
        step = highest.next_s()
        assert step / 2 <= scattered.next_s() <= step


@pytest.mark.parametrize(("first_s", "limit_s"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0)])
def test_refuses_waits_that_make_no_sense(first_s: float, limit_s: float) -> None:
    with pytest.raises(ValueError, match="first_s"):
        Backoff(first_s, limit_s)
