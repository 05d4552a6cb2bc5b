"""The inbound call: check the wait, offer a callback, take the number, store the request, say goodbye.

Whatever goes wrong ends in the agent queue, where the caller would be without us.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

from ivr.domain.offer import decide_offer
from ivr.domain.prompts import Prompt
from ivr.domain.speech import Media, SpokenDigits, wait_phrase
from ivr.domain.wait import WaitEstimate
from ivr.flows.call import Call, CallGone, SwitchLost
from ivr.flows.menu import Keyed, Keying, NoInput, PromptFailed, ask, say


class Ending(StrEnum):
    """How an inbound call left the script."""

    BELOW_THRESHOLD = "below_threshold"
    ACCEPTED = "accepted"
    """A callback is stored and the caller was told so."""
    ALREADY_WAITING = "already_waiting"
    """This number had its callback already."""
    STAYED = "stayed"
    """The caller chose to wait, or chose nothing."""
    PROMPT_FAILED = "prompt_failed"
    REQUEST_FAILED = "request_failed"
    """The request could not be stored: into the queue with an apology."""
    HUNG_UP = "hung_up"
    SWITCH_LOST = "switch_lost"


class RequestRefused(Exception):
    """The callback service will not take this number; another one may do."""


class RequestFailed(Exception):
    """The request was not stored; nothing may be promised."""


class AlreadyRequested(Exception):
    """This number's callback is in line already; nothing was stored."""


class NumberReader(Protocol):
    """Understands telephone numbers as this service's callers know them."""

    def from_caller_id(self, caller_number: str) -> str | None:
        """E.164 of a caller id, None when it is withheld or no number to be called."""

    def from_digits(self, digits: str) -> str | None:
        """E.164 of keyed digits, None when they are no number."""

    def digits_to_say(self, number: str) -> str:
        """The digits of an E.164 number as callers here would say it."""


class Desk(Protocol):
    """What the inbound script asks of the rest of the system, for one service."""

    @property
    def queue(self) -> str:
        """The agent queue that serves this service."""

    @property
    def threshold_s(self) -> float:
        """`_ewt_threshold`."""

    @property
    def tries(self) -> int:
        """How often a menu is asked before the caller is left in line."""

    @property
    def one_key(self) -> Keying:
        """The time limits of a menu."""

    @property
    def numbers(self) -> NumberReader: ...

    def position_of(self, call: Call) -> int:
        """The place in the agent queue (1 is first, or END_OF_QUEUE) that this caller's time of asking gives them."""

    async def estimate(self) -> WaitEstimate:
        """The wait of somebody who asks now; never raises, an unknown wait is an answer."""

    async def request_callback(self, call: Call, number: str) -> str:
        """Store the request durably, mark the call with it, and return its id.

        Raises RequestRefused, RequestFailed, AlreadyRequested.
        """

    def note(self, call: Call, kind: str, data: Mapping[str, str]) -> None:
        """Tell the history; never raises and never waits."""


class _StayInLine(Exception):
    """Out of the menus and into the queue."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


_MAX_DIGITS = 18
"""The longest international number with its prefix: 15 digits after 011."""


async def inbound(call: Call, desk: Desk) -> Ending:
    """One inbound call, from the first ring to the queue or to goodbye."""
    try:
        ending = await _talk(call, desk)
    except SwitchLost:
        ending = Ending.SWITCH_LOST
    except CallGone:
        ending = Ending.HUNG_UP
    desk.note(call, "inbound_ended", {"ending": ending})
    return ending


async def _talk(call: Call, desk: Desk) -> Ending:
    await call.answer()
    wait = await desk.estimate()
    decision = decide_offer(wait, threshold_s=desk.threshold_s)
    desk.note(call, "wait_estimated", {"offer": str(decision.offer).lower(), "reason": decision.reason})
    if not decision.offer:
        await call.join_queue(desk.queue, desk.position_of(call))
        return Ending.BELOW_THRESHOLD
    try:
        number = await offer_callback(call, desk, wait)
        return await start_callback(call, desk, number)
    except _StayInLine as stay:
        sorry = stay.ending is Ending.REQUEST_FAILED
        await say(call, [Prompt.CALLBACK_FAILED if sorry else Prompt.STAYING_IN_LINE])
        await call.join_queue(desk.queue, desk.position_of(call))
        return stay.ending


async def offer_callback(call: Call, desk: Desk, wait: WaitEstimate) -> str:
    """Offer: 1 this number, 2 another, * or nothing stays in line. Returns the confirmed number."""
    own_number = desk.numbers.from_caller_id(call.caller_number)
    desk.note(call, "callback_offered", {"wait": wait.basis})
    prompt: list[Media] = [Prompt.GREETING, *wait_phrase(wait), Prompt.OFFER]
    for _ in range(desk.tries):
        match await ask(call, prompt, desk.one_key):
            case Keyed("1"):
                return await confirm_number(call, desk, own_number)
            case Keyed("2"):
                return await confirm_number(call, desk, None)
            case Keyed("*") | NoInput():
                raise _StayInLine(Ending.STAYED)
            case PromptFailed():
                raise _StayInLine(Ending.PROMPT_FAILED)
            case Keyed():
                prompt = [Prompt.INVALID_CHOICE, Prompt.OFFER]
    raise _StayInLine(Ending.STAYED)


async def confirm_number(call: Call, desk: Desk, number: str | None) -> str:
    """Read the number back until the caller says that it is right; ask for one where there is none."""
    for _ in range(desk.tries):
        number = number or await key_in_number(call, desk)
        if await is_right(call, desk, number):
            return number
        number = None
    raise _StayInLine(Ending.STAYED)


async def is_right(call: Call, desk: Desk, number: str) -> bool:
    """Read `number` back: 1 is right, 2 changes it."""
    read_back: list[Media] = [
        Prompt.NUMBER_IS,
        SpokenDigits(desk.numbers.digits_to_say(number)),
        Prompt.CONFIRM_NUMBER,
    ]
    prompt = read_back
    for _ in range(desk.tries):
        match await ask(call, prompt, desk.one_key):
            case Keyed("1"):
                return True
            case Keyed("2"):
                return False
            case Keyed():
                prompt = [Prompt.INVALID_CHOICE, *read_back]
            case NoInput():
                prompt = [Prompt.NO_INPUT, *read_back]
            case PromptFailed():
                raise _StayInLine(Ending.PROMPT_FAILED)
    raise _StayInLine(Ending.STAYED)


async def key_in_number(call: Call, desk: Desk) -> str:
    """Ask for a number, ended by #, until what is keyed can be one."""
    keying = replace(desk.one_key, max_digits=_MAX_DIGITS, terminator="#")
    prompt: list[Media] = [Prompt.ENTER_NUMBER]
    for _ in range(desk.tries):
        match await ask(call, prompt, keying):
            case Keyed(digits):
                desk.note(call, "number_keyed", {"number": digits})
                if number := desk.numbers.from_digits(digits):
                    return number
                prompt = [Prompt.NUMBER_INVALID, Prompt.ENTER_NUMBER]
            case NoInput():
                prompt = [Prompt.NO_INPUT, Prompt.ENTER_NUMBER]
            case PromptFailed():
                raise _StayInLine(Ending.PROMPT_FAILED)
    raise _StayInLine(Ending.STAYED)


async def start_callback(call: Call, desk: Desk, number: str) -> Ending:
    """Store the request, and only then promise it."""
    for _ in range(desk.tries):
        try:
            callback_id = await desk.request_callback(call, number)
        except RequestRefused as refused:
            desk.note(call, "number_refused", {"number": number, "reason": str(refused)})
            await say(call, [Prompt.NUMBER_REFUSED])
            number = await confirm_number(call, desk, None)
            continue
        except RequestFailed as failed:
            desk.note(call, "request_failed", {"reason": str(failed)})
            raise _StayInLine(Ending.REQUEST_FAILED) from failed
        except AlreadyRequested:
            await say(call, [Prompt.ALREADY_WAITING])
            await call.hang_up()
            return Ending.ALREADY_WAITING
        desk.note(call, "callback_promised", {"callback_id": callback_id, "number": number})
        await say_goodbye(call)
        return Ending.ACCEPTED
    raise _StayInLine(Ending.STAYED)


async def say_goodbye(call: Call) -> None:
    """The promise is stored by now: a caller who hangs up early has accepted all the same."""
    with suppress(CallGone):
        await say(call, [Prompt.CALLBACK_CONFIRMED])
        await call.hang_up()
