"""A telephone switch in memory, for tests that need virtual time or thousands of crashes.

Held to the behaviour of the real adapter: events arrive in order in one inbox, a call that has ended raises HungUp,
a channel id is refused while a call of that id lives.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ivr.domain.answer import Verdict
from ivr.domain.prompts import Prompt
from ivr.domain.speech import Media
from ivr.flows.call import (
    Adopted,
    AgentAnswered,
    AlreadyDialled,
    CallEvent,
    Detection,
    DialRequest,
    Digit,
    HungUp,
    NotAnswered,
    Played,
    QueueGaveUp,
    Stage,
    SwitchLost,
)

HANG_UP = "hang up"
LOSE_SWITCH = "lose switch"
_CLIP_S = 2.0
"""Every clip of this switch lasts as long."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the person does when a prompt has begun: keys (or HANG_UP, LOSE_SWITCH) after `after_s`."""

    to: Prompt
    does: str
    after_s: float = 1.0
    gap_s: float = 0.3
    """Between two keys."""


@dataclass(slots=True)
class Person:
    """The far side of a call, and what it will do."""

    number: str = "+12025550100"
    replies: Sequence[Reply] = ()
    """Taken in order: each waits for its prompt."""
    answers_after_s: float | None = 2.0
    """None: never."""
    refuses: tuple[int, str] | None = None
    """Ends the call before an answer with this cause, after a second."""
    hangs_up_after_s: float | None = None
    """After the answer, whatever is said."""
    sounds_like: Verdict | None = None
    verdict_after_s: float = 2.0


@dataclass(slots=True)
class Agents:
    """What the queue does with a customer who joins it."""

    answer_after_s: float | None = 1.0
    """None: the queue gives the customer back after its time limit."""
    talk_s: float = 30.0
    name: str = "PJSIP/agent-1"


@dataclass(eq=False)
class FakeCall:
    """One call. `heard`, `attached` and `left` tell a test what became of it."""

    id: str
    person: Person
    agents: Agents = field(default_factory=Agents)
    broken_prompts: frozenset[Prompt] = frozenset()
    heard: list[Media] = field(default_factory=list)
    silenced: list[str] = field(default_factory=list)
    """Playbacks that were stopped before their end."""
    attached: dict[str, str] = field(default_factory=dict)
    left: tuple[str, str, int] | None = None
    """("queue", its name, the position) once the call was handed over."""
    ended: tuple[int, str] | None = None
    ended_by_us: bool = False

    def __post_init__(self) -> None:
        self._inbox: asyncio.Queue[CallEvent | HungUp | SwitchLost] = asyncio.Queue()
        self._replies = list(self.person.replies)
        self._playing: dict[str, asyncio.TimerHandle] = {}
        self._played = 0
        self._over = asyncio.Event()
        self._lost = self._withdrawn = self._answered = self._agent_answered = False

    @property
    def caller_number(self) -> str:
        return self.person.number

    async def answer(self) -> None:
        self._check()
        self._answered = True
        if self.person.hangs_up_after_s is not None:
            self._later(self.person.hangs_up_after_s, self.end)

    async def play(self, media: Sequence[Media]) -> str:
        self._check()
        self._played += 1
        playback = f"{self.id}-p{self._played}"
        self.heard.extend(media)
        ok = not self.broken_prompts.intersection(m for m in media if isinstance(m, Prompt))
        length_s = _CLIP_S * len(media) if ok else 0.0
        self._playing[playback] = self._later(length_s, self._finish, playback, ok)
        self._react(media)
        return playback

    async def stop(self, playback: str) -> None:
        self._check()
        if timer := self._playing.pop(playback, None):
            timer.cancel()
            self.silenced.append(playback)

    async def next_event(self, timeout_s: float) -> CallEvent | None:
        if self._inbox.empty():
            self._check()
        try:
            async with asyncio.timeout(timeout_s):
                event = await self._inbox.get()
        except TimeoutError:
            return None
        if isinstance(event, HungUp | SwitchLost):
            raise event
        return event

    async def attach(self, data: Mapping[str, str]) -> None:
        self._check()
        self.attached.update(data)

    async def join_queue(self, queue: str, position: int) -> None:
        self._check()
        self.left = ("queue", queue, position)

    async def join_queue_at(self, queue: str, position: int, max_wait_s: float) -> None:
        self._check()
        self.left = ("queue", queue, position)
        wait_s = self.agents.answer_after_s
        if wait_s is None or wait_s > max_wait_s:
            self._later(max_wait_s, self._inbox.put_nowait, QueueGaveUp("TIMEOUT"))
        else:
            self._later(wait_s, self._put_through, wait_s)

    async def hang_up(self) -> None:
        if not self.ended:
            self.ended_by_us = True
            self.end()

    async def listen(self, limit_s: float) -> None:
        self._check()
        if verdict := self.person.sounds_like:
            self._later(self.person.verdict_after_s, self._inbox.put_nowait, Detection(verdict))

    async def answered(self, ring_s: float) -> None:
        answers_after_s = self.person.answers_after_s
        if self.person.refuses:
            rings_s, ends = 1.0, self.person.refuses
        elif answers_after_s is None or answers_after_s > ring_s:
            rings_s, ends = ring_s, (19, "User alerting, no answer")
        else:
            rings_s, ends = answers_after_s, None
        with suppress(TimeoutError):
            async with asyncio.timeout(rings_s):
                await self._over.wait()
        self.ended = self.ended or ends
        if self.ended:
            raise NotAnswered(*self.ended)
        await self.answer()

    def press(self, digits: str) -> None:
        """Keys from outside the replies."""
        for digit in digits:
            self._inbox.put_nowait(Digit(digit))

    def end(self, cause: int = 16, text: str = "Normal Clearing") -> None:
        """The far side hangs up."""
        if self.ended is None:
            self.ended = (cause, text)
            self._over.set()
            self._inbox.put_nowait(HungUp(cause, text))

    def withdraw(self) -> None:
        """The queue gives the customer back."""
        self._withdrawn = True
        self._inbox.put_nowait(QueueGaveUp("WITHDRAW"))

    def adopted(self) -> Stage:
        """A new script has the call; what the old one has not read is lost."""
        self._lost = False
        while not self._inbox.empty():
            self._inbox.get_nowait()
        if self.left:
            if self._agent_answered:
                self._inbox.put_nowait(AgentAnswered(self.agents.name, 0.0))
            return Stage.IN_QUEUE
        return Stage.ANSWERED if self._answered else Stage.RINGING

    def lose_switch(self) -> None:
        self._lost = True
        self._inbox.put_nowait(SwitchLost())

    def _check(self) -> None:
        if self._lost:
            raise SwitchLost
        if self.ended:
            raise HungUp(*self.ended)

    def _later(self, delay_s: float, what: object, *args: object) -> asyncio.TimerHandle:
        assert callable(what)
        return asyncio.get_running_loop().call_later(delay_s, what, *args)

    def _finish(self, playback: str, ok: bool) -> None:
        self._playing.pop(playback, None)
        self._inbox.put_nowait(Played(playback, ok))

    def _put_through(self, waited_s: float) -> None:
        if not self.ended and not self._withdrawn:
            self._agent_answered = True
            self._inbox.put_nowait(AgentAnswered(self.agents.name, waited_s))
            self._later(self.agents.talk_s, self.end)

    def _react(self, media: Sequence[Media]) -> None:
        while self._replies and self._replies[0].to in media:
            reply = self._replies.pop(0)
            match reply.does:
                case "hang up":
                    self._later(reply.after_s, self.end)
                case "lose switch":
                    self._later(reply.after_s, self.lose_switch)
                case keys:
                    for i, key in enumerate(keys):
                        self._later(reply.after_s + i * reply.gap_s, self._inbox.put_nowait, Digit(key))
            if self._replies and self._replies[0].to is reply.to:
                break  # a second reply to the same prompt waits for it to be played again


class FakeSwitch:
    """Makes calls to persons, and counts how often each telephone rang."""

    def __init__(self, persons: Mapping[str, Person], agents: Agents | None = None) -> None:
        self.persons = dict(persons)
        self.agents = agents or Agents()
        self.rings: Counter[str] = Counter()
        self.calls: dict[str, FakeCall] = {}
        self.connected = True

    async def dial(self, request: DialRequest) -> FakeCall:
        if not self.connected:
            raise SwitchLost
        former = self.calls.get(request.channel_id)
        if former and not former.ended:
            raise AlreadyDialled(request.channel_id)
        self.rings[request.number] += 1
        call = FakeCall(request.channel_id, self.persons[request.number], self.agents)
        self.calls[request.channel_id] = call
        return call

    async def end(self, channel_id: str) -> bool:
        if not self.connected:
            raise SwitchLost
        call = self.calls.get(channel_id)
        if call is None or call.ended:
            return False
        if call.left:
            call.withdraw()
        else:
            await call.hang_up()
        return True

    async def adopt(self, channel_id: str) -> Adopted | None:
        if not self.connected:
            raise SwitchLost
        call = self.calls.get(channel_id)
        if call is None or call.ended:
            return None
        return Adopted(call, call.adopted())
