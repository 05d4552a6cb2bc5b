"""`ivr`: every command."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from ivr.audio.cli import app as prompts
from ivr.doctor.cli import DEFAULT_CONFIG, doctor
from ivr.ewt.cli import app as ewt
from ivr.lab.cli import app as lab
from ivr.lab.cli import demo
from ivr.service.cli import app as services
from ivr.web.cli import app as callbacks

app = typer.Typer(
    name="ivr",
    help="Queue callback for contact centres on Asterisk.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(lab, name="lab")
app.add_typer(prompts, name="prompts")
app.add_typer(services, name="services")
app.add_typer(ewt, name="ewt")
app.add_typer(callbacks, name="callbacks")
app.command()(demo)
app.command()(doctor)
app.command()(doctor)

Config = Annotated[Path, typer.Option("--config", "-c", envvar="IVR_CONFIG", help="The settings file.")]


@app.command()
def run(config: Config = DEFAULT_CONFIG) -> None:
    """Answer calls, offer callbacks and make them, until SIGTERM or Ctrl-C."""
    # Here and not above: the other commands need not wait for all of it to load.
    from ivr.app import serve
    from ivr.settings import SettingsRefused, load_settings
    from ivr.telemetry.logs import configure_logs

    try:
        settings = load_settings(config, os.environ)
    except SettingsRefused as refused:
        _fail(refused.problems, status=2)
    configure_logs(settings.log.level, settings.log.format, mask_numbers=settings.log.mask_numbers)

    async def until_told() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(settings, stop)

    try:
        asyncio.run(until_told())
    except OSError as error:
        _fail([f"cannot listen on {settings.http.host}:{settings.http.port}: {error.strerror}"], status=1)


def _fail(problems: list[str], *, status: int) -> NoReturn:
    for problem in problems:
        Console(stderr=True, soft_wrap=True).print(problem, style="red", markup=False, highlight=False)
    sys.exit(status)
