"""One examination of an installation, from the settings to the list of checks."""

from __future__ import annotations

import time
from collections.abc import Callable

from ivr.doctor.check import Check
from ivr.doctor.examinations import examinations
from ivr.doctor.patient import admitted
from ivr.doctor.report import Quiet, Watcher
from ivr.doctor.run import run
from ivr.settings import Settings


async def examine(
    settings: Settings, watcher: Watcher | None = None, *, now_s: Callable[[], float] = time.time
) -> list[Check]:
    """Every check. `now_s`: this machine's clock, epoch seconds.

    Raises SettingsRefused when an address in the settings can be none.
    """
    watcher = watcher or Quiet()
    async with admitted(settings, now_s) as patient:
        todo = examinations(patient)
        watcher.begun([each.name for each in todo])
        return await run(todo, watcher.done)
