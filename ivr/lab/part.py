"""One process of the lab: started, watched, started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

from ivr.lab.errors import LabError
from ivr.lab.jail import Jail
from ivr.lab.process import child_of, die_with_parent

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
SETTLED_S = 10.0
"""A part that lived this long is started again without a longer pause than the first."""

READY_S = 40.0
STOP_S = 3.0
"""How long a part may take to end by itself before it is killed."""


class Part:
    """A process of the lab and its keeper. Use from one event loop, whose thread must live as long as the process.

    name: its name in `pids`. command: what is run. log: the file that gets its output.
    is_ready: asked every tenth of a second after the start. jail: where it runs, for an Asterisk.
    on_change: called when its pid changes.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        *,
        log: Path,
        is_ready: Callable[[], Awaitable[bool]],
        on_change: Callable[[Part], None],
        jail: Jail | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.pid: int | None = None
        self.starts = 0
        self._command = command
        self._is_ready = is_ready
        self._on_change = on_change
        self._jail = jail
        self._process: asyncio.subprocess.Process | None = None
        self._wanted = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._ready = asyncio.Event()

    async def supervise(self) -> None:
        """Keeps the process running while it is wanted; never returns."""
        pause_s = FIRST_PAUSE_S
        clock = asyncio.get_running_loop().time
        while True:
            await self._wanted.wait()
            began = clock()
            await self._run_once()
            if self._wanted.is_set():
                pause_s = FIRST_PAUSE_S if clock() - began > SETTLED_S else min(pause_s * 2, LONGEST_PAUSE_S)
                await asyncio.sleep(pause_s)

    async def start(self) -> None:
        """Starts it and returns when it is ready.

        Raises `LabError` with the end of its log when it ends instead, or is not ready within `READY_S`.
        """
        before = self.starts
        self._wanted.set()
        try:
            async with asyncio.timeout(READY_S):
                while not self._ready.is_set():
                    if self.starts > before and self._ended.is_set():
                        raise LabError(f"{self.name} ended while it started: {self._last_words()}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise LabError(f"{self.name} is not ready after {READY_S:.0f} s: {self._last_words()}") from None

    async def stop(self, with_signal: signal.Signals = signal.SIGTERM, patience_s: float = STOP_S) -> None:
        """Ends it and leaves it ended: with the signal given, then, after `patience_s`, by SIGKILL."""
        self._wanted.clear()
        self.signal(with_signal)
        try:
            async with asyncio.timeout(patience_s):
                await self._ended.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self._ended.wait()

    def signal(self, number: signal.Signals) -> None:
        """Sends the process a signal. If it dies of it, it is started again, unless `stop` was asked for."""
        if self._process is None or self._ended.is_set():
            return
        with contextlib.suppress(ProcessLookupError):
            if self._jail is None or self.pid is None or number == signal.SIGKILL:
                # For an Asterisk this kills its wrapper, and the kernel kills it with that.
                self._process.send_signal(number)
            else:
                # The wrapper lets nothing gentler through.
                os.kill(self.pid, number)

    async def _run_once(self) -> None:
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.log.parent,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        self._ended.clear()
        self.starts += 1
        watch = asyncio.create_task(self._announce_ready())
        try:
            await self._process.wait()
        finally:
            watch.cancel()
            self._ready.clear()
            self._set_pid(None)
            self._ended.set()

    async def _announce_ready(self) -> None:
        assert self._process is not None
        if self._jail is None:
            self._set_pid(self._process.pid)
        else:
            while (pid := child_of(self._process.pid)) is None:  # noqa: ASYNC110  nobody else could tell us
                await asyncio.sleep(0.01)
            self._set_pid(pid)
        while not await self._is_ready():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        self._ready.set()

    def _set_pid(self, pid: int | None) -> None:
        self.pid = pid
        if self._jail is not None:
            if pid is None:
                self._jail.pid_file.unlink(missing_ok=True)
            else:
                self._jail.pid_file.write_text(str(pid))
        self._on_change(self)

    def _last_words(self) -> str:
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return " / ".join(lines[-3:]) or "it said nothing"
