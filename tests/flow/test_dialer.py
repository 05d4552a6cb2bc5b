"""The dialer on virtual time: the fake switch, a store in memory, and a queue that a test writes down."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from ivr.dialer.leases import LEASE_S
from ivr.dialer.line import Line
from ivr.dialer.worker import Dialer
from ivr.domain.callback import Callback, CallbackState, DialResult, Reason
from ivr.domain.lifecycle import Event, apply
from ivr.domain.prompts import Prompt
from ivr.domain.queue_state import Member, MemberStatus, QueueState, Waiting
from ivr.lab.switch import HANG_UP, LOSE_SWITCH, Agents, FakeSwitch, Person, Reply
from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.options import service_options
from ivr.store.memory_store import MemoryStore

pytestmark = [pytest.mark.flow, pytest.mark.looptime]

PRESSES_1 = Person(replies=[Reply(Prompt.CALLBACK_HELLO, "1")])
HANGS_UP = Person(hangs_up_after_s=1.0)
DAY_S = 86400.0


@dataclass
class Queues:
    """A queue as the test says it is."""

    free: int = 1
    busy: int = 0
    waiting: Sequence[float] = ()
    """When the live callers joined."""
    called_back: Mapping[str, float] = field(default_factory=dict)
    """Channels of customers who were called back, behind the callers, and when they joined."""
    known: bool = True

    def state(self, queue: str) -> QueueState | None:
        if not self.known:
            return None
        idle = [Member(f"PJSIP/agent-{i}", status=MemberStatus.NOT_IN_USE) for i in range(self.free)]
        busy = [Member(f"PJSIP/busy-{i}", status=MemberStatus.IN_USE, in_call=True) for i in range(self.busy)]
        joined = [*((f"live-{i}", at_s) for i, at_s in enumerate(self.waiting)), *self.called_back.items()]
        waiting = [Waiting(channel, f"PJSIP/{channel}", i + 1, at_s) for i, (channel, at_s) in enumerate(joined)]
        return QueueState(queue, now(), members=(*idle, *busy), waiting=tuple(waiting))


def now() -> float:
    return asyncio.get_running_loop().time()


class World:
    """Everything around a dialer; the dialer can be killed and started again."""

    def __init__(self, queues: Queues | None = None, agents: Agents | None = None, **options: object) -> None:
        self.options = service_options(
            "support",
            {f"_{name}": value for name, value in options.items()},
            trunk="carrier",
            language="en-US",
        )
        self.services = {"support": self.options}
        self.queues = queues or Queues()
        self.store = MemoryStore(now=now)
        self.switch = FakeSwitch({}, agents)
        self._made = 0

    @asynccontextmanager
    async def dialing(self, worker: str = "w1") -> AsyncIterator[Dialer]:
        self.line = Line(self.queues)
        dialer = Dialer(
            CallbackService(self.store, Catalog(self.services, self.store), now=now),
            self.store,
            self.switch,
            self.line,
            worker=worker,
            ready=lambda: self.switch.connected,
            now=now,
        )
        task = asyncio.create_task(dialer.run())
        try:
            yield dialer
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def ask(
        self, person: Person, *, asked_at_s: float | None = None, service: str = "support", **fields: object
    ) -> str:
        self._made += 1
        number = f"+120255501{self._made:02d}"
        self.switch.persons[number] = person
        callback = Callback(
            id=f"{service}-{self._made:08x}",
            service=service,
            customer_number=number,
            created_at_s=now(),
            asked_at_s=now() if asked_at_s is None else asked_at_s,
            expires_at_s=now() + DAY_S,
            queued_at_s=None if "desired_at_s" in fields else now(),
            **fields,  # type: ignore[arg-type]
        )
        return (await self.store.create(callback)).id

    async def get(self, callback_id: str) -> Callback:
        callback = await self.store.get(callback_id)
        assert callback
        return callback

    async def done(self, callback_id: str, within_s: float = 7200) -> Callback:
        async with asyncio.timeout(within_s):
            while not (callback := await self.get(callback_id)).is_final:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.5)
        return callback


def results(callback: Callback) -> list[DialResult | None]:
    return [attempt.result for attempt in callback.attempts]


async def test_a_free_agent_gets_the_customer() -> None:
    world = World()
    async with world.dialing():
        callback = await world.done(await world.ask(PRESSES_1))
    assert (callback.state, callback.reason) == (CallbackState.COMPLETED, Reason.AGENT_CONNECTED)
    assert results(callback) == [DialResult.PERSON]
    attempt = callback.attempts[0]
    assert attempt.answered_at_s
    assert attempt.ended_at_s
    assert attempt.started_at_s < attempt.answered_at_s < attempt.ended_at_s


async def test_nobody_is_dialled_before_an_agent_is_free() -> None:
    world = World(Queues(free=0, busy=2))
    async with world.dialing():
        callback_id = await world.ask(PRESSES_1)
        await asyncio.sleep(600)
        assert not world.switch.rings
        world.queues.free = 1
        assert (await world.done(callback_id)).reason == Reason.AGENT_CONNECTED


async def test_nobody_who_waits_for_an_agent_is_dialled_while_the_queue_is_unknown() -> None:
    world = World(Queues(known=False))
    async with world.dialing():
        await world.ask(PRESSES_1)
        await asyncio.sleep(600)
        assert not world.switch.rings
        at_once = await world.done(await world.ask(PRESSES_1, wait_for_agent=False))
        assert at_once.reason == Reason.AGENT_CONNECTED


async def test_one_agent_is_not_promised_to_two() -> None:
    world = World(agents=Agents(talk_s=60))
    async with world.dialing():
        await world.ask(PRESSES_1)
        await world.ask(PRESSES_1)
        await asyncio.sleep(4)
        assert sum(world.switch.rings.values()) == 1


async def test_services_of_one_queue_share_its_agents_and_its_line() -> None:
    world = World(agents=Agents(talk_s=60))
    world.services["sales"] = service_options("sales", {"_queue": "support"}, trunk="carrier", language="en-US")
    await asyncio.sleep(100)
    await world.ask(PRESSES_1, asked_at_s=60)
    first = await world.ask(PRESSES_1, asked_at_s=50, service="sales")
    async with world.dialing():
        await asyncio.sleep(4)
        assert list(world.switch.calls) == [f"cb-{first}-1"]


async def test_the_one_who_asked_first_is_dialled_first() -> None:
    world = World()
    await asyncio.sleep(100)
    await world.ask(PRESSES_1, asked_at_s=90)
    first = await world.ask(PRESSES_1, asked_at_s=50)
    async with world.dialing():
        await asyncio.sleep(3)
        assert list(world.switch.calls) == [f"cb-{first}-1"]


async def test_the_head_of_the_line_is_not_starved_by_those_who_asked_later() -> None:
    world = World(Queues(free=0, busy=3, waiting=[50.0, 60.0]))
    await asyncio.sleep(100)
    async with world.dialing():
        callback_id = await world.ask(PRESSES_1, asked_at_s=10.0)
        await world.done(callback_id)
    assert world.switch.calls[f"cb-{callback_id}-1"].left == ("queue", "support", 1)


async def test_live_callers_who_asked_earlier_keep_their_place() -> None:
    world = World(Queues(free=0, busy=3, waiting=[5.0, 60.0]))
    await asyncio.sleep(100)
    async with world.dialing():
        await world.ask(PRESSES_1, asked_at_s=10.0)
        await asyncio.sleep(60)
        assert not world.switch.rings


async def test_attempts_are_repeated_with_their_gap_and_then_given_up() -> None:
    world = World(max_dial_attempts=3, dial_retry_timeout=300)
    async with world.dialing():
        callback = await world.done(await world.ask(Person(refuses=(17, "User busy"))))
    assert callback.reason == Reason.FAIL_CALL_TO_CUSTOMER
    assert results(callback) == [DialResult.BUSY] * 3
    starts = [attempt.started_at_s for attempt in callback.attempts]
    assert all(300 <= b - a <= 303 for a, b in itertools.pairwise(starts))


async def test_who_declines_is_not_rung_again() -> None:
    world = World()
    async with world.dialing():
        callback = await world.done(await world.ask(Person(replies=[Reply(Prompt.CALLBACK_HELLO, "2")])))
    assert (callback.reason, results(callback)) == (Reason.CANCELLED, [DialResult.DECLINED])


async def test_a_customer_lost_in_the_queue_is_tried_again_and_has_its_own_reason() -> None:
    person = Person(
        replies=[Reply(Prompt.CALLBACK_HELLO, "1"), Reply(Prompt.CALLBACK_CONNECTING, HANG_UP, after_s=20.0)]
    )
    world = World(agents=Agents(answer_after_s=60), max_dial_attempts=2, dial_retry_timeout=10)
    async with world.dialing():
        callback = await world.done(await world.ask(person))
    assert callback.reason == Reason.FAIL_INTERACTION_DELETED
    assert results(callback) == [DialResult.PERSON] * 2


@pytest.mark.parametrize("after_s", [0.5, 4.0, 11.0, 21.0], ids=["ringing", "asked", "pressed 1", "in the queue"])
async def test_cancelling_ends_the_call_wherever_it_is(after_s: float) -> None:
    world = World(agents=Agents(answer_after_s=60))
    async with world.dialing():
        callback_id = await world.ask(Person(replies=[Reply(Prompt.CALLBACK_HELLO, "1", after_s=8.0)]))
        await asyncio.sleep(after_s)
        callback = await world.get(callback_id)
        await world.store.save(apply(callback, Event.CANCELLED, now()), Event.CANCELLED)
        await asyncio.sleep(5)
        call = world.switch.calls[f"cb-{callback_id}-1"]
        assert call.ended
        assert call.ended_by_us
        assert (call.left is not None) == (Prompt.CALLBACK_NO_AGENT in call.heard)
        await asyncio.sleep(600)
    callback = await world.get(callback_id)
    assert (callback.state, callback.reason) == (CallbackState.COMPLETED, Reason.CANCELLED)
    assert sum(world.switch.rings.values()) == 1


async def test_who_has_declined_hears_the_goodbye_to_its_end() -> None:
    world = World()
    async with world.dialing():
        callback_id = await world.ask(Person(replies=[Reply(Prompt.CALLBACK_HELLO, "2")]))
        callback = await world.done(callback_id)
        call = world.switch.calls[f"cb-{callback_id}-1"]
        goodbye_s = now()
        while not call.ended:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert now() - goodbye_s == pytest.approx(2.0, abs=0.7)
    assert callback.reason == Reason.CANCELLED


async def test_waiting_in_line_has_an_end() -> None:
    world = World(Queues(free=0, busy=1), urs_queued_ttl=600)
    async with world.dialing():
        callback = await world.done(await world.ask(PRESSES_1))
    assert callback.reason == Reason.FAIL_TIMEOUT_TTL
    assert not world.switch.rings


async def test_a_booked_callback_joins_the_line_in_time() -> None:
    world = World()
    async with world.dialing():
        booked = await world.ask(PRESSES_1, state=CallbackState.SCHEDULED, desired_at_s=3600.0, asked_at_s=3600.0)
        await asyncio.sleep(3500)
        assert not world.switch.rings
        assert (await world.done(booked)).reason == Reason.AGENT_CONNECTED


@pytest.mark.parametrize("kill_after_s", [0.1, 1.5, 4.0, 6.0, 9.5, 12.0, 25.0])
async def test_a_dialer_killed_at_any_moment_loses_nobody_and_rings_nobody_twice(kill_after_s: float) -> None:
    world = World(agents=Agents(answer_after_s=6, talk_s=30), dial_retry_timeout=600)
    async with world.dialing("w1"):
        callback_id = await world.ask(PRESSES_1)
        await asyncio.sleep(kill_after_s)
    async with world.dialing("w2"):
        await asyncio.sleep(LEASE_S + 120)
        assert sum(world.switch.rings.values()) <= 1 or kill_after_s < 1.0
        callback = await world.done(callback_id)
    assert callback.reason == Reason.AGENT_CONNECTED
    assert all(n <= len(callback.attempts) for n in world.switch.rings.values())


async def test_a_telephone_that_rings_when_the_dialer_dies_rings_on_for_the_next_one() -> None:
    world = World()
    async with world.dialing("w1"):
        callback_id = await world.ask(PRESSES_1)
        await asyncio.sleep(1.5)
    async with world.dialing("w2"):
        callback = await world.done(callback_id, within_s=LEASE_S + 60)
    assert (callback.reason, results(callback)) == (Reason.AGENT_CONNECTED, [DialResult.PERSON])
    assert sum(world.switch.rings.values()) == 1


async def test_who_is_asked_when_the_switch_is_lost_is_asked_again_as_soon_as_it_is_back() -> None:
    hello = Prompt.CALLBACK_HELLO
    world = World()
    async with world.dialing():
        callback_id = await world.ask(Person(replies=[Reply(hello, LOSE_SWITCH), Reply(hello, "1")]))
        await asyncio.sleep(2.5)
        call = world.switch.calls[f"cb-{callback_id}-1"]
        assert call.heard.count(hello) == 1
        await asyncio.sleep(2.0)
        assert call.heard.count(hello) == 2
        callback = await world.done(callback_id)
    assert (callback.reason, results(callback)) == (Reason.AGENT_CONNECTED, [DialResult.PERSON])
    assert sum(world.switch.rings.values()) == 1


async def test_a_call_that_is_gone_when_the_switch_is_back_was_an_attempt() -> None:
    world = World(dial_retry_timeout=60)
    async with world.dialing():
        callback_id = await world.ask(Person(replies=[Reply(Prompt.CALLBACK_HELLO, LOSE_SWITCH)]))
        await asyncio.sleep(2.5)
        world.switch.connected = False
        await asyncio.sleep(30)
        world.switch.calls[f"cb-{callback_id}-1"].end()
        world.switch.connected = True
        await asyncio.sleep(30)
        callback = await world.get(callback_id)
    assert (callback.state, results(callback)) == (CallbackState.QUEUED, [DialResult.UNKNOWN])
    assert sum(world.switch.rings.values()) == 1


async def test_after_a_restart_a_customer_in_the_queue_still_stands_by_when_they_asked() -> None:
    world = World(Queues(free=2), agents=Agents(answer_after_s=300))
    await asyncio.sleep(100)
    async with world.dialing("w1"):
        first = await world.ask(PRESSES_1, asked_at_s=10)
        await asyncio.sleep(10)
    world.queues.called_back = {f"cb-{first}-1": now()}
    async with world.dialing("w2"):
        await asyncio.sleep(LEASE_S + 5)
        second = await world.ask(PRESSES_1, asked_at_s=50)
        await asyncio.sleep(10)
    assert world.switch.calls[f"cb-{second}-1"].left == ("queue", "support", 2)


async def test_nothing_is_kept_of_calls_that_are_over() -> None:
    world = World(max_dial_attempts=3, dial_retry_timeout=5)
    async with world.dialing():
        await world.done(await world.ask(Person(refuses=(17, "User busy"))))
        await world.done(await world.ask(PRESSES_1))
        assert len(world.line) == 0


async def test_a_store_that_dies_during_the_talk_gets_the_end_of_it_later() -> None:
    world = World(agents=Agents(talk_s=60))
    async with world.dialing():
        callback_id = await world.ask(PRESSES_1)
        await asyncio.sleep(8)
        world.store.available = False
        await asyncio.sleep(120)
        world.store.available = True
        callback = await world.done(callback_id)
    assert callback.reason == Reason.AGENT_CONNECTED
    assert sum(world.switch.rings.values()) == 1


async def test_nobody_is_dialled_without_a_store() -> None:
    world = World()
    async with world.dialing():
        world.queues.free = 0
        await world.ask(PRESSES_1)
        await asyncio.sleep(5)
        world.store.available = False
        world.queues.free = 1
        await asyncio.sleep(60)
        assert not world.switch.rings


async def test_nobody_is_dialled_without_asterisk() -> None:
    world = World()
    world.switch.connected = False
    async with world.dialing():
        callback_id = await world.ask(PRESSES_1)
        await asyncio.sleep(60)
        assert not world.switch.rings
        world.switch.connected = True
        assert (await world.done(callback_id)).reason == Reason.AGENT_CONNECTED


async def test_every_release_says_why() -> None:
    world = World()
    async with world.dialing():
        callback_id = await world.ask(PRESSES_1)
        await world.done(callback_id)
    told = [e.data for e in await world.store.events("support") if e.kind == "pacing"]
    reason = "1 with an agent free: 1 free of 1, 0 callers waiting, 0 in flight of at most 10"
    assert {"released": callback_id, "reason": reason} in told
