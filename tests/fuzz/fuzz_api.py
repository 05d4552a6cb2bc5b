"""Schemathesis against the running application on loopback, on a Valkey server of its own.

    python tests/fuzz/fuzz_api.py --examples 200

prints the report of schemathesis, and ends with its exit status: 0 when no answer was a server error, and every one
had a status, a type and a body that the API document has for it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

HERE: Final = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from full_site import KEY, SETTINGS, full_app, populate  # noqa: E402  # found through the line above
from valkey_server import ValkeyServer  # noqa: E402

from ivr.settings import Settings, load_settings  # noqa: E402
from ivr.store.redis_store import RedisStore  # noqa: E402
from ivr.web.app import serving  # noqa: E402

CHECKS: Final = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "unsupported_method", "ignored_auth",
)  # fmt: skip
# Nothing is refused because much was asked: fuzzing is about what is behind admission, too. The service that is
# always full is left alone: its 503 is in the document, and schemathesis takes every 5xx for a server error.
LEFT_ALONE: Final = "full"
OPEN: Final = {
    "_throttle_callbacks_per_service_1": 0,
    "_throttle_callbacks_per_service_2": 0,
    "_enable_in_queue_checking": "false",
}


@dataclass(frozen=True)
class Fuzzed:
    """How a run went: the exit status of schemathesis, how many requests it made up, and what it says."""

    status: int
    cases: int
    report: str


async def fuzz(redis_url: str, settings: Settings, folder: Path, *, examples: int, phases: str, seed: int) -> Fuzzed:
    """Run the application here and schemathesis beside it, until it is through."""
    store = RedisStore(redis_url)
    app, service = full_app(settings, store)
    known = await populate(service, store)
    await service.catalog.change("support", OPEN, who="fuzz")
    ids = [value for name, value in known.items() if name in ("@queued", "@scheduled", "@done", "@talking")]
    services = [*(name for name in service.catalog if name != LEFT_ALONE), "open-hours", "places"]
    names = {"service": services, "serviceName": services, "name": services, "target": services}
    numbers = ["+12025550110", "+12025550150", "2025550151"]
    times = [known[name] for name in ("@slot", "@free", "@past", "@later")]
    known_values = {
        **names, "id": ids, "_id": ids, "service_name": services, "virtual-queues": services,
        "_customer_number": numbers, "phoneNumber": numbers, "number": numbers, "timezone": ["Europe/Berlin"],
        "_desired_time": times, "_new_desired_time": times, "desiredTime": times, "start": times, "end": times,
        "start_time": times, "end_time": times, "states": ["QUEUED", "!COMPLETED"], "state": ["QUEUED"],
    }  # fmt: skip
    report = folder / "events.ndjson"
    async with serving(app, "127.0.0.1", 0) as port:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/openapi.json"),
            *("-H", f"x-api-key: {KEY}", "--checks", ",".join(CHECKS), "--phases", phases, "--no-color"),
            *("--max-examples", str(examples), "--seed", str(seed), "--generation-database", "none"),
            *("--continue-on-failure", "--suppress-health-check", "all"),
            *("--report", "json", "--report-json-path", str(report)),
            cwd=folder,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE),
                 "FUZZ_KNOWN": json.dumps(known_values)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, _ = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
    await store.close()
    text = await asyncio.to_thread(report.read_text)
    cases = json.loads(text)["test_cases"]["generated"]
    return Fuzzed(process.returncode or 0, cases, said.decode(errors="replace"))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=150, help="of each operation and phase")
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        config = folder / "ivr.toml"
        config.write_text(SETTINGS)
        settings = load_settings(config, {})
        server = ValkeyServer(folder)
        server.start()
        try:
            run = fuzz(server.url, settings, folder, examples=given.examples, phases=given.phases, seed=given.seed)
            fuzzed = asyncio.run(run)
        finally:
            server.stop()
    sys.stdout.write(f"{fuzzed.report}\n{fuzzed.cases} requests\n")
    return fuzzed.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
