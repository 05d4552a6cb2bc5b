"""What is sent to ARI, and what is refused before it is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ivr.ari
from ivr.ari import errors
from ivr.ari.channels import Channel, Channels
from ivr.ari.checks import MAX_ID, checked_id, checked_text, joined_list, joined_media
from ivr.ari.errors import (
    AriBadRequest,
    AriConflict,
    AriError,
    AriHttpError,
    AriInvalidRequest,
    AriNotFound,
    AriPrecondition,
    AriProtocolError,
    AriServerError,
    AriUnauthorized,
    AriUnprocessable,
)
from ivr.ari.handlers import Handlers, Tasks
from ivr.ari.operations import CHANNEL_GET, CHANNEL_PLAY, CHANNELS_LIST, OPERATIONS
from ivr.ari.router import Router
from ivr.ari.session import Session
from ivr.ari.transport import Reply, Request

pytestmark = pytest.mark.unit

CHANNEL = {"id": "c1", "name": "PJSIP/x-1", "state": "Down"}


class ScriptedTransport:
    """Answers every request with the same reply and keeps the requests."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.requests: list[Request] = []

    async def request(self, request: Request, timeout_s: float) -> Reply:
        self.requests.append(request)
        return self.reply

    def events(self, app: str) -> AbstractAsyncContextManager[AsyncIterator[str | bytes]]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


def session_that_answers(status: int = 200, answer: Any = CHANNEL) -> tuple[Session, ScriptedTransport]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    transport = ScriptedTransport(Reply(status, body))
    return Session(transport, "callback", 5.0, Router(), Handlers(Tasks())), transport


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\nb", "a\x00b", "tab\there", "\x7f"])
async def test_no_control_character_leaves_us(text: str) -> None:
    session, transport = session_that_answers()
    channel = Channel(session, "c1")
    originate = Channels(session).originate
    with pytest.raises(AriInvalidRequest):
        await channel.set_variable("X", text)
    with pytest.raises(AriInvalidRequest):
        await channel.set_variable(text, "x")
    with pytest.raises(AriInvalidRequest):
        await originate(f"PJSIP/{text}", channel_id="c1", timeout_s=5)
    with pytest.raises(AriInvalidRequest):
        await originate("PJSIP/x", channel_id="c1", timeout_s=5, caller_id=text)
    with pytest.raises(AriInvalidRequest):
        await originate("PJSIP/x", channel_id="c1", timeout_s=5, variables={"X": text})
    with pytest.raises(AriInvalidRequest):
        await Channel(session, text).answer()
    assert transport.requests == []


@pytest.mark.parametrize("bad", ["", ".", "..", "x" * (MAX_ID + 1), "ä" * MAX_ID])
def test_what_is_no_id(bad: str) -> None:
    with pytest.raises(AriInvalidRequest):
        checked_id(bad, "an id")


@given(st.text(min_size=1, max_size=40))
def test_an_id_is_one_segment_of_the_path_or_refused(resource_id: str) -> None:
    try:
        target = CHANNEL_PLAY.target({"channelId": resource_id, "playbackId": "p1"})
    except (AriInvalidRequest, UnicodeEncodeError):
        return
    assert target.count("/") == 4
    assert not set(target) & set("+ ?#&;\\\"'<>")


def test_ids_are_quoted_so_that_a_plus_stays_a_plus() -> None:
    assert CHANNEL_GET.target({"channelId": "cb-+1202/x y"}) == "/channels/cb-%2B1202%2Fx%20y"


def test_a_list_is_parted_by_commas_that_no_value_has() -> None:
    assert joined_list(["a", "b c"], "x") == "a,b c"
    with pytest.raises(AriInvalidRequest, match="comma"):
        joined_list(["a,b"], "x")


@pytest.mark.parametrize("media", [[], "", "beep", "sound:", "file:/etc/passwd", ["sound:a", "foo:b"], "sound:a,b"])
def test_media_that_asterisk_would_never_finish_is_refused(media: str | list[str]) -> None:
    with pytest.raises(AriInvalidRequest):
        joined_media(media)


def test_media() -> None:
    assert joined_media("sound:callback/en-US/offer") == "sound:callback/en-US/offer"
    assert (
        joined_media(["sound:a", "digits:123", "tone:busy;tonezone=us"]) == "sound:a,digits:123,tone:busy;tonezone=us"
    )


def test_text_without_control_characters_passes() -> None:
    assert checked_text('"Zoë" <+12025550100>', "caller id") == '"Zoë" <+12025550100>'


async def test_originate_as_it_goes_out() -> None:
    session, transport = session_that_answers()
    channel = await Channels(session).originate(
        "PJSIP/+12025550100@carrier",
        channel_id="cb-7-1",
        timeout_s=25,
        app_args=["outbound", "cb-7"],
        caller_id='"Support" <+12025550000>',
        variables={"CB_SERVICE_ID": "7"},
        formats=["ulaw", "alaw"],
    )
    (request,) = transport.requests
    assert (request.method, request.path) == ("POST", "/channels")
    assert sorted(request.query.split("&")) == [
        "app=callback",
        "appArgs=outbound%2Ccb-7",
        "callerId=%22Support%22%20%3C%2B12025550000%3E",
        "channelId=cb-7-1",
        "endpoint=PJSIP%2F%2B12025550100%40carrier",
        "formats=ulaw%2Calaw",
        "timeout=25",
    ]
    assert request.body == {"variables": {"CB_SERVICE_ID": "7"}}
    assert (channel.id, channel.data is not None) == ("c1", True)


async def test_originate_into_the_dialplan_names_no_application() -> None:
    session, transport = session_that_answers()
    await Channels(session).originate(
        "PJSIP/x", channel_id="c1", timeout_s=5, context="callback-amd", extension="s", priority=1
    )
    assert "app=" not in transport.requests[0].query
    assert transport.requests[0].body is None


async def test_true_false_and_absent() -> None:
    session, transport = session_that_answers(answer={"name": "r", "target_uri": "channel:c1", "state": "queued"})
    await Channel(session, "c1").record("r", beep=True)
    query = transport.requests[0].query
    assert "beep=true" in query
    await Channel(session, "c1").continue_in_dialplan()
    assert transport.requests[1].query == ""


async def test_numbers_out_of_range_are_refused() -> None:
    session, transport = session_that_answers()
    with pytest.raises(AriInvalidRequest, match="at least 1 s"):
        await Channels(session).originate("PJSIP/x", channel_id="c1", timeout_s=0)
    for cause in (0, 128, -1):
        with pytest.raises(AriInvalidRequest, match=r"no Q\.850 cause"):
            await Channel(session, "c1").hangup(cause)
    assert transport.requests == []


async def test_a_parameter_that_is_not_in_the_table_is_our_mistake() -> None:
    session, _ = session_that_answers()
    with pytest.raises(TypeError, match="no parameter colour"):
        await session.do(CHANNELS_LIST, colour="red")
    with pytest.raises(TypeError, match="no body parameter colour"):
        await session.do(CHANNELS_LIST, {}, {"colour": "red"})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, AriBadRequest),
        (401, AriUnauthorized),
        (403, AriUnauthorized),
        (404, AriNotFound),
        (409, AriConflict),
        (412, AriPrecondition),
        (418, AriHttpError),
        (422, AriUnprocessable),
        (500, AriServerError),
        (503, AriServerError),
    ],
)
async def test_each_status_has_its_error(status: int, kind: type[AriHttpError]) -> None:
    session, _ = session_that_answers(status, {"message": "No way"})
    with pytest.raises(kind) as caught:
        await Channel(session, "c 1").answer()
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.reason) == (status, "No way")
    assert str(caught.value) == f"POST /channels/c%201/answer: {status} No way"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"error": "Allocation failed"}, "Allocation failed"), (b"<html>", "<html>"), ([1], ""), (b"", "")],
)
async def test_the_reason_whatever_its_form(answer: Any, reason: str) -> None:
    session, _ = session_that_answers(500, answer)
    with pytest.raises(AriServerError) as caught:
        await Channel(session, "c1").answer()
    assert caught.value.reason == reason


@pytest.mark.parametrize("answer", [b"<html>", b"", [1], {"id": 7}, {"name": "x"}])
async def test_an_answer_that_is_not_ari(answer: Any) -> None:
    session, _ = session_that_answers(200, answer)
    with pytest.raises(AriProtocolError):
        await Channels(session).get("c1")


async def test_what_was_to_be_gone_and_is_gone_is_no_error() -> None:
    session, _ = session_that_answers(404, {"message": "Channel not found"})
    assert await Channel(session, "c1").hangup() is False


async def test_a_variable_that_is_not_set_is_empty_but_a_channel_that_is_gone_is_told() -> None:
    session, _ = session_that_answers(404, {"message": "Provided variable was not found"})
    assert await Channel(session, "c1").get_variable("X") == ""
    session, _ = session_that_answers(404, {"message": "Channel not found"})
    with pytest.raises(AriNotFound):
        await Channel(session, "c1").get_variable("X")


def test_the_table_of_operations_has_no_doubles() -> None:
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS) > 30


def test_the_tree_of_errors_is_drawn_in_full() -> None:
    drawn = errors.__doc__ or ""
    tree = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AriError)]
    codes = {kind.code for kind in tree}
    assert len(codes) == len(tree) > 10
    for kind in tree:
        assert kind.__name__ in drawn
        assert getattr(ivr.ari, kind.__name__) is kind


def test_exported_names_are_in_order_and_there() -> None:
    assert ivr.ari.__all__ == sorted(ivr.ari.__all__)
    assert all(hasattr(ivr.ari, name) for name in ivr.ari.__all__)
