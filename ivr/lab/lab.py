"""Starts and ends a lab for a program; what tests and `ivr lab up` use."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ivr.lab import control, places, preflight, rootfs, run_dir
from ivr.lab.carrier_log import CarrierEvent, read_events
from ivr.lab.data import LabData
from ivr.lab.errors import LabError
from ivr.lab.settings import LabSettings, OptionValue

BOOT_S = 90.0
END_S = 15.0


class Lab:
    """A lab as a context manager, `with` or `async with`; it ends with the block, or with this process.

        with Lab(agents=1, options={"support": {"_ewt_threshold": 0}}) as lab:
            lab.data.sip, lab.pbx_cli("core show channels"), lab.kill("app")

    Every method blocks; from a coroutine use `asyncio.to_thread`. Every failure is a `LabError`.
    on_event: gets ("step", text), ("restarted", "app (pid 7)") and the like, from another thread.
    """

    def __init__(
        self,
        *,
        agents: int = 2,
        talk_s: int = 20,
        wrapup_s: int = 5,
        carrier: str = places.CARRIER_PEER,
        options: Mapping[str, Mapping[str, OptionValue]] | None = None,
        app: bool = True,
        keep: str | Path = "",
        on_event: Callable[[str, str], None] | None = None,
    ) -> None:
        self.settings = LabSettings(
            agents=agents,
            talk_s=talk_s,
            wrapup_s=wrapup_s,
            carrier=carrier,
            options=options or {},
            app=app,
            keep=str(Path(keep).absolute()) if keep else os.environ.get("QUEUE_CALLBACK_LAB_KEEP", ""),
        )
        self.where = places.run_dir()
        self.ended = threading.Event()
        self.was_killed = False
        self._on_event = on_event or (lambda kind, text: None)
        self._keeper: subprocess.Popen[str] | None = None
        self._data: LabData | None = None
        self._outcome: queue.SimpleQueue[LabData | LabError] = queue.SimpleQueue()

    # ---- its life

    def start(self) -> LabData:
        """Boots it and returns when every part is ready. Builds the Asterisk tree first if it is not cached."""
        preflight.check_machine(self.where)
        tree = rootfs.ensure(lambda line: self._on_event("step", line))
        claim = run_dir.claim(self.where)
        try:
            preflight.check_ports(preflight.needed_ports(app=self.settings.app))
            self._start_keeper(claim, tree)
        except BaseException:
            if self._keeper is None:
                run_dir.remove(self.where)
            raise
        finally:
            os.close(claim)  # The keeper holds it now.
        try:
            outcome = self._outcome.get(timeout=BOOT_S)
        except queue.Empty:
            outcome = LabError(f"the lab is not ready after {BOOT_S:.0f} s")
        except BaseException:
            self.end()
            raise
        if isinstance(outcome, LabError):
            self.end()
            raise outcome
        self._data = outcome
        return outcome

    def end(self) -> None:
        """Ends it, and returns when nothing of it is left. More than once does no harm."""
        keeper = self._keeper
        if keeper is None:
            return
        assert keeper.stdin is not None
        keeper.stdin.close()
        try:
            keeper.wait(END_S)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()
        self.ended.wait(END_S)
        self._keeper = None
        if keeper.returncode < 0:
            # It was killed; its children were killed with it, but its directory is still there.
            run_dir.remove(self.where)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.end)

    # ---- what it is

    @property
    def data(self) -> LabData:
        """Addresses, passwords and paths, as of the start; the pids of now are in `ps()`."""
        if self._data is None:
            raise LabError("the lab is not started")
        return self._data

    def ps(self) -> LabData:
        """The same with the pids of now; a part that is stopped or just starting again has none."""
        return self._ask(do="ps")

    # ---- its parts: pbx, carrier, redis, app

    def stop(self, part: str, with_signal: signal.Signals = signal.SIGTERM) -> None:
        """Ends a part and leaves it ended. SIGKILL makes it a crash."""
        self._ask(do="stop", part=part, signal=int(with_signal))

    def start_part(self, part: str) -> LabData:
        """Starts a part that was stopped; returns when it is ready."""
        return self._ask(do="start", part=part)

    def signal(self, part: str, number: signal.Signals) -> None:
        """Sends a part a signal; one that dies of it is started again by the lab."""
        self._ask(do="signal", part=part, signal=int(number))

    def kill(self, part: str, *, patience_s: float = 40.0) -> LabData:
        """Kills a part (SIGKILL) and returns when the lab has started it again and it is ready."""
        before = self.ps().pids.get(part)
        self.signal(part, signal.SIGKILL)
        deadline = time.monotonic() + patience_s
        while self.ps().pids.get(part) in (None, before):
            if time.monotonic() > deadline:
                raise LabError(f"{part} was not started again within {patience_s:.0f} s")
            time.sleep(0.05)
        return self.start_part(part)

    def pbx_cli(self, command: str) -> str:
        """What a CLI command prints on the PBX."""
        return _run([*self.data.asterisk_cli, command])

    def carrier_cli(self, command: str) -> str:
        """What a CLI command prints on the carrier."""
        return _run([*self.data.carrier_cli, command])

    def set_talk_s(self, talk_s: int) -> None:
        """From the next call on, simulated agents talk this long, seconds."""
        self.carrier_cli(f"dialplan set global TALK_S {talk_s}")

    # ---- what the carrier saw

    def carrier_events(self, who: str = "") -> list[CarrierEvent]:
        """Rings, answers, pressed digits and ends so far, of all or of one number or agent, oldest first."""
        events = read_events(Path(self.data.carrier_calls))
        return [event for event in events if who in ("", event.who)]

    def rings(self, who: str) -> int:
        """How often a number or an agent was called."""
        return sum(event.what == "ring" for event in self.carrier_events(who))

    def recordings(self, who: str) -> list[Path]:
        """What a number or an agent heard, one file a call, oldest first."""
        return sorted(Path(self.data.carrier_recordings).glob(f"{who.removeprefix('+')}-*-heard.wav"))

    # ---- inside

    def _ask(self, **request: Any) -> LabData:
        return LabData.from_json(control.ask(self.where, request)["data"])

    def _start_keeper(self, claim: int, tree: Path) -> None:
        errors = self.where / "keeper.log"
        with errors.open("w") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-m", "ivr.lab.keeper", str(claim), str(self.where), str(tree)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                pass_fds=[claim],
            )
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(json.dumps(self.settings.as_json()) + "\n")
        self._keeper.stdin.flush()
        threading.Thread(target=self._listen, args=(self._keeper,), name="lab-events", daemon=True).start()

    def _listen(self, keeper: subprocess.Popen[str]) -> None:
        assert keeper.stdout is not None
        last = ""
        for line in keeper.stdout:
            said = json.loads(line)
            last = said["event"]
            match said:
                case {"event": "ready", "data": data}:
                    self._outcome.put(LabData.from_json(data))
                case {"event": "error", "what": what, "mend": mend}:
                    self._outcome.put(LabError(what, mend))
                    self._on_event("error", str(LabError(what, mend)))
                case {"event": "restarted", "part": part, "pid": pid}:
                    self._on_event("restarted", f"{part} (pid {pid})")
                case {"event": kind, **facts}:
                    self._on_event(kind, str(facts.get("text", "")))
        keeper.stdout.close()
        self.was_killed = last not in ("stopped", "error")
        self._outcome.put(LabError("the lab's keeper ended"))
        self.ended.set()


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"the command {command[-1]!r} could not be run: {error}") from error
    if done.returncode != 0:
        raise LabError(f"the command {command[-1]!r} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout
