"""The outbound call: dial once, find out who answered, bring a person to an agent, see the talk to its end.

Every step is stored as it happens; what must be stored before the telephone rings is the intent to ring it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from ivr.domain.answer import Answer, Detected, Verdict, answered, unanswered
from ivr.domain.callback import Callback, DialResult, Reason
from ivr.domain.prompts import Prompt
from ivr.flows.call import (
    AgentAnswered,
    Call,
    CallGone,
    Detection,
    Dialled,
    DialRequest,
    Digit,
    HungUp,
    NotAnswered,
    Played,
    QueueGaveUp,
    Switch,
)
from ivr.flows.menu import say


class NoLongerOurs(Exception):
    """The callback was cancelled, or another worker has it: this call must not go on."""


class Case(Protocol):
    """One attempt at one callback: its rules, and the record of what happens. Any record may raise NoLongerOurs."""

    @property
    def callback(self) -> Callback:
        """As it stands now."""

    @property
    def queue(self) -> str: ...

    @property
    def ring_s(self) -> float:
        """`_ixn_createcall_timeout`."""

    @property
    def detect(self) -> bool:
        """`_cpd_enable`."""

    @property
    def detect_s(self) -> float:
        """`_call_timeguard_timeout`, in seconds."""

    @property
    def confirm_s(self) -> float:
        """How long somebody who answered may take to press 1."""

    @property
    def max_wait_s(self) -> float:
        """`_max_time_to_wait_for_agent_on_the_call`."""

    def request(self) -> DialRequest:
        """The call to make for this attempt."""

    def position(self) -> int:
        """The place in the agent queue (1 is first) that the time of asking gives this customer now."""

    async def begin(self) -> None:
        """Store the intent to dial. Raises StoreUnavailable: then nothing may be dialled."""

    async def picked_up(self) -> None:
        """Somebody or something answered."""

    async def rang_out(self, answer: Answer) -> None:
        """Not reached: try again later or give up, as the rules say."""

    async def reached(self, answer: Answer) -> None:
        """A person wants to be put through."""

    async def connected(self, agent: str, waited_s: float) -> None: ...

    async def lost(self, detail: str) -> None:
        """The customer hung up before an agent came."""

    async def no_agent(self, reason: Reason, detail: str) -> None: ...

    async def talk_ended(self) -> None: ...


_PAUSE_S = 6.0
"""Time to press a key after the prompt, before it is played once more."""
_LAST_ASKING_S = 10.0
"""With less time left the prompt is not begun again: it would be cut, or leave no time to press."""
_QUEUE_GRACE_S = 30.0
"""How much later than its own limit the queue may give a caller back before we stop waiting for that."""
_LONGEST_TALK_S = 4 * 3600.0
"""A talk that is longer than this is taken to have ended: its events were lost."""


async def outbound(switch: Switch, case: Case) -> None:
    """One attempt, from the stored intent to the end of the talk. Raises SwitchLost, StoreUnavailable at `begin`."""
    await case.begin()
    try:
        call = await switch.dial(case.request())
    except NotAnswered as ended:
        await case.rang_out(unanswered(ended.cause, ended.text))
    else:
        await ring(call, case)


async def ring(call: Dialled, case: Case) -> None:
    """While the telephone rings, and on from there."""
    try:
        await call.answered(case.ring_s)
        await case.picked_up()
    except NotAnswered as ended:
        await case.rang_out(unanswered(ended.cause, ended.text))
    else:
        await talk_to(call, case, detect=case.detect)


async def talk_to(call: Dialled, case: Case, *, detect: bool) -> None:
    """With whoever answered, and on from there. `detect`: the detector of machines is to hear their first words."""
    try:
        answer = await who_answered(call, case, detect=detect)
        if answer.result is DialResult.PERSON:
            await case.reached(answer)
            await connect_agent(call, case)
        else:
            await case.rang_out(answer)
            await take_leave(call, answer)
    except NoLongerOurs:
        await call.hang_up()
        raise


async def who_answered(call: Dialled, case: Case, *, detect: bool) -> Answer:
    """Say who is calling and ask for a 1, again after a pause, listening for a machine meanwhile."""
    now_s = asyncio.get_running_loop().time
    until_s = now_s() + case.confirm_s
    verdict: Verdict | None = None
    try:
        if detect:
            await call.listen(case.detect_s)
        playback: str | None = await call.play([Prompt.CALLBACK_HELLO, Prompt.CALLBACK_PRESS_1])
        while (left_s := until_s - now_s()) > 0:
            match await call.next_event(left_s if playback else min(left_s, _PAUSE_S)):
                case Digit("1" | "2" as digit):
                    if playback:
                        await call.stop(playback)
                    return answered(digit, verdict, hung_up=False)
                case Detection(heard):
                    verdict = heard
                    if heard.detected is Detected.FAX:
                        break
                case Played(ended) if ended == playback:
                    playback = None
                case None if playback is None and until_s - now_s() > _LAST_ASKING_S:
                    playback = await call.play([Prompt.CALLBACK_PRESS_1])
                case _:
                    pass
        if playback:
            await call.stop(playback)
    except HungUp:
        return answered(None, verdict, hung_up=True)
    return answered(None, verdict, hung_up=False)


async def connect_agent(call: Call, case: Case) -> None:
    """To the agent queue, in the place that was kept, and on to the end of the talk."""
    try:
        await say(call, [Prompt.CALLBACK_CONNECTING])
        await call.join_queue_at(case.queue, case.position(), case.max_wait_s)
        await await_agent(call, case)
    except HungUp as ended:
        await case.lost(str(ended))


async def await_agent(call: Call, case: Case) -> None:
    """With the customer in the queue: the agent, or the end of waiting for one. Raises HungUp before an agent."""
    while True:
        match await call.next_event(case.max_wait_s + _QUEUE_GRACE_S):
            case AgentAnswered(agent, waited_s):
                await case.connected(agent, waited_s)
                await await_talk_end(call, case)
                return
            case QueueGaveUp(status):
                await apologise(call)
                await case.no_agent(Reason.FAIL_TARGET_NOT_FOUND, f"the queue gave up: {status}")
                return
            case None:
                await apologise(call)
                await case.no_agent(Reason.FAIL_AGENT_CONNECT, "no word from the queue")
                return
            case _:
                pass


async def await_talk_end(call: Call, case: Case) -> None:
    try:
        while await call.next_event(_LONGEST_TALK_S) is not None:
            pass
    except HungUp:
        pass
    await case.talk_ended()


_LAST_WORD = {
    DialResult.DECLINED: Prompt.CALLBACK_DECLINED,
    DialResult.UNKNOWN: Prompt.CALLBACK_NO_INPUT,
}


async def take_leave(call: Call, answer: Answer) -> None:
    """A last word for what may be a person; none for a machine."""
    with suppress(CallGone):
        if prompt := _LAST_WORD.get(answer.result):
            await say(call, [prompt])
        await call.hang_up()


async def apologise(call: Call) -> None:
    with suppress(HungUp):
        await say(call, [Prompt.CALLBACK_NO_AGENT])
        await call.hang_up()
