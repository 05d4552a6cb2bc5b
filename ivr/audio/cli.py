"""`ivr prompts`: build, check, hear and install what callers are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ivr.audio.check import CheckReport, check_set
from ivr.audio.errors import PromptError
from ivr.audio.install import install_prompts
from ivr.audio.locate import product_sets, prompts_dir
from ivr.audio.play import clip_path, play

app = typer.Typer(help="Build, check, hear and install what callers are told.", no_args_is_help=True)

_AUDIO_PACKAGES = {"numpy", "pydub", "soxr", "audioop", "pyaudioop"}

Sets = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[SET]...", help="Prompt directories with a script.toml; default: the product's own."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
Locale = Annotated[str, typer.Option(help="The language of the prompt.")]


@app.command()
def build(
    sets: Sets = None,
    only: Annotated[list[str] | None, typer.Option(help="Build just this id; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Build clips that are fresh, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build the clips whose text or voice changed. The same script gives the same bytes."""
    with _errors_as_one_line(as_json):
        from ivr.audio.build import build_set

        reports = {str(root): build_set(root, only=only or (), force=force) for root in sets or product_sets()}
    if as_json:
        _print_json({"sets": [{"root": root, **asdict(report)} for root, report in reports.items()]})
        return
    for root, report in reports.items():
        changed = f": {', '.join(report.built)}" if report.built else ""
        typer.echo(f"{root}: {len(report.built)} built, {len(report.kept)} fresh{changed}")
        for key in report.dropped:
            typer.echo(f"{root}: {key} is no longer in the script; its files were removed")


@app.command()
def check(sets: Sets = None, as_json: AsJson = False) -> None:
    """Prove that every prompt the call flows use is there, unchanged, and sounds as agreed. Exit code 1 if not."""
    with _errors_as_one_line(as_json):
        reports = [check_set(root) for root in sets or product_sets()]
    ok = all(report.ok for report in reports)
    if as_json:
        _print_json({"ok": ok, "sets": [_report_json(report) for report in reports]})
    else:
        for report in reports:
            _print_report(report)
    if not ok:
        raise typer.Exit(1)


@app.command("play")
def play_(
    prompt_id: Annotated[str, typer.Argument(metavar="ID")],
    locale: Locale = "en-US",
    rate_hz: Annotated[int, typer.Option("--rate", help="8000 as on the telephone, or 16000.")] = 16000,
    prompt_set: Annotated[Path | None, typer.Option("--set", help="Another prompt directory.")] = None,
) -> None:
    """Play one prompt on this machine."""
    with _errors_as_one_line():
        path = clip_path(prompt_set or prompts_dir() / locale, prompt_id, rate_hz)
        typer.echo(path)
        play(path)


@app.command()
def install(
    sounds_dir: Annotated[
        Path, typer.Argument(metavar="DIR", help="Asterisk's sounds directory, such as /var/lib/asterisk/sounds.")
    ],
    locale: Annotated[list[str] | None, typer.Option(help="Just this language; may be repeated.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="Where the languages are; default: the product's own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the prompts to DIR/callback/LANGUAGE. Recordings in custom/ win over the built ones."""
    with _errors_as_one_line(as_json), _denied_as_error():
        report = install_prompts(sounds_dir, prompts=prompts, only_locales=locale or ())
    if as_json:
        _print_json(asdict(report))
        return
    typer.echo(f"{len(report.written)} written, {len(report.unchanged)} already there, under {sounds_dir}/callback")
    if report.custom:
        typer.echo(f"your own recordings: {', '.join(report.custom)}")
    for name in report.removed:
        typer.echo(f"removed {name}: your own recording has no such rate")


@app.command()
def adopt(
    prompt_id: Annotated[str, typer.Argument(metavar="ID")],
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="A PCM WAV of any rate.")],
    locale: Locale = "en-US",
    prompts: Annotated[Path | None, typer.Option(help="Where the languages are; default: the product's own.")] = None,
) -> None:
    """Take your own recording of a prompt: convert it into custom/, at the level of the others."""
    with _errors_as_one_line(), _denied_as_error():
        from ivr.audio.build_custom import adopt as adopt_recording

        for path in adopt_recording((prompts or prompts_dir()) / locale, prompt_id, recording):
            typer.echo(path)


def _report_json(report: CheckReport) -> dict[str, Any]:
    return {**asdict(report), "root": str(report.root), "ok": report.ok}


def _print_report(report: CheckReport) -> None:
    if report.ok:
        custom = f", {len(report.custom)} replaced by your own recordings" if report.custom else ""
        typer.echo(f"{report.root}: {report.checked} prompts, {report.duration_s:.0f} s, all good{custom}")
        return
    table = Table("prompt", "problem", "what is wrong", title=f"{report.root}: {len(report.problems)} problem(s)")
    for problem in report.problems:
        table.add_row(problem.prompt_id or "-", problem.code, problem.message)
    Console().print(table)


def _print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))


@contextmanager
def _errors_as_one_line(as_json: bool = False) -> Iterator[None]:
    try:
        yield
    except PromptError as error:
        if as_json:
            _print_json({"ok": False, "error": {"code": error.code, "message": error.message, "hint": error.hint}})
        typer.echo(f"ivr prompts: {error}", err=True)
        raise typer.Exit(1) from None
    except ModuleNotFoundError as error:
        if error.name not in _AUDIO_PACKAGES:
            raise
        hint = "pip install 'queue-callback-ivr[prompts]'"
        typer.echo(f"ivr prompts: {error.name} is not installed; {hint}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def _denied_as_error() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PromptError("cannot-write", f"{error.filename}: {error.strerror}", "try it as root") from error
