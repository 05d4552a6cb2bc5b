"""Reading a prompt script, and what makes a built clip stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prompt_sets import tone, write_script

from ivr.audio.errors import PromptError
from ivr.audio.script import Clip, OutputFile, Voice, load_script

pytestmark = pytest.mark.unit

VOICE = Voice(engine="flite", name="slt", licence="free")
CLIP = Clip(id="offer", sentences=("For a callback, press 1.",), voice=VOICE)
FILES = (OutputFile(8000, "8k/{id}.wav"),)


def test_a_script_is_read(tmp_path: Path) -> None:
    root = write_script(tmp_path, {"offer": 'text = ["One.", "Two."]\nmenu = true', "beep": tone(1000, 400)})
    script = load_script(root)
    assert script.locale == "en-US"
    assert script.clips["offer"].sentences == ("One.", "Two.")
    assert script.clips["offer"].text == "One. Two."
    assert script.clips["offer"].menu
    assert script.clips["beep"].voice is None
    assert script.clips["beep"].text == "(1000 Hz, 400 ms)"
    assert [output.of("offer") for output in script.files] == ["8k/offer.wav", "16k/offer.wav16"]


@pytest.mark.parametrize(
    ("prompts", "said"),
    [
        ({"Offer": tone()}, "lower-case"),
        ({"offer": 'text = "Hi."\n' + tone()}, "either text or tones"),
        ({"offer": "menu = true"}, "either text or tones"),
        ({"offer": 'text = "Hi."\nvoice = "stranger"'}, "stranger"),
        ({"offer": 'text = "Hi."\nloudness = 3'}, "loudness"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, prompts: dict[str, str], said: str) -> None:
    with pytest.raises(PromptError, match=said) as caught:
        load_script(write_script(tmp_path, prompts))
    assert caught.value.code == "bad-script"


def test_no_script_and_no_toml(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="does not exist"):
        load_script(tmp_path)
    (tmp_path / "script.toml").write_text("[set", encoding="utf-8")
    with pytest.raises(PromptError, match="not valid TOML"):
        load_script(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        replace(CLIP, sentences=("For a callback, press 2.",)),
        replace(CLIP, sentences=("For a callback,", "press 1.")),
        replace(CLIP, voice=replace(VOICE, name="awb")),
        replace(CLIP, voice=replace(VOICE, stretch=1.1)),
        replace(CLIP, level_dbfs=-18.0),
        replace(CLIP, pause_ms=300),
    ],
)
def test_what_is_heard_is_in_the_fingerprint(changed: Clip) -> None:
    assert changed.fingerprint(FILES) != CLIP.fingerprint(FILES)


def test_the_rates_are_in_the_fingerprint() -> None:
    assert CLIP.fingerprint(FILES) != CLIP.fingerprint((*FILES, OutputFile(16_000, "16k/{id}.wav16")))
    assert CLIP.fingerprint(FILES) == replace(CLIP).fingerprint(FILES)
