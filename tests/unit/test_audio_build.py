"""Building a set: only what changed, the same bytes, and clear words when an engine is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from prompt_sets import files_of, tone, write_script

from ivr.audio.build import build_set
from ivr.audio.errors import PromptError
from ivr.audio.manifest import read_manifest
from ivr.audio.wave_facts import measure, read_wave

pytestmark = pytest.mark.unit

# Stands in for the program, not for our code: writes a second of tone, or fails as its text asks.
ENGINE = f"""#!{sys.executable}
import math, struct, sys, wave
text, out = sys.argv[sys.argv.index("-t") + 1], sys.argv[sys.argv.index("-o") + 1]
if "fail" in text:
    sys.exit("cannot speak this")
loud = 0 if "hush" in text else 9000
with wave.open(out, "wb") as stream:
    stream.setnchannels(1)
    stream.setsampwidth(2)
    stream.setframerate(16000)
    stream.writeframes(b"".join(struct.pack("<h", int(loud * math.sin(n / 8))) for n in range(16000)))
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "flite"
    program.parent.mkdir()
    program.write_text(ENGINE, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


def test_every_clip_is_built_in_every_rate(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    assert build_set(root).built == ("high", "low")
    for key, entry in read_manifest(root).items():
        assert list(entry.files) == [f"8k/{key}.wav", f"16k/{key}.wav16"]
        for name, known in entry.files.items():
            facts = measure(read_wave(root / name))
            assert facts.rate_hz == known.rate_hz
            assert facts.rms_dbfs == pytest.approx(-20, abs=0.2)


def test_a_second_build_does_nothing_and_a_forced_one_gives_the_same_bytes(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    build_set(root)
    first = files_of(root)
    assert build_set(root).built == ()
    assert build_set(root, force=True).built == ("high", "low")
    assert files_of(root) == first


def test_only_what_changed_is_built(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    build_set(root)
    write_script(root, {"high": tone(950), "low": tone(300)})
    report = build_set(root)
    assert (report.built, report.kept) == (("high",), ("low",))


@pytest.mark.parametrize("damage", ["change", "delete"])
def test_a_damaged_file_is_built_again(tmp_path: Path, damage: str) -> None:
    root = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    build_set(root)
    victim = root / "16k/low.wav16"
    good = victim.read_bytes()
    if damage == "change":
        victim.write_bytes(good[:-1] + b"!")
    else:
        victim.unlink()
    assert build_set(root).built == ("low",)
    assert victim.read_bytes() == good


def test_files_of_a_prompt_that_left_the_script_are_removed(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    build_set(root)
    write_script(root, {"low": tone(300)})
    assert build_set(root).dropped == ("high",)
    assert sorted(p.name for p in root.rglob("*.wav*")) == ["low.wav", "low.wav16"]
    assert list(read_manifest(root)) == ["low"]


def test_one_id_can_be_built_alone_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"high": tone(900), "low": tone(300)})
    assert build_set(root, only=["low"]).built == ("low",)
    with pytest.raises(PromptError, match="lower"):
        build_set(root, only=["lower"])


@pytest.mark.usefixtures("engine")
def test_a_menu_tells_when_its_first_sentence_is_over(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"offer": 'text = ["Press 1.", "Or 2."]\nmenu = true'})
    build_set(root)
    entry = read_manifest(root)["offer"]
    assert entry.first_choice_s == pytest.approx(1.03, abs=0.03)
    assert entry.duration_s == pytest.approx(2 * 1.0 + 0.25 + 0.03 + 0.08, abs=0.05)
    assert (entry.engine, entry.voice, entry.licence) == ("flite", "slt", "test")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("text", "said"), [("please fail", "cannot speak this"), ("hush", "only silence")])
def test_an_engine_that_fails_is_quoted_and_leaves_what_was_built(tmp_path: Path, text: str, said: str) -> None:
    root = write_script(tmp_path / "set", {"good": 'text = "Hello."', "bad": f'text = "{text}"'})
    with pytest.raises(PromptError, match=said):
        build_set(root)
    assert list(read_manifest(root)) == ["good"]


def test_a_missing_engine_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    root = write_script(tmp_path / "set", {"offer": 'text = "Hello."'})
    with pytest.raises(PromptError, match="apt-get install flite") as caught:
        build_set(root)
    assert caught.value.code == "no-engine"


def test_a_missing_neural_voice_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hibari", None)
    root = write_script(tmp_path / "set", {"offer": 'text = "Hello."'})
    script = root / "script.toml"
    script.write_text(script.read_text("utf-8").replace('"flite"', '"hibari"'), encoding="utf-8")
    with pytest.raises(PromptError, match="pip install hibari-tts"):
        build_set(root)


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    root = write_script(tmp_path / "set", {"offer": 'text = "Hello."'})
    script = root / "script.toml"
    script.write_text(script.read_text("utf-8").replace('"flite"', '"parrot"'), encoding="utf-8")
    with pytest.raises(PromptError, match="no speech engine 'parrot'"):
        build_set(root)
