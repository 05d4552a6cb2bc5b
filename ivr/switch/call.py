"""One call under a script, through ARI."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ivr.ari import AriClient, AriConflict, AriError, AriNotFound, AriPrecondition, Channel, Subscription
from ivr.ari.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    Dial,
    Event,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from ivr.ari.playback_watch import PlaybackEnd, PlaybackWatch
from ivr.domain.answer import Detected, Verdict, verdict_of_amd
from ivr.domain.speech import Media
from ivr.flows.call import (
    AgentAnswered,
    CallEvent,
    Detection,
    Digit,
    HungUp,
    NotAnswered,
    Played,
    QueueGaveUp,
    SwitchLost,
)
from ivr.switch.media import language, media_uris

QUEUE_CONTEXT: Final = "callback-queue"
AGENT_CONTEXT: Final = "callback-agent"
AMD_CONTEXT: Final = "callback-amd"
_FRAME_S: Final = 0.02
_STOP_FRAMES: Final = 20
"""A stopped playback that is still there after so many frames of audio was not reached by the stop."""
_STOPS: Final = 3
_ANSWER_GRACE_S: Final = 5.0
"""How much later than its ring limit Asterisk may report the end of a call."""
_NO_ANSWER: Final = 19
_OUT_OF_ORDER: Final = 27
"""Q.850 causes."""
_EARLIER_PLAYBACKS: Final = 24
"""More than are begun in any but the longest call."""


@dataclass(frozen=True, slots=True)
class Notice(Event):
    """Something about a call that did not come from ARI, put in order among what did."""

    what: CallEvent


Tell = Callable[[str, Mapping[str, str]], None]
"""Takes the kind of something that happened on a call, and its data; never raises and never waits."""


@contextmanager
def asking() -> Iterator[None]:
    """Asterisk's refusals in the scripts' words: a channel that is gone has hung up, all else is a lost switch."""
    try:
        yield
    except (AriNotFound, AriConflict, AriPrecondition) as gone:
        raise HungUp(16, str(gone)) from gone
    except AriError as lost:
        raise SwitchLost(str(lost)) from lost


class AriCall:
    """A channel in our application. `events` must follow the channel from before the script begins.

    `tell` gets `heard` with the ids of the prompts, and `pressed` with the key.
    """

    def __init__(self, ari: AriClient, channel: Channel, events: Subscription, locale: str, tell: Tell) -> None:
        self._ari, self._channel, self._events, self._locale, self._tell = ari, channel, events, locale, tell
        self._playbacks = 0
        self._playback_names = f"{channel.id}-p"
        self._joined_queue_s: float | None = None
        self._watch = PlaybackWatch(channel.id)
        self._playing: str | None = None
        self._ending: HungUp | None = None
        self._ended: HungUp | None = None

    @property
    def id(self) -> str:
        return self._channel.id

    @property
    def caller_number(self) -> str:
        return self._channel.data.caller.number if self._channel.data else ""

    async def answer(self) -> None:
        with asking():
            await self._channel.answer()

    async def play(self, media: Sequence[Media]) -> str:
        self._playbacks += 1
        playback = f"{self._playback_names}{self._playbacks}"
        uris = [uri for each in media for uri in media_uris(each, self._locale)]
        self._tell("heard", {"media": " ".join(uri.rpartition("/")[2] for uri in uris)})
        self._playing = playback
        with asking():
            await self._channel.play(uris, playback_id=playback, language=language(self._locale))
        return playback

    async def stop(self, playback: str) -> None:
        # Asterisk loses a stop that comes between two media of a list; but one too many would cut the next prompt.
        with asking():
            for _ in range(_STOPS):
                if not await self._ari.playbacks.stop(playback) or await self._is_gone(playback):
                    return

    async def _is_gone(self, playback: str) -> bool:
        """Whether a playback that was told to stop does so."""
        for _ in range(_STOP_FRAMES):
            await asyncio.sleep(_FRAME_S)
            try:
                await self._ari.playbacks.get(playback)
            except AriNotFound:
                return True
        return False

    async def succeed(self) -> None:
        """This script follows one that was lost: silence what that one may still be playing.

        While something plays, Asterisk lets most requests wait: to go on in the dialplan, to set a variable.
        """
        earlier = [f"{self._playback_names}{n}" for n in range(1, _EARLIER_PLAYBACKS + 1)]
        self._playback_names = f"{self.id}-{secrets.token_hex(4)}-p"
        with asking():
            await _all(self._ari.playbacks.stop(playback) for playback in earlier)

    async def next_event(self, timeout_s: float) -> CallEvent | None:
        if self._ended:
            raise self._ended
        now_s = asyncio.get_running_loop().time
        deadline_s = now_s() + timeout_s
        with asking():
            while (event := await self._events.next(max(deadline_s - now_s(), 0.0))) is not None:
                if (told := await self._told(event)) is not None:
                    return told
        return None

    async def _told(self, event: Event) -> CallEvent | None:
        """What an event means to the script, None when nothing. Raises HungUp."""
        end = self._watch.note(event)
        match event:
            case ChannelDtmfReceived(digit=digit):
                self._tell("pressed", {"key": digit})
                return Digit(digit)
            case PlaybackFinished(playback=playback):
                if playback.id == self._playing:
                    self._playing = None
                # A prompt that the end of the call cut off has not failed; HungUp follows.
                return None if end is PlaybackEnd.CUT_OFF else Played(playback.id, ok=end is PlaybackEnd.PLAYED)
            case StasisStart(args=args):
                return await self._entered(event.channel.id, args)
            case Dial(dialstatus="ANSWER", peer=peer, caller=caller) if caller and caller.id == self.id:
                return AgentAnswered(peer.name.rpartition("-")[0], self._waited_s())
            case Notice(what=what):
                return what
            case ChannelHangupRequest(channel=channel, cause=cause) if channel.id == self.id:
                self._ending = HungUp(cause) if cause else HungUp()
                return None
            case StasisEnd(channel=channel) if channel.id == self.id and self._ending:
                # The last that is told of a call that came in; without the request before it went on in the dialplan.
                self._ended = self._ending
                raise self._ended
            case ChannelDestroyed(channel=channel, cause=cause, cause_txt=text) if channel.id == self.id:
                self._ended = HungUp(cause, text)
                raise self._ended
            case _:
                return None

    async def _entered(self, channel_id: str, args: tuple[str, ...]) -> CallEvent | None:
        match args:
            case ("snoop", limit_ms, *_):
                # The snoop channel is there: put it to app_amd, which listens while we speak.
                await self._ari.channels.handle(channel_id).continue_in_dialplan(AMD_CONTEXT, limit_ms, 1)
            case ("amd", status, *cause):
                return Detection(verdict_of_amd(status, "".join(cause[:1])))
            case ("fax", *_):
                return Detection(Verdict(Detected.FAX, "calling tone"))
            case ("no-agent", _, status, *_):
                return QueueGaveUp(status)
        return None

    def _waited_s(self) -> float:
        joined_s = self._joined_queue_s
        return 0.0 if joined_s is None else asyncio.get_running_loop().time() - joined_s

    async def attach(self, data: Mapping[str, str]) -> None:
        with asking():
            await _all(self._channel.set_variable(name, value) for name, value in data.items())

    async def join_queue(self, queue: str, position: int) -> None:
        if self._playing:
            # Asterisk would let it come to its end first.
            await self.stop(self._playing)
        with asking():
            await self._channel.set_variable("CB_POSITION", str(position))
            await self._channel.continue_in_dialplan(QUEUE_CONTEXT, queue, 1)

    async def join_queue_at(self, queue: str, position: int, max_wait_s: float) -> None:
        with asking():
            # The dialplan has the call from here on; its end is still to be told to us.
            await self._ari.applications.subscribe(f"channel:{self.id}")
            await self._channel.set_variable("CB_MAX_WAIT_S", f"{max_wait_s:.0f}")
            await self._channel.set_variable("CB_POSITION", str(position))
            await self._channel.continue_in_dialplan(AGENT_CONTEXT, queue, 1)
        self._joined_queue_s = asyncio.get_running_loop().time()

    async def hang_up(self) -> None:
        with asking():
            await self._channel.hangup()

    def close(self) -> None:
        """Read no further events than those that have come."""
        self._events.close()

    def notice(self, what: CallEvent) -> None:
        """Something about this call that was found out otherwise."""
        self._events.deliver(Notice(0.0, "", "", what))


class AriDialledCall(AriCall):
    """A channel that we originated."""

    async def answered(self, ring_s: float) -> None:
        """Wait for StasisStart, which an originated channel sends when it is answered."""
        now_s = asyncio.get_running_loop().time
        deadline_s = now_s() + ring_s + _ANSWER_GRACE_S
        rang = self._channel.data is not None and self._channel.data.state == "Ringing"
        with asking():
            while (left_s := deadline_s - now_s()) > 0:
                match await self._events.next(left_s):
                    case StasisStart(channel=channel) if channel.id == self.id:
                        return
                    case Dial(dialstatus="RINGING" | "PROGRESS"):
                        rang = True
                    case ChannelDestroyed(cause=cause) if cause == _NO_ANSWER and not rang:
                        # Asterisk's own limit. Nobody may have been rung: the trunk did not even refuse.
                        raise NotAnswered(_OUT_OF_ORDER, f"the trunk gave no sign of ringing within {ring_s:.0f} s")
                    case ChannelDestroyed(cause=cause, cause_txt=text):
                        raise NotAnswered(cause, text)
            await self._channel.hangup()
        raise NotAnswered(_NO_ANSWER, f"no answer and no word from Asterisk within {ring_s:.0f} s")

    async def listen(self, limit_s: float) -> None:
        with asking():
            limit_ms = round(limit_s * 1000)
            await self._channel.snoop(snoop_id=snoop_id(self.id), spy="in", app_args=["snoop", str(limit_ms)])


def snoop_id(channel_id: str) -> str:
    """The id of the channel that listens to a call for app_amd."""
    return f"{channel_id}-amd"


async def _all(requests: Iterator[Awaitable[object]]) -> None:
    """Several requests at once; all are done, or have failed, when this returns."""
    for result in await asyncio.gather(*requests, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
