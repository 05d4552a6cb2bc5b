"""The Redis server: there, new enough, writable, durable, and not forgetful."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from redis import exceptions as redis_errors

from ivr.doctor.check import Finding, failed, ok, unknown, warning
from ivr.doctor.clock_checks import compared
from ivr.doctor.names import unknown_redis
from ivr.doctor.patient import Patient
from ivr.store.durability import judge
from ivr.store.keys import PREFIX
from ivr.store.port import StoreError

OLDEST: Final = (6, 2)
_PROBE_KEY: Final = f"{PREFIX}:{{doctor}}:probe"
_NEARLY_FULL: Final = 0.9
_REFUSED: Final = ("NOAUTH", "WRONGPASS", "invalid username-password", "invalid password", "Authentication")
_MAKE_DURABLE: Final = (
    "in redis.conf: `appendonly yes` and `appendfsync always`; now:"
    " `redis-cli CONFIG SET appendonly yes`, `redis-cli CONFIG SET appendfsync always`, `redis-cli CONFIG REWRITE`"
)


async def reachable(patient: Patient) -> Finding:
    """It answers, and accepts our password."""
    if finding := await unknown_redis(patient.settings):
        return finding
    url = urlsplit(patient.settings.redis.url.get_secret_value())
    shown = url.path if url.scheme == "unix" else f"{url.hostname}:{url.port or 6379}"
    try:
        await patient.store.run(lambda redis: redis.ping(), repeatable=False)
    except StoreError as error:
        text = _said(error)
        if any(word in text for word in _REFUSED):
            return failed(
                f"{shown} refuses us: {text}",
                "put the user and password into [redis] url (redis://USER:PASSWORD@HOST:PORT/DB) or REDIS_URL",
            )
        return failed(
            f"{shown} cannot be used: {text}",
            "start the server (`systemctl start redis-server`), or correct [redis] url or REDIS_URL",
        )
    return ok(shown)


async def version(patient: Patient) -> Finding:
    """New enough for the scripts."""
    info = await _info(patient, "server")
    if isinstance(info, Finding):
        return info
    # Valkey says in redis_version with which Redis it is compatible.
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {info.get('redis_version')}"
    numbers = re.findall(r"\d+", str(info.get("redis_version", "")))
    if tuple(int(number) for number in numbers[:2]) < OLDEST:
        return failed(f"{name} is too old", "install Redis 6.2 or newer, or Valkey")
    return ok(name)


async def writable(patient: Patient) -> Finding:
    """It carries out a script that writes, and takes away again what it wrote."""
    script = "redis.call('SET', KEYS[1], '1') return redis.call('DEL', KEYS[1])"
    try:
        await patient.store.run(lambda redis: redis.eval(script, 1, _PROBE_KEY))
    except StoreError as error:
        return failed(f"a script that writes was refused: {_said(error)}", _mend_of_refusal(error))
    return ok("scripts run and write")


async def durability(patient: Patient) -> Finding:
    """What it has answered for is on the disk."""
    try:
        settings = await patient.store.run(lambda redis: redis.config_get("*append*"))
    except StoreError as error:
        return _not_told(f"the server does not tell its settings ({_said(error)})")
    verdict = judge(settings)
    if verdict.safe is None:
        return _not_told(verdict.detail)
    if not verdict.safe:
        return failed(verdict.detail, _MAKE_DURABLE)
    if settings.get("no-appendfsync-on-rewrite") == "yes":
        return failed(
            "no-appendfsync-on-rewrite yes: a crash while the file is rewritten loses callbacks",
            "in redis.conf: `no-appendfsync-on-rewrite no`; now:"
            " `redis-cli CONFIG SET no-appendfsync-on-rewrite no`, `redis-cli CONFIG REWRITE`",
        )
    info = await _info(patient, "persistence")
    if isinstance(info, Mapping) and info.get("aof_last_write_status", "ok") != "ok":
        return failed(
            "the last write to its append-only file failed", "look for a full disk, and into the server's log"
        )
    return ok(verdict.detail)


async def memory(patient: Patient) -> Finding:
    """It refuses what it has no room for, and throws nothing else away for it."""
    info = await _info(patient, "memory")
    if isinstance(info, Finding):
        return info
    policy, limit, used = info.get("maxmemory_policy"), int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if policy is None:
        return unknown("the server does not tell maxmemory-policy", "see to it that it is noeviction")
    mend = (
        "in redis.conf: `maxmemory-policy noeviction`; now:"
        " `redis-cli CONFIG SET maxmemory-policy noeviction`, `redis-cli CONFIG REWRITE`"
    )
    if policy != "noeviction":
        if not limit:
            return warning(f"maxmemory-policy {policy} would delete callbacks if maxmemory were set", mend)
        return failed(f"maxmemory-policy {policy}: with {_mb(limit)} in use it deletes callbacks", mend)
    if limit and used > _NEARLY_FULL * limit:
        return warning(
            f"{_mb(used)} of {_mb(limit)} are in use; when it is full, callers are refused their callback",
            "raise maxmemory in redis.conf",
        )
    return ok(f"noeviction, {_mb(used)} in use" + (f" of {_mb(limit)}" if limit else ""))


async def clock(patient: Patient) -> Finding:
    """Its clock and ours agree."""

    async def theirs() -> float:
        seconds, microseconds = await patient.store.run(lambda redis: redis.time())
        return float(seconds) + float(microseconds) / 1e6

    return await compared("Redis", theirs, patient.now_s)


async def _info(patient: Patient, section: str) -> Mapping[str, Any] | Finding:
    try:
        told: Mapping[str, Any] = await patient.store.run(lambda redis: redis.info(section))
    except StoreError as error:
        return unknown(f"the server does not answer INFO ({_said(error)})", "allow our account +info")
    return told


def _not_told(why: str) -> Finding:
    return unknown(why, f"allow our account +config|get, or see to it yourself: {_MAKE_DURABLE.partition(';')[0]}")


def _mend_of_refusal(error: StoreError) -> str:
    match error.__cause__:
        case redis_errors.ReadOnlyError():
            return "this is a replica: name the primary in [redis] url"
        case redis_errors.NoPermissionError():
            return f"allow our account all commands on our keys: `ACL SETUSER USER ~{PREFIX}:* +@all`"
        case redis_errors.OutOfMemoryError():
            return "raise maxmemory in redis.conf"
        case Exception() as cause if "MISCONF" in str(cause):
            return "the server cannot write to its disk: look for a full disk, and into its log"
        case _:
            return "look into the server's log"


def _said(error: StoreError) -> str:
    """The server's own words."""
    return str(error).partition(": ")[2] or str(error)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
