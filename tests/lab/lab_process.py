"""`ivr lab up` as a process of its own, in a network name space of its own, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import own_network

from ivr.lab.process import is_alive

IVR_LAB = [sys.executable, "-c", "from ivr.lab.cli import app; app(prog_name='ivr lab')"]
UP_S = 60.0
GONE_S = 4.0
"""After a kill -9 of its owner a lab is gone within two seconds; twice that on a busy machine."""


class LabProcess:
    """Runs `ivr lab` commands for one run directory; `up()` starts the lab itself."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.env = {**os.environ, "QUEUE_CALLBACK_LAB_DIR": str(where)}
        self.owner: subprocess.Popen[str] | None = None
        self.line: dict[str, Any] = {}

    def up(self, *arguments: str) -> dict[str, Any]:
        """Starts it without the application and returns its JSON line."""
        self.clear()
        command = own_network.argv(*IVR_LAB, "up", "--json", "--no-app", *arguments)
        self.owner = subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.owner.stdout is not None
        first = self.owner.stdout.readline()
        if not first:
            raise AssertionError(f"no JSON line: {self.errors()}")
        self.line = json.loads(first)
        return self.line

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `ivr lab ARGUMENTS` to its end."""
        return subprocess.run(
            [*IVR_LAB, *arguments], env=self.env, capture_output=True, text=True, timeout=UP_S, check=False
        )

    def pids(self) -> dict[str, int]:
        """The pids of now."""
        done = self.ask("ps", "--json")
        assert done.returncode == 0, done.stderr
        pids: dict[str, int] = json.loads(done.stdout)["pids"]
        return pids

    def cli(self, command: str, on: str = "asterisk_cli") -> str:
        """What a CLI command printed on the PBX (or with `on="carrier_cli"` on the carrier)."""
        return subprocess.run([*self.line[on], command], capture_output=True, text=True, check=True).stdout

    def sipp(self, *arguments: str, own_ip: str, port: int = 5070) -> list[str]:
        """The command line of SIPp in the lab's network, making or taking one call at `own_ip`."""
        enter = ["nsenter", "--target", str(self.pids()["keeper"]), "--net"]
        own = ["-i", own_ip, "-p", str(port), "-mi", own_ip, "-mp", "20000"]
        return [*enter, "sipp", *arguments, *own, "-m", "1", "-nostdin", "-timeout", "30", "-timeout_error"]

    def errors(self) -> str:
        """What the owner wrote to stderr; waits for its end."""
        assert self.owner is not None
        return self.owner.communicate(timeout=UP_S)[1]

    def wait(self) -> int:
        """The owner's exit status."""
        assert self.owner is not None
        return self.owner.wait(UP_S)

    def kill(self, number: signal.Signals) -> None:
        """Sends the owner a signal."""
        assert self.owner is not None
        self.owner.send_signal(number)

    def leftovers(self) -> list[str]:
        """What is still there of the lab: processes, mounts, directory."""
        processes = [f"{name} (pid {pid})" for name, pid in self.line["pids"].items() if is_alive(pid)]
        # Whatever else it might have started would still have its run directory in its command line or as its root.
        processes += [f"pid {pid}" for pid in _pids_naming(str(self.where))]
        mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if str(self.where) in line]
        directory = [str(self.where)] if self.where.exists() else []
        return processes + mounts + directory

    def clear(self) -> None:
        """Ends what still runs."""
        if self.owner is None:
            return
        if self.owner.poll() is None:
            self.kill(signal.SIGTERM)
            self.wait()
        for pipe in (self.owner.stdout, self.owner.stderr):
            assert pipe is not None
            pipe.close()
        self.owner = None


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _pids_naming(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(int(entry.name))
    return found
