"""`ivr lab ...`: the lab for a person and for scripts."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from ivr.lab import control, places
from ivr.lab import demo as scene
from ivr.lab.data import LabData
from ivr.lab.errors import LabError
from ivr.lab.lab import Lab
from ivr.lab.render import Rendering
from ivr.lab.render import render as render_files
from ivr.lab.report import show_lab
from ivr.lab.settings import LabSettings, parse_options

app = typer.Typer(
    name="lab",
    help="A real Asterisk, a telephone network and agents on this machine's loopback, to try and to test on.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON line instead of a picture.")]


class _Ended(BaseException):
    """SIGTERM, raised where the program is, so that every `with` on the way ends what it holds."""


@app.command()
def up(
    *,
    json: Json = False,
    carrier: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="The SIP peer that plays the customers.")
    ] = places.CARRIER_PEER,
    agents: Annotated[int, typer.Option(help="Simulated agents in the queue, 0 to 100.")] = 2,
    talk_s: Annotated[int, typer.Option("--talk-s", help="Seconds that an agent talks to a caller.")] = 20,
    set_options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SERVICE.OPTION=VALUE", help="A service's option; may be given again."),
    ] = None,
    no_app: Annotated[bool, typer.Option("--no-app", help="Leave the application out, to run it yourself.")] = False,
) -> None:
    """Start the lab and stay until Ctrl-C (SIGINT) or SIGTERM; then all of it is gone."""
    out, err = Console(), Console(stderr=True)
    signal.signal(signal.SIGTERM, _end)
    # A shell may have started us in the background with Ctrl-C ignored; we end by it all the same.
    signal.signal(signal.SIGINT, _end)
    try:
        with err.status("starting the lab") as status:

            def on_event(kind: str, text: str) -> None:
                match kind:
                    case "step" if err.is_terminal:
                        status.update(text)
                    case "step":
                        err.print(text, markup=False, highlight=False, soft_wrap=True)
                    case "restarted":
                        err.print(f"started again: {text}", style="yellow", markup=False, highlight=False)

            lab = Lab(
                agents=agents,
                talk_s=talk_s,
                carrier=carrier,
                options=parse_options(set_options or []),
                app=not no_app,
                on_event=on_event,
            )
            with lab:
                status.stop()
                if json:
                    _print_line(lab.data)
                else:
                    show_lab(out, lab.data, agents=agents)
                _wait(lab.ended)
                if lab.was_killed:
                    raise LabError("the lab's keeper was killed, and the lab with it", "start it again")
                err.print("the lab has ended")
    except LabError as error:
        _fail(error)
    except _Ended:
        err.print("the lab has ended")


def demo(
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the timeline as a picture, too.")] = None,
) -> None:
    """Boot the lab, drive one callback from the call to the agent, and show it as it happens."""
    out, err = Console(record=svg is not None, width=120 if svg else None), Console(stderr=True)
    signal.signal(signal.SIGTERM, _end)
    began = time.monotonic()
    try:
        with err.status("starting the lab") as status:

            def on_event(kind: str, text: str) -> None:
                if kind == "step" and err.is_terminal:
                    status.update(text)
                else:
                    err.print(text, markup=False, highlight=False, soft_wrap=True)

            lab = Lab(agents=scene.AGENTS, talk_s=scene.TALK_S, wrapup_s=scene.WRAPUP_S, on_event=on_event)
            lab.start()
        try:
            asyncio.run(scene.play(scene.OnLab(lab), out))
        finally:
            lab.end()
        took_s = time.monotonic() - began
        out.print(f"\nOne callback, from the call to the agent, in {took_s:.0f} s. All is stopped.", highlight=False)
        if svg:
            # Without the fonts that rich would have the reader fetch from elsewhere.
            svg.write_text(re.sub(r"@font-face {.*?}\s*", "", out.export_svg(title="make demo"), flags=re.DOTALL))
    except LabError as error:
        _fail(error)
    except (_Ended, KeyboardInterrupt):
        err.print("the demo was ended; all is stopped")
        raise typer.Exit(130) from None


@app.command()
def render(
    directory: Annotated[Path, typer.Argument(help="Gets the directories pbx, carrier, store, app and secrets.")],
    *,
    pbx: Annotated[str, typer.Option(help="The PBX's address.")],
    carrier: Annotated[str, typer.Option(help="The carrier stand-in's address.")],
    store: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where Valkey is to listen.")],
    around: Annotated[str, typer.Option(metavar="CIDR", help="Where calls and AMI connections may come from.")],
    agents: Annotated[int, typer.Option(help="Simulated agents in the queue, 0 to 100.")] = 2,
    talk_s: Annotated[int, typer.Option("--talk-s", help="Seconds that an agent talks to a caller.")] = 20,
    wrapup_s: Annotated[int, typer.Option("--wrapup-s", help="The queue's wrap-up time, seconds.")] = 5,
    set_options: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SERVICE.OPTION=VALUE", help="A service's option; may be given again."),
    ] = None,
) -> None:
    """Write the lab's files for machines of their own: what the containers of docker/compose.yaml run on."""
    try:
        chosen = LabSettings(
            agents=agents, talk_s=talk_s, wrapup_s=wrapup_s, options=parse_options(set_options or [])
        )
        render_files(directory, Rendering(pbx, carrier, around, store, chosen))
    except LabError as error:
        _fail(error)
    except OSError as error:
        _fail(LabError(f"{error.filename} cannot be written: {error.strerror}"))


@app.command()
def ps(*, json: Json = False) -> None:
    """Show the running lab: addresses, log-ins, the pids of now."""
    try:
        data = LabData.from_json(control.ask(places.run_dir(), {"do": "ps"})["data"])
    except LabError as error:
        _fail(error)
    if json:
        _print_line(data)
    else:
        show_lab(Console(), data)


@app.command()
def down() -> None:
    """End the running lab."""
    try:
        control.ask(places.run_dir(), {"do": "down"})
    except LabError as error:
        _fail(error)


def _wait(ended: threading.Event) -> None:
    # In slices, because a signal is only seen between two of them.
    while not ended.wait(0.2):
        pass


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _Ended


def _print_line(data: LabData) -> None:
    sys.stdout.write(data.as_json() + "\n")
    sys.stdout.flush()


def _fail(error: LabError) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(f"lab: {error}", style="red", markup=False, highlight=False)
    raise typer.Exit(1)
