"""`ivr doctor`: is this installation fit for callbacks, and if not, what has to be done?"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

DEFAULT_CONFIG = Path("/etc/ivr/ivr.toml")
UNFIT, UNUSABLE = 1, 2
"""Exit codes: something failed; the settings themselves cannot be used."""


def doctor(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="IVR_CONFIG", help="The settings file.")
    ] = DEFAULT_CONFIG,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")] = False,
) -> None:
    """Examine your Asterisk and Redis, and say how to mend what is wrong. Changes nothing; takes under 15 seconds.

    Exit code 0: nothing failed; 1: something did; 2: the settings cannot be used.
    """
    # Here and not above: the other commands need not wait for all of it to load.
    from ivr.doctor.check import Check, Status
    from ivr.doctor.examine import examine
    from ivr.doctor.report import Quiet, as_json, show, verdict, watching
    from ivr.settings import SettingsRefused, load_settings
    from ivr.telemetry.logs import configure_logs

    # What the parts would log is in the findings.
    configure_logs("error", "console", stream=io.StringIO())
    try:
        settings = load_settings(config, os.environ)
        good = Check("settings", Status.OK, f"{config}: {len(settings.services)} service(s)")
        with watching(Console(stderr=True)) as watcher:
            checks = [good, *asyncio.run(examine(settings, Quiet() if json else watcher))]
    except SettingsRefused as refused:
        mend = "correct the settings file, or name another one: ivr doctor --config FILE"
        checks = [Check("settings", Status.FAILED, problem, mend) for problem in refused.problems]
    if json:
        sys.stdout.write(as_json(checks) + "\n")
    else:
        show(Console(), checks)
    if checks[0].status is Status.FAILED:
        raise typer.Exit(UNUSABLE)
    if not verdict(checks):
        raise typer.Exit(UNFIT)
