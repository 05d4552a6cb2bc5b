"""Who or what picked up: every cause, every digit, every verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.answer import Detected, Verdict, answered, unanswered, verdict_of_amd
from ivr.domain.callback import DialResult

pytestmark = pytest.mark.unit

NO_CALL = {DialResult.BUSY, DialResult.NO_ANSWER, DialResult.ERROR_TONE, DialResult.CREATE_CALL_ERROR}
VERDICTS = [None, *(Verdict(detected, "ground") for detected in Detected), *(Verdict(d) for d in Detected)]


# -- never answered

CAUSES = [
    (0, "", DialResult.NO_ANSWER),
    (1, "Unallocated (unassigned) number", DialResult.ERROR_TONE),
    (3, "No route to destination", DialResult.ERROR_TONE),
    (16, "Normal Clearing", DialResult.NO_ANSWER),
    (17, "User busy", DialResult.BUSY),
    (18, "No user responding", DialResult.NO_ANSWER),
    (19, "User alerting, no answer", DialResult.NO_ANSWER),
    (20, "Subscriber absent", DialResult.NO_ANSWER),
    (21, "Call Rejected", DialResult.CREATE_CALL_ERROR),
    (22, "Number changed", DialResult.ERROR_TONE),
    (27, "Destination out of order", DialResult.CREATE_CALL_ERROR),
    (28, "Invalid number format", DialResult.ERROR_TONE),
    (34, "Circuit/channel congestion", DialResult.CREATE_CALL_ERROR),
    (38, "Network out of order", DialResult.CREATE_CALL_ERROR),
    (42, "Switching equipment congestion", DialResult.CREATE_CALL_ERROR),
    (58, "Bearer capability not available", DialResult.CREATE_CALL_ERROR),
    (102, "Recover on timer expiry", DialResult.NO_ANSWER),
    (127, "Interworking, unspecified", DialResult.CREATE_CALL_ERROR),
]


@pytest.mark.parametrize(("cause", "text", "result"), CAUSES)
def test_what_the_network_says(cause: int, text: str, result: DialResult) -> None:
    answer = unanswered(cause, text)
    assert answer.result is result
    assert answer.detail == f"cause {cause} {text}".rstrip()


def test_every_cause_is_some_way_of_not_being_reached() -> None:
    assert {unanswered(cause, "text").result for cause in range(128)} == NO_CALL


@given(st.integers(), st.text())
def test_a_cause_that_does_not_exist_is_a_call_that_could_not_be_made(cause: int, text: str) -> None:
    answer = unanswered(cause, text)
    assert answer.detail.startswith(f"cause {cause}")
    if not 0 <= cause <= 127:
        assert answer.result is DialResult.CREATE_CALL_ERROR


# -- answered


@pytest.mark.parametrize("hung_up", [True, False])
@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("digit", ["1", "2", None])
def test_a_digit_decides_and_without_one_the_detector(
    digit: str | None, verdict: Verdict | None, hung_up: bool
) -> None:
    expected = {"1": DialResult.PERSON, "2": DialResult.DECLINED}.get(digit or "")
    if expected is None:
        by_ear = {Detected.FAX: DialResult.FAX, Detected.MACHINE: DialResult.ANSWERING_MACHINE}
        expected = by_ear.get(verdict.detected if verdict else Detected.UNSURE, DialResult.UNKNOWN)
    answer = answered(digit, verdict, hung_up=hung_up)
    assert answer.result is expected
    assert (verdict.detected if verdict else "not analysed") in answer.detail
    assert verdict is None or verdict.cause in answer.detail
    assert answer.detail == answer.detail.strip()


@given(st.none() | st.characters() | st.text(), st.sampled_from(VERDICTS), st.booleans())
def test_nothing_but_a_pressed_1_is_a_person(digit: str | None, verdict: Verdict | None, hung_up: bool) -> None:
    assert (answered(digit, verdict, hung_up=hung_up).result is DialResult.PERSON) is (digit == "1")


@pytest.mark.parametrize(
    ("digit", "verdict", "hung_up", "detail"),
    [
        ("1", Verdict(Detected.MACHINE, "LONGGREETING-1500"), False, "pressed 1; heard MACHINE LONGGREETING-1500"),
        ("2", None, False, "pressed 2; heard not analysed"),
        (None, Verdict(Detected.FAX), False, "FAX"),
        (None, Verdict(Detected.MACHINE, "MAXWORDS-4-4"), True, "MACHINE MAXWORDS-4-4"),
        (None, Verdict(Detected.PERSON, "HUMAN-800"), True, "hung up without a choice; heard PERSON HUMAN-800"),
        (None, None, False, "nobody pressed a key; heard not analysed"),
    ],
)
def test_the_detail_in_words(digit: str | None, verdict: Verdict | None, hung_up: bool, detail: str) -> None:
    assert answered(digit, verdict, hung_up=hung_up).detail == detail


# -- the detector


@pytest.mark.parametrize(
    ("status", "cause", "verdict"),
    [
        ("HUMAN", "HUMAN-800-800", Verdict(Detected.PERSON, "HUMAN-800-800")),
        ("MACHINE", "LONGGREETING-1500-1500", Verdict(Detected.MACHINE, "LONGGREETING-1500-1500")),
        ("MACHINE", "MAXWORDS-4-4", Verdict(Detected.MACHINE, "MAXWORDS-4-4")),
        ("MACHINE", "", Verdict(Detected.MACHINE, "")),
        # People who answer also wait for the other side to speak.
        ("MACHINE", "INITIALSILENCE-2500-2500", Verdict(Detected.UNSURE, "INITIALSILENCE-2500-2500")),
        ("NOTSURE", "TOOLONG-5000", Verdict(Detected.UNSURE, "TOOLONG-5000")),
        ("HANGUP", "", Verdict(Detected.UNSURE, "HANGUP")),
        ("", "", Verdict(Detected.UNSURE, "")),
    ],
)
def test_what_app_amd_says(status: str, cause: str, verdict: Verdict) -> None:
    assert verdict_of_amd(status, cause) == verdict


@given(st.text(), st.text())
def test_what_app_amd_does_not_say_is_unsure(status: str, cause: str) -> None:
    if status not in ("HUMAN", "MACHINE"):
        assert verdict_of_amd(status, cause).detected is Detected.UNSURE
