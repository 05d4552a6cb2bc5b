"""One callback through the containers of docker/compose.yaml, from their build to their end; a softphone calls, too.

    .venv/bin/python tests/compose/one_callback.py        what `make compose-test` does

A project, a network and ports of its own: it runs beside containers that somebody tries out. Exit code 0 when the
callback came to an agent, everything checked was as it should be, and no container, volume or network is left.
Not a load test: audio through a container's bridge would measure the bridge.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from ivr.lab import demo
from ivr.lab.errors import LabError

ROOT = Path(__file__).resolve().parents[2]
SIPP = ROOT / "tests" / "lab" / "sipp"
PROJECT = "queue-callback-test"
NET = "10.77.1"
HTTP_PORT = 18080
ENVIRONMENT = {
    "IVR_NET": NET,
    "IVR_HTTP_PORT": str(HTTP_PORT),
    "IVR_AGENTS": str(demo.AGENTS),
    "IVR_TALK_S": str(demo.TALK_S),
    "IVR_WRAPUP_S": str(demo.WRAPUP_S),
    "IVR_EWT_THRESHOLD": "180",
}
BUILD_S = 1200
READY_S = 90
ASK_S = 20
RUNNING = ("app", "carrier", "pbx", "store")
MOST_MB = 250


class Containers:
    """The running containers as the demo's stage."""

    def __init__(self) -> None:
        self.log_ins: dict[str, Any] = json.loads(self.run_in("app", "cat", "/etc/ivr/log-ins.json"))
        self.redis_url: str = self.log_ins["redis"]

    def carrier_cli(self, command: str) -> str:
        return self.run_in("carrier", "asterisk-cli", command)

    def queue_log(self) -> str:
        return self.run_in("pbx", "cat", "/lab/log/queue_log")

    def cdr(self) -> str:
        return self.run_in("pbx", "cat", "/lab/log/cdr-custom/Master.csv")

    def run_in(self, service: str, *command: str) -> str:
        """What a command prints in a service's container."""
        return compose("exec", "-T", service, *command, limit_s=ASK_S)


def main() -> int:
    console = Console(width=120)
    signal.signal(signal.SIGTERM, _end)
    try:
        _require_engine()
        with _up(console) as containers:
            _look_at_containers(containers, console)
            asyncio.run(demo.play(containers, console))
            _look_at_store(containers, console)
            _call_from_softphone(containers, console)
        _require_nothing_left()
    except LabError as error:
        Console(stderr=True, soft_wrap=True).print(f"compose-test: {error}", style="red", markup=False)
        return 1
    console.print("\nAll as it should be; no container, volume or network is left.")
    return 0


def _require_engine() -> None:
    for command, what in (
        (["docker", "info", "--format", "{{.ServerVersion}}"], "no Docker engine answers on this machine"),
        (["docker", "compose", "version"], "this Docker has no Compose v2"),
    ):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=ASK_S)
        except (OSError, subprocess.SubprocessError):
            raise LabError(what, f"`{' '.join(command[:2])}` has to succeed before this test can run") from None


@contextmanager
def _up(console: Console) -> Iterator[Containers]:
    began_s = time.monotonic()
    # What an interrupted run left would be taken for this one's.
    _down()
    try:
        compose("build", "--quiet", limit_s=BUILD_S)
        console.print(f"images are built ({time.monotonic() - began_s:.0f} s)")
        began_s = time.monotonic()
        try:
            compose("up", "--detach", "--wait", "--quiet-pull", limit_s=READY_S)
        except LabError:
            console.print(compose("logs", "--tail", "20", limit_s=ASK_S), markup=False, highlight=False)
            raise
        console.print(f"all containers are healthy ({time.monotonic() - began_s:.0f} s)")
        yield Containers()
    finally:
        _down()


def _look_at_containers(containers: Containers, console: Console) -> None:
    """Raises LabError for a container that may do more than it should, or an image that is too large."""
    for service in RUNNING:
        if (user := containers.run_in(service, "id", "-u").strip()) != "10001":
            raise LabError(f"{service} runs as user {user}")
        probe = "touch /usr/probe 2>/dev/null && echo written || echo refused"
        if (outcome := containers.run_in(service, "sh", "-c", probe).strip()) != "refused":
            raise LabError(f"a write to the image of {service} was {outcome}")
        status = containers.run_in(service, "grep", "-E", "^(CapEff|NoNewPrivs)", "/proc/1/status").split()
        if status != ["CapEff:", "0000000000000000", "NoNewPrivs:", "1"]:
            raise LabError(f"{service} has privileges: {' '.join(status)}")
    console.print("no container runs as root, writes to its image or has a capability")
    size = _docker("image", "inspect", "--format", "{{.Size}}", "queue-callback-app")
    megabytes = int(size) / 1e6
    console.print(f"the application's image has {megabytes:.0f} MB")
    if megabytes >= MOST_MB:
        raise LabError(f"the application's image has {megabytes:.0f} MB", f"fewer than {MOST_MB} are wanted")
    _docker("run", "--rm", "--network", "none", "queue-callback-app", "ivr", "prompts", "check")
    containers.run_in("app", "ivr", "doctor", "--config", "/etc/ivr/ivr.toml")
    console.print("ivr doctor finds nothing wrong")


def _look_at_store(containers: Containers, console: Console) -> None:
    """A callback over HTTP outlives the store's container. Raises LabError when it does not."""
    number = "+12025550111"  # Nobody answers there; it stays open.
    made = _http(containers, "/genesys/1/service/callback/support", {"_customer_number": number})
    compose("kill", "--signal", "KILL", "store", limit_s=ASK_S)
    compose("up", "--detach", "--wait", "store", limit_s=READY_S)
    deadline = time.monotonic() + READY_S
    while True:
        try:
            kept = _http(containers, f"/genesys/1/service/callback?_id={made['_id']}")
            break
        except OSError as error:
            if time.monotonic() > deadline:
                raise LabError(f"the application does not find its store again: {error}") from None
            time.sleep(0.5)
    if made["_id"] not in json.dumps(kept):
        raise LabError(f"{made['_id']} was accepted and is gone after the store was killed: {kept}")
    console.print(f"{made['_id']}, accepted over HTTP, is still there after the store was killed", highlight=False)


def _call_from_softphone(containers: Containers, console: Console) -> None:
    """SIPp on this machine logs in as a customer and calls the service. Raises LabError when it cannot."""
    phones: dict[str, dict[str, str]] = {phone["role"]: phone for phone in containers.log_ins["softphones"]}
    agent, caller = phones["agent"], phones["caller"]
    _sipp(agent, "registers.xml")
    if f"sip:{agent['user']}@" not in containers.run_in("pbx", "asterisk-cli", "pjsip show contacts"):
        raise LabError("the agent's softphone is not known to the PBX")
    _sipp(caller, "registers.xml")
    _sipp(caller, "softphone_calls.xml", "-s", "support")
    if f"+{caller['user']}" not in containers.queue_log():
        raise LabError("the softphone's call did not come to the queue")
    console.print(f"a softphone of this machine logged in as an agent at {agent['server']}", highlight=False)
    console.print(f"another one logged in as a caller at {caller['server']} and called support", highlight=False)


def _sipp(phone: dict[str, str], scenario: str, *more: str) -> None:
    """One run of a scenario as that softphone. Raises LabError when it fails."""
    account = [phone["server"], "-key", "user", phone["user"], "-au", phone["user"], "-ap", phone["password"]]
    own = ["-i", f"{NET}.1", "-p", "15070", "-mi", f"{NET}.1", "-mp", "26000"]
    command = ["sipp", *account, "-sf", str(SIPP / scenario), *more, *own]
    with tempfile.TemporaryDirectory() as scratch:
        once = ["-m", "1", "-nostdin", "-timeout", "30", "-timeout_error"]
        done = subprocess.run([*command, *once], cwd=scratch, capture_output=True, text=True, timeout=40, check=False)
    if done.returncode != 0:
        raise LabError(f"the softphone's {scenario} failed", (done.stderr or done.stdout)[-600:])


def _http(containers: Containers, path: str, body: dict[str, str] | None = None) -> Any:
    """An answer of the application, from its published port. Raises OSError."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{HTTP_PORT}{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"x-api-key": containers.log_ins["api_key"], "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=ASK_S) as answer:
        return json.load(answer)


def compose(*arguments: str, limit_s: float) -> str:
    """What `docker compose` printed for this project; raises LabError when it fails or takes longer."""
    command = ["docker", "compose", "--project-name", PROJECT, "--file", str(ROOT / "docker" / "compose.yaml")]
    return _run([*command, *arguments], limit_s=limit_s)


def _docker(*arguments: str) -> str:
    return _run(["docker", *arguments], limit_s=60)


def _run(command: list[str], *, limit_s: float) -> str:
    environment = {**os.environ, **ENVIRONMENT}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit_s, check=False, env=environment, cwd=ROOT
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(command)}` took longer than {limit_s:.0f} s") from None
    if done.returncode != 0:
        raise LabError(f"`{' '.join(command)}` failed", (done.stderr or done.stdout).strip()[-1500:])
    return done.stdout


def _down() -> None:
    compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5", limit_s=60)


def _require_nothing_left() -> None:
    label = f"label=com.docker.compose.project={PROJECT}"
    for kind in (["ps", "--all"], ["volume", "ls"], ["network", "ls"]):
        if left := _docker(*kind, "--quiet", "--filter", label).split():
            raise LabError(f"left behind: {kind[0]} {' '.join(left)}")


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
