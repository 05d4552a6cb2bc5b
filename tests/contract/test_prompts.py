"""The committed prompts keep what is promised of them: to callers, to the flows, and to those who pass them on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ivr.audio.check import check_set
from ivr.audio.install import install_prompts, missing_prompts
from ivr.audio.locate import product_sets, prompts_dir
from ivr.audio.manifest import read_manifest
from ivr.audio.script import load_script
from ivr.audio.wave_facts import read_wave
from ivr.domain.prompts import Prompt

pytestmark = pytest.mark.contract

REPOSITORY = Path(__file__).parents[2]
CARRIER_CONFIG = REPOSITORY / "asterisk-config" / "carrier"
CARRIER_SOUNDS = CARRIER_CONFIG / "sounds"
ALL_SETS = [*product_sets(), CARRIER_SOUNDS]

# id -> (shortest, longest) in seconds: what the answer detection of a dialer is tried on.
CARRIER_CLIPS = {
    "person-hello": (0.3, 1.2),
    "person-hello-slow": (1.2, 3.0),
    "person-business-greeting": (5.5, 8.0),
    "person-decline": (0.6, 2.0),
    "voicemail-greeting": (3.0, 5.0),
    "voicemail-long-greeting": (12.0, 15.0),
    "voicemail-beep": (0.4, 0.4),
    "call-screening": (5.0, 7.0),
    "agent-hello": (2.0, 4.0),
    "sit-tones": (0.99, 0.99),
}


def test_american_english_is_there() -> None:
    assert prompts_dir() / "en-US" in product_sets()


@pytest.mark.parametrize("root", ALL_SETS, ids=lambda root: root.name)
def test_nothing_is_wrong_with_the_committed_clips(root: Path) -> None:
    assert check_set(root).problems == ()


@pytest.mark.parametrize("root", product_sets(), ids=lambda root: root.name)
def test_the_script_has_exactly_what_the_flows_use(root: Path) -> None:
    assert set(load_script(root).clips) == {prompt.value for prompt in Prompt}


@pytest.mark.parametrize("root", product_sets(), ids=lambda root: root.name)
def test_every_prompt_is_short_and_says_the_same_in_both_rates(root: Path) -> None:
    for prompt in Prompt:
        narrow = read_wave(root / "8k" / f"{prompt}.wav")
        wide = read_wave(root / "16k" / f"{prompt}.wav16")
        assert (narrow.rate_hz, wide.rate_hz) == (8000, 16_000)
        assert wide.duration_s == pytest.approx(narrow.duration_s, abs=0.001)
        assert narrow.duration_s <= 12.0


@pytest.mark.parametrize("root", product_sets(), ids=lambda root: root.name)
@pytest.mark.parametrize("menu", [Prompt.OFFER, Prompt.CONFIRM_NUMBER, Prompt.CALLBACK_PRESS_1])
def test_the_first_key_of_a_menu_is_heard_within_two_seconds(root: Path, menu: Prompt) -> None:
    first_choice_s = read_manifest(root)[menu].first_choice_s
    assert first_choice_s is not None
    assert first_choice_s <= 2.0


@pytest.mark.parametrize("root", product_sets(), ids=lambda root: root.name)
def test_a_clip_that_promises_a_callback_is_only_the_one_after_storing(root: Path) -> None:
    promising = {key for key, clip in load_script(root).clips.items() if re.search(r"we('|\s+wi)ll call", clip.text)}
    assert promising == {Prompt.CALLBACK_CONFIRMED}


@pytest.mark.parametrize("root", ALL_SETS, ids=lambda root: root.name)
def test_every_clip_names_its_engine_voice_and_licence(root: Path) -> None:
    for key, entry in read_manifest(root).items():
        assert entry.engine, key
        assert entry.voice, key
        assert re.search(r"Apache-2\.0|BSD", entry.licence), key


def test_the_product_installs_as_it_is(tmp_path: Path) -> None:
    install_prompts(tmp_path)
    for root in product_sets():
        assert missing_prompts(tmp_path, root.name) == []


@pytest.mark.parametrize(("clip", "limits_s"), CARRIER_CLIPS.items(), ids=list(CARRIER_CLIPS))
def test_the_carriers_people_speak_as_long_as_they_should(clip: str, limits_s: tuple[float, float]) -> None:
    shortest_s, longest_s = limits_s
    assert shortest_s <= read_wave(CARRIER_SOUNDS / f"{clip}.wav").duration_s <= longest_s


def test_the_carriers_dialplan_plays_only_clips_that_exist() -> None:
    dialplan = (CARRIER_CONFIG / "extensions.conf").read_text(encoding="utf-8")
    played = set(re.findall(r"\$\{SOUNDS\}/([a-z0-9-]+)", dialplan))
    assert played
    assert played <= set(load_script(CARRIER_SOUNDS).clips)


def test_the_carriers_people_do_not_sound_alike() -> None:
    assert len({entry.voice for entry in read_manifest(CARRIER_SOUNDS).values() if entry.engine == "flite"}) >= 3
