"""What becomes of callers in a menu when they, the connection or the application go, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from ari_stand_in import APP, PASSWORD, USER, AriStandIn, Seen, channel

from ivr.ari import AriClient
from ivr.backoff import Backoff
from ivr.dialer.line import Line
from ivr.domain.queue_state import QueueState, Waiting
from ivr.reception.reception import Reception
from ivr.reception.waits import Waits
from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.options import service_options
from ivr.store.journal import Journal
from ivr.store.memory_store import MemoryStore
from ivr.telemetry.metrics import Metrics

pytestmark = pytest.mark.integration

REQUEST_S = 0.4
ASKED_AT_S = 1_795_402_400.0
OPTIONS = service_options("support", {"_queue": "agents", "_ewt_threshold": 0}, trunk="carrier", language="en-US")
CALLER = channel("c1", dialplan={"app_name": "Stasis", "app_data": f"{APP},inbound,support"})


class Queues:
    """The agent queue: one waits who asked before our caller, and one who did after."""

    def state(self, queue: str) -> QueueState:
        waiting = (Waiting("a", "PJSIP/a", 1, ASKED_AT_S - 60), Waiting("b", "PJSIP/b", 2, ASKED_AT_S + 1e9))
        return QueueState(queue, ASKED_AT_S, waiting=waiting)


@pytest.fixture
async def asterisk() -> AsyncIterator[AriStandIn]:
    async with AriStandIn() as stand_in:
        for request in ("answer", "variable", "continue"):
            stand_in.answer(f"POST /channels/c1/{request}", 204)
        stand_in.answer("DELETE /channels/c1", 204)
        stand_in.answer("DELETE /playbacks/c1-p1", 204)
        stand_in.answer("POST /channels/c1/play/c1-p1", 201, playback("c1-p1", "playing"))
        yield stand_in


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def ari(asterisk: AriStandIn, store: MemoryStore) -> AsyncIterator[AriClient]:
    """A client with a reception, not yet connected."""
    client = AriClient(asterisk.url, USER, PASSWORD, APP, backoff=Backoff(0.02, 0.1), request_timeout_s=REQUEST_S)
    line, journal, metrics = Line(Queues()), Journal(store), Metrics()
    callbacks = CallbackService(store, Catalog({"support": OPTIONS}, store), metrics=metrics)
    Reception(client, callbacks, journal, line, Waits(line, store, lambda: ASKED_AT_S), metrics, lambda: ASKED_AT_S)
    writing = asyncio.create_task(journal.run())
    yield client
    writing.cancel()


def playback(name: str, state: str) -> dict[str, str]:
    return {"id": name, "target_uri": "channel:c1", "state": state}


async def hears_the_offer(asterisk: AriStandIn, ari: AriClient) -> None:
    """A caller comes, and the offer is begun to be played."""
    await ari.wait_connected(5)
    await asterisk.send("StasisStart", channel=CALLER, args=["inbound", "support"])
    await asterisk.until(lambda: bool(asterisk.asked("POST /channels/c1/play/c1-p1")))
    await asterisk.send("PlaybackStarted", playback=playback("c1-p1", "playing"))


async def ended(store: MemoryStore, within_s: float = 5.0) -> str:
    """How the call left the script."""
    async with asyncio.timeout(within_s):
        while True:
            for event in await store.events("support"):
                if event.kind == "inbound_ended":
                    return event.data["ending"]
            await asyncio.sleep(0.01)


def went_to_their_place(asterisk: AriStandIn) -> bool:
    """In the queue of the service, behind who asked before and ahead of who asked later."""
    (variable,) = asterisk.asked("POST /channels/c1/variable")
    (going_on,) = asterisk.asked("POST /channels/c1/continue")
    assert variable.query == {"variable": "CB_POSITION", "value": "2"}
    assert (going_on.query["context"], going_on.query["extension"]) == ("callback-queue", "agents")
    # Not before the offer was silenced: Asterisk would wait for its end.
    requests = [f"{seen.method} {seen.path}" for seen in asterisk.seen]
    return requests.index("DELETE /playbacks/c1-p1") < requests.index("POST /channels/c1/variable")


async def test_a_caller_who_hangs_up_under_a_prompt(asterisk: AriStandIn, ari: AriClient, store: MemoryStore) -> None:
    async with ari:
        await hears_the_offer(asterisk, ari)
        await asterisk.send("ChannelHangupRequest", channel=CALLER, cause=16)
        await asterisk.send("PlaybackFinished", playback=playback("c1-p1", "failed"))
        # The last that Asterisk tells of a channel that it did not make for us.
        await asterisk.send("StasisEnd", channel=CALLER)
        assert await ended(store) == "hung_up"
        assert not asterisk.asked("POST /channels/c1/continue")


async def test_a_lost_connection(asterisk: AriStandIn, ari: AriClient, store: MemoryStore) -> None:
    async with ari:
        await hears_the_offer(asterisk, ari)
        asterisk.drop_websockets()
        assert await ended(store) == "switch_lost"
        await asterisk.until(lambda: bool(asterisk.asked("POST /channels/c1/continue")))
        assert went_to_their_place(asterisk)


async def test_the_end_of_the_application(asterisk: AriStandIn, ari: AriClient) -> None:
    async with ari:
        await hears_the_offer(asterisk, ari)
    assert went_to_their_place(asterisk)


@pytest.mark.parametrize("answers", ["late", "never"])
async def test_an_asterisk_that_does_not_keep_the_place_still_gets_the_caller_back(
    asterisk: AriStandIn, ari: AriClient, answers: str
) -> None:
    if answers == "never":
        asterisk.answer("POST /channels/c1/variable", 500)
    else:
        asterisk.answer("POST /channels/c1/variable", 204, after_s=2 * REQUEST_S)
    async with ari:
        await hears_the_offer(asterisk, ari)
        asterisk.drop_websockets()
        await asterisk.until(lambda: bool(asterisk.asked("POST /channels/c1/continue")))
    (going_on,) = asterisk.asked("POST /channels/c1/continue")
    assert going_on.query.get("context") is None


async def test_a_caller_found_without_a_script_goes_to_their_place(asterisk: AriStandIn, ari: AriClient) -> None:
    asterisk.channels = [{**CALLER, "creationtime": "2026-11-23T02:53:20.000+0000"}]
    asterisk.answer("GET /channels/c1/variable", 404, {"message": "Provided variable was not found"})
    async with ari:
        await asterisk.until(lambda: bool(asterisk.asked("POST /channels/c1/continue")))
    assert went_to_their_place(asterisk)


async def test_who_was_promised_a_callback_is_told_so_and_not_put_in_the_queue(
    asterisk: AriStandIn, ari: AriClient
) -> None:
    asterisk.channels = [CALLER]
    asterisk.answer("GET /channels/c1/variable", body={"value": "support-0123456789abcdef"})

    def plays() -> list[Seen]:
        return [seen for seen in asterisk.seen if seen.path.startswith("/channels/c1/play/")]

    async with ari:
        await asterisk.until(lambda: bool(plays()))
    (goodbye,) = plays()
    assert goodbye.query["media"] == "sound:callback/en-US/callback-confirmed"
    assert not asterisk.asked("POST /channels/c1/continue")


async def test_channels_that_are_none_of_ours_are_left_alone(asterisk: AriStandIn, ari: AriClient) -> None:
    asterisk.channels = [
        channel("c1", dialplan={"app_name": "Queue", "app_data": "support"}),
        channel("c1", dialplan={"app_name": "Stasis", "app_data": "another,inbound,support"}),
        channel("c1", dialplan={"app_name": "Stasis", "app_data": f"{APP},outbound,cb-support-1-1"}),
    ]
    async with ari:
        await asterisk.until(lambda: bool(asterisk.asked("GET /channels")))
        await asyncio.sleep(0.1)
    assert not [seen for seen in asterisk.seen if seen.path.startswith("/channels/")]
