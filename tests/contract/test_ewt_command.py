"""`ivr ewt` as other programs read it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.domain.estimate.calls import Outcome
from ivr.ewt.tables import bench_markdown
from ivr.simulation.centre import Centre, simulate
from ivr.simulation.scenarios import exponential, poisson

pytestmark = pytest.mark.contract

ANCHORS = {"ours", "asterisk", "les", "hol", "ql", "qlm", "constant"}


@pytest.fixture(scope="module")
def calls_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day or so of a centre of five agents."""
    centre = Centre(5, poisson(1.1 * 5 / 300), exponential(300.0), 300.0, patience_s=exponential(600.0))
    lines = ["queue,entered,outcome,left,service_end,agent"]
    for call in simulate(centre, np.random.default_rng(3), 1600):
        entered, left = f"{1e9 + call.entered_s:.3f}", f"{1e9 + call.left_s:.3f}"
        end = "" if call.service_end_s is None else f"{1e9 + call.service_end_s:.3f}"
        lines.append(f"support,{entered},{call.outcome},{left},{end},{call.agent}")
    path = tmp_path_factory.mktemp("ewt") / "calls.csv"
    path.write_text("\n".join(lines) + "\nsupport,1,answered,0,5,ann\n")
    return path


def as_queue_log(calls_csv: Path) -> str:
    lines = []
    for i, row in enumerate(calls_csv.read_text().splitlines()[1:-1]):
        queue, entered, outcome, left, end, agent = row.split(",")
        lines.append((float(entered), f"{entered}|c{i}|{queue}|NONE|ENTERQUEUE||5|1"))
        if outcome == Outcome.ANSWERED:
            lines.append((float(left), f"{left}|c{i}|{queue}|{agent}|CONNECT|1|m{i}|0"))
            lines.append((float(end), f"{end}|c{i}|{queue}|{agent}|COMPLETECALLER|1|1|1"))
        else:
            lines.append((float(left), f"{left}|c{i}|{queue}|NONE|ABANDON|1|1|1"))
    return "\n".join(text for _, text in sorted(lines)) + "\n"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["ewt", *arguments])
    return result.exit_code, result.stdout, result.stderr


@cache
def score(*arguments: str) -> dict[str, Any]:
    code, out, _ = run("score", "--json", *arguments)
    assert code == 0
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_a_score_says_what_the_contract_says(calls_csv: Path) -> None:
    answer = score(str(calls_csv))
    assert answer["n"] > 500
    for figures in (answer, *answer["strata"], *answer["hours"], *answer["cold_start"], answer["potential"]):
        assert set(figures["rrase"]) >= ANCHORS
        assert set(figures["bias"]) >= ANCHORS
        assert set(figures["mae"]) >= ANCHORS
        assert set(figures["coverage"]) == {"p10", "p50", "p90"}
    assert [each["ahead"] for each in answer["strata"]] == ["0", "1-2", "3-5", "6+"]
    assert answer["problems"] == [
        {
            "line": 1602,
            "problem": "left (0) is before entered (1); it is to be the same or later; the line is left out",
        }
    ]


def test_ours_is_better_than_what_asterisk_says_and_keeps_its_word(calls_csv: Path) -> None:
    answer = score(str(calls_csv))
    assert answer["rrase"]["ours"] < 0.8 * answer["rrase"]["asterisk"]
    assert answer["rrase"]["ours"] < answer["rrase"]["les"]
    for figures in (answer, answer["potential"]):
        assert list(figures["coverage"].values()) == pytest.approx([0.1, 0.5, 0.9], abs=0.05)
    # A sixth of a day: the mean itself is not known better.
    assert abs(answer["potential"]["bias"]["ours"]) < 0.12


def test_a_queue_log_gives_what_the_csv_gives(calls_csv: Path, tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    path.write_text(as_queue_log(calls_csv))
    of_csv, of_log = score(str(calls_csv)), score("--queue-log", str(path))
    assert of_log["problems"] == []
    assert {k: v for k, v in of_log.items() if k != "problems"} == {
        k: v for k, v in of_csv.items() if k != "problems"
    }


@pytest.mark.slow
def test_a_person_reads_a_table(calls_csv: Path) -> None:
    code, out, err = run("score", str(calls_csv))
    assert code == 0
    assert "asterisk" in out
    assert "calls.csv:1602: left (0) is before entered (1)" in err


def test_what_cannot_be_scored(tmp_path: Path) -> None:
    code, _, err = run("score", str(tmp_path / "none.csv"))
    assert code == 2
    assert "No such file" in err
    (tmp_path / "empty.csv").write_text("queue,entered,outcome,left,service_end,agent\n")
    code, _, err = run("score", str(tmp_path / "empty.csv"))
    assert code == 1
    assert "none of those scored had to wait" in err
    code, _, err = run("bench", "--scenario", "S9")
    assert code == 2
    assert "there is no scenario s9" in err


@pytest.mark.slow
def test_the_bench_has_ours_the_anchors_and_the_floor() -> None:
    code, out, _ = run("bench", "--json", "--scenario", "s3b", "--arrivals", "700", "--seeds", "2")
    assert code == 0
    (row,) = json.loads(out)["scenarios"]
    assert row["scenario"] == "S3b"
    assert set(row["rrase"]) >= ANCHORS
    assert row["floor"]["rrase"] < row["rrase"]["asterisk"]
    assert row["rrase"]["ours"] == pytest.approx(sum(r["rrase"]["ours"] for r in row["runs"]) / 2, abs=1e-3)
    assert [r["seed"] for r in row["runs"]] == [1, 2]
    assert row["rrase"]["ours"] < row["rrase"]["asterisk"]
    (table,) = [line for line in bench_markdown(json.loads(out)).splitlines() if "M/LN/5+M" in line]
    assert f"**{row['rrase']['ours']:.3f}**" in table
