"""`ivr doctor`: is this installation fit for callbacks, and if not, what has to be done?"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ivr.doctor.check import Check, Status
from ivr.doctor.examinations import examinations
from ivr.doctor.patient import admitted
from ivr.doctor.report import Quiet, Watcher, as_json, show, verdict, watching
from ivr.doctor.run import run
from ivr.settings import Settings, SettingsRefused, load_settings
from ivr.telemetry.logs import configure_logs

DEFAULT_CONFIG = Path("/etc/ivr/ivr.toml")
UNFIT, UNUSABLE = 1, 2
"""Exit codes: something failed; the settings themselves cannot be used."""
_MEND = "correct that line; it names the option and what would be valid"


def doctor(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="IVR_CONFIG", help="The settings file.")
    ] = DEFAULT_CONFIG,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Examine your Asterisk and Redis, and say how to mend what is wrong. Changes nothing; takes under 15 seconds.

    Exit code 0: nothing failed; 1: something did; 2: the settings cannot be used.
    """
    # What the parts would log is in the findings.
    configure_logs("error", "console", stream=io.StringIO())
    err = Console(stderr=True)
    try:
        settings = load_settings(config, os.environ)
        with watching(err) as watcher:
            checks = [_good_settings(config, settings), *asyncio.run(examine(settings, Quiet() if json else watcher))]
    except SettingsRefused as refused:
        checks = [Check("settings", Status.FAILED, problem, _MEND) for problem in refused.problems]
    if json:
        sys.stdout.write(as_json(checks) + "\n")
    else:
        show(Console(), checks)
    if checks[0].status is Status.FAILED:
        raise typer.Exit(UNUSABLE)
    if not verdict(checks):
        raise typer.Exit(UNFIT)


async def examine(
    settings: Settings, watcher: Watcher | None = None, *, now_s: Callable[[], float] = time.time
) -> list[Check]:
    """Every check of an installation. `now_s`: this machine's clock, epoch seconds.

    Raises SettingsRefused when an address in the settings can be none.
    """
    watcher = watcher or Quiet()
    async with admitted(settings, now_s) as patient:
        todo = examinations(patient)
        watcher.begun([each.name for each in todo])
        return await run(todo, watcher.done)


def _good_settings(config: Path, settings: Settings) -> Check:
    return Check("settings", Status.OK, f"{config}: {len(settings.services)} service(s)")
