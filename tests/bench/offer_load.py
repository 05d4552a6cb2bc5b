"""Inbound calls at a steady rate through the complete offer, by SIPp on loopback; what became of every one of them.

    .venv/bin/python tests/bench/offer_load.py --rate 10 --seconds 60

Exit code 0 when no call failed, no channel is left and Redis holds exactly the accepted ones.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ivr.domain.callback import CallbackState
from ivr.lab.lab import Lab
from ivr.lab.settings import OptionValue
from ivr.store.redis_store import RedisStore

SCENARIO = Path(__file__).with_name("accepts_offer.xml")
MOST_CALLS = 20_000
# Nothing is dialled and nobody is refused: what is measured is the offer.
OPTIONS: dict[str, OptionValue] = {
    "_ewt_threshold": 0,
    "_max_queued_callbacks_per_service": MOST_CALLS,
    "_enable_in_queue_checking": "false",
    "_throttle_callbacks_per_service_1": 0,
    "_throttle_callbacks_per_service_2": 0,
    "_throttle_request_parameters_limit": 0,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=10, help="calls a second, 1 to 100")
    parser.add_argument("--seconds", type=int, default=60, help="for how long, 1 to 600")
    asked = parser.parse_args()
    rate, seconds = min(max(asked.rate, 1), 100), min(max(asked.seconds, 1), 600)
    calls = min(rate * seconds, MOST_CALLS)
    console = Console()
    with Lab(agents=0, options={"support": OPTIONS}) as lab, tempfile.TemporaryDirectory() as folder:
        pids = lab.ps().pids
        idle_mib = rss_mib(pids["app"])
        before = {part: cpu_s(pid) for part, pid in pids.items()}
        began = time.monotonic()
        code, said = run_sipp(lab.data.sip, Path(folder), calls, rate)
        took_s = time.monotonic() - began
        time.sleep(2)
        spent = {part: cpu_s(pid) - before[part] for part, pid in pids.items()}
        stuck = [line for line in lab.pbx_cli("core show channels concise").splitlines() if "!" in line]
        stored, promised = asyncio.run(what_redis_holds(lab.data.redis))
        ok = code == 0 and not stuck and len(stored) == calls and max(stored.values()) == 1 and promised == calls
        console.print(f"{calls} calls at {rate}/s in {took_s:.0f} s: SIPp exit {code}, {len(stuck)} channels left")
        console.print(
            f"Redis holds {sum(stored.values())} callbacks of {len(stored)} numbers; {promised} were promised"
        )
        console.print(
            "CPU for each call, ms: "
            + ", ".join(f"{part} {spent[part] / calls * 1000:.1f}" for part in ("app", "pbx", "redis"))
        )
        console.print(f"RSS of the application: {idle_mib:.0f} MiB idle, {rss_mib(pids['app']):.0f} MiB afterwards")
        if not ok:
            console.print("[red]not as it should be[/red]")
            console.print("\n".join(stuck[:5]), said[-3000:], markup=False, highlight=False)
    return 0 if ok else 1


def run_sipp(target: str, folder: Path, calls: int, rate: int) -> tuple[int, str]:
    numbers = "\n".join(["SEQUENTIAL", *(f"+1202{5560000 + i}" for i in range(calls))])
    (folder / "numbers.csv").write_text(numbers + "\n")
    command = [
        *("sipp", target, "-sf", str(SCENARIO), "-inf", "numbers.csv", "-s", "support", "-nostdin"),
        *("-m", str(calls), "-r", str(rate), "-l", str(rate * 40), "-i", "127.0.0.3", "-mi", "127.0.0.3"),
        *("-p", "5070", "-mp", "20000"),
        *("-timeout", str(calls // rate + 60), "-timeout_error", "-trace_err", "-error_file", "errors"),
    ]
    with (
        Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), transient=True) as progress,
        (folder / "screen").open("wb") as screen,
    ):
        progress.add_task(f"{calls} calls at {rate}/s")
        code = subprocess.run(command, cwd=folder, stdout=screen, stderr=screen, check=False).returncode
    errors = folder / "errors"
    return code, (errors.read_text() if errors.exists() else "") + (folder / "screen").read_text()[-2000:]


async def what_redis_holds(url: str) -> tuple[Counter[str], int]:
    """Callbacks by number, and how many callers were told that they have one."""
    store = RedisStore(url)
    try:
        callbacks = await store.find("support", states=[CallbackState.QUEUED], limit=MOST_CALLS)
        events = await store.events("support", limit=100_000)
    finally:
        await store.close()
    promised = sum(event.kind == "callback_promised" for event in events)
    return Counter(callback.customer_number for callback in callbacks), promised


def rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_s(pid: int) -> float:
    """User and system time so far; Asterisk's is that of the process in its name space, a child of `pid`."""
    family = [pid, *(int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    ticks = 0
    for member in family:
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


if __name__ == "__main__":
    sys.exit(main())
