"""`ivr ewt`: wait estimates held against an operator's own log, and against made-up centres."""

from __future__ import annotations

import json as json_text
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(name="ewt", help="How good the wait estimates are.", no_args_is_help=True)

_PROBLEMS_SHOWN = 20


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="CSV of calls, or an Asterisk queue_log with --queue-log.")],
    *,
    queue_log: Annotated[bool, typer.Option("--queue-log", help="The file is Asterisk's queue_log.")] = False,
    queue: Annotated[str, typer.Option(help="Only this queue.")] = "",
    warm_up: Annotated[
        int | None, typer.Option(min=0, help="Estimates not scored at the start; 2000, or a fifth of a short log.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the roll-out's chance.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Score our estimate beside the others, call by call, learning only from the past."""
    # Here and not above: the other commands need not wait for numpy to load.
    from ivr.ewt.csv_calls import read_calls
    from ivr.ewt.log_files import LogUnreadable
    from ivr.ewt.queue_log import read_queue_log
    from ivr.ewt.score import score as score_calls

    try:
        log = read_queue_log(file) if queue_log else read_calls(file)
    except LogUnreadable as unreadable:
        _complain(str(unreadable))
        raise typer.Exit(2) from unreadable
    for problem in log.problems[:_PROBLEMS_SHOWN]:
        _complain(str(problem))
    if len(log.problems) > _PROBLEMS_SHOWN:
        _complain(f"and {len(log.problems) - _PROBLEMS_SHOWN} more; --json lists all")
    calls = [call for call in log.calls if call.queue == queue] if queue else log.calls
    result = score_calls(calls, seed=seed, warm_up=warm_up)
    result["problems"] = [{"line": each.line, "problem": each.text} for each in log.problems]
    if json:
        sys.stdout.write(json_text.dumps(result, indent=2) + "\n")
        return
    if not result["n"]:
        _complain(f"{len(calls)} calls, and none of those scored had to wait and was served")
        raise typer.Exit(1)
    _show_score(result)


@app.command()
def bench(
    *,
    scenario: Annotated[list[str] | None, typer.Option(help="Only this one, such as S3a; may be repeated.")] = None,
    arrivals: Annotated[int, typer.Option(min=200, help="Calls per run; the first fifth is not scored.")] = 20_000,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each scenario.")] = 3,
    first_seed: Annotated[int, typer.Option(help="Seeds count from here.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The tables of docs/wait-estimates.md.")] = False,
) -> None:
    """Score on simulated centres, beside the best that anybody could do."""
    from ivr.ewt.bench import run_all
    from ivr.ewt.tables import bench_markdown
    from ivr.simulation.scenarios import SCENARIOS

    names = [each.name for each in SCENARIOS]
    wanted = [name.lower() for name in scenario or names]
    unknown = [name for name in wanted if name not in map(str.lower, names)]
    if unknown:
        _complain(f"there is no scenario {unknown[0]}; there are {', '.join(names)}")
        raise typer.Exit(2)
    chosen = [each for each in SCENARIOS if each.name.lower() in wanted]
    result = run_all(chosen, seeds=range(first_seed, first_seed + seeds), arrivals=arrivals, tell=_complain)
    if json:
        sys.stdout.write(json_text.dumps(result, indent=2) + "\n")
    elif markdown:
        sys.stdout.write(bench_markdown(result))
    else:
        _show_bench(result)


def _complain(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(text, markup=False, highlight=False)


def _show_score(result: dict[str, Any]) -> None:
    console = Console()
    console.print(
        f"{result['n']} callers who waited and were served, {result['mean_wait_s']:.0f} s on average"
        f" (after the first {result['warm_up']} estimates)"
    )
    table = Table("estimator", "RRASE", "bias", "mean abs. error")
    for who in sorted(result["rrase"], key=lambda each: float(result["rrase"][each])):
        figures = [f"{result['rrase'][who]:.3f}", f"{result['bias'][who]:+.1%}", f"{result['mae'][who]:.1%}"]
        table.add_row(str(who), *figures, style="bold" if who == "ours" else "")
    console.print(table)
    table = Table("ahead", "calls", "mean wait", "RRASE", "below P10", "below P50", "below P90")
    for each in [*result["strata"], {**result, "ahead": "all"}]:
        if each["mean_wait_s"] is not None:
            covered = [f"{share:.1%}" for share in each["coverage"].values()]
            table.add_row(
                each["ahead"],
                str(each["n"]),
                f"{each['mean_wait_s']:.0f} s",
                f"{each['rrase']['ours']:.3f}",
                *covered,
            )
    console.print(table)


def _show_bench(result: dict[str, Any]) -> None:
    table = Table(
        "scenario", "waits", "ours", "target", "floor", "QL_m", "Asterisk", "LES", "HOL", "constant", "bias",
        "P10/P50/P90", "width", "first 200",
    )  # fmt: skip
    for each in result["scenarios"]:
        rrase, covered = each["rrase"], each["coverage"].values()
        table.add_row(
            f"{each['scenario']} {each['what']}",
            str(each["n"]),
            f"{rrase['ours']:.3f}",
            f"{each['target_rrase']:.3f}",
            "-" if each["floor"] is None else f"{each['floor']['rrase']:.3f}",
            *(f"{rrase[who]:.3f}" for who in ("qlm", "asterisk", "les", "hol", "constant")),
            f"{each['bias']['ours']:+.1%}",
            "/".join(f"{share:.1%}" for share in covered),
            "-" if each["floor"] is None else f"{each['floor']['width_ratio']:.3f}",
            f"{each['cold_start'][-1]['rrase']['ours']:.3f}",
        )
    Console(soft_wrap=True, width=220).print(table)
