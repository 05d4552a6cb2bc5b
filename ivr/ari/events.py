"""The events that we act on, each a class of its own; every other one is an `UnknownEvent`.

`decode` turns any text into an event and never raises: what cannot be read is an `UnknownEvent` with a note.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr.ari.decode import Field, Malformed, Shape, flag, mapping, moment, text, texts, whole
from ivr.ari.models import (
    BRIDGE,
    CHANNEL,
    PLAYBACK,
    RECORDING,
    BridgeData,
    ChannelData,
    PlaybackData,
    RecordingData,
)


@dataclass(frozen=True, slots=True)
class Event:
    """What all events have. `at_s` is Asterisk's clock, epoch seconds, 0 when it does not say."""

    at_s: float
    application: str
    asterisk_id: str

    @property
    def name(self) -> str:
        """The type by Asterisk's name."""
        return type(self).__name__

    @property
    def ids(self) -> tuple[str, ...]:
        """The channels, bridges, playbacks and recordings that it is about."""
        return ()


@dataclass(frozen=True, slots=True)
class UnknownEvent(Event):
    """An event that we have no class for, or, with a `note`, one that could not be read."""

    type: str
    """Asterisk's name of it; empty if there is none."""
    raw: Mapping[str, Any]
    note: str = ""

    @property
    def name(self) -> str:
        return self.type

    @property
    def ids(self) -> tuple[str, ...]:
        found = []
        for key in ("channel", "bridge", "playback", "peer"):
            about = self.raw.get(key)
            if isinstance(about, dict) and isinstance(about.get("id"), str):
                found.append(about["id"])
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ChannelEvent(Event):
    """An event of one channel."""

    channel: ChannelData

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.channel.id,)


@dataclass(frozen=True, slots=True)
class StasisStart(ChannelEvent):
    """A channel entered the application."""

    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StasisEnd(ChannelEvent):
    """A channel left the application: it hung up (ChannelHangupRequest came before), or went on in the dialplan.

    The last event of a channel that came by itself; ChannelDestroyed is only told of those that we originated or
    subscribed to.
    """


@dataclass(frozen=True, slots=True)
class ChannelCreated(ChannelEvent):
    pass


@dataclass(frozen=True, slots=True)
class ChannelDestroyed(ChannelEvent):
    """The end of a channel that we originated or subscribed to; of others StasisEnd is the last event.

    `cause` is Q.850's, `tech_cause` the channel technology's own (a SIP status).
    """

    cause: int
    cause_txt: str
    tech_cause: int | None


@dataclass(frozen=True, slots=True)
class ChannelStateChange(ChannelEvent):
    """`channel.state` is a new one: Ringing or Up, for a channel that we dial."""


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived(ChannelEvent):
    """A key was released. `digit` is one of 0-9, A-D, * and #."""

    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest(ChannelEvent):
    """Somebody wants the channel to end: the far side, or we. StasisEnd follows, if it was in the application."""

    cause: int | None
    soft: bool
    tech_cause: int | None


@dataclass(frozen=True, slots=True)
class ChannelTalkingStarted(ChannelEvent):
    """Sound began; needs TALK_DETECT on the channel."""


@dataclass(frozen=True, slots=True)
class ChannelTalkingFinished(ChannelEvent):
    """Sound ended after `duration_ms`; needs TALK_DETECT on the channel."""

    duration_ms: int


@dataclass(frozen=True, slots=True)
class ChannelToneDetected(ChannelEvent):
    """A tone that TONE_DETECT listens for was heard."""


@dataclass(frozen=True, slots=True)
class ApplicationMoveFailed(ChannelEvent):
    destination: str
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelVarset(Event):
    """A variable was set; without a channel it is a global one. Muted unless the client is told otherwise."""

    variable: str
    value: str
    channel: ChannelData | None

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.channel.id,) if self.channel else ()


@dataclass(frozen=True, slots=True)
class ChannelUserevent(Event):
    """The dialplan's UserEvent()."""

    eventname: str
    userevent: Mapping[str, Any]
    channel: ChannelData | None

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.channel.id,) if self.channel else ()


@dataclass(frozen=True, slots=True)
class Dial(Event):
    """A step of dialling `peer`; `dialstatus` is empty, RINGING, PROGRESS, ANSWER, BUSY, NOANSWER and so on."""

    peer: ChannelData
    caller: ChannelData | None
    dialstatus: str
    dialstring: str

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.peer.id, self.caller.id) if self.caller else (self.peer.id,)


@dataclass(frozen=True, slots=True)
class PlaybackEvent(Event):
    playback: PlaybackData

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.playback.id, self.playback.target_id)


@dataclass(frozen=True, slots=True)
class PlaybackStarted(PlaybackEvent):
    """Once for each medium of a list."""


@dataclass(frozen=True, slots=True)
class PlaybackContinuing(PlaybackEvent):
    """One medium of a list is over, or could not be played; the next begins."""


@dataclass(frozen=True, slots=True)
class PlaybackFinished(PlaybackEvent):
    """The end; `playback.failed` when the last medium could not be played."""


@dataclass(frozen=True, slots=True)
class RecordingEvent(Event):
    recording: RecordingData

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.recording.name, self.recording.target_id)


@dataclass(frozen=True, slots=True)
class RecordingStarted(RecordingEvent):
    pass


@dataclass(frozen=True, slots=True)
class RecordingFinished(RecordingEvent):
    pass


@dataclass(frozen=True, slots=True)
class RecordingFailed(RecordingEvent):
    pass


@dataclass(frozen=True, slots=True)
class BridgeEvent(Event):
    bridge: BridgeData

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.bridge.id,)


@dataclass(frozen=True, slots=True)
class BridgeCreated(BridgeEvent):
    pass


@dataclass(frozen=True, slots=True)
class BridgeDestroyed(BridgeEvent):
    pass


@dataclass(frozen=True, slots=True)
class ChannelEnteredBridge(BridgeEvent):
    channel: ChannelData | None

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.bridge.id, self.channel.id) if self.channel else (self.bridge.id,)


@dataclass(frozen=True, slots=True)
class ChannelLeftBridge(BridgeEvent):
    channel: ChannelData

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.bridge.id, self.channel.id)


@dataclass(frozen=True, slots=True)
class ApplicationRegistered(Event):
    """Asterisk knows the application now."""


@dataclass(frozen=True, slots=True)
class ApplicationReplaced(Event):
    """Another websocket took the application over; this one gets nothing more."""


_BASE = (Field("timestamp", moment, 0.0), Field("application", text, ""), Field("asterisk_id", text, ""))
_OF_CHANNEL = (*_BASE, Field("channel", CHANNEL))
_MAYBE_CHANNEL = Field("channel", CHANNEL, None)
_OF_PLAYBACK = (*_BASE, Field("playback", PLAYBACK))
_OF_RECORDING = (*_BASE, Field("recording", RECORDING))
_OF_BRIDGE = (*_BASE, Field("bridge", BRIDGE))
_TECH_CAUSE = Field("tech_cause", whole, None)


def _shape(build: type[Event], *fields: Field) -> Shape[Event]:
    return Shape(build.__name__, build, *fields)


# The fields of each event in use, in the order of its class; a test holds them against the api-docs of Asterisk.
EVENT_SHAPES: dict[str, Shape[Event]] = {
    shape.model: shape
    for shape in (
        _shape(StasisStart, *_OF_CHANNEL, Field("args", texts)),
        _shape(StasisEnd, *_OF_CHANNEL),
        _shape(ChannelCreated, *_OF_CHANNEL),
        _shape(ChannelDestroyed, *_OF_CHANNEL, Field("cause", whole), Field("cause_txt", text, ""), _TECH_CAUSE),
        _shape(ChannelStateChange, *_OF_CHANNEL),
        _shape(ChannelDtmfReceived, *_OF_CHANNEL, Field("digit", text), Field("duration_ms", whole, 0)),
        _shape(
            ChannelHangupRequest, *_OF_CHANNEL, Field("cause", whole, None), Field("soft", flag, False), _TECH_CAUSE
        ),
        _shape(ChannelTalkingStarted, *_OF_CHANNEL),
        _shape(ChannelTalkingFinished, *_OF_CHANNEL, Field("duration", whole)),
        _shape(ChannelToneDetected, *_OF_CHANNEL),
        _shape(ApplicationMoveFailed, *_OF_CHANNEL, Field("destination", text), Field("args", texts)),
        _shape(ChannelVarset, *_BASE, Field("variable", text), Field("value", text), _MAYBE_CHANNEL),
        _shape(ChannelUserevent, *_BASE, Field("eventname", text), Field("userevent", mapping), _MAYBE_CHANNEL),
        _shape(
            Dial,
            *_BASE,
            Field("peer", CHANNEL),
            Field("caller", CHANNEL, None),
            Field("dialstatus", text),
            Field("dialstring", text, ""),
        ),
        _shape(PlaybackStarted, *_OF_PLAYBACK),
        _shape(PlaybackContinuing, *_OF_PLAYBACK),
        _shape(PlaybackFinished, *_OF_PLAYBACK),
        _shape(RecordingStarted, *_OF_RECORDING),
        _shape(RecordingFinished, *_OF_RECORDING),
        _shape(RecordingFailed, *_OF_RECORDING),
        _shape(BridgeCreated, *_OF_BRIDGE),
        _shape(BridgeDestroyed, *_OF_BRIDGE),
        _shape(ChannelEnteredBridge, *_OF_BRIDGE, _MAYBE_CHANNEL),
        _shape(ChannelLeftBridge, *_OF_BRIDGE, Field("channel", CHANNEL)),
        _shape(ApplicationRegistered, *_BASE),
        _shape(ApplicationReplaced, *_BASE),
    )
}


def decode(frame: str | bytes) -> Event:
    """The event in a websocket frame. Never raises."""
    try:
        raw = json.loads(frame)
    # Nesting deeper than the interpreter's limit is a RecursionError; all else that json rejects, a ValueError.
    except (ValueError, RecursionError) as error:
        return _unreadable({}, f"not JSON: {type(error).__name__}")
    if not isinstance(raw, dict):
        return _unreadable({}, "not a JSON object")
    kind = raw.get("type")
    if not isinstance(kind, str):
        return _unreadable(raw, "no type")
    shape = EVENT_SHAPES.get(kind)
    if shape is None:
        return _unreadable(raw, "", kind)
    try:
        return shape(raw)
    except Malformed as error:
        return _unreadable(raw, str(error), kind)


def _unreadable(raw: Mapping[str, Any], note: str, kind: str = "") -> UnknownEvent:
    return UnknownEvent(0.0, _text_or_empty(raw, "application"), _text_or_empty(raw, "asterisk_id"), kind, raw, note)


def _text_or_empty(raw: Mapping[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""
