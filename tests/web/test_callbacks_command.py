"""`ivr callbacks` against a running application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ivr.cli import app as ivr
from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.options import service_options
from ivr.store.memory_store import MemoryStore
from ivr.telemetry.health import Health
from ivr.telemetry.metrics import Metrics
from ivr.web.app import create_app, serving

pytestmark = pytest.mark.web

NUMBER = "+12025550100"
KEY = "a-key-of-enough-letters"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[tuple[Path, CallbackService]]:
    """The settings file of an application that serves, and its service."""
    store = MemoryStore()
    options = service_options("support", {}, trunk="carrier", language="en-US")
    service = CallbackService(store, Catalog({"support": options}, store))
    web = create_app(service, health=Health(), metrics=Metrics(), api_key=KEY)
    async with serving(web, "127.0.0.1", 0) as port:
        config = tmp_path / "ivr.toml"
        config.write_text(
            '[asterisk]\nari_user = "u"\nari_password = "p"\nami_user = "u"\nami_password = "p"\n'
            f'[http]\nport = {port}\napi_key = "{KEY}"\n[service.support]\n'
        )
        yield config, service


async def command(config: Path, *words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, ivr, ["callbacks", *words, "--config", str(config)])


async def test_list_show_and_cancel(running: tuple[Path, CallbackService]) -> None:
    config, service = running
    started = await service.start("support", {"_customer_number": NUMBER})
    listed = await command(config, "list", "--json")
    assert [each["id"] for each in json.loads(listed.stdout)["callbacks"]] == [started.id]
    assert "QUEUED" in (await command(config, "list")).stdout
    assert json.loads((await command(config, "show", started.id)).stdout)["number"] == NUMBER
    assert (await command(config, "cancel", started.id)).exit_code == 0
    assert (await service.query(started.id)).reason == "CANCELLED"
    assert json.loads((await command(config, "list", "--json")).stdout)["callbacks"] == []


async def test_what_is_not_there_is_said(running: tuple[Path, CallbackService]) -> None:
    config, _ = running
    refused = await command(config, "show", "support-0123456789abcdef")
    assert refused.exit_code == 1
    assert "there is no callback" in refused.stderr


async def test_an_application_that_is_not_running_is_said(running: tuple[Path, CallbackService]) -> None:
    config, _ = running
    config.write_text(config.read_text().replace("port = ", "port = 1 # "))
    refused = await command(config, "list")
    assert refused.exit_code == 1
    assert "is `ivr run` running?" in refused.stderr
