"""The report as people and programs read it."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from ivr.doctor.check import Check, Status, some
from ivr.doctor.report import as_json, show, verdict, watching

pytestmark = pytest.mark.unit

FINE = Check("redis", Status.OK, "127.0.0.1:6379")
ODD = Check("modules.audio", Status.WARNING, "not running: codec_alaw.so", "load it")
BROKEN = Check("ari", Status.FAILED, "the user [bold]callback[/bold] is refused", "set [asterisk] ari_password")
SKIPPED = Check("ari.version", Status.SKIPPED, "not looked at: ari failed", because="ari")
DARK = Check("dialplan", Status.UNKNOWN, "not told", "look yourself")


def test_only_a_failure_makes_it_unfit() -> None:
    assert verdict([FINE, ODD, DARK])
    assert not verdict([FINE, BROKEN])


def test_the_json_document_is_one_line_with_every_check() -> None:
    line = as_json([FINE, BROKEN, SKIPPED])
    assert "\n" not in line
    document = json.loads(line)
    assert document["ok"] is False
    assert document["counts"] == {"ok": 1, "warning": 0, "failed": 1, "unknown": 0, "skipped": 1}
    assert document["checks"][1] == {
        "name": "ari",
        "status": "failed",
        "detail": "the user [bold]callback[/bold] is refused",
        "mend": "set [asterisk] ari_password",
        "because": "",
    }
    assert document["checks"][2]["because"] == "ari"


def test_a_person_reads_what_is_wrong_and_what_to_do() -> None:
    out = io.StringIO()
    show(Console(file=out, width=100), [FINE, ODD, BROKEN, SKIPPED, DARK])
    told = out.getvalue()
    # Brackets are text, not markup: settings are full of them.
    assert "the user [bold]callback[/bold] is refused" in told
    assert "-> set [asterisk] ari_password" in told
    lines = [line.split() for line in told.splitlines()]
    assert ["ari", "FAILED", "the"] in [line[:3] for line in lines]
    # What was not looked at is one line for each cause.
    assert ["1", "more", "skipped", "until", "ari", "is", "mended"] in lines
    assert not any(line[:1] == ["ari.version"] for line in lines)
    assert told.splitlines()[-1] == (
        "5 checks: 1 fine, 1 with a warning, 1 failed, 1 could not be looked at, 1 skipped"
    )


def test_a_terminal_shows_whom_we_wait_for_and_nothing_stays_of_it() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with watching(console) as watcher:
        watcher.begun(["redis", "ari"])
        watcher.done(FINE)
    assert "1/2" in out.getvalue()
    assert "ari" in out.getvalue()


def test_without_a_terminal_nothing_is_shown_on_the_way() -> None:
    out = io.StringIO()
    with watching(Console(file=out)) as watcher:
        watcher.begun(["redis"])
        watcher.done(FINE)
    assert out.getvalue() == ""


def test_a_long_list_is_cut() -> None:
    assert some(["a", "b"], most=2) == "a, b"
    assert some(["a", "b", "c", "d"], most=2) == "a, b and 2 more"
