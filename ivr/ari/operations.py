"""Every REST operation that we use, with its parameters, by Asterisk's names.

The resources send nothing that is not in this table, and a test holds the table against the api-docs that a real
Asterisk serves; so an operation cannot drift away from Asterisk unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from ivr.ari.checks import checked_id


@dataclass(frozen=True, slots=True)
class Operation:
    """A request that ARI offers."""

    method: str
    path: str
    """With the places for ids in braces."""
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    bare_body: bool = False
    """The body is the value of its one parameter, not an object that holds it."""

    def target(self, ids: Mapping[str, str]) -> str:
        """The path with these ids in it, quoted. Raises AriInvalidRequest."""
        if not ids:
            return self.path
        return self.path.format_map({key: quote(checked_id(value, key), safe="") for key, value in ids.items()})


_DIALLED = ("endpoint", "app", "appArgs", "channelId", "otherChannelId", "originator", "formats")

CHANNELS_LIST = Operation("GET", "/channels")
CHANNELS_ORIGINATE = Operation(
    "POST",
    "/channels",
    (*_DIALLED, "extension", "context", "priority", "callerId", "timeout"),
    ("variables",),
)
CHANNELS_CREATE = Operation("POST", "/channels/create", _DIALLED, ("variables",))
CHANNEL_GET = Operation("GET", "/channels/{channelId}")
CHANNEL_HANGUP = Operation("DELETE", "/channels/{channelId}", ("reason_code",))
CHANNEL_CONTINUE = Operation("POST", "/channels/{channelId}/continue", ("context", "extension", "priority"))
CHANNEL_ANSWER = Operation("POST", "/channels/{channelId}/answer")
CHANNEL_PROGRESS = Operation("POST", "/channels/{channelId}/progress")
CHANNEL_RING = Operation("POST", "/channels/{channelId}/ring")
CHANNEL_RING_STOP = Operation("DELETE", "/channels/{channelId}/ring")
CHANNEL_DTMF = Operation("POST", "/channels/{channelId}/dtmf", ("dtmf", "between", "duration"))
CHANNEL_MOH = Operation("POST", "/channels/{channelId}/moh", ("mohClass",))
CHANNEL_MOH_STOP = Operation("DELETE", "/channels/{channelId}/moh")
CHANNEL_SILENCE = Operation("POST", "/channels/{channelId}/silence")
CHANNEL_SILENCE_STOP = Operation("DELETE", "/channels/{channelId}/silence")
CHANNEL_PLAY = Operation("POST", "/channels/{channelId}/play/{playbackId}", ("media", "lang"))
CHANNEL_RECORD = Operation(
    "POST",
    "/channels/{channelId}/record",
    ("name", "format", "maxDurationSeconds", "maxSilenceSeconds", "ifExists", "beep", "terminateOn"),
)
CHANNEL_GET_VARIABLE = Operation("GET", "/channels/{channelId}/variable", ("variable",))
CHANNEL_SET_VARIABLE = Operation("POST", "/channels/{channelId}/variable", ("variable", "value"))
CHANNEL_SNOOP = Operation("POST", "/channels/{channelId}/snoop/{snoopId}", ("spy", "whisper", "app", "appArgs"))
CHANNEL_DIAL = Operation("POST", "/channels/{channelId}/dial", ("caller", "timeout"))

BRIDGES_LIST = Operation("GET", "/bridges")
BRIDGES_CREATE = Operation("POST", "/bridges", ("type", "bridgeId", "name"))
BRIDGE_GET = Operation("GET", "/bridges/{bridgeId}")
BRIDGE_DESTROY = Operation("DELETE", "/bridges/{bridgeId}")
BRIDGE_ADD = Operation("POST", "/bridges/{bridgeId}/addChannel", ("channel", "role"))
BRIDGE_REMOVE = Operation("POST", "/bridges/{bridgeId}/removeChannel", ("channel",))
BRIDGE_PLAY = Operation("POST", "/bridges/{bridgeId}/play/{playbackId}", ("media", "lang"))
BRIDGE_MOH = Operation("POST", "/bridges/{bridgeId}/moh", ("mohClass",))
BRIDGE_MOH_STOP = Operation("DELETE", "/bridges/{bridgeId}/moh")

PLAYBACK_GET = Operation("GET", "/playbacks/{playbackId}")
PLAYBACK_STOP = Operation("DELETE", "/playbacks/{playbackId}")
PLAYBACK_CONTROL = Operation("POST", "/playbacks/{playbackId}/control", ("operation",))

RECORDING_STOP = Operation("POST", "/recordings/live/{recordingName}/stop")

ASTERISK_INFO = Operation("GET", "/asterisk/info", ("only",))
ASTERISK_PING = Operation("GET", "/asterisk/ping")
ASTERISK_MODULES = Operation("GET", "/asterisk/modules")
ASTERISK_GET_VARIABLE = Operation("GET", "/asterisk/variable", ("variable",))
ASTERISK_SET_VARIABLE = Operation("POST", "/asterisk/variable", ("variable", "value"))

APPLICATIONS_LIST = Operation("GET", "/applications")
APPLICATION_GET = Operation("GET", "/applications/{applicationName}")
APPLICATION_SUBSCRIBE = Operation("POST", "/applications/{applicationName}/subscription", ("eventSource",))
APPLICATION_UNSUBSCRIBE = Operation("DELETE", "/applications/{applicationName}/subscription", ("eventSource",))
APPLICATION_FILTER = Operation("PUT", "/applications/{applicationName}/eventFilter", (), ("filter",), bare_body=True)

SOUNDS_LIST = Operation("GET", "/sounds", ("lang", "format"))
SOUND_GET = Operation("GET", "/sounds/{soundId}")

ENDPOINTS_OF = Operation("GET", "/endpoints/{tech}")
ENDPOINT_GET = Operation("GET", "/endpoints/{tech}/{resource}")

OPERATIONS: tuple[Operation, ...] = tuple(
    operation for operation in tuple(globals().values()) if isinstance(operation, Operation)
)
