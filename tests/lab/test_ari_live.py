"""The ARI client on a real Asterisk: what its docstrings promise, and what Asterisk does that nobody would think."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from ivr.ari import (
    AriBadRequest,
    AriClient,
    AriConflict,
    AriConnectionLost,
    AriDemoted,
    AriNotFound,
    AriServerError,
    AriUnauthorized,
    AriUnprocessable,
    Channel,
    Subscription,
)
from ivr.ari.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    ChannelLeftBridge,
    ChannelStateChange,
    Dial,
    Event,
    PlaybackContinuing,
    PlaybackFinished,
    PlaybackStarted,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)
from ivr.ari.playback_watch import PlaybackEnd, PlaybackWatch
from ivr.backoff import Backoff
from ivr.lab.lab import Lab
from ivr.link import LinkState

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

# The dialplan's own way to an endless call: nobody answers a queue that has no agents to ring.
ELSEWHERE = "Local/support@callback-queue/n"
INBOUND = "Local/support@callback-inbound/n"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    # No agent answers before the tests are over.
    with Lab(app=False, agents=1, talk_s=600) as lab:
        yield lab


@asynccontextmanager
async def client_of(lab: Lab, app: str = "callback", password: str = "") -> AsyncIterator[AriClient]:
    ari = lab.data.ari
    made = AriClient(ari.url, ari.user, password or ari.password, app, backoff=Backoff(0.05, 0.5))
    async with made:
        yield made


@pytest.fixture
async def ari(lab: Lab) -> AsyncIterator[AriClient]:
    """A client whose calls are all over when the test is."""
    async with client_of(lab) as client:
        await client.wait_connected(10)
        yield client
        for channel in await client.channels.list():
            await channel.hangup()


async def call(ari: AriClient, channel_id: str, endpoint: str = ELSEWHERE) -> tuple[Channel, Subscription]:
    """A channel that is up and in our application, and its events from there on."""
    events = ari.subscribe(channel_id)
    channel = await ari.channels.originate(endpoint, channel_id=channel_id, timeout_s=10)
    await events.expect(StasisStart, timeout_s=5)
    return channel, events


async def test_asterisk_tells_of_itself(ari: AriClient) -> None:
    info = await ari.asterisk.info("system", "status")
    assert info.build is None
    assert info.system is not None
    assert info.system.version.startswith("22.")
    assert (await ari.asterisk.ping()).ping == "pong"
    assert {"app_queue.so", "app_amd.so"} <= {m.name for m in await ari.asterisk.modules() if m.status == "Running"}
    assert {"agent-1", "carrier"} <= {endpoint.resource for endpoint in await ari.endpoints.list()}
    assert (await ari.applications.get()).name == "callback"
    await ari.asterisk.set_variable("ARI_LIVE", "a, b & c=d")
    assert await ari.asterisk.get_variable("ARI_LIVE") == "a, b & c=d"


async def test_sounds_in_directories_are_found(ari: AriClient) -> None:
    assert any(each.language.startswith("en") for each in (await ari.sounds.get("digits/1")).formats)
    with pytest.raises(AriNotFound):
        await ari.sounds.get("no/such/sound")


@pytest.mark.parametrize("channel_id", ["cb-+12025550100-1", "a/b c?d=e&f#g%2B", 'Zoë\'s "call"', "x" * 147])
async def test_ids_survive_the_way_there_and_back(ari: AriClient, channel_id: str) -> None:
    channel, events = await call(ari, channel_id)
    assert (channel.id, (await ari.channels.get(channel_id)).id) == (channel_id, channel_id)
    await channel.set_variable("CB_NOTE", 'Zoë, 50% & more = fun; "quoted" + 1')
    assert await channel.get_variable("CB_NOTE") == 'Zoë, 50% & more = fun; "quoted" + 1'
    assert await channel.get_variable("CB_NO_SUCH") == ""
    assert await channel.get_variable("CHANNEL(language)") == "en"
    assert await channel.hangup()
    assert (await events.expect(ChannelDestroyed, timeout_s=5)).channel.id == channel_id
    assert not await channel.hangup()
    with pytest.raises(AriNotFound):
        await channel.get_variable("CB_NOTE")


async def test_one_id_is_one_call(ari: AriClient) -> None:
    channel, events = await call(ari, "cb-once-1")
    with pytest.raises(AriConflict, match="already exists"):
        await ari.channels.originate(ELSEWHERE, channel_id="cb-once-1", timeout_s=5)
    await channel.hangup()
    await events.expect(ChannelDestroyed, timeout_s=5)
    events.close()
    # Asterisk forgets: that a call was made must be remembered by us.
    again, _ = await call(ari, "cb-once-1")
    # It compares beginnings, regardless of case; so no id of ours may be the beginning of another.
    for taken in ("cb-once", "CB-Once-1"):
        with pytest.raises(AriConflict):
            await ari.channels.originate(ELSEWHERE, channel_id=taken, timeout_s=5)
    longer, _ = await call(ari, "cb-once-1-amd")
    assert (await longer.refresh()).id == "cb-once-1-amd"
    await again.hangup()


async def test_what_happens_before_the_answer_is_not_missed(ari: AriClient) -> None:
    async with ari.subscribe("cb-early-1") as events:
        await ari.channels.originate(ELSEWHERE, channel_id="cb-early-1", timeout_s=5, app_args=["outbound", "x"])
        seen = []
        while not isinstance(event := await events.next(5), StasisStart):
            assert event is not None
            seen.append(event)
        assert event.args == ("outbound", "x")
        assert event.channel.stasis_app == "callback"
        assert event.channel.stasis_args == ("outbound", "x")
    assert {type(each) for each in seen} == {Dial, ChannelStateChange}
    assert [each.dialstatus for each in seen if isinstance(each, Dial)] == ["", "ANSWER"]


async def test_an_endpoint_that_cannot_be_called(ari: AriClient) -> None:
    for endpoint in ("PJSIP/nobody@nowhere", "NoTech/1"):
        with pytest.raises(AriServerError):
            await ari.channels.originate(endpoint, channel_id="cb-bad-1", timeout_s=5)
    with pytest.raises(AriBadRequest):
        await ari.channels.originate("", channel_id="cb-bad-1", timeout_s=5)


async def test_playing_one_and_several_and_stopping(ari: AriClient) -> None:
    channel, events = await call(ari, "cb-play-1")
    await channel.play(["sound:beep", "sound:beep"], playback_id="two")
    started = await events.expect(PlaybackStarted, timeout_s=5)
    assert (started.playback.id, started.playback.target_id) == ("two", channel.id)
    await events.expect(PlaybackContinuing, timeout_s=5)
    finished = await events.expect(PlaybackFinished, timeout_s=5)
    assert (finished.playback.state, finished.playback.failed) == ("done", False)
    long = await channel.play(["sound:digits/1"] * 30)
    waiting = await channel.play("sound:beep")
    await events.expect(PlaybackContinuing, timeout_s=5)
    assert await waiting.stop()
    # Asterisk loses a stop that comes between two media of a list.
    while await long.stop():  # noqa: ASYNC110 - nothing tells that it was lost
        await asyncio.sleep(0.02)
    stopped = {(await events.expect(PlaybackFinished, timeout_s=2)).playback.id for _ in range(2)}
    assert stopped == {long.id, waiting.id}
    assert not await long.stop()


async def test_spoken_digits_cannot_be_stopped(ari: AriClient) -> None:
    channel, events = await call(ari, "cb-play-4")
    digits = await channel.play("digits:1234567890")
    await events.expect(PlaybackStarted, timeout_s=5)
    with pytest.raises(AriServerError, match="Could not stop playback"):
        await digits.stop()


async def ended(events: Subscription, watch: PlaybackWatch) -> tuple[PlaybackEnd, bool]:
    """How the next playback ended, and whether Asterisk itself calls it a failure."""
    async with asyncio.timeout(10):
        async for event in events:
            if (end := watch.note(event)) is not None:
                assert isinstance(event, PlaybackFinished)
                return end, event.playback.failed
    raise AssertionError("no events")


async def test_a_missing_file_is_told_by_an_event_only_and_only_at_the_end_of_a_list(ari: AriClient) -> None:
    channel, events = await call(ari, "cb-play-2")
    watch = PlaybackWatch(channel.id)
    missing, there = "sound:callback/no-such-prompt", "sound:digits/1"
    for media, end, failed in (
        ([there, there], PlaybackEnd.PLAYED, False),
        ([missing], PlaybackEnd.FAILED, True),
        ([there, missing], PlaybackEnd.FAILED, True),
        ([missing, there], PlaybackEnd.FAILED, False),
        ([there, missing, there], PlaybackEnd.FAILED, False),
    ):
        await channel.play(media)
        assert await ended(events, watch) == (end, failed), media


async def test_a_hangup_fails_the_prompt_but_is_told_before_it(ari: AriClient) -> None:
    channel, events = await call(ari, "cb-play-3")
    await channel.play(["sound:digits/1"] * 30)
    await events.expect(PlaybackContinuing, timeout_s=5)
    await channel.hangup()
    assert await ended(events, PlaybackWatch(channel.id)) == (PlaybackEnd.CUT_OFF, True)
    await events.expect(StasisEnd, timeout_s=5)
    await events.expect(ChannelDestroyed, timeout_s=5)


async def test_an_inbound_call_has_its_script_and_its_keys(ari: AriClient) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def script(channel: Channel, start: StasisStart, events: Subscription) -> None:
        await channel.answer()
        keys = ""
        while len(keys) < 4:
            keys += (await events.expect(ChannelDtmfReceived, timeout_s=10)).digit
        heard.put_nowait(f"{' '.join(start.args)} {keys}")
        await channel.continue_in_dialplan("callback-queue", "support", 1)
        await events.expect(StasisEnd, timeout_s=5)
        heard.put_nowait((await channel.refresh()).dialplan.context)

    ari.on_stasis_start(script, "inbound")
    near, _ = await call(ari, "caller-1", INBOUND)
    await near.send_dtmf("12#*")
    assert await asyncio.wait_for(heard.get(), 10) == "inbound support 12#*"
    assert await asyncio.wait_for(heard.get(), 10) == "callback-queue"
    assert ari.scripts_running == 0


async def test_the_last_that_is_told_of_a_caller_who_hangs_up(lab: Lab, ari: AriClient) -> None:
    """Not ChannelDestroyed, which only comes for channels that we originated."""
    told: asyncio.Queue[str] = asyncio.Queue()

    async def script(channel: Channel, start: StasisStart, events: Subscription) -> None:
        await channel.answer()
        await channel.play(["sound:digits/1"] * 30)
        while (event := await events.next(2.0)) is not None:
            if not isinstance(event, PlaybackStarted | PlaybackContinuing | ChannelStateChange):
                told.put_nowait(event.name)
            if isinstance(event, PlaybackContinuing):
                await caller.hangup()
        told.put_nowait("silence")

    ari.on_stasis_start(script, "inbound")
    # From another program: of what we originate ourselves we would be told all.
    async with client_of(lab, app="elsewhere") as other:
        await other.wait_connected(10)
        caller = await other.channels.originate(INBOUND, channel_id="cb-elsewhere-1", timeout_s=10)
        async with asyncio.timeout(15):
            seen = [await told.get()]
            while seen[-1] != "silence":
                seen.append(await told.get())
    assert sorted(set(seen[:-2])) == ["ChannelHangupRequest", "PlaybackFinished"]
    assert seen[-2:] == ["StasisEnd", "silence"]


async def test_listening_for_a_machine_through_a_snoop_channel(ari: AriClient) -> None:
    channel, events = await call(ari, "cb-amd-1")
    events.follow("cb-amd-1-snoop")
    snoop = await channel.snoop(snoop_id="cb-amd-1-snoop", spy="in", app_args=["snoop"])
    # Only from here on may anything be done with it.
    assert (await events.expect(StasisStart, timeout_s=5)).channel.id == snoop.id
    await snoop.continue_in_dialplan("callback-amd", "2000", 1)
    assert (await events.expect(StasisEnd, timeout_s=5)).channel.id == snoop.id
    verdict = await events.expect(StasisStart, timeout_s=10)
    assert verdict.channel.id == snoop.id
    assert verdict.args[0] == "amd"
    assert verdict.args[1] in ("HUMAN", "MACHINE", "NOTSURE")
    await channel.hangup()
    assert (await events.expect(ChannelDestroyed, timeout_s=5)).cause == 16


@pytest.mark.parametrize("subscribed", [False, True])
async def test_of_a_channel_that_left_the_application_nothing_is_heard_unless_asked_for(
    ari: AriClient, subscribed: bool
) -> None:
    """Of one that came by itself, that is; to those that we originate Asterisk subscribes us."""
    channel, _ = await call(ari, f"cb-gone-{subscribed}")
    async with ari.subscribe("snoop-gone") as events:
        snoop = await channel.snoop(snoop_id="snoop-gone", spy="in")
        await events.expect(StasisStart, timeout_s=5)
        if subscribed:
            await ari.applications.subscribe("channel:snoop-gone")
        await snoop.continue_in_dialplan("callback-queue", "support", 1)
        await events.expect(StasisEnd, timeout_s=5)
        await snoop.hangup()
        if subscribed:
            await events.expect(ChannelDestroyed, timeout_s=5)
        else:
            assert await events.next(1.0) is None


async def test_recording(lab: Lab, ari: AriClient) -> None:
    # Debian's package makes it under /var/spool/asterisk; the lab has a spool of its own.
    (lab.where / "pbx" / "spool" / "recording").mkdir(exist_ok=True)
    channel, events = await call(ari, "cb-record-1")
    await channel.record("ari-live", max_duration_s=60, if_exists="overwrite")
    with pytest.raises(AriConflict):
        await channel.record("ari-live")
    with pytest.raises(AriUnprocessable):
        await channel.record("ari-live-2", "no-such-format")
    await asyncio.sleep(0.2)
    assert await ari.recordings.stop("ari-live")
    assert (await events.expect(RecordingFinished, timeout_s=5)).recording.state == "done"
    assert not await ari.recordings.stop("ari-live")


async def test_bridging(ari: AriClient) -> None:
    one, events = await call(ari, "cb-bridge-1")
    bridge = await ari.bridges.create(bridge_id="bridge+1")
    events.follow(bridge.id)
    await bridge.add(one.id)
    assert (await events.expect(ChannelEnteredBridge, timeout_s=5)).bridge.channels == (one.id,)
    assert (await bridge.refresh()).type == "mixing"
    with pytest.raises(AriBadRequest):
        await bridge.add("no-such-channel")
    with pytest.raises(AriConflict):
        await ari.bridges.create(bridge_id="bridge+1", name="another")
    await bridge.remove(one.id)
    await events.expect(ChannelLeftBridge, timeout_s=5)
    with pytest.raises(AriUnprocessable):
        await bridge.remove(one.id)
    assert await bridge.destroy()
    assert not await bridge.destroy()


async def test_muted_events_do_not_come(ari: AriClient) -> None:
    channel, events = await call(ari, "cb-mute-1")
    await channel.set_variable("CB_MUTED", "1")
    await channel.hangup()
    names = [event.name async for event in _until_destroyed(events)]
    assert "ChannelVarset" not in names
    assert ari.counts.malformed == 0


async def test_the_next_program_finds_the_calls_of_the_one_before(lab: Lab) -> None:
    async with client_of(lab) as first:
        await first.wait_connected(10)
        await call(first, "cb-left-1")
    found: asyncio.Queue[list[tuple[str, str]]] = asyncio.Queue()

    async def reconcile(channels: list[Channel]) -> None:
        found.put_nowait([(each.id, each.data.stasis_app) for each in channels if each.data])
        for each in channels:
            await each.hangup()

    async with client_of(lab) as second:
        second.on_connected(reconcile)
        assert ("cb-left-1", "callback") in await asyncio.wait_for(found.get(), 10)


async def test_of_two_programs_the_later_has_the_calls(lab: Lab) -> None:
    async with client_of(lab) as first:
        await first.wait_connected(10)
        events = first.subscribe("cb-two-1")
        async with client_of(lab) as second:
            await second.wait_connected(10)
            with pytest.raises(AriDemoted):
                await events.next(5)
            assert first.health.state is LinkState.DEMOTED
            # Nor does the end of the first take the name away from the second.
            await first.close()
            channel, _ = await call(second, "cb-two-1")
            await channel.hangup()


async def test_taking_the_calls_back(lab: Lab) -> None:
    async with client_of(lab) as first:
        await first.wait_connected(10)
        demoted = asyncio.Event()
        first.on_replaced(demoted.set)
        async with client_of(lab) as second:
            await second.wait_connected(10)
            await asyncio.wait_for(demoted.wait(), 5)
            first.take_back()
            second_demoted = asyncio.Event()
            second.on_replaced(second_demoted.set)
            await asyncio.wait_for(second_demoted.wait(), 5)
        channel, _ = await call(first, "cb-two-2")
        await channel.hangup()


async def test_a_wrong_password(lab: Lab) -> None:
    async with client_of(lab, password="wrong") as ari:
        with pytest.raises(AriUnauthorized):
            await ari.asterisk.ping()
        with pytest.raises(AriUnauthorized):
            await ari.wait_connected(10)


async def test_an_asterisk_that_crashes_is_found_again_without_its_calls(lab: Lab) -> None:
    found: asyncio.Queue[int] = asyncio.Queue()

    async def reconcile(channels: list[Channel]) -> None:
        found.put_nowait(len(channels))

    async with client_of(lab) as ari:
        ari.on_connected(reconcile)
        await asyncio.wait_for(found.get(), 10)
        _, events = await call(ari, "cb-crash-1")
        await asyncio.to_thread(lab.kill, "pbx")
        with pytest.raises(AriConnectionLost):
            await events.expect(ChannelDestroyed, timeout_s=5)
        assert await asyncio.wait_for(found.get(), 20) == 0
        channel, _ = await call(ari, "cb-crash-1")
        await channel.hangup()


async def _until_destroyed(events: Subscription) -> AsyncIterator[Event]:
    async for event in events:
        yield event
        if isinstance(event, ChannelDestroyed):
            return
