"""ARI's channels: `Channels` finds and makes them, `Channel` does things to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ivr.ari import operations as op
from ivr.ari.checks import checked_text, joined_list, joined_media
from ivr.ari.errors import AriInvalidRequest, AriNotFound
from ivr.ari.events import Event
from ivr.ari.handlers import Handler
from ivr.ari.models import CHANNEL, CHANNELS, PLAYBACK, RECORDING, VARIABLE, ChannelData, RecordingData
from ivr.ari.playbacks import Playback
from ivr.ari.router import DEFAULT_LIMIT, Subscription
from ivr.ari.session import Session, new_id

Direction = Literal["none", "both", "out", "in"]


class Channel:
    """A channel by its id. Everything that asks Asterisk raises AriError, AriNotFound once the channel is gone.

    Most verbs are for channels in our Stasis application; of others they raise AriConflict.
    """

    __slots__ = ("_ids", "_session", "data", "id")

    def __init__(self, session: Session, channel_id: str, data: ChannelData | None = None) -> None:
        self._session = session
        self._ids = {"channelId": channel_id}
        self.id = channel_id
        self.data = data
        """As it was when it was last asked for or told of; None when it never was."""

    def __repr__(self) -> str:
        return f"Channel({self.id!r})"

    # ---- events

    def events(self, limit: int = DEFAULT_LIMIT) -> Subscription:
        """This channel's events from now on, its playbacks' and recordings' among them; see `AriClient.subscribe`."""
        return self._session.router.open((self.id,), limit)

    def on_event(self, kind: type[Event] | str, handler: Handler) -> None:
        """Call `handler(event)` with every event of this type until the channel leaves the application.

        See `AriClient.on_event`.
        """
        self._session.handlers.on(kind, handler, self.id)

    # ---- its life

    async def refresh(self) -> ChannelData:
        """How it is now."""
        self.data = await self._session.read(CHANNEL, op.CHANNEL_GET, self._ids)
        return self.data

    async def answer(self) -> None:
        await self._session.do(op.CHANNEL_ANSWER, self._ids)

    async def progress(self) -> None:
        """Tell the caller of early media, so that prompts are heard before the answer."""
        await self._session.do(op.CHANNEL_PROGRESS, self._ids)

    async def ring(self) -> None:
        """Let the caller hear ringing."""
        await self._session.do(op.CHANNEL_RING, self._ids)

    async def ring_stop(self) -> None:
        await self._session.do(op.CHANNEL_RING_STOP, self._ids)

    async def dial(self, *, timeout_s: int, caller_id: str | None = None) -> None:
        """Ring a channel that `create` made; `caller_id` is the id of the channel that wants it, if there is one.

        timeout_s: after so long without an answer the channel ends, at least 1.
        """
        await self._session.do(op.CHANNEL_DIAL, self._ids, caller=caller_id, timeout=_ring_limit(timeout_s))

    async def hangup(self, reason_code: int | None = None) -> bool:
        """End it, with a Q.850 cause (1-127) for the far side. False when it was gone already, which is no error.

        What is being played on it then ends as failed, after its ChannelHangupRequest.
        """
        if reason_code is not None and not 1 <= reason_code <= 127:
            raise AriInvalidRequest(f"no Q.850 cause: {reason_code}")
        try:
            await self._session.do(op.CHANNEL_HANGUP, self._ids, reason_code=reason_code)
        except AriNotFound:
            return False
        return True

    async def continue_in_dialplan(
        self, context: str | None = None, extension: str | None = None, priority: int | None = None
    ) -> None:
        """Give it back to the dialplan; without a place, after the Stasis() that gave it to us.

        StasisEnd is then the last event of it, unless we originated it or subscribe to it (`Applications.subscribe`).
        """
        await self._session.do(
            op.CHANNEL_CONTINUE, self._ids, context=context, extension=extension, priority=priority
        )

    # ---- what is heard and pressed

    async def play(
        self, media: str | Sequence[str], *, playback_id: str | None = None, language: str | None = None
    ) -> Playback:
        """Begin to play one URI, or several one after the other, after what is playing already.

        media: sound:, recording:, number:, digits:, characters: or tone: URIs.
        playback_id: must be new, Asterisk does not check; made up when not given.

        That the file is missing is told only later, by PlaybackFinished with `failed`, and of a list only for the
        last one: Asterisk passes over the others in silence.
        """
        ids = {**self._ids, "playbackId": playback_id or new_id("playback")}
        return Playback(
            self._session,
            await self._session.read(PLAYBACK, op.CHANNEL_PLAY, ids, media=joined_media(media), lang=language),
        )

    async def moh_start(self, music_class: str | None = None) -> None:
        """Play music on hold until told to stop or something else is played."""
        await self._session.do(op.CHANNEL_MOH, self._ids, mohClass=music_class)

    async def moh_stop(self) -> None:
        await self._session.do(op.CHANNEL_MOH_STOP, self._ids)

    async def silence_start(self) -> None:
        """Send silence, which keeps the media of some networks alive."""
        await self._session.do(op.CHANNEL_SILENCE, self._ids)

    async def silence_stop(self) -> None:
        await self._session.do(op.CHANNEL_SILENCE_STOP, self._ids)

    async def send_dtmf(self, digits: str, *, duration_ms: int = 100, between_ms: int = 100) -> None:
        """Press keys towards the far side."""
        await self._session.do(op.CHANNEL_DTMF, self._ids, dtmf=digits, duration=duration_ms, between=between_ms)

    async def record(
        self,
        name: str,
        audio_format: str = "wav",
        *,
        max_duration_s: int = 0,
        max_silence_s: int = 0,
        if_exists: Literal["fail", "overwrite", "append"] = "fail",
        beep: bool = False,
        terminate_on: Literal["none", "any", "*", "#"] = "none",
    ) -> RecordingData:
        """Record what the far side says; RecordingFinished or RecordingFailed tells of the end.

        Limits of 0 mean none. Raises AriConflict when that recording exists already, AriUnprocessable for a format
        that Asterisk does not know.
        """
        return await self._session.read(
            RECORDING,
            op.CHANNEL_RECORD,
            self._ids,
            name=name,
            format=audio_format,
            maxDurationSeconds=max_duration_s,
            maxSilenceSeconds=max_silence_s,
            ifExists=if_exists,
            beep=beep,
            terminateOn=terminate_on,
        )

    async def snoop(
        self,
        *,
        snoop_id: str,
        spy: Direction = "none",
        whisper: Direction = "none",
        app: str | None = None,
        app_args: Sequence[str] = (),
    ) -> Channel:
        """Make a channel that hears (`spy`) or speaks into (`whisper`) this one; it enters the application.

        `in` is what comes from the far side, `out` what goes to it. Nothing may be done with it before its
        StasisStart, so follow `snoop_id` first; until then every verb raises AriConflict.
        """
        data = await self._session.read(
            CHANNEL,
            op.CHANNEL_SNOOP,
            {**self._ids, "snoopId": snoop_id},
            spy=spy,
            whisper=whisper,
            app=app or self._session.app,
            appArgs=joined_list(app_args, "an application argument") or None,
        )
        return Channel(self._session, data.id, data)

    # ---- variables

    async def get_variable(self, name: str) -> str:
        """The value of a variable or dialplan function, such as CHANNEL(language); empty when it is not set."""
        try:
            return await self._session.read(VARIABLE, op.CHANNEL_GET_VARIABLE, self._ids, variable=name)
        except AriNotFound as error:
            # Asterisk answers a variable that is not set in the same way as a channel that is not there.
            if "variable" in error.reason.lower():
                return ""
            raise

    async def set_variable(self, name: str, value: str) -> None:
        """Set a variable or dialplan function, such as CDR(field)."""
        await self._session.do(op.CHANNEL_SET_VARIABLE, self._ids, variable=name, value=value)


class Channels:
    """`ari.channels`"""

    def __init__(self, session: Session) -> None:
        self._session = session

    def handle(self, channel_id: str) -> Channel:
        """A channel by its id, without asking Asterisk whether there is one."""
        return Channel(self._session, channel_id)

    async def list(self) -> list[Channel]:
        """Every channel of this Asterisk, those outside our application too."""
        return [
            Channel(self._session, data.id, data) for data in await self._session.read(CHANNELS, op.CHANNELS_LIST)
        ]

    async def get(self, channel_id: str) -> Channel:
        """Raises AriNotFound when it is gone."""
        channel = Channel(self._session, channel_id)
        await channel.refresh()
        return channel

    async def originate(
        self,
        endpoint: str,
        *,
        channel_id: str,
        timeout_s: int,
        app: str | None = None,
        app_args: Sequence[str] = (),
        context: str | None = None,
        extension: str | None = None,
        priority: int | None = None,
        caller_id: str | None = None,
        variables: Mapping[str, str] | None = None,
        formats: Sequence[str] = (),
        other_channel_id: str | None = None,
        originator: str | None = None,
    ) -> Channel:
        """Ring an endpoint; once answered it enters our application, or the dialplan if a context is given.

        endpoint: such as PJSIP/+12025550100@carrier.
        channel_id: our own, so that asking twice cannot ring twice. `subscribe` to it before. Asterisk also takes it
            for taken when it is the beginning of a living channel's id, in capitals or not.
        timeout_s: after so long without an answer the channel ends, at least 1.
        caller_id: `"Name" <number>` or a number.
        formats: codecs by name; Asterisk's choice when empty.
        other_channel_id: the id of the far half of a Local channel.
        originator: the id of a channel whose language, account code and linked id the new one takes over.

        Raises AriConflict when a channel of that id is alive: it was asked for before; AriServerError when the
        endpoint is unknown or cannot be reached. After AriTimeout and AriConnectionError it may be ringing.
        """
        in_dialplan = context is not None
        data = await self._session.read(
            CHANNEL,
            op.CHANNELS_ORIGINATE,
            None,
            _variables(variables),
            endpoint=endpoint,
            channelId=channel_id,
            timeout=_ring_limit(timeout_s),
            app=None if in_dialplan else app or self._session.app,
            appArgs=joined_list(app_args, "an application argument") or None,
            context=context,
            extension=extension,
            priority=priority,
            callerId=caller_id,
            formats=joined_list(formats, "a format") or None,
            otherChannelId=other_channel_id,
            originator=originator,
        )
        return Channel(self._session, data.id, data)

    async def create(
        self,
        endpoint: str,
        *,
        channel_id: str,
        app: str | None = None,
        app_args: Sequence[str] = (),
        variables: Mapping[str, str] | None = None,
        formats: Sequence[str] = (),
        other_channel_id: str | None = None,
        originator: str | None = None,
    ) -> Channel:
        """Make a channel that is in our application at once, and rings only when `dial` is called on it.

        Parameters and errors as of `originate`.
        """
        data = await self._session.read(
            CHANNEL,
            op.CHANNELS_CREATE,
            None,
            _variables(variables),
            endpoint=endpoint,
            channelId=channel_id,
            app=app or self._session.app,
            appArgs=joined_list(app_args, "an application argument") or None,
            formats=joined_list(formats, "a format") or None,
            otherChannelId=other_channel_id,
            originator=originator,
        )
        return Channel(self._session, data.id, data)


def _variables(variables: Mapping[str, str] | None) -> dict[str, dict[str, str]] | None:
    if not variables:
        return None
    return {
        "variables": {
            checked_text(name, "a variable's name"): checked_text(value, f"the variable {name}")
            for name, value in variables.items()
        }
    }


def _ring_limit(timeout_s: int) -> int:
    if timeout_s < 1:
        # Asterisk takes -1 as "for ever", and 0 as its default of 30 s.
        raise AriInvalidRequest(f"a call rings for at least 1 s, not {timeout_s}")
    return timeout_s
