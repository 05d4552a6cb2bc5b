"""The process that holds a lab together: starts its parts, starts again what dies, and ends all of it.

It runs in a session of its own, beside the program that asked for the lab, and holds one end of a pipe to it: when
that program ends, in whatever way, the pipe closes and the lab ends. When the keeper itself is killed, the kernel
kills its children (PR_SET_PDEATHSIG) and with each Asterisk its mounts.

    python -m ivr.lab.keeper LOCK_FD RUN_DIR TREE     settings on stdin, one JSON line; events on stdout, JSON lines
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ivr.lab import control, run_dir
from ivr.lab.errors import LabError
from ivr.lab.part import Part
from ivr.lab.plan import Plan, make_plan
from ivr.lab.settings import LabSettings

APP_PATIENCE_S = 1.0
"""How long the application may take to close its connections before all is killed."""


class Keeper:
    """A lab's parts and the answers to what is asked of them."""

    def __init__(self, plan: Plan, tell: Callable[..., None]) -> None:
        self._plan = plan
        self._tell = tell
        self._told_starts: dict[str, int] = {}
        self._is_up = False
        self.end = asyncio.Event()
        self.parts = {part.name: part for part in plan.parts(self._changed)}

    async def up(self) -> None:
        """Starts all parts: the application last, the others at once. Raises `LabError`."""
        first = [part for name, part in self.parts.items() if name != "app"]
        await _all(*(self._start(part) for part in first))
        if "app" in self.parts:
            await self._start(self.parts["app"])
        self._is_up = True
        self._write_data()

    async def _start(self, part: Part) -> None:
        self._tell("step", text=f"starting {self._plan.describe(part.name)}")
        await part.start()
        self._tell("step", text=f"{self._plan.describe(part.name)} is ready")

    async def down(self) -> None:
        """Ends all parts: the application gently, the others at once."""
        if "app" in self.parts:
            await self.parts["app"].stop(patience_s=APP_PATIENCE_S)
        await asyncio.gather(*(part.stop(signal.SIGKILL) for part in self.parts.values()))

    def data_line(self) -> str:
        """The contract's JSON line, with the pids of now."""
        pids = {part.name: part.pid for part in self.parts.values() if part.pid is not None}
        return self._plan.data({**pids, "keeper": os.getpid()}).as_json()

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Does what came over the control socket."""
        match request:
            case {"do": "ps"}:
                return {"data": self.data_line()}
            case {"do": "down"}:
                self.end.set()
                return {}
            case {"do": "start", "part": str(name)}:
                await self._part(name).start()
            case {"do": "stop", "part": str(name), "signal": int(number)}:
                await self._part(name).stop(signal.Signals(number))
            case {"do": "signal", "part": str(name), "signal": int(number)}:
                self._part(name).signal(signal.Signals(number))
            case _:
                raise LabError(f"the lab cannot do {request!r}")
        return {"data": self.data_line()}

    def _part(self, name: str) -> Part:
        try:
            return self.parts[name]
        except KeyError:
            raise LabError(f"the lab has no part {name!r}", f"it has {', '.join(self.parts)}") from None

    def _changed(self, part: Part) -> None:
        if part.pid is not None and self._is_up and part.starts > self._told_starts.get(part.name, 0):
            self._tell("restarted", part=part.name, pid=part.pid)
        self._told_starts[part.name] = part.starts
        if self._is_up:
            self._write_data()

    def _write_data(self) -> None:
        target = self._plan.where / "lab.json"
        fresh = target.with_suffix(".new")
        fresh.write_text(self.data_line())
        fresh.replace(target)


async def keep(settings: LabSettings, where: Path, tree: Path, tell: Callable[..., None]) -> None:
    """Runs a lab in `where` until its owner ends, asks for its end, or a signal comes."""
    keeper = Keeper(make_plan(settings, where, tree), tell)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, keeper.end.set)
    tasks = [asyncio.create_task(part.supervise()) for part in keeper.parts.values()]
    tasks.append(asyncio.create_task(_watch_owner(keeper.end)))
    ending = asyncio.create_task(_wait_for(keeper.end))
    starting = asyncio.create_task(keeper.up())
    try:
        await asyncio.wait({ending, starting}, return_when=asyncio.FIRST_COMPLETED)
        if not keeper.end.is_set():
            await starting
            async with control.serve(where, keeper.answer):
                tell("ready", data=keeper.data_line())
                await asyncio.wait({ending, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done() and not task.cancelled() and (failure := task.exception()):
                        raise failure
    finally:
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, LabError):
            await starting
        await keeper.down()
        for task in (ending, *tasks):
            task.cancel()


async def _watch_owner(end: asyncio.Event) -> None:
    """Sets `end` when the other side of our stdin is closed: its process has ended or wants us to."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
    end.set()
    await asyncio.Event().wait()


async def _wait_for(event: asyncio.Event) -> None:
    await event.wait()


async def _all(*waits: Awaitable[None]) -> None:
    """All of them, or the first one's error as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for wait in waits:
                group.create_task(_coroutine(wait))
    except* LabError as failed:
        raise failed.exceptions[0] from None


async def _coroutine(wait: Awaitable[None]) -> None:
    await wait


def _tell(event: str, **facts: Any) -> None:
    # The owner may be gone; then nobody is left to be told.
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
        sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """The keeper's whole life."""
    where, tree = Path(arguments[1]), Path(arguments[2])
    settings = LabSettings.from_json(json.loads(sys.stdin.readline()))
    code = 0
    try:
        asyncio.run(keep(settings, where, tree, _tell))
        _tell("stopped")
    except LabError as error:
        _tell("error", what=error.what, mend=error.mend)
        code = 1
    except Exception as error:  # noqa: BLE001  whatever it is, the owner must be told why the lab ends
        _tell("error", what=f"the lab's keeper failed: {error!r}", mend="please report this")
        code = 1
    finally:
        if settings.keep:
            run_dir.keep(where, Path(settings.keep))
        run_dir.remove(where)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
