"""AMI's wire form, in whatever pieces and with whatever nonsense it arrives."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ami.errors import AmiInvalidRequest
from ivr.ami.protocol import AmiMessage, AmiParser, encode_action

pytestmark = pytest.mark.unit

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
WIRE = (
    BANNER + b"Response: Success\r\nActionID: 1\r\nChallenge: 132315065\r\n\r\n"
    b"Event: QueueCallerJoin\r\nQueue: support\r\nUniqueid: 1.2\r\n\r\n"
    b"\r\n"
    b"Event: QueueStatusComplete\r\nActionID: 3\r\nEventList: Complete\r\n\r\n"
)


def parsed(*pieces: bytes, max_message_bytes: int = 1000) -> tuple[AmiParser, list[AmiMessage]]:
    parser = AmiParser(max_message_bytes)
    return parser, [message for piece in pieces for message in parser.feed(piece)]


def said(messages: list[AmiMessage]) -> list[str]:
    return [repr(message) for message in messages]


def test_messages_and_the_banner() -> None:
    parser, (challenge, join, complete) = parsed(WIRE)
    assert parser.banner == "Asterisk Call Manager/11.0.0"
    assert (challenge.response, challenge.event, challenge.action_id) == ("Success", "", "1")
    assert challenge.get("challenge") == challenge.get("CHALLENGE") == "132315065"
    assert (join.event, join.response, join.action_id, join.get("Queue")) == ("QueueCallerJoin", "", "", "support")
    assert (complete.action_id, complete.get("EventList"), "Nothing" in complete) == ("3", "Complete", False)
    assert parser.dropped == 0


def test_a_server_without_a_banner() -> None:
    parser, messages = parsed(WIRE.removeprefix(BANNER))
    assert (parser.banner, len(messages)) == ("", 3)


@given(st.lists(st.integers(0, len(WIRE)), max_size=8))
def test_how_it_is_cut_makes_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WIRE)]
    _, whole = parsed(WIRE)
    parser, cut = parsed(*(WIRE[begin:end] for begin, end in pairwise(edges)))
    assert said(cut) == said(whole)
    assert parser.banner


def test_one_byte_at_a_time() -> None:
    assert said(parsed(*(bytes([byte]) for byte in WIRE))[1]) == said(parsed(WIRE)[1])


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes(pieces: list[bytes]) -> None:
    parser, messages = parsed(*pieces, max_message_bytes=64)
    for message in messages:
        assert isinstance(message.event + message.response + message.action_id + message.get("Queue"), str)
    assert parser.dropped >= 0


@given(st.lists(st.sampled_from([b"\r\n", b":", b"Event", b" ", b"x", b"\n", b"\xff", b"A: b\r\n\r\n"])))
def test_any_mixture_of_what_matters(pieces: list[bytes]) -> None:
    _, together = parsed(b"".join(pieces))
    _, apart = parsed(*pieces)
    assert said(together) == said(apart)


def test_what_is_too_long_is_dropped_and_the_next_is_read() -> None:
    for huge in (b"Event: Huge\r\nX: " + b"x" * 5000 + b"\r\n\r\n", b"x" * 5000 + b"\r\n\r\n"):
        wire = BANNER + huge + b"Event: Next\r\n\r\n"
        for size in (1, 7, 100_000):
            parser, messages = parsed(*(wire[at : at + size] for at in range(0, len(wire), size)))
            assert [message.event for message in messages] == ["Next"]
            assert parser.dropped == 1


def test_memory_is_bounded() -> None:
    parser = AmiParser(1000)
    for _ in range(1000):
        parser.feed(b"x" * 1000)
    assert len(parser._buffer) <= 1000
    assert parser.dropped == 1


def test_lines_that_are_no_header_are_passed_over() -> None:
    _, (message,) = parsed(BANNER + b"garbage\r\nEvent: X\r\n\xff\xfe\r\n: empty\r\nA:b\r\nC:  d \r\n\r\n")
    assert (message.event, message.get("A"), message.get("C")) == ("X", "b", " d ")


def test_a_header_may_come_more_than_once() -> None:
    _, (message,) = parsed(BANNER + b"Response: Success\r\nOutput: one\r\nOutput: two\r\nOutput: three\r\n\r\n")
    assert message.all("output") == ["one", "two", "three"]
    assert (message.get("Output"), message.all("Response"), message.all("X")) == ("one", ["Success"], [])


def test_an_action_as_it_goes_out() -> None:
    assert encode_action("QueueStatus", "7", {"Queue": "söpport"}) == (
        "Action: QueueStatus\r\nActionID: 7\r\nQueue: söpport\r\n\r\n".encode()
    )


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Ping\r\n\r\nAction: Originate", {}),
        ("QueueStatus", {"Queue": "support\r\nAction: Command"}),
        ("QueueStatus", {"Queue": "support\nX: y"}),
        ("QueueStatus", {"Queue\r\nX": "y"}),
        ("QueueStatus", {"Queue: x": "y"}),
        ("QueueStatus", {"": "y"}),
        ("QueueStatus", {"Queue": "a\x00b"}),
    ],
)
def test_nothing_slips_in(action: str, headers: dict[str, str]) -> None:
    with pytest.raises(AmiInvalidRequest):
        encode_action(action, "1", headers)


@given(st.text(), st.dictionaries(st.text(max_size=8), st.text(), max_size=4))
def test_whatever_is_sent_is_one_action(action: str, headers: dict[str, str]) -> None:
    try:
        wire = encode_action(action, "1", headers)
    except (AmiInvalidRequest, UnicodeEncodeError):
        return
    (message,) = AmiParser().feed(wire)
    assert message.get("Action") == action
    assert wire.count(b"\r\n") == len(headers) + 3
