"""The ARI client on real sockets: what it does when Asterisk is well, slow, rude, gone or taken over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from ari_stand_in import APP, PASSWORD, USER, AriStandIn, channel
from structlog.testing import capture_logs

from ivr.ari import (
    AriClient,
    AriConflict,
    AriConnectionError,
    AriConnectionLost,
    AriDemoted,
    AriEventsOverflow,
    AriProtocolError,
    AriTimeout,
    AriUnauthorized,
    Channel,
    Subscription,
)
from ivr.ari.events import ChannelDtmfReceived, ChannelEnteredBridge, Event, StasisEnd, StasisStart, UnknownEvent
from ivr.backoff import Backoff
from ivr.link import LinkState

pytestmark = pytest.mark.integration


@pytest.fixture
async def asterisk() -> AsyncIterator[AriStandIn]:
    async with AriStandIn() as stand_in:
        yield stand_in


def client_of(asterisk: AriStandIn, **more: Any) -> AriClient:
    more = {"backoff": Backoff(0.02, 0.1), "refused_retry_s": 0.05, **more}
    return AriClient(asterisk.url, USER, PASSWORD, APP, **more)


@asynccontextmanager
async def connected(asterisk: AriStandIn, **more: Any) -> AsyncIterator[AriClient]:
    async with client_of(asterisk, **more) as ari:
        await ari.wait_connected(5)
        yield ari


async def reached(ari: AriClient, state: LinkState) -> None:
    """Returns when the client has come to this state."""
    there = asyncio.Event()
    ari.on_state(lambda now: there.set() if now is state else None)
    if ari.health.state is not state:
        await asyncio.wait_for(there.wait(), 5)


async def press(asterisk: AriStandIn, channel_id: str, digits: str) -> None:
    for digit in digits:
        await asterisk.send("ChannelDtmfReceived", channel=channel(channel_id), digit=digit, duration_ms=100)


async def digits_of(events: Subscription, count: int) -> str:
    read = ""
    while len(read) < count:
        event = await events.next(2)
        assert isinstance(event, ChannelDtmfReceived), event
        read += event.digit
    return read


# ---- requests


async def test_a_request_as_asterisk_gets_it(asterisk: AriStandIn) -> None:
    asterisk.answer("POST /channels", body=channel("cb-+7/1"))
    asterisk.answer("POST /channels/cb-%2B7%2F1/play/p1", 201, {"id": "p1", "target_uri": "channel:x", "state": "q"})
    async with connected(asterisk) as ari:
        made = await ari.channels.originate(
            "PJSIP/+12025550100@carrier", channel_id="cb-+7/1", timeout_s=25, variables={"CB_NAME": "Zoë & Co"}
        )
        await made.play(["sound:callback/en-US/hello", "digits:12"], playback_id="p1", language="en-US")
    (originate,), (play,) = asterisk.asked("POST /channels"), asterisk.asked("POST /channels/cb-%2B7%2F1/play/p1")
    assert originate.query == {
        "endpoint": "PJSIP/+12025550100@carrier",
        "channelId": "cb-+7/1",
        "timeout": "25",
        "app": APP,
    }
    assert originate.body == {"variables": {"CB_NAME": "Zoë & Co"}}
    assert play.query == {"media": "sound:callback/en-US/hello,digits:12", "lang": "en-US"}


async def test_requests_work_while_events_do_not(asterisk: AriStandIn) -> None:
    asterisk.answer(
        "GET /asterisk/ping", body={"asterisk_id": "a", "ping": "pong", "timestamp": "2026-11-23T02:00:00.000+0000"}
    )
    async with connected(asterisk) as ari:
        asterisk.password = "changed"
        asterisk.drop_websockets()
        await asterisk.until(lambda: asterisk.websockets_ever >= 2)
        with pytest.raises(AriUnauthorized):
            await ari.asterisk.ping()
        asterisk.password = PASSWORD
        assert (await ari.asterisk.ping()).ping == "pong"


async def test_no_answer_in_time(asterisk: AriStandIn) -> None:
    asterisk.answer("POST /channels/c1/answer", 204, after_s=5)
    started_s = asyncio.get_running_loop().time()
    async with connected(asterisk, request_timeout_s=0.2) as ari:
        with pytest.raises(AriTimeout, match=r"POST /channels/c1/answer: no answer within 0\.2 s"):
            await ari.channels.handle("c1").answer()
    assert asyncio.get_running_loop().time() - started_s < 2


async def test_nobody_there(asterisk: AriStandIn) -> None:
    await asterisk.stop()
    async with client_of(asterisk) as ari:
        with pytest.raises(AriConnectionError):
            await ari.asterisk.ping()
        with pytest.raises(AriTimeout, match="no event connection within"):
            await ari.wait_connected(0.2)
        with pytest.raises(AriConnectionLost):
            ari.subscribe("c1")


async def test_a_refusal_and_nonsense(asterisk: AriStandIn) -> None:
    asterisk.answer("POST /channels", 409, {"message": "Channel with given unique ID already exists"})
    asterisk.answer("GET /asterisk/info", 200, b"<html>a proxy's login page</html>")
    async with connected(asterisk) as ari:
        with pytest.raises(AriConflict, match="already exists"):
            await ari.channels.originate("PJSIP/x", channel_id="cb-1-1", timeout_s=5)
        with pytest.raises(AriProtocolError):
            await ari.asterisk.info()


@pytest.mark.parametrize("url", ["", "127.0.0.1:8088", "ftp://host/ari", "http://user:secret@host/ari"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="not the address of an ARI"):
        AriClient(url, USER, PASSWORD, APP)


# ---- the event connection


async def test_a_new_connection_is_quietened_and_hands_over_the_channels(asterisk: AriStandIn) -> None:
    asterisk.channels = [channel("c1"), channel("c2")]
    handed: asyncio.Queue[list[str]] = asyncio.Queue()

    async def reconcile(channels: list[Channel]) -> None:
        handed.put_nowait([each.id for each in channels])

    ari = client_of(asterisk)
    ari.on_connected(reconcile)
    async with ari:
        assert await asyncio.wait_for(handed.get(), 2) == ["c1", "c2"]
        (mute,) = asterisk.asked("PUT /applications/callback/eventFilter")
        assert {"type": "ChannelVarset"} in mute.body["disallowed"]
        asterisk.channels = []
        asterisk.drop_websockets()
        assert await asyncio.wait_for(handed.get(), 2) == []
        assert ari.health.times_up == 2


async def test_the_hand_over_is_tried_until_it_works(asterisk: AriStandIn) -> None:
    handed = asyncio.Event()

    async def reconcile(channels: list[Channel]) -> None:
        handed.set()

    asterisk.answer("GET /channels", 503, {"message": "booting"})
    ari = client_of(asterisk)
    ari.on_connected(reconcile)
    async with ari:
        await asterisk.until(lambda: len(asterisk.asked("GET /channels")) >= 3)
        assert not handed.is_set()
        del asterisk.answers["GET /channels"]
        await asyncio.wait_for(handed.wait(), 2)
        assert ari.health.times_up == 1


async def test_events_reach_their_followers_in_order(asterisk: AriStandIn) -> None:
    async with connected(asterisk) as ari, ari.subscribe("c1") as first, ari.subscribe("c2") as second:
        for digit in "123":
            await press(asterisk, "c1", digit)
            await press(asterisk, "c2", digit)
        assert await digits_of(first, 3) == "123"
        assert await digits_of(second, 3) == "123"
        assert await first.next(0.01) is None


async def test_a_lost_connection_ends_subscriptions_with_a_reason_and_is_made_again(asterisk: AriStandIn) -> None:
    async with connected(asterisk) as ari:
        states: list[LinkState] = []
        ari.on_state(states.append)
        events = ari.subscribe("c1")
        await press(asterisk, "c1", "1")
        assert await digits_of(events, 1) == "1"
        asterisk.drop_websockets()
        with pytest.raises(AriConnectionLost, match="websocket closed"):
            await events.next(2)
        await ari.wait_connected(2)
        assert states == [LinkState.DOWN, LinkState.CONNECTING, LinkState.UP]
        async with ari.subscribe("c1") as again:
            await press(asterisk, "c1", "2")
            assert await digits_of(again, 1) == "2"


async def test_an_asterisk_that_restarts_is_found_again(asterisk: AriStandIn) -> None:
    async with connected(asterisk) as ari:
        await asterisk.stop()
        await reached(ari, LinkState.DOWN)
        with pytest.raises(AriConnectionLost):
            ari.subscribe("c1")
        await asterisk.start()
        await ari.wait_connected(5)


async def test_a_frame_beyond_all_measure_costs_the_connection_and_nothing_else(asterisk: AriStandIn) -> None:
    async with connected(asterisk) as ari:
        with suppress(ConnectionError):
            await asterisk.send_text(" " * (2 << 20))
        await asterisk.until(lambda: asterisk.websockets_ever >= 2)
        await ari.wait_connected(2)


async def test_garbage_between_events_is_counted_and_passed_over(asterisk: AriStandIn) -> None:
    async with connected(asterisk) as ari, ari.subscribe("c1") as events:
        with capture_logs() as logged:
            await asterisk.send_text("not JSON")
            await asterisk.send("StasisEnd", channel={"id": 7})
            await asterisk.send("ChannelHold", channel=channel("c1"))
            await press(asterisk, "c1", "1")
            assert isinstance(await events.next(2), UnknownEvent)
            assert await digits_of(events, 1) == "1"
        assert (ari.counts.events, ari.counts.unknown, ari.counts.malformed) == (4, 1, 2)
        assert [each["note"] for each in logged if "note" in each] == [
            "not JSON: JSONDecodeError",
            "StasisEnd.channel: Channel.id: not a text",
        ]


async def test_a_wrong_password_is_told_at_once_and_tried_again(asterisk: AriStandIn) -> None:
    asterisk.password = "another"
    async with client_of(asterisk) as ari:
        with pytest.raises(AriUnauthorized):
            await ari.wait_connected(5)
        assert ari.health.state is LinkState.REFUSED
        asterisk.password = PASSWORD
        await reached(ari, LinkState.UP)


async def test_replaced_means_demoted_until_told_otherwise(asterisk: AriStandIn) -> None:
    async with connected(asterisk) as ari:
        replaced = asyncio.Event()
        ari.on_replaced(replaced.set)
        events = ari.subscribe("c1")
        await asterisk.send("ApplicationReplaced")
        await asyncio.wait_for(replaced.wait(), 2)
        with pytest.raises(AriDemoted):
            await events.next(2)
        assert ari.health.state is LinkState.DEMOTED
        with pytest.raises(AriDemoted):
            await ari.wait_connected(1)
        with pytest.raises(AriDemoted):
            ari.subscribe("c1")
        # It does not fight for the name: no other websocket, whatever the back-off allows.
        await asyncio.sleep(0.3)
        assert (asterisk.websockets_ever, asterisk.websockets) == (1, [])
        ari.take_back()
        await asterisk.until(lambda: asterisk.websockets_ever == 2)
        await reached(ari, LinkState.UP)


async def test_a_slow_reader_is_told_and_holds_nobody_up(asterisk: AriStandIn) -> None:
    async with connected(asterisk) as ari:
        slow, quick = ari.subscribe("c1", limit=3), ari.subscribe("c2")
        await press(asterisk, "c1", "12345")
        await press(asterisk, "c2", "9")
        assert await digits_of(quick, 1) == "9"
        assert await digits_of(slow, 3) == "123"
        with pytest.raises(AriEventsOverflow):
            await slow.next(2)
        assert ari.overflows == 1


# ---- call scripts


async def test_a_script_gets_everything_from_the_start_of_its_call(asterisk: AriStandIn) -> None:
    """The events right behind StasisStart arrive before the script's task has run a step."""
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def script(call: Channel, start: StasisStart, events: Subscription) -> None:
        text = f"{call.id} {','.join(start.args)} "
        async for event in events:
            if isinstance(event, StasisEnd):
                break
            assert isinstance(event, ChannelDtmfReceived)
            text += event.digit
        heard.put_nowait(text)

    async with connected(asterisk) as ari:
        ari.on_stasis_start(script, "inbound")
        await asyncio.gather(
            asterisk.send("StasisStart", channel=channel("c1"), args=["inbound", "support"]),
            press(asterisk, "c1", "123"),
        )
        await asterisk.send("StasisEnd", channel=channel("c1"))
        assert await asyncio.wait_for(heard.get(), 2) == "c1 inbound,support 123"
        await asyncio.sleep(0)
        assert not ari.is_followed("c1")


async def test_which_script_a_channel_gets(asterisk: AriStandIn) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def inbound(call: Channel, start: StasisStart, events: Subscription) -> None:
        heard.put_nowait(f"inbound {call.id}")

    async def anything(call: Channel, start: StasisStart, events: Subscription) -> None:
        heard.put_nowait(f"anything {call.id}")

    async with connected(asterisk) as ari, ari.subscribe("mine") as mine:
        await asterisk.send("StasisStart", channel=channel("nobodys"), args=["inbound"])
        await asterisk.send("StasisStart", channel=channel("mine"), args=["inbound"])
        assert isinstance(await mine.next(2), StasisStart)
        assert ari.counts.unclaimed == 1
        ari.on_stasis_start(inbound, "inbound")
        ari.on_stasis_start(anything)
        with pytest.raises(ValueError, match="already"):
            ari.on_stasis_start(anything, "inbound")
        await asterisk.send("StasisStart", channel=channel("c1"), args=["inbound"])
        assert await asyncio.wait_for(heard.get(), 2) == "inbound c1"
        await asterisk.send("StasisStart", channel=channel("c2"), args=[])
        assert await asyncio.wait_for(heard.get(), 2) == "anything c2"
        # Of two that are interested, the one who followed the channel before it came has it.
        await asterisk.send("StasisStart", channel=channel("mine"), args=["inbound"])
        assert isinstance(await mine.next(2), StasisStart)
        assert heard.empty()


async def test_a_script_that_fails_takes_nobody_with_it(asterisk: AriStandIn) -> None:
    async def script(call: Channel, start: StasisStart, events: Subscription) -> None:
        raise LookupError("a bug")

    async with connected(asterisk) as ari, ari.subscribe("c2") as other:
        ari.on_stasis_start(script)
        with capture_logs() as logged:
            await asterisk.send("StasisStart", channel=channel("c1"), args=[])
            await press(asterisk, "c2", "1")
            assert await digits_of(other, 1) == "1"
            await asyncio.sleep(0.05)
        assert [str(each["exc_info"]) for each in logged if each["event"] == "ari.handler_failed"] == ["a bug"]
        assert (ari.is_connected, ari.is_followed("c1")) == (True, False)


async def test_closing_lets_scripts_clean_up(asterisk: AriStandIn) -> None:
    asterisk.answer("POST /channels/c1/continue", 204)
    started = asyncio.Event()

    async def script(call: Channel, start: StasisStart, events: Subscription) -> None:
        started.set()
        try:
            await events.next()
        finally:
            await call.continue_in_dialplan("callback-queue", "support", 1)

    async with connected(asterisk) as ari:
        ari.on_stasis_start(script)
        await asterisk.send("StasisStart", channel=channel("c1"), args=[])
        await asyncio.wait_for(started.wait(), 2)
        assert ari.scripts_running == 1
    (given_back,) = asterisk.asked("POST /channels/c1/continue")
    assert given_back.query == {"context": "callback-queue", "extension": "support", "priority": "1"}
    assert ari.health.state is LinkState.CLOSED
    await ari.wait_closed()
    await ari.close()


async def test_handlers_get_the_resource_and_the_event(asterisk: AriStandIn) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    asterisk.answer("POST /channels/c1/answer", 204)

    async def started(call: Channel, event: StasisStart) -> None:
        await call.answer()
        heard.put_nowait(f"answered {call.id}")

    def any_event(event: Event) -> None:
        heard.put_nowait(event.name)

    async with connected(asterisk) as ari:
        ari.on_channel_event(StasisStart, started)
        ari.on_bridge_event(ChannelEnteredBridge, lambda bridge, event: heard.put_nowait(f"bridge {bridge.id}"))
        ari.on_event("ChannelHold", any_event)
        ari.channels.handle("c1").on_event(ChannelDtmfReceived, any_event)
        await asterisk.send("StasisStart", channel=channel("c1"), args=[])
        assert await asyncio.wait_for(heard.get(), 2) == "answered c1"
        await asterisk.send("ChannelEnteredBridge", bridge={"id": "b1"}, channel=channel("c1"))
        await asterisk.send("ChannelHold", channel=channel("c2"))
        await press(asterisk, "c2", "1")
        await press(asterisk, "c1", "1")
        assert [await asyncio.wait_for(heard.get(), 2) for _ in range(3)] == [
            "bridge b1",
            "ChannelHold",
            "ChannelDtmfReceived",
        ]
