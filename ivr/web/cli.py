"""`ivr callbacks`: the callbacks of a running application, through its API."""

from __future__ import annotations

import json as json_text
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(name="callbacks", help="The callbacks of the running application.", no_args_is_help=True)

DEADLINE_S = 10.0
Config = Annotated[Path, typer.Option("--config", "-c", envvar="IVR_CONFIG", help="The settings file.")]
DEFAULT_CONFIG = Path("/etc/ivr/ivr.toml")
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_callbacks(
    *,
    config: Config = DEFAULT_CONFIG,
    service: Annotated[str, typer.Option(help="Of one service only.")] = "",
    number: Annotated[str, typer.Option(help="Of one customer.")] = "",
    state: Annotated[str, typer.Option(help="QUEUED, or !COMPLETED, or several with commas.")] = "!COMPLETED",
    json: Json = False,
) -> None:
    """Callbacks, oldest ask first."""
    wanted = {"service": service, "number": number, "state": state}
    found = _ask(config, "GET", "/api/v1/callbacks?" + urlencode({k: v for k, v in wanted.items() if v}))
    if json:
        _print(found)
        return
    table = Table("id", "state", "reason", "number", "asked at", "attempts")
    for each in found["callbacks"]:
        results = ", ".join(str(attempt["result"] or "ringing") for attempt in each["attempts"])
        table.add_row(each["id"], each["state"], each["reason"] or "", each["number"], each["asked_at"], results)
    Console().print(table)


@app.command()
def show(callback_id: str, *, config: Config = DEFAULT_CONFIG) -> None:
    """Everything about one callback, as JSON."""
    _print(_ask(config, "GET", f"/api/v1/callbacks/{quote(callback_id, safe='')}"))


@app.command()
def cancel(callback_id: str, *, config: Config = DEFAULT_CONFIG) -> None:
    """End a callback; one that is ringing is hung up."""
    service = callback_id.rpartition("-")[0]
    where = f"/genesys/1/service/callback/{quote(service, safe='')}/{quote(callback_id, safe='')}"
    _ask(config, "DELETE", where)
    Console(stderr=True).print(f"{callback_id} is cancelled", highlight=False)


def _ask(config: Path, method: str, where: str) -> Any:
    # Here and not above: what the settings need takes a moment to load.
    from ivr.settings import SettingsRefused, load_settings

    try:
        http = load_settings(config, os.environ).http
    except SettingsRefused as refused:
        _fail(str(refused))
    host = f"[{http.host}]" if ":" in http.host else http.host.replace("0.0.0.0", "127.0.0.1")
    request = urllib.request.Request(
        f"http://{host}:{http.port}{where}", method=method, headers={"x-api-key": http.api_key.get_secret_value()}
    )
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
            text = response.read()
    except urllib.error.HTTPError as error:
        _fail(str(json_text.loads(error.read())["message"]))
    except OSError as error:
        _fail(f"the application does not answer at {host}:{http.port} ({error}): is `ivr run` running?")
    return json_text.loads(text) if text else None


def _print(document: Any) -> None:
    sys.stdout.write(json_text.dumps(document, indent=2) + "\n")


def _fail(problem: str) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(problem, style="red", markup=False, highlight=False)
    raise typer.Exit(1)
