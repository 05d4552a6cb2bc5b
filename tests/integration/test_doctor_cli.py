"""`ivr doctor` as a command: what it prints, how it ends, and that it ends at all."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from doctor_settings import named, settings_of, write_settings
from typer.testing import CliRunner, Result

from ivr.cli import app
from ivr.doctor.check import Status
from ivr.doctor.examine import examine
from ivr.doctor.names import unknown_name

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _no_secrets_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "IVR_ARI_PASSWORD", "IVR_AMI_PASSWORD", "IVR_API_KEY", "IVR_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def doctor(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["doctor", *map(str, arguments)])


def test_nobody_is_there(tmp_path: Path) -> None:
    done = doctor("--config", write_settings(tmp_path))
    assert done.exit_code == 1
    lines = [line.split() for line in done.stdout.splitlines()]
    for name in ("redis", "ari", "ami"):
        assert [name, "FAILED"] in [line[:2] for line in lines]
    assert "3 failed" in done.stdout.splitlines()[-1]


def test_the_json_document_is_all_that_is_printed(tmp_path: Path) -> None:
    done = doctor("--json", "--config", write_settings(tmp_path))
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert document["counts"]["failed"] == 3
    assert document["checks"][0]["name"] == "settings"
    for check in document["checks"]:
        assert set(check) == {"name", "status", "detail", "mend", "because"}
        # Whatever failed has its mend, and whatever was skipped its cause.
        assert bool(check["mend"]) == (check["status"] not in ("ok", "skipped"))
        assert bool(check["because"]) == (check["status"] == "skipped")
    assert done.stderr == ""
    assert "secret" not in done.stdout


def test_every_check_is_on_the_doctors_page(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
    done = doctor("--json", "--config", write_settings(tmp_path))
    families = {"modules": "*", "prompts": "LOCALE", "numbers": "LOCALE", "trunk": "NAME", "queue": "NAME"}
    for check in json.loads(done.stdout)["checks"]:
        family = check["name"].partition(".")[0]
        name = f"{family}.{families[family]}" if family in families else check["name"]
        assert f"`{name}`" in page


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (None, ["cannot be read: No such file or directory"]),
        ("[asterisk", ["is not TOML"]),
        ('[asterisk]\ntrunk = "a b"\n[redis]\nurl = "http://x"\n', ["trunk", "redis://HOST:PORT/DB", "ari_user"]),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, text: str | None, problems: list[str]) -> None:
    config = tmp_path / "ivr.toml"
    if text is not None:
        config.write_text(text)
    done = doctor("--json", "--config", config)
    assert done.exit_code == 2
    checks = json.loads(done.stdout)["checks"]
    assert {(check["name"], check["status"]) for check in checks} == {("settings", "failed")}
    for problem in problems:
        assert any(problem in check["detail"] for check in checks), checks
    assert doctor("--config", config).exit_code == 2


def test_an_address_that_can_be_none(tmp_path: Path) -> None:
    config = write_settings(tmp_path, ari_url="http://user:word@127.0.0.1:8088/ari")
    done = doctor("--json", "--config", config)
    assert done.exit_code == 2
    assert "not the address of an ARI" in done.stdout


@asynccontextmanager
async def says(greeting: bytes) -> AsyncIterator[int]:
    """The port of a server that says this, and nothing ever after."""
    end = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await end.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        end.set()
        server.close()


@pytest.mark.slow
async def test_everything_hangs_and_it_ends_in_time(tmp_path: Path) -> None:
    async with says(b"") as ari, says(b"Asterisk Call Manager/11.0.0\r\n") as ami, says(b"") as redis:
        settings = await settings_of(
            tmp_path, ari_url=f"http://127.0.0.1:{ari}/ari", ami_port=ami, redis_url=f"redis://127.0.0.1:{redis}/0"
        )
        begun_s = time.monotonic()
        checks = await examine(settings)
        assert time.monotonic() - begun_s < 15
    for name in ("redis", "ari", "ami"):
        assert named(checks, name).status is Status.FAILED
        assert "within 3 s" in named(checks, name).detail
    left = [check for check in checks if check.name not in ("redis", "ari", "ami", "time-zones")]
    assert {check.status for check in left} == {Status.SKIPPED}


@pytest.mark.slow
async def test_something_else_answers_at_the_manager_port(tmp_path: Path) -> None:
    async with says(b"SSH-2.0-OpenSSH_9.2\r\n") as ami:
        checks = await examine(await settings_of(tmp_path, ami_port=ami))
    check = named(checks, "ami")
    assert check.status is Status.FAILED
    assert "no complete answer" in check.detail
    assert "[asterisk] ami_host" in check.mend


@pytest.fixture
def silent_name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server that never answers, as the system's resolver shows it: by taking its time."""
    answer = threading.Event()

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        answer.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    answer.set()


@pytest.mark.usefixtures("silent_name_server")
async def test_a_silent_name_server_keeps_nobody_from_leaving() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await unknown_name("pbx.example", "[asterisk] ari_url")
    (looking,) = [thread for thread in threading.enumerate() if thread.name == "look up pbx.example"]
    assert looking.daemon
