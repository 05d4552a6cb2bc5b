"""The dialer and those who may not be rung now: by their own clock, or because the service is paused."""

from __future__ import annotations

import asyncio

import pytest
from test_dialer import PRESSES_1, World, now

from ivr.domain.callback import CallbackState, Reason
from ivr.domain.lifecycle import Event, apply
from ivr.domain.zones import load_zone

pytestmark = [pytest.mark.flow, pytest.mark.looptime]

# The clock of these tests begins in 1970 in Greenwich, at 19:00 in New York, where the customers are.
load_zone("America/New_York")


async def test_a_customer_is_not_rung_before_the_calling_hours_of_the_own_clock() -> None:
    world = World(calling_hours="Mon-Sun 19:20-21:00", urs_queued_ttl=60)
    async with world.dialing():
        callback_id = await world.ask(PRESSES_1)
        await asyncio.sleep(1100)
        assert not world.switch.rings
        put_off = await world.get(callback_id)
        assert (put_off.state, put_off.not_before_s) == (CallbackState.QUEUED, 1200)
        callback = await world.done(callback_id)
    # It waited in line for longer than it may, but not for an agent.
    assert callback.reason == Reason.AGENT_CONNECTED
    assert 1200 <= callback.attempts[0].started_at_s < 1210
    (told,) = [event for event in await world.store.events("support") if event.kind == "put_off"]
    assert told.data["not_before"] == "1970-01-01T00:20:00.000Z"
    assert told.data["detail"] == "Mon-Sun 19:20-21:00 in America/New_York"


async def test_who_may_be_rung_now_does_not_wait() -> None:
    world = World(calling_hours="Mon-Sun 18:00-21:00")
    async with world.dialing():
        callback = await world.done(await world.ask(PRESSES_1), within_s=120)
    assert callback.reason == Reason.AGENT_CONNECTED


async def test_one_who_is_put_off_holds_up_nobody() -> None:
    world = World(calling_hours="Mon-Sun 20:00-21:00")
    world.services["sales"] = world.options.overridden({"_calling_hours": ""})
    await world.ask(PRESSES_1)
    other = await world.ask(PRESSES_1, service="sales")
    async with world.dialing():
        assert (await world.done(other, within_s=120)).reason == Reason.AGENT_CONNECTED
        assert len(world.switch.rings) == 1


async def test_one_who_was_cancelled_in_the_night_is_not_rung_in_the_morning() -> None:
    world = World(calling_hours="Mon-Sun 19:20-21:00")
    async with world.dialing():
        callback_id = await world.ask(PRESSES_1)
        await asyncio.sleep(600)
        callback = await world.get(callback_id)
        await world.store.save(apply(callback, Event.CANCELLED, now()), Event.CANCELLED)
        await asyncio.sleep(700)
        assert not world.switch.rings


async def test_nobody_is_dialled_while_the_service_is_paused() -> None:
    world = World()
    world.services["sales"] = world.options
    waiting = await world.ask(PRESSES_1)
    other = await world.ask(PRESSES_1, service="sales")
    await world.store.pause("support", "storm", {})
    async with world.dialing():
        # The one agent is not kept for somebody who is held back.
        assert (await world.done(other, within_s=120)).reason == Reason.AGENT_CONNECTED
        assert len(world.switch.rings) == 1
        await world.store.pause("support", None, {})
        assert (await world.done(waiting, within_s=120)).reason == Reason.AGENT_CONNECTED
