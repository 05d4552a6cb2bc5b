"""What Asterisk says of its channels, bridges, playbacks and so on at one moment. Moments are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.ari.decode import Field, Shape, list_of, mapping, moment, text, texts, whole


@dataclass(frozen=True, slots=True)
class CallerId:
    name: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class DialplanPlace:
    """Where a channel is in the dialplan, and the application that it runs."""

    context: str = ""
    extension: str = ""
    priority: int = 0
    app: str = ""
    app_data: str = ""


@dataclass(frozen=True, slots=True)
class ChannelData:
    """A channel as it was."""

    id: str
    name: str
    """Such as PJSIP/carrier-00000012."""
    state: str
    """Down, Rsrved, OffHook, Dialing, Ring, Ringing, Up, Busy and so on."""
    caller: CallerId = CallerId()
    connected: CallerId = CallerId()
    dialplan: DialplanPlace = DialplanPlace()
    created_at_s: float = 0.0
    language: str = ""
    accountcode: str = ""
    protocol_id: str = ""
    """SIP's Call-ID, for a channel of SIP."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Those that ari.conf names in channelvars."""

    @property
    def is_up(self) -> bool:
        return self.state == "Up"

    @property
    def stasis_app(self) -> str:
        """The Stasis application that has the channel; empty when the dialplan has it."""
        return self.dialplan.app_data.partition(",")[0] if self.dialplan.app == "Stasis" else ""

    @property
    def stasis_args(self) -> tuple[str, ...]:
        """The arguments with which it entered the Stasis application that has it."""
        return tuple(self.dialplan.app_data.split(",")[1:]) if self.dialplan.app == "Stasis" else ()


@dataclass(frozen=True, slots=True)
class BridgeData:
    """A bridge as it was."""

    id: str
    name: str
    type: str
    channels: tuple[str, ...]
    """The ids of the channels in it."""
    creator: str = ""
    created_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PlaybackData:
    """A playback as it was."""

    id: str
    media_uri: str
    target_uri: str
    state: str
    """queued, playing, continuing, done or failed."""
    language: str = ""
    next_media_uri: str = ""

    @property
    def target_id(self) -> str:
        """The id of the channel or bridge that hears it."""
        return self.target_uri.partition(":")[2]

    @property
    def failed(self) -> bool:
        """The last medium could not be played. Of those before it Asterisk does not tell."""
        return self.state == "failed"


@dataclass(frozen=True, slots=True)
class RecordingData:
    """A recording under way, or just ended."""

    name: str
    format: str
    target_uri: str
    state: str
    """queued, recording, paused, done, failed or canceled."""
    duration_s: int | None = None
    cause: str = ""
    """Why it failed."""

    @property
    def target_id(self) -> str:
        return self.target_uri.partition(":")[2]


@dataclass(frozen=True, slots=True)
class ApplicationData:
    """A Stasis application and what it is subscribed to beside the channels that entered it."""

    name: str
    channel_ids: tuple[str, ...]
    bridge_ids: tuple[str, ...]
    endpoint_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndpointData:
    technology: str
    resource: str
    state: str
    """online, offline or unknown."""
    channel_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SoundFormat:
    language: str
    format: str


@dataclass(frozen=True, slots=True)
class SoundData:
    """An installed sound, and the languages and formats there are of it."""

    id: str
    formats: tuple[SoundFormat, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ModuleData:
    name: str
    status: str
    """Running, or Not Running."""
    description: str
    use_count: int


@dataclass(frozen=True, slots=True)
class BuildData:
    os: str
    options: str


@dataclass(frozen=True, slots=True)
class SystemData:
    version: str
    entity_id: str


@dataclass(frozen=True, slots=True)
class StatusData:
    startup_at_s: float
    last_reload_at_s: float


@dataclass(frozen=True, slots=True)
class AsteriskData:
    """What Asterisk says of itself; a part that was not asked for is None."""

    build: BuildData | None
    system: SystemData | None
    status: StatusData | None


@dataclass(frozen=True, slots=True)
class PingData:
    asterisk_id: str
    ping: str
    at_s: float
    """Asterisk's clock when it answered."""


CALLER_ID = Shape("CallerID", CallerId, Field("name", text, ""), Field("number", text, ""))
DIALPLAN = Shape(
    "DialplanCEP",
    DialplanPlace,
    Field("context", text, ""),
    Field("exten", text, ""),
    Field("priority", whole, 0),
    Field("app_name", text, ""),
    Field("app_data", text, ""),
)
CHANNEL = Shape(
    "Channel",
    ChannelData,
    Field("id", text),
    Field("name", text),
    Field("state", text),
    Field("caller", CALLER_ID, CallerId()),
    Field("connected", CALLER_ID, CallerId()),
    Field("dialplan", DIALPLAN, DialplanPlace()),
    Field("creationtime", moment, 0.0),
    Field("language", text, ""),
    Field("accountcode", text, ""),
    Field("protocol_id", text, ""),
    Field("channelvars", mapping, {}),
)
BRIDGE = Shape(
    "Bridge",
    BridgeData,
    Field("id", text),
    Field("name", text, ""),
    Field("bridge_type", text, ""),
    Field("channels", texts, ()),
    Field("creator", text, ""),
    Field("creationtime", moment, 0.0),
)
PLAYBACK = Shape(
    "Playback",
    PlaybackData,
    Field("id", text),
    Field("media_uri", text, ""),
    Field("target_uri", text),
    Field("state", text),
    Field("language", text, ""),
    Field("next_media_uri", text, ""),
)
RECORDING = Shape(
    "LiveRecording",
    RecordingData,
    Field("name", text),
    Field("format", text, ""),
    Field("target_uri", text),
    Field("state", text),
    Field("duration", whole, None),
    Field("cause", text, ""),
)
APPLICATION = Shape(
    "Application",
    ApplicationData,
    Field("name", text),
    Field("channel_ids", texts, ()),
    Field("bridge_ids", texts, ()),
    Field("endpoint_ids", texts, ()),
)
ENDPOINT = Shape(
    "Endpoint",
    EndpointData,
    Field("technology", text),
    Field("resource", text),
    Field("state", text, "unknown"),
    Field("channel_ids", texts, ()),
)
SOUND_FORMAT = Shape("FormatLangPair", SoundFormat, Field("language", text), Field("format", text))
SOUND_FORMATS = list_of(SOUND_FORMAT)
SOUND = Shape("Sound", SoundData, Field("id", text), Field("formats", SOUND_FORMATS), Field("text", text, ""))
MODULE = Shape(
    "Module",
    ModuleData,
    Field("name", text),
    Field("status", text),
    Field("description", text, ""),
    Field("use_count", whole, 0),
)
BUILD = Shape("BuildInfo", BuildData, Field("os", text, ""), Field("options", text, ""))
SYSTEM = Shape("SystemInfo", SystemData, Field("version", text), Field("entity_id", text, ""))
STATUS = Shape("StatusInfo", StatusData, Field("startup_time", moment), Field("last_reload_time", moment, 0.0))
ASTERISK = Shape(
    "AsteriskInfo",
    AsteriskData,
    Field("build", BUILD, None),
    Field("system", SYSTEM, None),
    Field("status", STATUS, None),
)
PING = Shape("AsteriskPing", PingData, Field("asterisk_id", text), Field("ping", text), Field("timestamp", moment))
VARIABLE = Shape("Variable", str, Field("value", text))

CHANNELS = list_of(CHANNEL)
BRIDGES = list_of(BRIDGE)
APPLICATIONS = list_of(APPLICATION)
ENDPOINTS = list_of(ENDPOINT)
SOUNDS = list_of(SOUND)
MODULES = list_of(MODULE)

# Every shape, for the test that holds them against the api-docs.
SHAPES: tuple[Shape[Any], ...] = (
    CALLER_ID,
    DIALPLAN,
    CHANNEL,
    BRIDGE,
    PLAYBACK,
    RECORDING,
    APPLICATION,
    ENDPOINT,
    SOUND_FORMAT,
    SOUND,
    MODULE,
    BUILD,
    SYSTEM,
    STATUS,
    ASTERISK,
    PING,
    VARIABLE,
)
