"""Clocks: a place in line, a lease and a booked time are moments that several machines must understand alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ivr.doctor.check import Finding, failed, ok
from ivr.doctor.patient import Patient

LIMIT_S: Final = 2.0


async def asterisk(patient: Patient) -> Finding:
    """Asterisk's clock and ours agree."""

    async def theirs() -> float:
        return (await patient.ari.asterisk.ping()).at_s

    return await compared("Asterisk", theirs, patient.now_s)


async def time_zones(_patient: Patient) -> Finding:
    """The time zones of customers are known here."""
    try:
        await asyncio.to_thread(ZoneInfo, "America/New_York")
    except ZoneInfoNotFoundError:
        return failed("this machine has no time zone database", "pip install tzdata, or apt-get install tzdata")
    return ok("the time zone database is there")


async def compared(whose: str, theirs: Callable[[], Awaitable[float]], now_s: Callable[[], float]) -> Finding:
    """How far another machine's clock is from this one's. What the question itself took does not count against it."""
    before_s = now_s()
    at_s = await theirs()
    after_s = now_s()
    off_s = at_s - (before_s + after_s) / 2
    sure_s = abs(off_s) - (after_s - before_s) / 2
    if sure_s <= LIMIT_S:
        return ok(f"within {max(sure_s, 0):.1f} s of ours")
    return failed(
        f"{whose}'s clock is {abs(off_s):.1f} s {'ahead of' if off_s > 0 else 'behind'} this machine's",
        "let both follow a time server: `timedatectl set-ntp true`, or chrony, on each machine",
    )
