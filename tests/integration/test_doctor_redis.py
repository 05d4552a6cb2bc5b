"""The doctor on a real Valkey server with each of the mistakes that lose callbacks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio as aioredis
from doctor_settings import named, settings_of
from valkey_server import ValkeyServer

from ivr.doctor.check import Check, Status
from ivr.doctor.examine import examine
from ivr.store.keys import PREFIX

pytestmark = pytest.mark.integration

NAMES = ("redis", "redis.version", "redis.writes", "redis.durability", "redis.memory", "redis.clock")


@asynccontextmanager
async def commands(server: ValkeyServer) -> AsyncIterator[Callable[..., Awaitable[object]]]:
    client = aioredis.Redis.from_url(server.url)
    try:
        yield client.execute_command
    finally:
        await client.aclose()


async def set_options(server: ValkeyServer, **options: object) -> None:
    async with commands(server) as do:
        for name, value in options.items():
            await do("CONFIG", "SET", name.replace("_", "-"), str(value))


async def looked_at(folder: Path, url: str) -> dict[str, Check]:
    checks = await examine(await settings_of(folder, redis_url=url))
    return {name: named(checks, name) for name in NAMES}


async def test_a_server_as_it_should_be(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    checks = await looked_at(tmp_path, own_valkey.url)
    assert [check.status for check in checks.values()] == [Status.OK] * len(NAMES), checks
    assert checks["redis"].detail.endswith("valkey.sock")
    assert checks["redis.version"].detail.startswith("Valkey ")


async def test_nothing_stays_behind(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    await looked_at(tmp_path, own_valkey.url)
    async with commands(own_valkey) as do:
        assert await do("KEYS", "*") == []


@pytest.mark.parametrize(
    ("options", "check", "status", "detail", "mend"),
    [
        (
            {"appendfsync": "everysec"},
            "redis.durability",
            Status.FAILED,
            "a crash loses the last second's callbacks",
            "CONFIG SET appendfsync always",
        ),
        (
            {"appendonly": "no"},
            "redis.durability",
            Status.FAILED,
            "a crash loses callbacks",
            "CONFIG SET appendonly yes",
        ),
        (
            {"no_appendfsync_on_rewrite": "yes"},
            "redis.durability",
            Status.FAILED,
            "a crash while the file is rewritten loses callbacks",
            "no-appendfsync-on-rewrite no",
        ),
        (
            {"maxmemory": 500_000_000, "maxmemory_policy": "allkeys-lru"},
            "redis.memory",
            Status.FAILED,
            "allkeys-lru: with 500 MB in use it deletes callbacks",
            "maxmemory-policy noeviction",
        ),
        (
            {"maxmemory_policy": "volatile-ttl"},
            "redis.memory",
            Status.WARNING,
            "volatile-ttl would delete callbacks if maxmemory were set",
            "maxmemory-policy noeviction",
        ),
        ({"maxmemory": 1}, "redis.memory", Status.WARNING, "callers are refused their callback", "raise maxmemory"),
        ({"maxmemory": 1}, "redis.writes", Status.FAILED, "> 'maxmemory'", "raise maxmemory in"),
        (
            {"replicaof": "127.0.0.1 1"},
            "redis.writes",
            Status.FAILED,
            "read only replica",
            "name the primary in [redis] url",
        ),
    ],
)
async def test_each_mistake_is_named_with_its_mend(
    own_valkey: ValkeyServer,
    tmp_path: Path,
    options: dict[str, object],
    check: str,
    status: Status,
    detail: str,
    mend: str,
) -> None:
    if "replicaof" in options:
        async with commands(own_valkey) as do:
            await do("REPLICAOF", "127.0.0.1", "1")
    else:
        await set_options(own_valkey, **options)
    found = (await looked_at(tmp_path, own_valkey.url))[check]
    assert found.status is status, found
    assert detail in found.detail
    assert mend in found.mend


async def test_a_wrong_password(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    await set_options(own_valkey, requirepass="right")
    wrong = own_valkey.url.replace("unix://", "unix://:wrong@")
    for url in (own_valkey.url, wrong):
        checks = await looked_at(tmp_path, url)
        assert checks["redis"].status is Status.FAILED
        assert "refuses us" in checks["redis"].detail
        assert "redis://USER:PASSWORD@HOST:PORT/DB" in checks["redis"].mend
        assert "wrong" not in checks["redis"].detail.replace("WRONGPASS", "").replace("wrong password", "")
        assert all(check.because == "redis" for name, check in checks.items() if name != "redis")


async def test_an_account_that_may_too_little(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    async with commands(own_valkey) as do:
        may = ("+ping", "+eval", "+set", "+del", "+time", "+select")
        await do("ACL", "SETUSER", "poor", "on", ">pw", "~other:*", *may)
    checks = await looked_at(tmp_path, own_valkey.url.replace("unix://", "unix://poor:pw@"))
    assert checks["redis"].status is Status.OK
    assert checks["redis.writes"].status is Status.FAILED
    assert f"ACL SETUSER USER ~{PREFIX}:* +@all" in checks["redis.writes"].mend
    # What it does not tell is not taken for good.
    for name in ("redis.version", "redis.durability", "redis.memory"):
        assert checks[name].status is Status.UNKNOWN, checks[name]
        assert checks[name].mend


async def test_no_server(tmp_path: Path) -> None:
    checks = await looked_at(tmp_path, "redis://127.0.0.1:1/0")
    assert checks["redis"].status is Status.FAILED
    assert "127.0.0.1:1 cannot be used" in checks["redis"].detail
    assert "systemctl start" in checks["redis"].mend


async def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    checks = await looked_at(tmp_path, "redis://:pw@no-such-machine.invalid:6379/0")
    assert checks["redis"].status is Status.FAILED
    assert "the name no-such-machine.invalid cannot be found" in checks["redis"].detail
    assert "/etc/hosts" in checks["redis"].mend


@pytest.mark.slow
async def test_a_server_that_hangs_is_given_up_in_time(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    own_valkey.pause()
    begun_s = time.monotonic()
    checks = await looked_at(tmp_path, own_valkey.url)
    assert time.monotonic() - begun_s < 8
    assert checks["redis"].status is Status.FAILED
    assert "no answer" in checks["redis"].detail


async def test_an_old_server(tmp_path: Path) -> None:
    """No old one can be had here, so one is played: it says what Redis 6.0 says."""
    async with _old_redis() as port:
        checks = await looked_at(tmp_path, f"redis://127.0.0.1:{port}/0")
    assert checks["redis.version"].status is Status.FAILED
    assert checks["redis.version"].detail == "Redis 6.0.16 is too old"
    assert "6.2" in checks["redis.version"].mend


async def test_a_clock_that_is_off(own_valkey: ValkeyServer, tmp_path: Path) -> None:
    """Theirs cannot be changed alone on one machine, so ours is."""
    settings = await settings_of(tmp_path, redis_url=own_valkey.url)
    ahead = named(await examine(settings, now_s=lambda: time.time() - 5), "redis.clock")
    assert ahead.status is Status.FAILED
    assert "Redis's clock is 5.0 s ahead of this machine's" in ahead.detail
    assert "timedatectl set-ntp true" in ahead.mend
    behind = named(await examine(settings, now_s=lambda: time.time() + 3600), "redis.clock")
    assert "3600.0 s behind" in behind.detail
    assert named(await examine(settings, now_s=lambda: time.time() + 1), "redis.clock").status is Status.OK


@asynccontextmanager
async def _old_redis() -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (head := await reader.readline()).startswith(b"*"):
            words = []
            for _ in range(int(head[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2].upper())
            match words:
                case [b"INFO", *_]:
                    info = b"# Server\r\nredis_version:6.0.16\r\n"
                    writer.write(b"$%d\r\n%s\r\n" % (len(info), info))
                case [b"PING"]:
                    writer.write(b"+PONG\r\n")
                case [b"SELECT", _]:
                    writer.write(b"+OK\r\n")
                case _:
                    writer.write(b"-ERR unknown command\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
