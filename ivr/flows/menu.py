"""Asking a caller for digits: prompts that give way to a key, time limits, and an answer for every ending."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.domain.speech import Media
from ivr.flows.call import Call, Digit, Played

_LONGEST_PROMPT_S = 60.0
"""No sequence of ours is longer; a switch that never reports the end of one does not hold the caller for ever."""


@dataclass(frozen=True, slots=True)
class Keying:
    """How digits are collected."""

    first_digit_s: float = 5.0
    """How long to wait for the first key once the prompt has ended."""
    inter_digit_s: float = 3.0
    """How long to wait for each further one."""
    max_digits: int = 1
    terminator: str = ""
    """Ends the input and is not part of it, such as "#"."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """What the caller keyed; never empty, but for a lone terminator."""

    digits: str


@dataclass(frozen=True, slots=True)
class NoInput:
    """Silence through the prompt and the time after it."""


@dataclass(frozen=True, slots=True)
class PromptFailed:
    """Silence, and the prompt could not be played: the caller was asked nothing."""


async def ask(call: Call, media: Sequence[Media], keying: Keying) -> Keyed | NoInput | PromptFailed:
    """Play `media` and collect digits. The first key silences the prompt. Raises HungUp, SwitchLost."""
    now_s = asyncio.get_running_loop().time
    playback: str | None = await call.play(media)
    until_s = now_s() + _LONGEST_PROMPT_S
    keyed = ""
    while True:
        match await call.next_event(max(until_s - now_s(), 0.0)):
            case Digit(digit):
                if playback:
                    await call.stop(playback)
                    playback = None
                if digit == keying.terminator:
                    return Keyed(keyed)
                keyed += digit
                if len(keyed) >= keying.max_digits:
                    return Keyed(keyed)
                until_s = now_s() + keying.inter_digit_s
            case Played(ended, ok) if ended == playback:
                if not ok:
                    return PromptFailed()
                playback = None
                until_s = now_s() + keying.first_digit_s
            case None:
                if playback:
                    await call.stop(playback)
                return Keyed(keyed) if keyed else NoInput()
            case _:
                pass


async def say(call: Call, media: Sequence[Media]) -> bool:
    """Play `media` to its end; keys are of no effect. False if it could not be played. Raises HungUp, SwitchLost."""
    now_s = asyncio.get_running_loop().time
    playback = await call.play(media)
    until_s = now_s() + _LONGEST_PROMPT_S
    while (left_s := until_s - now_s()) > 0:
        match await call.next_event(left_s):
            case Played(ended, ok) if ended == playback:
                return ok
            case _:
                pass
    await call.stop(playback)
    return False
