"""How a wait is put into words: the sentence that the caller hears."""

from __future__ import annotations

import re
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.prompts import Prompt
from ivr.domain.speech import Media, SpokenDigits, SpokenNumber, wait_phrase
from ivr.domain.wait import WaitEstimate, estimate, unknown

pytestmark = pytest.mark.unit

WORDS = {
    Prompt.WAIT_ABOUT: "about",
    Prompt.WAIT_BETWEEN: "between",
    Prompt.WAIT_AND: "and",
    Prompt.WAIT_MINUTE: "minute",
    Prompt.WAIT_MINUTES: "minutes",
    Prompt.WAIT_LONG: "long",
}
SPEAKABLE = {*range(1, 11), 15, 20, 25, 30, 40, 50, 60, 70, 80, 90}


def spoken(media: tuple[Media, ...]) -> str:
    words = []
    for each in media:
        match each:
            case SpokenNumber(value):
                words.append(str(value))
            case SpokenDigits():
                pytest.fail("a wait is no digits")
            case Prompt():
                words.append(WORDS[each])
    return " ".join(words)


def sentence(p10_min: float, p90_min: float) -> str:
    middle_s = (p10_min + p90_min) * 30
    return spoken(wait_phrase(WaitEstimate(p10_min * 60, middle_s, p90_min * 60, "a test")))


@pytest.mark.parametrize(
    ("p10_min", "p90_min", "said"),
    [
        (0, 0, "about 1 minute"),
        (0, 0.5, "about 1 minute"),
        (0.9, 1, "about 1 minute"),
        (0, 1.01, "between 1 and 2 minutes"),
        (1, 1.5, "about 2 minutes"),
        (0.3, 6.8, "between 1 and 7 minutes"),
        (2, 3, "about 3 minutes"),
        (2.9, 3, "about 3 minutes"),
        (3, 3, "about 3 minutes"),
        (3, 5, "between 3 and 5 minutes"),
        (8, 14, "between 8 and 15 minutes"),
        (9.5, 9.9, "about 10 minutes"),
        (9, 10.1, "between 9 and 15 minutes"),
        (10, 10, "about 10 minutes"),
        (12, 13, "between 10 and 15 minutes"),
        (14.9, 15.1, "between 10 and 20 minutes"),
        (20, 20, "about 20 minutes"),
        (29, 31, "between 25 and 40 minutes"),
        (30, 30, "about 30 minutes"),
        (39, 61, "between 30 and 70 minutes"),
        (40, 40, "about 40 minutes"),
        (70, 90, "between 70 and 90 minutes"),
        (90, 90, "about 90 minutes"),
        (20, 90.02, "long"),
        (200, 400, "long"),
        (10, inf, "long"),
    ],
)
def test_the_wait_in_words(p10_min: float, p90_min: float, said: str) -> None:
    assert sentence(p10_min, p90_min) == said


def test_a_wait_that_nobody_can_tell_has_no_figure() -> None:
    assert spoken(wait_phrase(unknown("no agent is logged in"))) == "long"


@given(st.floats(0, 6000), st.floats(0, 6000))
def test_what_is_said_is_true_and_speakable(one_s: float, other_s: float) -> None:
    p10_s, p90_s = sorted((one_s, other_s))
    said = sentence(p10_s / 60, p90_s / 60)
    if said == "long":
        assert p90_s > 90 * 60
        return
    figures = [int(each) for each in re.findall(r"\d+", said)]
    low, high = figures[0], figures[-1]
    assert SPEAKABLE.issuperset(figures)
    assert p90_s / 60 <= max(high, 1) + 1e-9
    assert not SPEAKABLE.intersection(range(max(ceil(p90_s / 60 - 1e-9), 1), high)), "a lower figure would do"
    if said.startswith("about"):
        assert re.fullmatch(r"about (1 minute|\d+ minutes)", said)
        assert said != "about 1 minutes"
        assert high - p10_s / 60 <= 2 or high == 1
    else:
        assert re.fullmatch(r"between \d+ and \d+ minutes", said)
        assert low < high
        assert low == 1 or low * 60 <= p10_s + 1e-6


@given(
    ahead=st.integers(0, 10_000),
    serving=st.integers(0, 1000),
    free=st.integers(0, 20),
    handle_time_s=st.floats(1, 86400),
    patience_s=st.floats(1, 1e9),
)
def test_every_estimate_can_be_said(
    ahead: int, serving: int, free: int, handle_time_s: float, patience_s: float
) -> None:
    wait = estimate(ahead=ahead, serving=serving, free=free, handle_time_s=handle_time_s, patience_s=patience_s)
    said = spoken(wait_phrase(wait))
    assert re.fullmatch(r"long|about (1 minute|\d+ minutes)|between \d+ and \d+ minutes", said)
    assert not re.search(r"\b0\b", said)
