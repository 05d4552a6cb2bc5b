"""Calls to customers as Asterisk tells of them, on real sockets: made, answered, lost sight of, found, ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ari_stand_in import APP, PASSWORD, USER, AriStandIn, channel

from ivr.ari import AriClient
from ivr.domain.answer import Detected, Verdict
from ivr.domain.queue_state import QueueState, Waiting
from ivr.flows.call import (
    AgentAnswered,
    AlreadyDialled,
    CallEvent,
    Detection,
    DialRequest,
    Digit,
    HungUp,
    NotAnswered,
    Stage,
    SwitchLost,
)
from ivr.switch.call import AriDialledCall, Tell
from ivr.switch.switch import AriSwitch

pytestmark = pytest.mark.integration

ID = "cb-support-1-1"
CUSTOMER = channel(ID, name="PJSIP/carrier-00000001")
RING_S = 7.0
DIAL = "POST /channels"


def request(**more: Any) -> DialRequest:
    given: dict[str, Any] = {
        "channel_id": ID,
        "number": "+12025550100",
        "caller_number": "+12025550000",
        "caller_name": "Support",
        "locale": "en-US",
        "variables": {"CB_SERVICE_ID": "support-1"},
        "trunk": "carrier",
        "prefix": "",
        "ring_s": RING_S,
    }
    return DialRequest(**given | more)


@dataclass
class Queues:
    """The agent queue, and who was taken out of it."""

    waiting: tuple[Waiting, ...] = ()
    withdrawn: list[tuple[str, str]] = field(default_factory=list)

    def all(self) -> list[QueueState]:
        return [QueueState("agents", 0.0, waiting=self.waiting)]

    async def withdraw(self, queue: str, channel: str) -> bool:
        self.withdrawn.append((queue, channel))
        return True


def deaf(_channel_id: str) -> Tell:
    def tell(_kind: str, _data: Mapping[str, str]) -> None:
        pass

    return tell


@pytest.fixture
async def asterisk() -> AsyncIterator[AriStandIn]:
    async with AriStandIn() as stand_in:
        stand_in.answer(DIAL, 200, CUSTOMER | {"state": "Down"})
        stand_in.answer(f"DELETE /channels/{ID}", 204)
        stand_in.answer(f"POST /applications/{APP}/subscription", 200, {"name": APP})
        stand_in.answer("GET /bridges", 200, [])
        yield stand_in


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
async def switch(asterisk: AriStandIn, queues: Queues) -> AsyncIterator[AriSwitch]:
    async with AriClient(asterisk.url, USER, PASSWORD, APP) as ari:
        switch = AriSwitch(ari, queues, "en-US", deaf)
        await ari.wait_connected(5)
        yield switch


async def dial_step(asterisk: AriStandIn, status: str, **more: Any) -> None:
    await asterisk.send("Dial", **{"peer": CUSTOMER, "dialstatus": status, **more})


async def ends(asterisk: AriStandIn, cause: int, text: str = "") -> None:
    await asterisk.send("ChannelDestroyed", channel=CUSTOMER, cause=cause, cause_txt=text)


async def answered(asterisk: AriStandIn, switch: AriSwitch) -> AriDialledCall:
    call = await switch.dial(request())
    await asterisk.send("StasisStart", channel=CUSTOMER, args=["outbound", ID])
    await call.answered(RING_S)
    return call


async def found(call: AriDialledCall | Any) -> CallEvent | None:
    return await asyncio.wait_for(call.next_event(2.0), 3.0)


# ---- dialling


async def test_what_is_asked_of_asterisk(asterisk: AriStandIn, switch: AriSwitch) -> None:
    await switch.dial(request())
    (asked,) = asterisk.asked(DIAL)
    told = asked.query | asked.body
    assert told["endpoint"] == "PJSIP/+12025550100@carrier"
    assert told["callerId"] == '"Support" <+12025550000>'
    assert told["timeout"] == "7"
    assert told["variables"] == {"CHANNEL(language)": "en", "CB_SERVICE_ID": "support-1"}


async def test_a_prefix_stands_before_the_digits(asterisk: AriStandIn, switch: AriSwitch) -> None:
    await switch.dial(request(prefix="9", caller_number="", caller_name=""))
    (asked,) = asterisk.asked(DIAL)
    told = asked.query | asked.body
    assert told["endpoint"] == "PJSIP/912025550100@carrier"
    assert "callerId" not in told


async def test_a_call_of_this_id_is_not_made_twice(asterisk: AriStandIn, switch: AriSwitch) -> None:
    asterisk.answer(DIAL, 409, {"message": "Channel with given unique ID already exists"})
    with pytest.raises(AlreadyDialled):
        await switch.dial(request())


@pytest.mark.parametrize("status", [400, 500])
async def test_a_call_that_asterisk_cannot_make(asterisk: AriStandIn, switch: AriSwitch, status: int) -> None:
    asterisk.answer(DIAL, status, {"message": "Allocation failed"})
    with pytest.raises(NotAnswered):
        await switch.dial(request())


async def test_nothing_is_dialled_without_a_connection(asterisk: AriStandIn, switch: AriSwitch) -> None:
    await asterisk.stop()
    async with asyncio.timeout(5):
        while switch.is_ready:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with pytest.raises(SwitchLost):
        await switch.dial(request())


# ---- ringing


async def test_busy(asterisk: AriStandIn, switch: AriSwitch) -> None:
    call = await switch.dial(request())
    await ends(asterisk, 17, "User busy")
    with pytest.raises(NotAnswered) as busy:
        await call.answered(RING_S)
    assert (busy.value.cause, busy.value.text) == (17, "User busy")


@pytest.mark.parametrize("sign", ["RINGING", "PROGRESS"])
async def test_a_telephone_that_rang_was_not_answered(asterisk: AriStandIn, switch: AriSwitch, sign: str) -> None:
    call = await switch.dial(request())
    await dial_step(asterisk, "")
    await dial_step(asterisk, sign)
    await ends(asterisk, 19, "User alerting, no answer")
    with pytest.raises(NotAnswered) as ended:
        await call.answered(RING_S)
    assert ended.value.cause == 19


async def test_a_trunk_that_says_nothing_has_rung_nobody(asterisk: AriStandIn, switch: AriSwitch) -> None:
    call = await switch.dial(request())
    await dial_step(asterisk, "")
    await ends(asterisk, 19, "User alerting, no answer")
    with pytest.raises(NotAnswered) as ended:
        await call.answered(RING_S)
    assert (ended.value.cause, ended.value.text) == (27, "the trunk gave no sign of ringing within 7 s")


# ---- the agent, the machine, the end


async def test_an_agents_answer_is_told_by_who_answered(asterisk: AriStandIn, switch: AriSwitch) -> None:
    call = await answered(asterisk, switch)
    agent = channel("a1", name="PJSIP/agent-1-00000007")
    for status in ("", "RINGING", "ANSWER"):
        await asterisk.send("Dial", caller=CUSTOMER, peer=agent, dialstatus=status)
    assert await found(call) == AgentAnswered("PJSIP/agent-1", 0.0)


async def test_a_key_and_the_detectors_word_and_the_end(asterisk: AriStandIn, switch: AriSwitch) -> None:
    call = await answered(asterisk, switch)
    await asterisk.send("ChannelDtmfReceived", channel=CUSTOMER, digit="1", duration_ms=100)
    snoop = channel(f"{ID}-amd")
    await asterisk.send("StasisStart", channel=snoop, args=["amd", "MACHINE", "LONGGREETING-1500-1500"])
    await ends(asterisk, 16, "Normal Clearing")
    assert await found(call) == Digit("1")
    assert await found(call) == Detection(Verdict(Detected.MACHINE, "LONGGREETING-1500-1500"))
    for _ in range(2):
        with pytest.raises(HungUp, match="cause 16"):
            await found(call)


async def test_a_lost_connection_is_not_a_hang_up(asterisk: AriStandIn, switch: AriSwitch) -> None:
    call = await answered(asterisk, switch)
    asterisk.drop_websockets()
    with pytest.raises(SwitchLost):
        await found(call)


# ---- calls from before


def state_of(asterisk: AriStandIn, state: str, app: str = "") -> None:
    dialplan = {"app_name": app, "app_data": ""}
    asterisk.answer(f"GET /channels/{ID}", 200, CUSTOMER | {"state": state, "dialplan": dialplan})


async def test_a_call_that_has_ended_is_not_found(switch: AriSwitch) -> None:
    assert await switch.adopt(ID) is None


async def test_a_telephone_that_still_rings_may_be_answered(asterisk: AriStandIn, switch: AriSwitch) -> None:
    state_of(asterisk, "Ringing", "AppDial2")
    adopted = await switch.adopt(ID)
    assert adopted
    assert adopted.stage is Stage.RINGING
    await asterisk.send("StasisStart", channel=CUSTOMER, args=["outbound", ID])
    await adopted.call.answered(RING_S)


async def test_a_telephone_that_still_rings_may_ring_in_vain(asterisk: AriStandIn, switch: AriSwitch) -> None:
    state_of(asterisk, "Ringing", "AppDial2")
    adopted = await switch.adopt(ID)
    assert adopted
    await ends(asterisk, 19, "User alerting, no answer")
    with pytest.raises(NotAnswered) as ended:
        await adopted.call.answered(RING_S)
    assert ended.value.cause == 19


async def test_who_answered_meanwhile_hears_nothing_of_the_lost_script_any_more(
    asterisk: AriStandIn, switch: AriSwitch
) -> None:
    state_of(asterisk, "Up", "Stasis")
    adopted = await switch.adopt(ID)
    assert adopted
    assert adopted.stage is Stage.ANSWERED
    assert asterisk.asked(f"DELETE /playbacks/{ID}-p1")


@pytest.mark.parametrize("bridged", [True, False])
async def test_who_is_in_the_queue_waits_or_has_an_agent(
    asterisk: AriStandIn, switch: AriSwitch, bridged: bool
) -> None:
    state_of(asterisk, "Up", "Queue")
    members = [ID, "a1"] if bridged else ["somebody", "else"]
    bridge = {"id": "b1", "name": "", "bridge_type": "mixing", "channels": members}
    asterisk.answer("GET /bridges", 200, [bridge])
    adopted = await switch.adopt(ID)
    assert adopted
    assert adopted.stage is Stage.IN_QUEUE
    assert await adopted.call.next_event(0.1) == (AgentAnswered("", 0.0) if bridged else None)


# ---- calls that are wanted no more


async def test_a_call_is_ended(asterisk: AriStandIn, switch: AriSwitch, queues: Queues) -> None:
    assert await switch.end(ID)
    assert asterisk.asked(f"DELETE /channels/{ID}")
    assert queues.withdrawn == []


async def test_a_call_that_is_gone_was_not_ended(asterisk: AriStandIn, switch: AriSwitch) -> None:
    asterisk.answer(f"DELETE /channels/{ID}", 404, {"message": "Channel not found"})
    assert not await switch.end(ID)


async def test_who_waits_in_the_queue_is_taken_out_and_not_hung_up_on(
    asterisk: AriStandIn, switch: AriSwitch, queues: Queues
) -> None:
    queues.waiting = (Waiting(ID, "PJSIP/carrier-00000001", 1, 0.0),)
    assert await switch.end(ID)
    assert queues.withdrawn == [("agents", "PJSIP/carrier-00000001")]
    assert not asterisk.asked(f"DELETE /channels/{ID}")
