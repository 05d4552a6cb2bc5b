"""Each way in which a prompt set can be wrong is found and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from prompt_sets import tone, whole_product, write_script

from ivr.audio.build import build_set
from ivr.audio.check import check_set
from ivr.audio.errors import PromptError
from ivr.audio.manifest import read_manifest, write_manifest
from ivr.domain.prompts import Prompt

pytestmark = pytest.mark.unit


def codes(root: Path) -> set[tuple[str, str]]:
    return {(problem.prompt_id, problem.code) for problem in check_set(root).problems}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    root = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    build_set(root)
    return root


def test_a_good_set_has_no_problem(good: Path) -> None:
    report = check_set(good)
    assert report.ok
    assert (report.checked, report.problems) == (2, ())


def tamper(root: Path) -> None:
    path = root / "8k/low.wav"
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x00")


def delete(root: Path) -> None:
    (root / "16k/low.wav16").unlink()


def swap_rates(root: Path) -> None:
    (root / "8k/low.wav").write_bytes((root / "16k/low.wav16").read_bytes())


def truncate(root: Path) -> None:
    (root / "8k/low.wav").write_bytes(b"RIFF")


def edit_script(root: Path) -> None:
    write_script(root, {"high": tone(900), "low": tone(310)})


def forget(root: Path) -> None:
    write_manifest(root, {key: entry for key, entry in read_manifest(root).items() if key != "low"})


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (tamper, "changed-file"),
        (delete, "missing-file"),
        (swap_rates, "wrong-rate"),
        (truncate, "bad-wave"),
        (edit_script, "stale"),
        (forget, "not-built"),
    ],
)
def test_damage_is_found(good: Path, damage: Callable[[Path], None], code: str) -> None:
    damage(good)
    assert ("low", code) in codes(good)
    assert not any(prompt_id == "high" for prompt_id, _ in codes(good))


def test_a_stranger_among_the_files_is_reported(good: Path) -> None:
    (good / "8k" / "old-offer.wav").write_bytes(b"")
    assert codes(good) == {("old-offer", "unknown-file")}


def test_too_long_and_too_loud(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"long": tone(ms=12_100), "loud": tone() + "\nlevel_dbfs = -4.0"})
    build_set(root)
    assert ("long", "too-long") in codes(root)
    # The limiter keeps the peak of so loud a tone down, so that its level cannot be reached.
    assert ("loud", "wrong-level") in codes(root)


def test_a_menu_whose_first_key_comes_late(good: Path) -> None:
    write_script(good, {"high": tone(900) + "\nmenu = true", "low": tone(300)})
    build_set(good)
    assert codes(good) == {("high", "late-choice")}
    entries = read_manifest(good)
    write_manifest(good, {**entries, "high": replace(entries["high"], first_choice_s=2.1)})
    assert codes(good) == {("high", "late-choice")}
    write_manifest(good, {**entries, "high": replace(entries["high"], first_choice_s=1.9)})
    assert codes(good) == set()


@pytest.mark.parametrize("missing", [Prompt.OFFER, Prompt.AGENT_WHISPER])
def test_an_id_that_the_flows_use_must_be_in_the_script(tmp_path: Path, missing: Prompt) -> None:
    root = whole_product(tmp_path, without=missing)
    build_set(root)
    assert codes(root) == {(missing.value, "missing-id")}


def test_an_id_that_no_flow_uses_is_reported(tmp_path: Path) -> None:
    root = whole_product(tmp_path)
    with (root / "script.toml").open("a", encoding="utf-8") as script:
        script.write("\n[prompts.sales-pitch]\n" + tone())
    build_set(root)
    assert codes(root) == {("sales-pitch", "unused-id")}


def test_the_directory_must_be_named_for_the_locale(tmp_path: Path) -> None:
    root = whole_product(tmp_path).rename(tmp_path / "en-GB")
    build_set(root)
    assert codes(root) == {("", "wrong-locale")}


def test_custom_recordings_must_be_playable_and_known(good: Path) -> None:
    (good / "custom").mkdir()
    (good / "custom" / "high.wav").write_bytes((good / "8k/low.wav").read_bytes())
    assert check_set(good).custom == ("high",)
    assert codes(good) == set()
    (good / "custom" / "high.wav").write_bytes((good / "16k/low.wav16").read_bytes())
    (good / "custom" / "jingle.wav").write_bytes((good / "8k/low.wav").read_bytes())
    assert codes(good) == {("high", "wrong-rate"), ("jingle", "unknown-file")}


def test_a_recording_stands_for_a_clip_that_was_never_built(good: Path) -> None:
    forget(good)
    for path in (good / "8k/low.wav", good / "16k/low.wav16"):
        (good / "custom").mkdir(exist_ok=True)
        path.rename(good / "custom" / path.name)
    assert codes(good) == set()


def test_a_damaged_manifest_is_an_error_with_a_mend(good: Path) -> None:
    (good / "manifest.json").write_text('{"prompts": {"low": {}}}', encoding="utf-8")
    with pytest.raises(PromptError, match="ivr prompts build"):
        check_set(good)
