"""The AMI client and the queue board on a real Asterisk and its app_queue."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from ivr.ami import AmiActionError, AmiAuthError, AmiClient, QueueBoard, QueueUnknown
from ivr.ami.board import read_status
from ivr.ami.events import (
    EVENTS,
    AgentCalled,
    AgentComplete,
    AgentConnect,
    AgentEvent,
    AmiEvent,
    CallerEvent,
    Hangup,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueMemberPause,
    QueueMemberStatus,
    UnknownEvent,
)
from ivr.ari import AriClient
from ivr.backoff import Backoff
from ivr.domain.queue_state import MemberStatus, QueueState
from ivr.lab.lab import Lab
from ivr.link import LinkState

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

WRAPUP_S = 3
AGENT = "PJSIP/agent-1"
# Only in the answer to QueueStatus, and so in no list of events.
LISTED = {"QueueParams", "QueueMember", "QueueEntry"}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(app=False, agents=1, talk_s=2, wrapup_s=WRAPUP_S) as lab:
        yield lab


@asynccontextmanager
async def client_of(lab: Lab, secret: str = "") -> AsyncIterator[AmiClient]:
    ami = lab.data.ami
    async with AmiClient(ami.host, ami.port, ami.user, secret or ami.password, backoff=Backoff(0.05, 0.5)) as client:
        yield client


@asynccontextmanager
async def board_of(lab: Lab) -> AsyncIterator[tuple[AmiClient, QueueBoard]]:
    async with client_of(lab) as ami, QueueBoard(ami, wrapup_s={"support": WRAPUP_S}) as board:
        await board.wait_synced(10)
        yield ami, board


@asynccontextmanager
async def callers_of(lab: Lab) -> AsyncIterator[AriClient]:
    """Something to make calls with; they are all over at the end."""
    ari = lab.data.ari
    async with AriClient(ari.url, ari.user, ari.password, "callback") as client:
        await client.wait_connected(10)
        yield client
        for channel in await client.channels.list():
            await channel.hangup()


async def waits(ari: AriClient, caller: str) -> None:
    """A caller joins the queue; their uniqueid in it is `caller`."""
    await ari.channels.originate(
        "Local/support@callback-queue/n", channel_id=f"near-{caller}", other_channel_id=caller, timeout_s=10
    )


class Heard:
    """What a board tells, and waiting for it."""

    def __init__(self, board: QueueBoard) -> None:
        self._events: asyncio.Queue[AmiEvent] = asyncio.Queue()
        board.on_event(self._events.put_nowait)

    async def until(self, kind: type[AmiEvent], uniqueid: str = "", within_s: float = 15.0) -> AmiEvent:
        """The next event of this class, of this caller."""
        async with asyncio.timeout(within_s):
            while True:
                event = await self._events.get()
                if isinstance(event, kind) and (not uniqueid or getattr(event, "uniqueid", "") == uniqueid):
                    return event


def documented_headers(lab: Lab, kind: str) -> set[str]:
    """The headers of an event by Asterisk's own documentation."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", lab.pbx_cli(f"manager show event {kind}"))
    return set(re.findall(r"^\[?(\w[\w-]*): <value>\]?$", plain, re.MULTILINE))


@pytest.mark.parametrize("kind", sorted(set(EVENTS) - LISTED))
def test_every_header_in_use_is_documented(lab: Lab, kind: str) -> None:
    documented = documented_headers(lab, kind)
    assert documented, f"Asterisk knows no event {kind}"
    assert {header.name for header in EVENTS[kind][1]} <= documented


async def test_the_headers_of_lists_are_there(lab: Lab) -> None:
    """Asterisk documents them in part, or not at all."""
    async with client_of(lab) as ami, callers_of(lab) as ari:
        await ami.wait_connected(10)
        await waits(ari, "listed-1")
        await waits(ari, "listed-2")
        items: dict[str, set[str]] = {}
        async with asyncio.timeout(10):
            while set(items) < LISTED:
                for item in await ami.action_list("QueueStatus"):
                    assert not isinstance(item, UnknownEvent)
                    items.setdefault(item.name, set())
                await asyncio.sleep(0.1)
        plain = await ami._up().ask("QueueStatus", {}, 5.0, is_list=True)
        for message in plain:
            for header in EVENTS[message.event][1]:
                assert header.name in message, (message.event, header.name)


async def test_a_wrong_secret(lab: Lab) -> None:
    async with client_of(lab, secret="wrong") as ami:
        with pytest.raises(AmiAuthError, match="Authentication failed"):
            await ami.wait_connected(10)
        assert ami.health.state is LinkState.REFUSED


async def test_our_user_may_look_and_nothing_else(lab: Lab) -> None:
    async with client_of(lab) as ami:
        await ami.wait_connected(10)
        assert await ami.action_list("QueueStatus", Queue="support")
        assert not await ami.action_list("QueueStatus", Queue="no-such-queue")
        with pytest.raises(AmiActionError, match="Permission denied"):
            await ami.action("Originate", Channel=AGENT, Application="Echo")
        with pytest.raises(AmiActionError, match="Permission denied"):
            await ami.action("Command", Command="core show version")
        with pytest.raises(AmiActionError, match="Permission denied"):
            await ami.action("GetConfig", Filename="manager.conf")


async def test_a_call_from_joining_to_the_end_of_wrapping_up(lab: Lab) -> None:
    async with board_of(lab) as (ami, board), callers_of(lab) as ari:
        heard = Heard(board)
        await _available(board)
        await waits(ari, "first")
        joined = await heard.until(QueueCallerJoin, "first")
        assert isinstance(joined, QueueCallerJoin)
        assert (joined.position, joined.count) == (1, 1)
        await heard.until(AgentCalled, "first")
        await waits(ari, "second")
        await heard.until(QueueCallerJoin, "second")
        await heard.until(QueueCallerLeave, "first")
        connected = await heard.until(AgentConnect, "first")
        assert isinstance(connected, AgentConnect)
        assert connected.interface == AGENT
        state = board.state("support")
        assert [caller.uniqueid for caller in state.waiting] == ["second"]
        agent = state.member(AGENT)
        assert agent is not None
        assert agent.in_call
        assert not state.available(time.time())
        await _agrees(ami, board)

        complete = await heard.until(AgentComplete, "first")
        assert isinstance(complete, AgentComplete)
        assert complete.talk_s >= 1
        ended_at_s = time.time()
        await heard.until(QueueMemberStatus)
        agent = board.state("support").member(AGENT)
        assert agent is not None
        assert (agent.status, agent.in_call) == (MemberStatus.NOT_IN_USE, False)
        # The queue leaves them in peace as long as we say it does, although AMI does not tell how long that is.
        assert agent.is_in_wrapup(time.time())
        called = await heard.until(AgentCalled, "second")
        assert time.time() >= agent.wrapup_ends_at_s
        assert called.at_s - ended_at_s == pytest.approx(WRAPUP_S, abs=2.0)
        await _agrees(ami, board)
        assert (ami.malformed, ami.dropped) == (0, 0)


async def test_who_gives_up_is_gone_and_the_others_move_up(lab: Lab) -> None:
    async with board_of(lab) as (ami, board), callers_of(lab) as ari:
        heard = Heard(board)
        for caller in ("a", "b", "c"):
            await waits(ari, caller)
            await heard.until(QueueCallerJoin, caller)
        await ari.channels.handle("b").hangup()
        gone = await heard.until(QueueCallerAbandon, "b")
        assert isinstance(gone, QueueCallerAbandon)
        left = await heard.until(QueueCallerLeave, "b")
        assert isinstance(left, QueueCallerLeave)
        assert isinstance(await heard.until(Hangup, "b"), Hangup)
        assert board.state("support").waiter("b") is None
        await _agrees(ami, board)


async def test_a_pause_is_seen(lab: Lab) -> None:
    async with board_of(lab) as (_, board):
        heard = Heard(board)
        await asyncio.to_thread(lab.pbx_cli, f"queue pause member {AGENT} queue support reason lunch")
        assert isinstance(await heard.until(QueueMemberPause), QueueMemberPause)
        agent = board.state("support").member(AGENT)
        assert agent is not None
        assert (agent.paused, agent.pause_reason, agent.is_staffed()) == (True, "lunch", False)
        await asyncio.to_thread(lab.pbx_cli, f"queue unpause member {AGENT} queue support")
        await heard.until(QueueMemberPause)
        agent = board.state("support").member(AGENT)
        assert agent is not None
        assert (agent.paused, agent.is_staffed()) == (False, True)


async def test_everything_heard_of_calls_names_the_call(lab: Lab) -> None:
    async with board_of(lab) as (ami, board), callers_of(lab) as ari:
        events: list[AmiEvent] = []
        board.on_event(events.append)
        heard = Heard(board)
        await waits(ari, "named")
        await heard.until(AgentComplete, "named", within_s=25)
        of_callers = [event for event in events if isinstance(event, CallerEvent)]
        assert {event.linkedid for event in of_callers if event.uniqueid == "named"} == {"near-named"}
        assert all(event.queue == "support" and event.at_s > 0 for event in of_callers)
        assert all(event.dest_channel.startswith(AGENT) for event in of_callers if isinstance(event, AgentEvent))
        assert ami.malformed == 0


async def test_an_asterisk_that_crashes_is_unknown_until_it_is_read_again(lab: Lab) -> None:
    async with client_of(lab) as ami, QueueBoard(ami, max_age_s=0.0) as board:
        await board.wait_synced(10)
        down = asyncio.Event()
        unknown: list[bool] = []

        def at_the_loss(state: LinkState) -> None:
            if state is LinkState.DOWN and not down.is_set():
                try:
                    board.state("support")
                except QueueUnknown:
                    unknown.append(True)
                down.set()

        ami.on_state(at_the_loss)
        killing = asyncio.create_task(asyncio.to_thread(lab.kill, "pbx"))
        await asyncio.wait_for(down.wait(), 10)
        assert unknown == [True]
        await killing
        await board.wait_synced(20)
        assert board.state("support").member(AGENT) is not None
        assert ami.health.times_up == 2


async def _available(board: QueueBoard) -> None:
    """Wait until the agent would take a call."""
    async with asyncio.timeout(20):
        while not board.state("support").available(time.time()):
            await board.wait_change(board.version, 0.5)


async def _agrees(ami: AmiClient, board: QueueBoard) -> None:
    """What the board made of events is what Asterisk tells when asked, as soon as nothing changes meanwhile."""
    async with asyncio.timeout(5):
        while True:
            before = board.version
            told = read_status(await ami.action_list("QueueStatus"), {}, {"support": WRAPUP_S}, time.time())[
                "support"
            ]
            if board.version == before:
                break
    assert _essence(board.state("support")) == _essence(told)


def _essence(state: QueueState) -> object:
    """What must agree: not the exact moments, and not the statistics as of another moment."""
    return (
        [(each.interface, each.status, each.in_call, each.paused, each.calls_taken) for each in state.members],
        [(each.uniqueid, each.position, each.channel) for each in state.waiting],
    )
