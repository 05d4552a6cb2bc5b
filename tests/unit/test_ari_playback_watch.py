"""How a playback ended, from the events that a real Asterisk was seen to send."""

from __future__ import annotations

import json

import pytest

from ivr.ari.events import Event, UnknownEvent, decode
from ivr.ari.playback_watch import PlaybackEnd, PlaybackWatch

pytestmark = pytest.mark.unit


def playback(kind: str, at_ms: int, state: str = "playing", playback_id: str = "p1") -> Event:
    event = decode(
        json.dumps(
            {
                "type": kind,
                "timestamp": f"2026-11-23T02:23:02.{at_ms:03}+0000",
                "playback": {"id": playback_id, "target_uri": "channel:c1", "state": state},
            }
        )
    )
    assert not isinstance(event, UnknownEvent)
    return event


def hangup(channel_id: str = "c1") -> Event:
    return decode(
        json.dumps({"type": "ChannelHangupRequest", "channel": {"id": channel_id, "name": "x", "state": "Up"}})
    )


def ends(*events: Event) -> list[PlaybackEnd]:
    watch = PlaybackWatch("c1")
    return [end for event in events if (end := watch.note(event)) is not None]


def test_played() -> None:
    assert ends(
        playback("PlaybackStarted", 0),
        playback("PlaybackContinuing", 400, "continuing"),
        playback("PlaybackStarted", 400),
        playback("PlaybackFinished", 800, "done"),
    ) == [PlaybackEnd.PLAYED]


def test_the_only_one_or_the_last_is_missing() -> None:
    assert ends(playback("PlaybackStarted", 0), playback("PlaybackFinished", 1, "failed")) == [PlaybackEnd.FAILED]


def test_one_before_the_last_is_missing() -> None:
    assert ends(
        playback("PlaybackStarted", 0),
        playback("PlaybackContinuing", 1, "continuing"),
        playback("PlaybackStarted", 1),
        playback("PlaybackFinished", 400, "done"),
        playback("PlaybackStarted", 401, playback_id="p2"),
        playback("PlaybackFinished", 402, "done", playback_id="p2"),
    ) == [PlaybackEnd.FAILED, PlaybackEnd.PLAYED]


def test_the_call_ended_under_it() -> None:
    assert ends(playback("PlaybackStarted", 0), hangup(), playback("PlaybackFinished", 9, "failed")) == [
        PlaybackEnd.CUT_OFF
    ]


def test_the_end_of_another_channel_is_not_ours() -> None:
    """Such as that of the channel that listens for an answering machine."""
    assert ends(playback("PlaybackStarted", 0), hangup("c1-amd"), playback("PlaybackFinished", 1, "failed")) == [
        PlaybackEnd.FAILED
    ]
