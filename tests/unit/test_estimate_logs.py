"""Logs as they are found: right, wrong, with holes and out of order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.domain.estimate.calls import Call, Outcome
from ivr.ewt.csv_calls import read_calls
from ivr.ewt.log_files import LogUnreadable
from ivr.ewt.queue_log import read_queue_log
from ivr.ewt.score import score

pytestmark = pytest.mark.unit

HEADER = "queue,entered,outcome,left,service_end,agent\n"


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "calls.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def queue_log(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "queue_log"
    path.write_text(text)
    return path


# -- CSV


def test_calls_of_a_csv(tmp_path: Path) -> None:
    log = read_calls(csv(tmp_path, "s,100.5,answered,130,190.25,ann", "s,90,abandoned,95,,"))
    assert log.problems == []
    assert log.calls == [
        Call(90.0, Outcome.ABANDONED, 95.0, queue="s"),
        Call(100.5, Outcome.ANSWERED, 130.0, 190.25, "ann", queue="s"),
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("s,100,answered,130,190", "5 fields where 6 are wanted"),
        ("s,noon,answered,130,190,ann", "entered is 'noon'; epoch seconds are wanted"),
        ("s,nan,answered,130,190,ann", "entered is 'nan'; epoch seconds are wanted"),
        ("s,100,gone,130,190,ann", "outcome is 'gone'; it is to be answered or abandoned"),
        ("s,100,abandoned,90,,", "left (90) is before entered (100); it is to be the same or later"),
        ("s,100,answered,,190,ann", "left is ''; epoch seconds are wanted"),
    ],
)
def test_a_wrong_line_is_told_and_the_others_are_read(tmp_path: Path, line: str, text: str) -> None:
    log = read_calls(csv(tmp_path, "s,1,abandoned,2,,", line, "s,3,abandoned,4,,"))
    assert [call.entered_s for call in log.calls] == [1, 3]
    (problem,) = log.problems
    assert str(problem).startswith("calls.csv:3: ")
    assert text in problem.text
    assert problem.text.endswith("the line is left out")


@pytest.mark.parametrize("end", ["", "never", "120"])
def test_a_call_whose_end_is_wrong_is_used_without_it(tmp_path: Path, end: str) -> None:
    log = read_calls(csv(tmp_path, f"s,100,answered,130,{end},ann"))
    assert log.calls == [Call(100.0, Outcome.ANSWERED, 130.0, None, "ann", queue="s")]
    assert log.problems[0].text.endswith("the call is used without its end")


def test_files_that_are_something_else(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(LogUnreadable, match="the first line is to be queue,entered,outcome"):
        read_calls(tmp_path / "x.csv")
    with pytest.raises(LogUnreadable, match="No such file"):
        read_calls(tmp_path / "none.csv")
    with pytest.raises(LogUnreadable, match="No such file"):
        read_queue_log(tmp_path / "none")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_readers(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "junk"
    path.write_bytes(HEADER.encode() + junk)
    read_calls(path)
    path.write_bytes(b"1|1|q|NONE|ENTERQUEUE||5|1\n" + junk)
    read_queue_log(path)


# -- queue_log

STORY = """\
90|none|NONE|NONE|QUEUESTART|
100|1.1|support|NONE|ENTERQUEUE||+12025550100|1
101|1.2|support|NONE|ENTERQUEUE||+12025550101|2
105|1.3|support|NONE|ENTERQUEUE||+12025550102|3
106|1.4|support|NONE|ENTERQUEUE||+12025550103|4
130|1.1|support|Agent One|CONNECT|30|1.9|4
131|1.2|support|NONE|ABANDON|1|2|30
140|1.3|support|NONE|EXITWITHKEY|1|1|3|35
141|1.4|support|NONE|EXITWITHTIMEOUT|1|4|35
190|1.1|support|Agent One|COMPLETECALLER|30|60|1
"""


def test_the_story_of_a_queue(tmp_path: Path) -> None:
    log = read_queue_log(queue_log(tmp_path, STORY))
    assert log.problems == []
    assert log.calls == [
        Call(100, Outcome.ANSWERED, 130, 190, "Agent One", 4, queue="support"),
        Call(101, Outcome.ABANDONED, 131, queue="support"),
        Call(105, Outcome.OTHER, 140, queue="support"),
        Call(106, Outcome.OTHER, 141, queue="support"),
    ]
    assert log.calls[0].offered_s == 126


def test_lines_out_of_order_are_put_right(tmp_path: Path) -> None:
    lines = STORY.splitlines(keepends=True)
    assert read_queue_log(queue_log(tmp_path, "".join(reversed(lines)))).calls == (
        read_queue_log(queue_log(tmp_path, STORY)).calls
    )


def test_what_has_no_beginning_or_no_end_is_told_by_its_line(tmp_path: Path) -> None:
    log = read_queue_log(
        queue_log(
            tmp_path,
            "100|1.1|q|A|CONNECT|30|1.9|4\n"
            "101|1.2|q|NONE|ENTERQUEUE||5|1\n"
            "rubbish\n"
            "soon|1.3|q|NONE|ENTERQUEUE||5|1\n"
            "110|1.2|q|A|CONNECT|9|1.9|4\n"
            "120|none|NONE|NONE|QUEUESTART|\n"
            "130|1.5|q|NONE|ENTERQUEUE||5|1\n"
            "140|1.6|q|A|COMPLETEAGENT|1|2|3\n",
        )
    )
    assert [(p.line, p.text.split(";")[0]) for p in log.problems] == [
        (1, "CONNECT of a call that did not enter the queue in this file"),
        (2, "the call was connected and its end is not told (Asterisk was started again)"),
        (3, "1 fields"),
        (4, "the moment is 'soon'"),
        (7, "the call entered the queue and never left it (the file ends)"),
        (8, "COMPLETEAGENT of a call that was not connected"),
    ]
    assert log.calls == [Call(101, Outcome.ANSWERED, 110, None, "A", 4, queue="q")]


# -- scoring


def steady(calls: int) -> list[Call]:
    """One agent, calls of 100 s, somebody new each 100 s who finds two ahead; each tenth hangs up."""
    made = []
    served_s = 250.0
    for i in range(calls):
        entered_s = 100.0 * i
        if i % 10 == 9:
            made.append(Call(entered_s, Outcome.ABANDONED, entered_s + 60, queue="q"))
            continue
        start_s = max(served_s, entered_s + 200.0)
        served_s = start_s + 100.0
        made.append(Call(entered_s, Outcome.ANSWERED, start_s, served_s, "ann", queue="q"))
    return made


def test_only_the_past_is_learnt_from() -> None:
    """A future that is another does not change what was said before."""
    calls = steady(400)
    whole = score(calls, warm_up=0)
    until = calls[250].entered_s
    changed = [
        call
        if call.entered_s <= until
        else Call(call.entered_s, Outcome.ABANDONED, call.entered_s + 5, queue=call.queue)
        for call in calls
    ]
    early = score(changed, warm_up=0)
    assert early["cold_start"] == whole["cold_start"]
    assert early["rrase"] != whole["rrase"]


def test_the_score_of_a_log() -> None:
    result = score(steady(600))
    # A fifth of the estimates; the first caller finds no agent known, and gets none.
    assert result["warm_up"] == 599 // 5
    assert result["n"] == sum(s["n"] for s in result["strata"])
    assert set(result["rrase"]) >= {"ours", "asterisk", "les", "hol", "ql", "qlm", "constant"}
    assert set(result["coverage"]) == {"p10", "p50", "p90"}
    assert result["rrase"]["ours"] < 0.3
    assert result["potential"]["n"] > result["n"]
    assert result == score(steady(600))


def test_a_log_without_waits_has_nothing_to_score() -> None:
    nothing = score([])
    assert nothing["n"] == 0
    assert nothing["rrase"]["ours"] is None
    at_once = [Call(i * 100.0, Outcome.ANSWERED, i * 100.0, i * 100.0 + 50, "ann") for i in range(50)]
    assert score(at_once)["n"] == 0
