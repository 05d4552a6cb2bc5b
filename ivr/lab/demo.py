"""One complete callback on a real Asterisk, shown as it happens."""

from __future__ import annotations

import asyncio
import csv
import time
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.audio.locate import prompts_dir
from ivr.audio.script import load_script
from ivr.domain.callback import Callback, Reason
from ivr.lab.errors import LabError
from ivr.lab.lab import Lab
from ivr.lab.timeline import Line, Timeline
from ivr.store.redis_store import RedisStore

CUSTOMER = "12025550100"
_SERVICE = "support"
AGENTS = 2
TALK_S = 12
WRAPUP_S = 3
_EARLIER_CALLERS = 4
"""Two of them talk and two wait when the customer calls."""
_BETWEEN_CALLERS_S = 1.5
_LIMIT_S = 150.0
_CDR_LAST_COLUMNS = ("ReasonSystemName", "_CB_SERVICE_ID", "_CB_T_SERVICE_START", "_CB_T_CALLBACK_ACCEPTED")
_COLOURS = {
    "caller": "yellow",
    "customer": "yellow",
    "centre": "blue",
    "dialer": "cyan",
    "agent": "magenta",
    "record": "green",
}


class Stage(Protocol):
    """Where the scene is played: a lab of this machine, or the containers."""

    @property
    def redis_url(self) -> str:
        """The application's store."""

    def carrier_cli(self, command: str) -> str:
        """What a CLI command prints on the carrier. Raises LabError."""

    def queue_log(self) -> str:
        """The PBX's queue_log so far. Raises LabError."""

    def cdr(self) -> str:
        """The PBX's call records so far, CSV. Raises LabError."""


class OnLab:
    """A running lab as the stage."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.redis_url = lab.data.redis
        self.carrier_cli = lab.carrier_cli

    def queue_log(self) -> str:
        return Path(self._lab.data.queue_log).read_text()

    def cdr(self) -> str:
        return Path(self._lab.data.cdr).read_text()


async def play(lab: Stage, console: Console) -> None:
    """Fill the queue, have the customer call, and follow them until they have talked to an agent.

    Raises LabError when that does not come about in time.
    """
    store = RedisStore(lab.redis_url)
    try:
        async with asyncio.timeout(_LIMIT_S):
            await _fill_queue(lab, console)
            await _follow_customer(lab, store, console)
    except TimeoutError:
        raise LabError(
            f"the callback did not come about within {_LIMIT_S:.0f} s",
            "run it again with QUEUE_CALLBACK_LAB_KEEP=DIR to keep the logs",
        ) from None
    finally:
        await store.close()


async def _fill_queue(lab: Stage, console: Console) -> None:
    _heading(console, f"A small centre: {AGENTS} agents, {_EARLIER_CALLERS} callers before ours")
    began_s = time.time()
    for i in range(_EARLIER_CALLERS):
        number = f"120255501{51 + i}"
        await _originate(lab, number, "wait-60")
        where = "talks to an agent" if i < AGENTS else "waits in line"
        _show(console, began_s, Line(time.time(), "caller", f"+{number} calls support and {where}"))
        await asyncio.sleep(_BETWEEN_CALLERS_S)


async def _follow_customer(lab: Stage, store: RedisStore, console: Console) -> None:
    _heading(console, f"The customer, +{CUSTOMER}, calls")
    seen = await _last_event(store)
    script = load_script(prompts_dir() / "en-US")
    timeline = Timeline({prompt_id: clip.text for prompt_id, clip in script.clips.items()})
    began_s = time.time()
    await _originate(lab, CUSTOMER, "accept")
    call_id: str | None = None
    callback_id: str | None = None
    while True:
        events = await store.events(_SERVICE, seen, block_s=1.0)
        for event in events:
            seen = event.id
            if call_id is None and event.kind == "wait_estimated":
                call_id = event.call_id
            if event.kind == "accepted" and event.call_id == call_id:
                callback_id = event.callback_id
            if callback_id and event.kind == "pacing" and callback_id in event.data["released"]:
                _heading(console, "Their turn comes")
            for line in timeline.lines([event], {call_id} if call_id else set(), callback_id):
                _show(console, began_s, line)
        callback = await store.get(callback_id) if callback_id else None
        if callback and callback.is_final:
            _show_records(lab, callback, call_id or "", console)
            return


def _show_records(lab: Stage, callback: Callback, call_id: str, console: Console) -> None:
    """Raises LabError when they do not say what they should."""
    _heading(console, "What the records say")
    for attempt in callback.attempts:
        _fact(console, "Redis", f"attempt {attempt.number}: {attempt.result}, {attempt.detail}")
    _fact(console, "Redis", f"{callback.id}  {callback.state}, {callback.reason}")
    log = lab.queue_log().splitlines()
    log = [line for line in log if callback.id in line or call_id in line]
    for line in log:
        _fact(console, "queue_log", line)
    for row in csv.reader(lab.cdr().splitlines()):
        if callback.id in row:
            kept = zip(_CDR_LAST_COLUMNS, row[-len(_CDR_LAST_COLUMNS) :], strict=True)
            _fact(console, "CDR", "  ".join(f"{name}={value}" for name, value in kept if value))
    if callback.reason != Reason.AGENT_CONNECTED:
        raise LabError(f"the callback ended as {callback.reason}", "see the logs (QUEUE_CALLBACK_LAB_KEEP=DIR)")
    if any("|ABANDON|" in line for line in log):
        raise LabError("queue_log has the caller as abandoned", "this is a defect; please report it")


async def _last_event(store: RedisStore) -> str:
    events = await store.events(_SERVICE, "0", limit=100_000)
    return events[-1].id if events else "0"


async def _originate(lab: Stage, number: str, what: str) -> None:
    command = f"channel originate Local/{number}@caller-line/n extension {what}@caller"
    await asyncio.to_thread(lab.carrier_cli, command)


def _heading(console: Console, text: str) -> None:
    console.print(f"\n[bold]{text}[/bold]", highlight=False)


def _show(console: Console, began_s: float, line: Line) -> None:
    moment = Text(f"{line.at_s - began_s:5.1f} s", "dim")
    _row(console, moment, Text(line.who, _COLOURS[line.who]), Text(line.text, line.style))


def _fact(console: Console, name: str, text: str) -> None:
    _row(console, Text(""), Text(name, "green"), Text(text, overflow="fold"))


def _row(console: Console, *cells: Text) -> None:
    row = Table.grid(padding=(0, 2, 0, 0))
    for width in (7, 9, None):
        row.add_column(width=width, overflow="fold")
    row.add_row(*cells)
    console.print(row)
