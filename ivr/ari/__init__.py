"""Asterisk REST Interface: a typed asyncio client in ari-py's vocabulary.

`AriClient` is the way in; the events are in `ivr.ari.events`, the errors in `ivr.ari.errors`.
"""

from ivr.ari.bridges import Bridge
from ivr.ari.channels import Channel
from ivr.ari.client import AriClient, AriCounts
from ivr.ari.errors import (
    AriBadRequest,
    AriConflict,
    AriConnectionError,
    AriConnectionLost,
    AriDemoted,
    AriError,
    AriEventsOverflow,
    AriHttpError,
    AriInvalidRequest,
    AriNotFound,
    AriPrecondition,
    AriProtocolError,
    AriServerError,
    AriTimeout,
    AriUnauthorized,
    AriUnprocessable,
)
from ivr.ari.models import BridgeData, ChannelData, PlaybackData, RecordingData
from ivr.ari.playbacks import Playback
from ivr.ari.router import Subscription

__all__ = [
    "AriBadRequest",
    "AriClient",
    "AriConflict",
    "AriConnectionError",
    "AriConnectionLost",
    "AriCounts",
    "AriDemoted",
    "AriError",
    "AriEventsOverflow",
    "AriHttpError",
    "AriInvalidRequest",
    "AriNotFound",
    "AriPrecondition",
    "AriProtocolError",
    "AriServerError",
    "AriTimeout",
    "AriUnauthorized",
    "AriUnprocessable",
    "Bridge",
    "BridgeData",
    "Channel",
    "ChannelData",
    "Playback",
    "PlaybackData",
    "RecordingData",
    "Subscription",
]
