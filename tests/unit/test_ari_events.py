"""Whatever Asterisk sends becomes an event, and never an exception."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ari.events import (
    EVENT_SHAPES,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelVarset,
    Dial,
    Event,
    PlaybackFinished,
    RecordingFinished,
    StasisStart,
    UnknownEvent,
    decode,
)
from ivr.ari.models import CallerId, DialplanPlace

pytestmark = pytest.mark.unit

CHANNEL: dict[str, Any] = {
    "id": "cb-7-1",
    "name": "PJSIP/carrier-00000001",
    "state": "Up",
    "protocol_id": "abc@host",
    "caller": {"name": "Ann", "number": "+12025550100"},
    "connected": {"name": "", "number": ""},
    "accountcode": "",
    "dialplan": {
        "context": "callback-inbound",
        "exten": "support",
        "priority": 3,
        "app_name": "Stasis",
        "app_data": "callback,inbound,support",
    },
    "creationtime": "2026-11-23T02:23:02.271+0000",
    "language": "en",
    "channelvars": {"CB_ASKED_AT": "1795400582"},
}
BASE: dict[str, Any] = {
    "timestamp": "2026-11-23T02:23:02.500+0000",
    "application": "callback",
    "asterisk_id": "00:11:22:33:44:55",
}
# One that is right of every documented type in use.
RIGHT: dict[str, dict[str, Any]] = {
    "StasisStart": {"channel": CHANNEL, "args": ["inbound", "support"]},
    "StasisEnd": {"channel": CHANNEL},
    "ChannelCreated": {"channel": CHANNEL},
    "ChannelDestroyed": {"channel": CHANNEL, "cause": 17, "cause_txt": "User busy", "tech_cause": 486},
    "ChannelStateChange": {"channel": CHANNEL},
    "ChannelDtmfReceived": {"channel": CHANNEL, "digit": "#", "duration_ms": 120},
    "ChannelHangupRequest": {"channel": CHANNEL, "cause": 16, "soft": True},
    "ChannelTalkingStarted": {"channel": CHANNEL},
    "ChannelTalkingFinished": {"channel": CHANNEL, "duration": 800},
    "ChannelToneDetected": {"channel": CHANNEL},
    "ApplicationMoveFailed": {"channel": CHANNEL, "destination": "other", "args": []},
    "ChannelVarset": {"variable": "X", "value": "1"},
    "ChannelUserevent": {"eventname": "X", "userevent": {"a": "1"}, "channel": CHANNEL},
    "Dial": {"peer": CHANNEL, "dialstatus": "RINGING", "dialstring": "x", "forward": ""},
    "PlaybackStarted": {"playback": {"id": "p1", "media_uri": "s:a", "target_uri": "channel:cb-7-1", "state": "x"}},
    "PlaybackContinuing": {"playback": {"id": "p1", "media_uri": "s:a", "target_uri": "bridge:b", "state": "x"}},
    "PlaybackFinished": {
        "playback": {"id": "p1", "media_uri": "s:a", "target_uri": "channel:cb-7-1", "state": "failed"}
    },
    "RecordingStarted": {"recording": {"name": "r", "format": "wav", "target_uri": "channel:c", "state": "x"}},
    "RecordingFinished": {
        "recording": {"name": "r", "format": "wav", "target_uri": "channel:c", "state": "done", "duration": 3}
    },
    "RecordingFailed": {
        "recording": {"name": "r", "format": "wav", "target_uri": "channel:c", "state": "failed", "cause": "disk"}
    },
    "BridgeCreated": {"bridge": {"id": "b1", "name": "", "bridge_type": "mixing", "channels": []}},
    "BridgeDestroyed": {"bridge": {"id": "b1", "name": "", "bridge_type": "mixing", "channels": []}},
    "ChannelEnteredBridge": {"bridge": {"id": "b1", "channels": ["cb-7-1"]}, "channel": CHANNEL},
    "ChannelLeftBridge": {"bridge": {"id": "b1", "channels": []}, "channel": CHANNEL},
    "ApplicationRegistered": {},
    "ApplicationReplaced": {},
}


def frame(kind: str, **changes: Any) -> str:
    return json.dumps({"type": kind, **BASE, **RIGHT.get(kind, {}), **changes})


def test_there_is_a_right_example_of_every_type() -> None:
    assert set(RIGHT) == set(EVENT_SHAPES)


@pytest.mark.parametrize("kind", sorted(EVENT_SHAPES))
def test_every_type_in_use_becomes_its_class(kind: str) -> None:
    event = decode(frame(kind))
    assert (type(event).__name__, event.name) == (kind, kind)
    assert (event.application, event.asterisk_id) == ("callback", "00:11:22:33:44:55")
    assert event.at_s == pytest.approx(1795400582.5)


def test_a_channel_is_read_in_full() -> None:
    event = decode(frame("StasisStart"))
    assert isinstance(event, StasisStart)
    channel = event.channel
    assert event.args == ("inbound", "support")
    assert channel.caller == CallerId("Ann", "+12025550100")
    assert channel.dialplan == DialplanPlace("callback-inbound", "support", 3, "Stasis", "callback,inbound,support")
    assert channel.created_at_s == pytest.approx(1795400582.271)
    assert (channel.is_up, channel.language, channel.protocol_id) == (True, "en", "abc@host")
    assert channel.variables == {"CB_ASKED_AT": "1795400582"}
    assert (channel.stasis_app, channel.stasis_args) == ("callback", ("inbound", "support"))


def test_a_channel_in_the_dialplan_is_in_no_application() -> None:
    event = decode(
        frame("StasisEnd", channel={**CHANNEL, "dialplan": {"app_name": "Queue", "app_data": "support,t"}})
    )
    assert isinstance(event, Event)
    assert not isinstance(event, UnknownEvent)
    assert event.channel.stasis_app == ""  # type: ignore[attr-defined]


def test_what_each_event_says() -> None:
    dtmf = decode(frame("ChannelDtmfReceived"))
    assert isinstance(dtmf, ChannelDtmfReceived)
    assert (dtmf.digit, dtmf.duration_ms) == ("#", 120)
    destroyed = decode(frame("ChannelDestroyed"))
    assert isinstance(destroyed, ChannelDestroyed)
    assert (destroyed.cause, destroyed.cause_txt, destroyed.tech_cause) == (17, "User busy", 486)
    dial = decode(frame("Dial", caller={**CHANNEL, "id": "c2"}))
    assert isinstance(dial, Dial)
    assert (dial.dialstatus, dial.ids) == ("RINGING", ("cb-7-1", "c2"))
    finished = decode(frame("PlaybackFinished"))
    assert isinstance(finished, PlaybackFinished)
    assert (finished.playback.failed, finished.ids) == (True, ("p1", "cb-7-1"))
    recorded = decode(frame("RecordingFinished"))
    assert isinstance(recorded, RecordingFinished)
    assert (recorded.recording.duration_s, recorded.ids) == (3, ("r", "c"))
    entered = decode(frame("ChannelEnteredBridge"))
    assert isinstance(entered, ChannelEnteredBridge)
    assert entered.ids == ("b1", "cb-7-1")
    variable = decode(frame("ChannelVarset"))
    assert isinstance(variable, ChannelVarset)
    assert (variable.channel, variable.ids) == (None, ())


def test_an_unknown_type_keeps_all_it_had_and_is_routed() -> None:
    event = decode(frame("ChannelHold", channel=CHANNEL, musicclass="x"))
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.name, event.note, event.ids) == ("ChannelHold", "ChannelHold", "", ("cb-7-1",))
    assert event.raw["musicclass"] == "x"
    assert event.application == "callback"


@pytest.mark.parametrize(
    ("sent", "note"),
    [
        ("", "not JSON: JSONDecodeError"),
        (b"\xff\xfe\x00", "not JSON: UnicodeDecodeError"),
        ("[" * 100_000, "not JSON: RecursionError"),
        ("[1]", "not a JSON object"),
        ("{}", "no type"),
        ('{"type": 7}', "no type"),
        (frame("StasisStart", args="inbound"), "StasisStart.args: not a list"),
        (frame("StasisStart", args=[1]), "StasisStart.args: not a text"),
        (frame("StasisStart", channel=None), "StasisStart.channel: Channel is not an object"),
        (frame("StasisStart", channel={"name": "x", "state": "Up"}), "StasisStart.channel: Channel has no id"),
        (frame("ChannelDestroyed", cause="16"), "ChannelDestroyed.cause: not a whole number"),
        (frame("ChannelDestroyed", cause=True), "ChannelDestroyed.cause: not a whole number"),
        (frame("ChannelHangupRequest", soft="yes"), "ChannelHangupRequest.soft: not true or false"),
        (frame("StasisEnd", timestamp="yesterday"), "StasisEnd.timestamp: not a timestamp"),
        (frame("ChannelUserevent", userevent=[]), "ChannelUserevent.userevent: not an object"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_note(sent: str | bytes, note: str) -> None:
    event = decode(sent)
    assert isinstance(event, UnknownEvent)
    assert event.note == note


@given(st.binary())
def test_any_bytes(sent: bytes) -> None:
    assert isinstance(decode(sent), Event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.sampled_from(sorted(EVENT_SHAPES)), st.data())
def test_any_damage_to_a_right_event(kind: str, data: st.DataObject) -> None:
    """One value anywhere in the event is dropped or is something else."""
    raw: dict[str, Any] = copy.deepcopy({"type": kind, **BASE, **RIGHT[kind]})
    place = raw
    key = data.draw(st.sampled_from(sorted(place)))
    while isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    if data.draw(st.booleans()):
        del place[key]
    else:
        place[key] = data.draw(JSON)
    event = decode(json.dumps(raw))
    assert all(isinstance(each, str) for each in event.ids)
    assert isinstance(event.name, str)
