"""Events reach those who follow their resources, in order, once, and never at the cost of others."""

from __future__ import annotations

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from ivr.ari.errors import AriConnectionLost, AriDemoted, AriEventsOverflow, AriTimeout
from ivr.ari.events import (
    BridgeDestroyed,
    ChannelDestroyed,
    ChannelDtmfReceived,
    Event,
    PlaybackFinished,
    StasisEnd,
    decode,
)
from ivr.ari.handlers import Handlers, Tasks
from ivr.ari.router import Router

pytestmark = pytest.mark.unit


def of_channel(kind: str, channel_id: str, **more: object) -> Event:
    channel = {"id": channel_id, "name": "PJSIP/x-1", "state": "Up"}
    return decode(json.dumps({"type": kind, "channel": channel, **more}))


def key(channel_id: str, digit: str) -> Event:
    return of_channel("ChannelDtmfReceived", channel_id, digit=digit, duration_ms=100)


def played(playback_id: str, channel_id: str) -> Event:
    playback = {"id": playback_id, "target_uri": f"channel:{channel_id}", "state": "done"}
    return decode(json.dumps({"type": "PlaybackFinished", "playback": playback}))


async def test_a_channels_events_in_order_and_nobody_elses() -> None:
    router = Router()
    events = router.open(("c1",))
    for digit in "123":
        assert router.dispatch(key("c1", digit))
        assert not router.dispatch(key("c2", digit))
    digits = []
    while (event := await events.next(0.01)) is not None:
        assert isinstance(event, ChannelDtmfReceived)
        digits.append(event.digit)
    assert digits == ["1", "2", "3"]


async def test_a_follower_of_channel_and_playback_gets_one_copy() -> None:
    router = Router()
    both, channel, playback = router.open(("c1", "p1")), router.open(("c1",)), router.open(("p1",))
    router.dispatch(played("p1", "c1"))
    for events in (both, channel, playback):
        assert isinstance(await events.next(0.01), PlaybackFinished)
        assert await events.next(0.01) is None


async def test_following_one_more() -> None:
    router = Router()
    events = router.open(("c1",))
    events.follow("snoop-1")
    events.follow("snoop-1")
    assert events.ids == {"c1", "snoop-1"}
    router.dispatch(key("snoop-1", "1"))
    assert await events.next(0.01) is not None
    assert await events.next(0.01) is None


async def test_the_slow_one_learns_that_it_missed_something_and_holds_nobody_up() -> None:
    router = Router()
    slow, quick = router.open(("c1",), limit=2), router.open(("c1",), limit=10)
    for digit in "12345":
        router.dispatch(key("c1", digit))
    assert [event.digit for _ in range(5) if isinstance(event := await quick.next(), ChannelDtmfReceived)] == [
        *"12345"
    ]
    assert [event.digit for _ in range(2) if isinstance(event := await slow.next(), ChannelDtmfReceived)] == [
        "1",
        "2",
    ]
    with pytest.raises(AriEventsOverflow, match="2 events of c1"):
        await slow.next()
    assert (router.overflows, slow.ended, quick.ended) == (1, True, False)


async def test_a_lost_connection_is_told_after_what_came_before() -> None:
    router = Router()
    first, second = router.open(("c1", "c2")), router.open(("c1",))
    router.dispatch(key("c1", "1"))
    router.fail_all(lambda: AriDemoted("taken"))
    for events in (first, second):
        assert isinstance(await events.next(), ChannelDtmfReceived)
        with pytest.raises(AriConnectionLost, match="taken"):
            await events.next()
    assert not router.is_followed("c1")


async def test_a_closed_subscription_is_forgotten() -> None:
    router = Router()
    async with router.open(("c1", "p1")) as events:
        assert router.is_followed("c1")
        with pytest.raises(AriTimeout, match="no StasisEnd or ChannelDestroyed within"):
            await events.expect(StasisEnd, ChannelDestroyed, timeout_s=0.01)
    assert not router.is_followed("c1")
    assert not router.is_followed("p1")
    events.follow("c3")
    events.close()
    assert not router.dispatch(key("c3", "1"))


async def test_expect_passes_over_others() -> None:
    router = Router()
    events = router.open(("c1",))
    router.dispatch(key("c1", "1"))
    router.dispatch(of_channel("StasisEnd", "c1"))
    assert isinstance(await events.expect(StasisEnd, timeout_s=1), StasisEnd)


def test_handlers_by_type_and_by_channel() -> None:
    handlers = Handlers(Tasks())
    heard: list[tuple[str, str]] = []
    handlers.on(ChannelDtmfReceived, lambda event: heard.append(("all", event.digit)))
    handlers.on("ChannelHold", lambda event: heard.append(("hold", event.name)))
    handlers.on(ChannelDtmfReceived, lambda event: heard.append(("c1", event.digit)), "c1")
    handlers.call(key("c1", "1"))
    handlers.call(key("c2", "2"))
    handlers.call(of_channel("ChannelHold", "c1"))
    assert heard == [("all", "1"), ("c1", "1"), ("all", "2"), ("hold", "ChannelHold")]


def test_handlers_of_a_resource_end_with_it() -> None:
    handlers = Handlers(Tasks())
    heard: list[str] = []
    handlers.on(ChannelDestroyed, lambda event: heard.append("destroyed"), "c1")
    handlers.on(ChannelDtmfReceived, lambda event: heard.append("digit"), "c1")
    handlers.on(BridgeDestroyed, lambda event: heard.append("bridge"), "b1")
    for _ in range(2):
        handlers.call(of_channel("ChannelDestroyed", "c1", cause=16))
        handlers.call(decode(json.dumps({"type": "BridgeDestroyed", "bridge": {"id": "b1"}})))
    handlers.call(key("c1", "1"))
    assert heard == ["destroyed", "bridge"]
    handlers.on(ChannelDtmfReceived, lambda event: heard.append("digit"), "c2")
    handlers.call(of_channel("StasisEnd", "c2"))
    handlers.call(key("c2", "1"))
    assert heard == ["destroyed", "bridge"]


async def test_a_failing_handler_harms_nobody() -> None:
    tasks = Tasks()
    handlers = Handlers(tasks)
    heard: list[str] = []
    started = asyncio.Event()

    def fails_at_once(event: Event) -> None:
        raise ValueError("mine")

    async def fails_later(event: Event) -> None:
        started.set()
        raise ValueError("mine too")

    handlers.on(ChannelDtmfReceived, fails_at_once)
    handlers.on(ChannelDtmfReceived, fails_later)
    handlers.on(ChannelDtmfReceived, lambda event: heard.append(event.digit))
    with capture_logs() as logged:
        handlers.call(key("c1", "1"))
        assert heard == ["1"]
        await started.wait()
        await tasks.cancel(1.0)
    assert [str(entry["exc_info"]) for entry in logged] == ["mine", "mine too"]
