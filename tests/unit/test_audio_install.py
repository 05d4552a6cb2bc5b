"""Installing prompts where Asterisk finds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_sets import whole_product

from ivr.audio.build import build_set
from ivr.audio.errors import PromptError
from ivr.audio.install import install_prompts, missing_prompts
from ivr.domain.prompts import Prompt

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prompts")
    build_set(whole_product(root))
    return root


@pytest.fixture
def own(prompts: Path) -> Iterator[Path]:
    custom = prompts / "en-US" / "custom"
    custom.mkdir()
    yield custom
    for path in custom.iterdir():
        path.unlink()
    custom.rmdir()


def test_every_prompt_lands_in_both_rates(prompts: Path, tmp_path: Path) -> None:
    assert len(missing_prompts(tmp_path, "en-US")) == len(Prompt)
    report = install_prompts(tmp_path, prompts=prompts)
    assert len(report.written) == 2 * len(Prompt)
    assert missing_prompts(tmp_path, "en-US") == []
    for prompt in Prompt:
        for rate, suffix in (("8k", ".wav"), ("16k", ".wav16")):
            target = tmp_path / "callback" / "en-US" / f"{prompt}{suffix}"
            assert target.read_bytes() == (prompts / "en-US" / rate / f"{prompt}{suffix}").read_bytes()
            assert target.stat().st_mode & 0o777 == 0o644


def test_a_second_run_writes_nothing_and_leaves_no_scratch_file(prompts: Path, tmp_path: Path) -> None:
    install_prompts(tmp_path, prompts=prompts)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    report = install_prompts(tmp_path, prompts=prompts)
    assert (report.written, len(report.unchanged)) == ((), 2 * len(Prompt))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_one_damaged_target_is_mended(prompts: Path, tmp_path: Path) -> None:
    install_prompts(tmp_path, prompts=prompts)
    (tmp_path / "callback/en-US/offer.wav").write_bytes(b"noise")
    assert install_prompts(tmp_path, prompts=prompts).written == ("callback/en-US/offer.wav",)


def test_your_own_recording_wins_in_every_rate(prompts: Path, own: Path, tmp_path: Path) -> None:
    install_prompts(tmp_path, prompts=prompts)
    recording = (prompts / "en-US/8k/greeting.wav").read_bytes()
    (own / "offer.wav").write_bytes(recording)
    report = install_prompts(tmp_path, prompts=prompts)
    assert report.custom == ("offer",)
    assert report.written == ("callback/en-US/offer.wav",)
    assert report.removed == ("callback/en-US/offer.wav16",)
    assert not (tmp_path / "callback/en-US/offer.wav16").exists()
    assert (tmp_path / "callback/en-US/offer.wav").read_bytes() == recording
    assert missing_prompts(tmp_path, "en-US") == []


def test_a_recording_of_the_wrong_rate_stops_before_anything_is_written(
    prompts: Path, own: Path, tmp_path: Path
) -> None:
    (own / "offer.wav").write_bytes((prompts / "en-US/16k/offer.wav16").read_bytes())
    with pytest.raises(PromptError, match="ivr prompts adopt offer"):
        install_prompts(tmp_path, prompts=prompts)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_clip_stops_before_anything_is_written(prompts: Path, tmp_path: Path) -> None:
    victim = prompts / "en-US/8k/offer.wav"
    good = victim.read_bytes()
    victim.write_bytes(good + b"x")
    try:
        with pytest.raises(PromptError, match=r"offer\.wav is missing or not the file that was built"):
            install_prompts(tmp_path, prompts=prompts)
    finally:
        victim.write_bytes(good)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_language_is_refused(prompts: Path, tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="there is en-US"):
        install_prompts(tmp_path, prompts=prompts, only_locales=["fr-FR"])


def test_one_rate_is_enough_for_asterisk(prompts: Path, tmp_path: Path) -> None:
    install_prompts(tmp_path, prompts=prompts)
    (tmp_path / "callback/en-US/offer.wav").unlink()
    assert missing_prompts(tmp_path, "en-US") == []
    (tmp_path / "callback/en-US/offer.wav16").unlink()
    assert missing_prompts(tmp_path, "en-US") == ["callback/en-US/offer.wav"]
