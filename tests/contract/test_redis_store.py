"""What only a real server can show: crashes, silence, lost answers, and where the keys lie."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis
from redis.crc import key_slot
from valkey_server import ValkeyServer

from ivr.domain.callback import Callback, CallbackState
from ivr.domain.lifecycle import Event, apply
from ivr.store import scripts
from ivr.store.durability import judge
from ivr.store.keys import Keys, service_of
from ivr.store.port import Admission, StoreError, StoreUnavailable
from ivr.store.redis_store import RedisStore

pytestmark = pytest.mark.contract

NOW = time.time()
CALLBACK = Callback(
    id="support-0123456789abcdef",
    service="support",
    customer_number="+12025550100",
    created_at_s=NOW,
    asked_at_s=NOW,
    expires_at_s=NOW + 86400,
    user_data={"account": "7"},
    lookup_keys=("account",),
)


@pytest.fixture
async def store(own_valkey: ValkeyServer) -> AsyncIterator[RedisStore]:
    redis = RedisStore(own_valkey.url, deadline_s=0.5)
    yield redis
    await redis.close()


async def test_what_was_answered_survives_a_crash_of_the_server(own_valkey: ValkeyServer, store: RedisStore) -> None:
    many = [replace(CALLBACK, id=f"support-{n:016x}") for n in range(50)]
    await asyncio.gather(*(store.create(callback) for callback in many))
    claim = await store.claim(many[0].id, "w1", NOW, 30)
    own_valkey.kill()
    own_valkey.start()
    # The same connections and, on a server that forgot the scripts, the same digests.
    assert len(await store.find("support", number=CALLBACK.customer_number)) == 50
    assert claim is not None
    assert (await store.save(apply(claim.callback, Event.DIALED, NOW), "dialed", claim=claim)).version == 2
    assert len(await store.line("support")) == 50


async def test_a_server_that_is_away_is_said_to_be_in_time(own_valkey: ValkeyServer, store: RedisStore) -> None:
    own_valkey.kill()
    for call in (
        lambda: store.create(CALLBACK),
        lambda: store.get(CALLBACK.id),
        lambda: store.line("support"),
        lambda: store.log("support", "offered"),
        lambda: store.events("support", block_s=5),
        store.ping,
        store.durability,
    ):
        begun_s = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await call()
        assert time.monotonic() - begun_s < 3.0


async def test_a_server_that_comes_back_within_the_deadline_is_not_missed(own_valkey: ValkeyServer) -> None:
    store = RedisStore(own_valkey.url, deadline_s=5)
    own_valkey.kill()
    creating = asyncio.create_task(store.create(CALLBACK))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(own_valkey.start)
    assert (await creating).version == 1
    await store.close()


async def test_a_write_whose_answer_came_too_late_is_done_once(own_valkey: ValkeyServer, store: RedisStore) -> None:
    await store.ping()
    own_valkey.pause()
    begun_s = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.create(CALLBACK, admission=Admission(max_pending=1))
    assert time.monotonic() - begun_s < 3.0
    own_valkey.resume()
    # The server still finds what we sent, twice by then; and so says the caller's own second try.
    created = await store.create(CALLBACK, admission=Admission(max_pending=1))
    assert created.version == 1
    assert [event.kind for event in await store.events("support")] == ["accepted"]

    own_valkey.pause()
    changed = replace(created, not_before_s=NOW + 5)
    with pytest.raises(StoreUnavailable):
        await store.save(changed, "updated")
    own_valkey.resume()
    assert (await store.save(changed, "updated")).version == 2
    assert [event.kind for event in await store.events("support")] == ["accepted", "updated"]


async def test_a_server_that_refuses_writes_cannot_be_used(own_valkey: ValkeyServer, store: RedisStore) -> None:
    await store.create(CALLBACK)
    redis = Redis.from_url(own_valkey.url)
    # A server out of memory refuses writes just as one does whose disk is full, and can be made to.
    await redis.config_set("maxmemory", "1kb")
    with pytest.raises(StoreUnavailable):
        await store.create(replace(CALLBACK, id="support-00000000"), admission=Admission(max_pending=5))
    assert await store.get(CALLBACK.id) is not None
    assert len(await store.events("support")) == 1
    await redis.aclose()


async def test_a_command_that_the_server_does_not_know_is_our_mistake(own_valkey: ValkeyServer) -> None:
    store = RedisStore(own_valkey.url)
    with pytest.raises(StoreError) as refused:
        await store._connection.run(lambda redis: redis.eval("return redis.call('NONSENSE')", 0))
    assert not isinstance(refused.value, StoreUnavailable)
    await store.close()


async def test_says_whether_it_keeps_what_it_answered(own_valkey: ValkeyServer, store: RedisStore) -> None:
    assert (await store.durability()).safe is True
    redis = Redis.from_url(own_valkey.url)
    await redis.config_set("appendfsync", "everysec")
    everysec = await store.durability()
    assert everysec.safe is False
    assert "appendfsync always" in everysec.detail
    await redis.aclose()


@pytest.mark.parametrize(
    ("settings", "safe"),
    [
        ({"appendonly": "yes", "appendfsync": "always"}, True),
        ({"appendonly": "yes", "appendfsync": "everysec"}, False),
        ({"appendonly": "no", "appendfsync": "always"}, False),
        ({}, None),
    ],
)
def test_judges_settings(settings: dict[str, str], safe: bool | None) -> None:
    assert judge(settings).safe is safe


async def test_ended_callbacks_leave_nothing_behind_but_their_events(own_valkey: ValkeyServer) -> None:
    store = RedisStore(own_valkey.url)
    for n in range(3):
        callback = await store.create(replace(CALLBACK, id=f"support-{n:016x}", expires_at_s=NOW - 1))
        claim = await store.claim(callback.id, "w1", NOW, 10)
        assert claim is not None
        await store.save(apply(callback, Event.EXPIRED, NOW - 7200), "expired", claim=claim)
    await store.create(replace(CALLBACK, id="support-ffffffffffff"))  # each write forgets some ended ones
    keys = Keys("support")
    redis = Redis.from_url(own_valkey.url, decode_responses=True)
    for name in (keys.finished, keys.in_state(CallbackState.COMPLETED), keys.claims):
        assert not await redis.exists(name), name
    for name in (keys.unfinished, keys.pending, keys.in_state(CallbackState.QUEUED)):
        assert await redis.zcard(name) == 1, name
    assert await redis.hlen(keys.places) == 1
    kept = sorted([name async for name in redis.scan_iter()])
    assert sum(":callback:" in name for name in kept) == 1
    # Lookups end by themselves, some days after their last record.
    for name in kept:
        assert (await redis.ttl(name) > 0) == (":lookup:" in name), name
    await redis.aclose()
    await store.close()


async def test_who_talks_has_no_place_any_more(own_valkey: ValkeyServer, store: RedisStore) -> None:
    callback = await store.create(CALLBACK)
    for event in (Event.CUSTOMER_REACHED, Event.AGENT_CONNECTED):
        callback = await store.save(apply(callback, event, NOW), event)
    redis = Redis.from_url(own_valkey.url)
    assert await redis.hlen(Keys("support").places) == 0
    await redis.aclose()


async def test_a_lookup_lives_as_long_as_its_longest_record(own_valkey: ValkeyServer, store: RedisStore) -> None:
    redis = Redis.from_url(own_valkey.url)
    key = Keys("support").lookup("account", "7")
    await store.create(CALLBACK)
    assert 86400 < await redis.ttl(key) < 10 * 86400
    await store.create(replace(CALLBACK, id="support-00000000", expires_at_s=NOW + 30 * 86400))
    long_s = await redis.ttl(key)
    assert long_s > 30 * 86400
    await store.create(replace(CALLBACK, id="support-00000001"))
    assert await redis.ttl(key) >= long_s - 5
    await redis.aclose()


async def test_a_record_takes_little_memory(own_valkey: ValkeyServer) -> None:
    """The bound of a record with one lookup key and two events is 2.5 KB, its share of all indexes included."""
    store = RedisStore(own_valkey.url)
    redis = Redis.from_url(own_valkey.url)

    async def used() -> int:
        memory = await redis.info("memory")
        return int(memory["used_memory"] - memory["mem_clients_normal"])

    before, n = await used(), 3000
    for start in range(0, n, 500):
        await asyncio.gather(
            *(
                store.create(replace(CALLBACK, id=f"support-{k:024x}", customer_number=f"+1202{k:07d}"))
                for k in range(start, start + 500)
            )
        )
    each = (await used() - before) / n
    assert 500 < each < 2500
    await redis.aclose()
    await store.close()


def test_all_keys_of_a_service_lie_in_one_slot() -> None:
    keys = Keys("my-support_2.x")
    callback = replace(CALLBACK, id="my-support_2.x-0123456789abcdef", service="my-support_2.x")
    names = [*keys.of_write(callback), keys.options, keys.lookup("a}{b", "c}{d")]
    assert len({key_slot(name.encode()) for name in names}) == 1
    assert len(set(names)) == len(names)


SCRIPTS = [script for script in vars(scripts).values() if isinstance(script, scripts.Script)]


def test_scripts_touch_only_keys_they_were_given() -> None:
    assert len(SCRIPTS) == 9
    for script in SCRIPTS:
        for command, key in re.findall(r"redis\.call\('(\w+)'(?:, ([^,)]+))?", script.text):
            assert command == "TIME" or key.startswith("KEYS["), f"{command} {key}"


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("support-0123456789abcdef", "support"),
        ("my-support.2-0123456789abcdef", "my-support.2"),
        ("support", None),
        ("support-xyz", None),
        ("sup{port}-0123456789abcdef", None),
        ("support-0123456789abcdef\n", None),
        ("-0123456789abcdef", None),
        ("", None),
    ],
)
def test_an_id_names_its_service(text: str, service: str | None) -> None:
    assert service_of(text) == service
