"""What tests of several kinds need: a real Valkey server, and an event loop that nobody blocks."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import HealthCheck, settings
from valkey_server import ValkeyServer

sys.path.append(str(Path(__file__).with_name("lab")))
import own_network

pytest_plugins = ["web_site", "full_site"]

# A property does not fail because the machine is busy; every test has its time limit all the same.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


# looptime asks for the current event loop before tests that have none too. Without this, Python would make one
# for it that nobody closes, and the run would end with a ResourceWarning.
asyncio.set_event_loop(None)


def pytest_configure(config: pytest.Config) -> None:
    """Several labs at once (pytest -n): each worker has a loopback and a lab directory of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and os.environ.get("LABS_SIDE_BY_SIDE"):
        own_network.enter()
        os.environ["QUEUE_CALLBACK_LAB_DIR"] = f"/run/queue-callback-lab-{worker}"


@pytest.fixture(autouse=True)
def nobody_blocks_the_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """A call of ours that blocks the event loop fails the test."""
    if request.node.get_closest_marker("lab"):
        yield
        return
    with blockbuster_ctx("ivr"):
        yield


@pytest.fixture(scope="session")
def _valkey() -> Iterator[ValkeyServer]:
    # The path of a unix socket may have about 100 characters: pytest's own directories are too deep.
    with TemporaryDirectory(prefix="valkey-") as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def redis_url(_valkey: ValkeyServer) -> str:
    """The URL of a real server with an empty database, shared by all tests of the session one after another."""
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(_valkey.url.removeprefix("unix://"))
        link.sendall(b"FLUSHALL SYNC\r\n")
        assert link.recv(64) == b"+OK\r\n"
    return _valkey.url


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """A server of this test's own, running, to be killed and started again."""
    with TemporaryDirectory(prefix="valkey-") as folder:
        server = ValkeyServer(Path(folder))
        server.start()
        yield server
        server.kill()
