"""The live state of the queues: whole, followed, read anew, and never older than it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ami_stand_in import SECRET, USER, AmiStandIn, queue_status
from structlog.testing import capture_logs

from ivr.ami import AmiClient, QueueBoard, QueueUnknown
from ivr.ami.events import AmiEvent
from ivr.backoff import Backoff

pytestmark = pytest.mark.integration

AGENT = {"Queue": "support", "Location": "PJSIP/1", "Name": "Ann", "Status": 1}


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1_795_402_400.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def asterisk() -> AsyncIterator[AmiStandIn]:
    async with AmiStandIn() as stand_in:
        yield stand_in


def has(asterisk: AmiStandIn, *items: tuple[str, Mapping[str, object]]) -> None:
    """From now on QueueStatus tells of the queue `support` with these in it."""
    params = ("QueueParams", {"Queue": "support", "Calls": 0, "Strategy": "rrmemory"})
    asterisk.answers["QueueStatus"] = lambda _: queue_status(params, *items)


def entry(uniqueid: str, position: int, wait_s: int = 0) -> tuple[str, Mapping[str, object]]:
    return (
        "QueueEntry",
        {"Queue": "support", "Uniqueid": uniqueid, "Channel": uniqueid, "Position": position, "Wait": wait_s},
    )


def join(asterisk: AmiStandIn, uniqueid: str, position: int, queue: str = "support") -> None:
    asterisk.event("QueueCallerJoin", Queue=queue, Uniqueid=uniqueid, Channel=uniqueid, Position=position)


@asynccontextmanager
async def board_of(
    asterisk: AmiStandIn, clock: Clock | None = None, **more: Any
) -> AsyncIterator[tuple[AmiClient, QueueBoard]]:
    clock = clock or Clock()
    ami = AmiClient("127.0.0.1", asterisk.port, USER, SECRET, backoff=Backoff(0.02, 0.1), clock=clock)
    more = {"backoff": Backoff(0.02, 0.1), "wrapup_s": {"support": 5.0}, **more}
    async with ami, QueueBoard(ami, clock=clock, **more) as board:
        yield ami, board


async def waiting_is(board: QueueBoard, *uniqueids: str) -> None:
    """Returns when these wait, in this order."""
    async with asyncio.timeout(5):
        version = board.version
        while [caller.uniqueid for caller in board.state("support").waiting] != [*uniqueids]:
            version = await board.wait_change(version, 5)


async def test_from_the_first_reading_on_events_are_followed(asterisk: AmiStandIn) -> None:
    has(asterisk, ("QueueMember", AGENT), entry("a", 1, 30))
    clock = Clock()
    async with board_of(asterisk, clock) as (_, board):
        with pytest.raises(QueueUnknown, match="not read yet"):
            board.state("support")
        await board.wait_synced(5)
        state = board.state("support")
        assert (state.strategy, state.at_s, board.queues()) == ("rrmemory", clock.now_s, ("support",))
        assert state.waiting[0].waited_s(clock.now_s) == 30
        assert [member.name for member in state.available(clock.now_s)] == ["Ann"]
        join(asterisk, "b", 2)
        await waiting_is(board, "a", "b")
        asterisk.event("QueueCallerLeave", Queue="support", Uniqueid="a", Channel="a")
        await waiting_is(board, "b")
        with pytest.raises(QueueUnknown, match="no queue sales"):
            board.state("sales")


async def test_listeners_hear_events_after_they_were_entered(asterisk: AmiStandIn) -> None:
    has(asterisk)
    heard: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    def fails(event: AmiEvent) -> None:
        raise LookupError("a bug")

    async with board_of(asterisk) as (_, board):
        await board.wait_synced(5)
        board.on_event(fails)
        board.on_event(lambda event: heard.put_nowait((event.name, len(board.state("support").waiting))))
        with capture_logs() as logged:
            join(asterisk, "a", 1)
            asterisk.event("QueueCallerAbandon", Queue="support", Uniqueid="a", Channel="a", HoldTime=3)
            asterisk.event("QueueCallerLeave", Queue="support", Uniqueid="a", Channel="a")
            asterisk.event("Hangup", Uniqueid="a", Channel="a", Cause=16)
            async with asyncio.timeout(5):
                assert [await heard.get() for _ in range(4)] == [
                    ("QueueCallerJoin", 1),
                    ("QueueCallerAbandon", 1),
                    ("QueueCallerLeave", 0),
                    ("Hangup", 0),
                ]
        assert {each["event"] for each in logged} == {"queue_board.listener_failed"}


async def test_what_happens_while_the_queues_are_read_is_not_lost(asterisk: AmiStandIn) -> None:
    """Events between the first and the last line of the list, of what the list does and does not have."""
    has(asterisk, entry("a", 1), entry("b", 2))
    async with board_of(asterisk) as (_, board):
        await board.wait_synced(5)
        whole = asterisk.answers["QueueStatus"](asterisk.seen[0])
        assert whole is not None
        begin, end = whole.split("Event: QueueStatusComplete")
        meanwhile = (
            "Event: QueueCallerJoin\nQueue: support\nUniqueid: b\nChannel: b\nPosition: 2\n\n"
            "Event: QueueCallerLeave\nQueue: support\nUniqueid: a\nChannel: a\n\n"
            "Event: QueueCallerJoin\nQueue: support\nUniqueid: c\nChannel: c\nPosition: 2\n\n"
        )
        asterisk.answers["QueueStatus"] = lambda _: begin + meanwhile + "Event: QueueStatusComplete" + end
        before = board.resyncs
        board.resync()
        async with asyncio.timeout(5):
            version = board.version
            while board.resyncs == before:
                version = await board.wait_change(version, 5)
        await waiting_is(board, "b", "c")


async def test_lost_events_are_healed_by_the_next_reading(asterisk: AmiStandIn) -> None:
    has(asterisk, entry("a", 1))
    async with board_of(asterisk, resync_every_s=0.1) as (_, board):
        await board.wait_synced(5)
        has(asterisk, entry("z", 1))
        await waiting_is(board, "z")


async def test_a_queue_that_appears_is_read(asterisk: AmiStandIn) -> None:
    has(asterisk)
    async with board_of(asterisk) as (_, board):
        await board.wait_synced(5)
        has(asterisk, ("QueueParams", {"Queue": "new", "Calls": 1}), ("QueueMember", {**AGENT, "Queue": "new"}))
        join(asterisk, "a", 1, queue="new")
        async with asyncio.timeout(5):
            version = board.version
            while "new" not in board.queues():
                version = await board.wait_change(version, 5)
        assert [member.name for member in board.state("new").members] == ["Ann"]


async def test_without_a_connection_the_picture_ages_and_is_then_gone(asterisk: AmiStandIn) -> None:
    has(asterisk, entry("a", 1))
    clock = Clock()
    async with board_of(asterisk, clock, max_age_s=10.0) as (_, board):
        await board.wait_synced(5)
        lost_at_s = clock.now_s
        clock.now_s += 4
        await asterisk.stop()
        async with asyncio.timeout(5):
            version = board.version
            while board.is_synced:
                version = await board.wait_change(version, 5)
        assert (board.state("support").at_s, len(board.state("support").waiting)) == (lost_at_s, 1)
        clock.now_s = lost_at_s + 10
        assert board.state("support").at_s == lost_at_s
        clock.now_s += 0.1
        with pytest.raises(QueueUnknown, match="no news of queue support for 10 s"):
            board.state("support")
        has(asterisk, entry("b", 1))
        await asterisk.start()
        await board.wait_synced(5)
        assert [caller.uniqueid for caller in board.state("support").waiting] == ["b"]


async def test_a_new_connection_is_not_believed_before_the_queues_were_read(asterisk: AmiStandIn) -> None:
    has(asterisk, entry("a", 1))
    async with board_of(asterisk, max_age_s=0.0) as (ami, board):
        await board.wait_synced(5)
        asterisk.answers["QueueStatus"] = lambda _: None
        asterisk.drop()
        await asterisk.until(lambda: asterisk.logins == 2)
        await ami.wait_connected(5)
        assert not board.is_synced
        with pytest.raises(QueueUnknown, match="within"):
            await board.wait_synced(0.05)


async def test_a_reading_that_fails_is_tried_again(asterisk: AmiStandIn) -> None:
    refusal = "Response: Error\nActionID: {id}\nMessage: Invalid/unknown command\n\n"
    asterisk.answers["QueueStatus"] = lambda _: refusal
    with capture_logs() as logged:
        async with board_of(asterisk) as (_, board):
            await asterisk.until(lambda: len(asterisk.asked("QueueStatus")) >= 3)
            assert not board.is_synced
            has(asterisk)
            await board.wait_synced(5)
    assert "queue_board.sync_failed" in {each["event"] for each in logged}


async def test_a_picture_that_can_no_longer_be_read_is_not_believed_for_ever(asterisk: AmiStandIn) -> None:
    has(asterisk)
    clock = Clock()
    async with board_of(asterisk, clock, resync_every_s=30.0) as (_, board):
        await board.wait_synced(5)
        clock.now_s += 89
        board.state("support")
        clock.now_s += 2
        with pytest.raises(QueueUnknown, match="could not be read for 91 s"):
            board.state("support")
