"""What is said: media to play, and how a wait or a number is put into words."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Final

from ivr.domain.prompts import Prompt
from ivr.domain.wait import WaitEstimate


@dataclass(frozen=True, slots=True)
class SpokenDigits:
    """Digits, spoken one by one in the caller's language."""

    digits: str


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A whole number, spoken as people say it."""

    value: int


Media = Prompt | SpokenDigits | SpokenNumber

_LONGEST_SPOKEN_MIN: Final = 90
"""Beyond this a figure is of no use to anybody; the caller hears that the wait is long."""


def wait_phrase(wait: WaitEstimate) -> tuple[Media, ...]:
    """The wait as people would say it: "between 8 and 15 minutes", or that it cannot be told."""
    if wait.p10_s is None or wait.p90_s is None or wait.p90_s > _LONGEST_SPOKEN_MIN * 60:
        return (Prompt.WAIT_LONG,)
    low, high = _rounded(floor(wait.p10_s / 60), up=False), _rounded(ceil(wait.p90_s / 60), up=True)
    if high <= 1:
        return (Prompt.WAIT_ABOUT, SpokenNumber(1), Prompt.WAIT_MINUTE)
    if high - low <= 1:
        return (Prompt.WAIT_ABOUT, SpokenNumber(high), Prompt.WAIT_MINUTES)
    return (
        Prompt.WAIT_BETWEEN,
        SpokenNumber(max(low, 1)),
        Prompt.WAIT_AND,
        SpokenNumber(high),
        Prompt.WAIT_MINUTES,
    )


def _rounded(minutes: int, *, up: bool) -> int:
    """To the figures that people say: single minutes to 10, fives to 30, tens beyond."""
    step = 1 if minutes <= 10 else 5 if minutes <= 30 else 10
    return (ceil if up else floor)(minutes / step) * step
