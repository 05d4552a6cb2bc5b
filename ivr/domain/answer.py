"""Who or what picked up: hang-up causes, the detector's verdict and the customer's digits, made one result.

A pressed 1 always wins: it is the one thing that no machine does. The detector can only keep a call without a digit
from being taken for a person; it never cuts one off who still may press.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ivr.domain.callback import DialResult

# Q.850 causes, as Asterisk gives them for a call that was never answered.
_BUSY: Final = frozenset({17})
_NO_ANSWER: Final = frozenset({0, 16, 18, 19, 20, 26, 31, 102})
_NO_SUCH_NUMBER: Final = frozenset({1, 2, 3, 22, 28})


class Detected(StrEnum):
    """What listening to the line says (Asterisk's AMDSTATUS, and fax tone)."""

    PERSON = "PERSON"
    MACHINE = "MACHINE"
    FAX = "FAX"
    UNSURE = "UNSURE"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The detector's opinion and its ground, such as "LONGGREETING-1500-1500"."""

    detected: Detected
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the dial, and why."""

    result: DialResult
    detail: str


def verdict_of_amd(status: str, cause: str) -> Verdict:
    """From app_amd's AMDSTATUS and AMDCAUSE; whatever it does not know is UNSURE.

    Silence after answer is UNSURE, not a machine: app_amd calls it MACHINE, but people wait for the other side too.
    """
    match status:
        case "HUMAN":
            return Verdict(Detected.PERSON, cause)
        case "MACHINE" if not cause.startswith("INITIALSILENCE"):
            return Verdict(Detected.MACHINE, cause)
        case _:
            return Verdict(Detected.UNSURE, cause or status)


def unanswered(cause: int, text: str) -> Answer:
    """The result of a call that ended before anybody picked up, from its Q.850 cause."""
    detail = f"cause {cause} {text}".strip()
    if cause in _BUSY:
        return Answer(DialResult.BUSY, detail)
    if cause in _NO_ANSWER:
        return Answer(DialResult.NO_ANSWER, detail)
    if cause in _NO_SUCH_NUMBER:
        return Answer(DialResult.ERROR_TONE, detail)
    return Answer(DialResult.CREATE_CALL_ERROR, detail)


def answered(digit: str | None, verdict: Verdict | None, *, hung_up: bool) -> Answer:
    """The result of an answered call from what was pressed (`1`, `2`, or None) and what was heard."""
    heard = f"{verdict.detected} {verdict.cause}".strip() if verdict else "not analysed"
    if digit == "1":
        return Answer(DialResult.PERSON, f"pressed 1; heard {heard}")
    if digit == "2":
        return Answer(DialResult.DECLINED, f"pressed 2; heard {heard}")
    match verdict.detected if verdict else None:
        case Detected.FAX:
            return Answer(DialResult.FAX, heard)
        case Detected.MACHINE:
            return Answer(DialResult.ANSWERING_MACHINE, heard)
        case _:
            how = "hung up without a choice" if hung_up else "nobody pressed a key"
            return Answer(DialResult.UNKNOWN, f"{how}; heard {heard}")
