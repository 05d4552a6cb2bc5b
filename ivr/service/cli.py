"""`ivr services`: what can be set."""

from __future__ import annotations

import json as json_text
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ivr.service.catalog import describe_options

app = typer.Typer(name="services", help="The options of services.", no_args_is_help=True)


@app.callback()
def services() -> None:
    """The options of services."""


@app.command()
def options(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table of docs/options.md.")] = False,
) -> None:
    """Every option of a service: default, range, and what it does."""
    described = describe_options()
    if json:
        sys.stdout.write(json_text.dumps(described, indent=2) + "\n")
    elif markdown:
        sys.stdout.write(options_markdown())
    else:
        table = Table("option", "default", "range", "what it does")
        for name, about in described.items():
            table.add_row(name, _default(about), _range(about), str(about["help"]))
        Console().print(table)


def options_markdown() -> str:
    """docs/options.md, made from the options themselves."""
    lines = [
        "# Options of a service",
        "",
        "Made by `ivr services options --markdown`; set them in `[service.NAME]` of the settings file, or live with",
        "`PATCH /api/v1/services/NAME`. The names are the reference product's where it has the option.",
        "",
        "| option | default | range | what it does |",
        "|---|---|---|---|",
    ]
    for name, about in describe_options().items():
        level = " *(advanced)*" if about["level"] == "advanced" else ""
        lines.append(f"| `{name}` | {_default(about)} | {_range(about)} | {about['help']}{level} |")
    return "\n".join(lines) + "\n"


def _default(about: dict[str, object]) -> str:
    default = about["default"]
    text = "true" if default is True else "false" if default is False else str(default).removesuffix(".0")
    return f"{text} {about['unit']}".strip() if text else "(empty)"


def _range(about: dict[str, object]) -> str:
    if "choices" in about:
        return ", ".join(map(str, about["choices"]))  # type: ignore[call-overload]
    if "minimum" in about:
        return f"{about['minimum']:.12g} to {about['maximum']:.12g}"
    return str(about["type"])
