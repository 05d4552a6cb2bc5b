"""The AMI client on real sockets: what it does when Asterisk is well, silent, rude or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ami_stand_in import SECRET, USER, AmiStandIn, queue_status
from structlog.testing import capture_logs

from ivr.ami import (
    AmiActionError,
    AmiAuthError,
    AmiClient,
    AmiConnectionError,
    AmiEventsOverflow,
    AmiInvalidRequest,
    AmiTimeout,
)
from ivr.ami.events import AmiEvent, Hangup, QueueCallerLeave, QueueParams, UnknownEvent
from ivr.backoff import Backoff
from ivr.link import LinkState

pytestmark = pytest.mark.integration


@pytest.fixture
async def asterisk() -> AsyncIterator[AmiStandIn]:
    async with AmiStandIn() as stand_in:
        yield stand_in


def client_of(asterisk: AmiStandIn, secret: str = SECRET, **more: Any) -> AmiClient:
    more = {"backoff": Backoff(0.02, 0.1), "refused_retry_s": 0.05, "action_timeout_s": 2.0, **more}
    return AmiClient("127.0.0.1", asterisk.port, USER, secret, **more)


@asynccontextmanager
async def connected(asterisk: AmiStandIn, **more: Any) -> AsyncIterator[AmiClient]:
    async with client_of(asterisk, **more) as ami:
        await ami.wait_connected(5)
        yield ami


async def reached(ami: AmiClient, state: LinkState) -> None:
    """Returns when the client has come to this state."""
    there = asyncio.Event()
    ami.on_state(lambda now: there.set() if now is state else None)
    if ami.health.state is not state:
        await asyncio.wait_for(there.wait(), 5)


# ---- logging in


async def test_the_secret_does_not_cross_the_wire(asterisk: AmiStandIn) -> None:
    async with connected(asterisk, events="agent"):
        (login,) = asterisk.asked("Login")
        assert login.get("Events") == "agent"
        assert SECRET not in repr(asterisk.seen)


async def test_a_wrong_secret_is_told_at_once_and_tried_again(asterisk: AmiStandIn) -> None:
    async with client_of(asterisk, secret="another") as ami:
        with pytest.raises(AmiAuthError, match="Authentication failed"):
            await ami.wait_connected(5)
        assert ami.health.state is LinkState.REFUSED
        asterisk.secret = "another"
        await reached(ami, LinkState.UP)


async def test_nobody_there(asterisk: AmiStandIn) -> None:
    await asterisk.stop()
    async with client_of(asterisk) as ami:
        with pytest.raises(AmiTimeout, match="no AMI connection within"):
            await ami.wait_connected(0.2)
        with pytest.raises(AmiConnectionError):
            await ami.action("Ping")
        assert ami.health.state in (LinkState.DOWN, LinkState.CONNECTING)
        await asterisk.start()
        await ami.wait_connected(5)


async def test_one_who_accepts_and_says_nothing_is_left_and_tried_again(asterisk: AmiStandIn) -> None:
    asterisk.deaf = True
    async with client_of(asterisk, action_timeout_s=0.1) as ami:
        await asterisk.until(lambda: asterisk.connections_ever >= 2)
        assert "no complete answer" in ami.health.last_error
        asterisk.deaf = False
        await ami.wait_connected(5)


# ---- actions


async def test_answers_find_their_questions(asterisk: AmiStandIn) -> None:
    held: list[str] = []

    def answer_the_first_last(message: Any) -> str | None:
        held.append(message.action_id)
        if len(held) < 3:
            return None
        return "".join(f"Response: Success\nActionID: {each}\nEcho: {each}\n\n" for each in reversed(held))

    asterisk.answers["Echo"] = answer_the_first_last
    async with connected(asterisk) as ami:
        answers = await asyncio.gather(*(ami.action("Echo") for _ in range(3)))
        assert [answer.get("Echo") for answer in answers] == held


async def test_a_list_is_whole_and_events_in_between_are_not_part_of_it(asterisk: AmiStandIn) -> None:
    params = {"Queue": "support", "Calls": 0}
    stray = "Event: Hangup\nChannel: x\nUniqueid: 1\n\n"
    whole = queue_status(("QueueParams", params), ("QueueParams", {**params, "Queue": "sales"}))
    first, rest = whole.split("Event: QueueParams", 1)
    asterisk.answers["QueueStatus"] = lambda _: first + stray + "Event: QueueParams" + rest
    heard: list[AmiEvent] = []
    async with connected(asterisk) as ami:
        ami.on_event(Hangup, heard.append)
        items = await ami.action_list("QueueStatus")
        assert [item.queue for item in items if isinstance(item, QueueParams)] == ["support", "sales"]
        assert (len(items), len(heard)) == (2, 1)


async def test_a_refused_action_and_a_refused_list(asterisk: AmiStandIn) -> None:
    async with connected(asterisk) as ami:
        with pytest.raises(AmiActionError, match="Nope: Invalid/unknown command"):
            await ami.action("Nope")
        with pytest.raises(AmiActionError):
            await ami.action_list("Nope")
        asterisk.answers["Some"] = lambda _: (
            "Response: Success\nActionID: {id}\nEventList: start\n\n"
            "Event: SomeComplete\nActionID: {id}\nEventList: cancelled\n\n"
        )
        with pytest.raises(AmiActionError, match="cancelled"):
            await ami.action_list("Some")


async def test_no_answer_in_time_and_one_that_comes_too_late(asterisk: AmiStandIn) -> None:
    asterisk.answers["Slow"] = lambda _: None
    async with connected(asterisk) as ami:
        with pytest.raises(AmiTimeout, match=r"Slow: no complete answer within 0\.05 s"):
            await ami.action("Slow", timeout_s=0.05)
        late = asterisk.asked("Slow")[0].action_id
        asterisk.send(f"Response: Success\nActionID: {late}\n\n")
        assert (await ami.action("Ping")).get("Ping") == "Pong"


async def test_a_list_without_end_has_a_deadline(asterisk: AmiStandIn) -> None:
    asterisk.answers["QueueStatus"] = lambda _: "Response: Success\nActionID: {id}\nEventList: start\n\n"
    async with connected(asterisk) as ami:
        with pytest.raises(AmiTimeout):
            await ami.action_list("QueueStatus", timeout_s=0.05)


async def test_nothing_slips_into_an_action(asterisk: AmiStandIn) -> None:
    async with connected(asterisk) as ami:
        with pytest.raises(AmiInvalidRequest):
            await ami.action("QueueStatus", Queue="support\r\n\r\nAction: Originate")
        await ami.action("Ping")
        assert asterisk.asked("Originate") == asterisk.asked("QueueStatus") == []


async def test_a_connection_that_breaks_under_an_action(asterisk: AmiStandIn) -> None:
    asterisk.answers["Slow"] = lambda _: asterisk.drop()
    async with connected(asterisk) as ami:
        with pytest.raises(AmiConnectionError):
            await ami.action("Slow")
        await reached(ami, LinkState.UP)
        assert ami.health.times_up == 2


# ---- events


async def test_handlers_get_their_events_in_order_and_harm_nobody(asterisk: AmiStandIn) -> None:
    heard: list[str] = []

    def fails(event: Hangup) -> None:
        raise LookupError("a bug")

    async with connected(asterisk) as ami, ami.events() as events:
        ami.on_event(Hangup, fails)
        ami.on_event(Hangup, lambda event: heard.append(event.uniqueid))
        with capture_logs() as logged:
            for number in range(3):
                asterisk.event("Hangup", Channel="x", Uniqueid=number)
                asterisk.event("Newchannel", Channel="y")
            assert [type(await events.next(2)) for _ in range(6)] == [Hangup, UnknownEvent] * 3
        assert heard == ["0", "1", "2"]
        assert [each["event"] for each in logged] == ["ami.handler_failed"] * 3


async def test_nonsense_is_passed_over_and_counted(asterisk: AmiStandIn) -> None:
    heard: list[AmiEvent] = []
    async with connected(asterisk) as ami, ami.events() as events:
        ami.on_event(QueueCallerLeave, heard.append)
        with capture_logs() as logged:
            asterisk.send("\n\nnonsense\n\n: :\n\nResponse: Success\nActionID: 999\n\n")
            asterisk.event("QueueCallerLeave", Queue="support")
            asterisk.event("Hangup", Channel="x", Uniqueid="1", Padding="x" * 300_000)
            asterisk.event("Hangup", Channel="x", Uniqueid="2")
            event = await events.next(2)
            assert isinstance(event, UnknownEvent)
            assert event.note == "QueueCallerLeave has no Channel"
            hangup = await events.next(2)
            assert isinstance(hangup, Hangup)
        assert (hangup.uniqueid, heard) == ("2", [])
        assert (ami.malformed, ami.dropped, ami.is_connected) == (1, 1, True)
        assert [each["note"] for each in logged] == ["QueueCallerLeave has no Channel"]


async def test_a_slow_reader_is_told(asterisk: AmiStandIn) -> None:
    async with connected(asterisk) as ami, ami.events(limit=2) as events:
        for number in range(4):
            asterisk.event("Hangup", Channel="x", Uniqueid=number)
        await ami.action("Ping")
        assert [event.uniqueid for _ in range(2) if isinstance(event := await events.next(2), Hangup)] == ["0", "1"]
        with pytest.raises(AmiEventsOverflow):
            await events.next(2)


async def test_iterating_ends_with_the_client(asterisk: AmiStandIn) -> None:
    async with connected(asterisk) as ami:
        events = ami.events()
        asterisk.event("Hangup", Channel="x", Uniqueid="1")
        assert isinstance(await anext(events), Hangup)
    assert [event async for event in events] == []
    assert ami.health.state is LinkState.CLOSED
    await ami.wait_closed()


# ---- staying up


async def test_an_asterisk_that_restarts_is_found_again(asterisk: AmiStandIn) -> None:
    async with connected(asterisk) as ami:
        await asterisk.stop()
        await reached(ami, LinkState.DOWN)
        with pytest.raises(AmiConnectionError):
            await ami.action("Ping")
        await asterisk.start()
        await reached(ami, LinkState.UP)
        assert (asterisk.logins, ami.health.times_up) == (2, 2)


async def test_a_silent_connection_is_pinged_and_given_up(asterisk: AmiStandIn) -> None:
    async with connected(asterisk, ping_every_s=0.05, action_timeout_s=0.3) as ami:
        await asterisk.until(lambda: len(asterisk.asked("Ping")) >= 2)
        assert ami.is_connected
        asterisk.answers["Ping"] = lambda _: None
        await reached(ami, LinkState.DOWN)
        assert "Ping" in ami.health.last_error
        del asterisk.answers["Ping"]
        await reached(ami, LinkState.UP)
