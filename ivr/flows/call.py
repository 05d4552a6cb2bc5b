"""What a call script may do with a telephone call, and what may happen to it meanwhile.

Everything that happens arrives in one place, `next_event`, in order; so a script is read from top to bottom, and a
key pressed during a prompt is not lost between two waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from ivr.domain.answer import Verdict
from ivr.domain.speech import Media

END_OF_QUEUE: Final = 0
"""The position after everybody who waits; app_queue takes 0 so."""


class CallGone(Exception):
    """The call cannot be spoken to any more."""


class HungUp(CallGone):
    """It ended: the far side hung up, or the switch ended it. `cause` is the Q.850 cause."""

    def __init__(self, cause: int = 16, text: str = "Normal Clearing") -> None:
        super().__init__(f"hung up: cause {cause} {text}")
        self.cause, self.text = cause, text


class SwitchLost(CallGone):
    """The connection to Asterisk broke: the call may go on there, but not under this script."""


@dataclass(frozen=True, slots=True)
class Digit:
    digit: str


@dataclass(frozen=True, slots=True)
class Played:
    """A playback came to its end; `ok` is False when (part of) it could not be played."""

    playback: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Detection:
    """Listening to an answered call came to a verdict."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class AgentAnswered:
    """The queue put an agent through."""

    agent: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class QueueGaveUp:
    """The queue gave the caller back without an agent; `status` is Asterisk's QUEUESTATUS."""

    status: str


CallEvent = Digit | Played | Detection | AgentAnswered | QueueGaveUp


class Call(Protocol):
    """One call under a script. Everything but `id` and `caller_number` may raise HungUp or SwitchLost."""

    @property
    def id(self) -> str:
        """Asterisk's unique id of the channel."""

    @property
    def caller_number(self) -> str:
        """As it came in; empty or "anonymous" when withheld."""

    async def answer(self) -> None: ...

    async def play(self, media: Sequence[Media]) -> str:
        """Start playing one after the other; the name of the playback, for `Played` and `stop`."""

    async def stop(self, playback: str) -> None:
        """Silence a playback; no error if it has ended."""

    async def next_event(self, timeout_s: float) -> CallEvent | None:
        """The next thing that happens, or None after `timeout_s`."""

    async def attach(self, data: Mapping[str, str]) -> None:
        """Set channel variables, which also follow into the call's records."""

    async def join_queue(self, queue: str, position: int) -> None:
        """Hand a live caller to the agent queue at `position` (1 is first, or END_OF_QUEUE): the script is over, the
        dialplan has the call."""

    async def join_queue_at(self, queue: str, position: int, max_wait_s: float) -> None:
        """Put a called-back customer into the queue at `position` (1 is first) and stay with the call:
        AgentAnswered, QueueGaveUp or HungUp follow."""

    async def hang_up(self) -> None:
        """End the call; no error if it has ended."""


class Dialled(Call, Protocol):
    """A call that we make. Until `answered` returns, nothing else may be asked of it."""

    async def answered(self, ring_s: float) -> None:
        """Wait for the far side to pick up. Raises NotAnswered, SwitchLost."""

    async def listen(self, limit_s: float) -> None:
        """Start to find out who answered; a Detection follows within about `limit_s`."""


class NotAnswered(Exception):
    """The dialled call ended before anybody picked up. `cause` is the Q.850 cause."""

    def __init__(self, cause: int, text: str) -> None:
        super().__init__(f"not answered: cause {cause} {text}")
        self.cause, self.text = cause, text


@dataclass(frozen=True, slots=True)
class DialRequest:
    """What the switch needs to know to ring a customer."""

    channel_id: str
    """Our own: the switch refuses a second call of the same id."""
    number: str
    """E.164, with the plus."""
    caller_number: str
    caller_name: str
    locale: str
    variables: Mapping[str, str]
    trunk: str
    prefix: str
    ring_s: float


class Switch(Protocol):
    """Makes calls."""

    async def dial(self, request: DialRequest) -> Dialled:
        """Start to ring. Raises NotAnswered when the call cannot even be made, AlreadyDialled, SwitchLost."""

    async def end(self, channel_id: str) -> bool:
        """End a call of ours that is wanted no more, wherever it is; False when there is none.

        Its script hears of it as of any other end. A customer who waits in the queue is taken out of it, and hears
        what is said to those for whom no agent came; nobody has abandoned anything. Raises SwitchLost.
        """

    async def adopt(self, channel_id: str) -> Adopted | None:
        """A call of ours from before a restart, under a script again; None when it has ended. Raises SwitchLost."""


class Stage(Enum):
    """How far a call had come when it was adopted."""

    RINGING = "ringing"
    ANSWERED = "answered"
    IN_QUEUE = "in the agent queue, or already with an agent"


@dataclass(frozen=True, slots=True)
class Adopted:
    """A call that went on without its script. If an agent answered it meanwhile, AgentAnswered comes first; what was
    pressed meanwhile is lost."""

    call: Dialled
    stage: Stage


class AlreadyDialled(Exception):
    """The switch has a call of this channel id: this attempt was made before."""
