"""An operator's studio recording becomes a prompt, whatever format it comes in."""

from __future__ import annotations

import math
import wave
from pathlib import Path

import pytest
from prompt_sets import tone, write_script

from ivr.audio.build import build_set
from ivr.audio.build_custom import adopt
from ivr.audio.check import check_set
from ivr.audio.errors import PromptError
from ivr.audio.wave_facts import measure, read_wave

pytestmark = pytest.mark.unit


def record(path: Path, *, rate_hz: int, channels: int, width: int, seconds: float = 0.5) -> Path:
    """A 440 Hz tone at half scale on every channel, between two stretches of silence."""
    full = 2 ** (8 * width - 1)
    frames = bytearray()
    for n in range(round(rate_hz * (seconds + 0.6))):
        sounding = 0.3 <= n / rate_hz < 0.3 + seconds
        value = round(full / 2 * math.sin(2 * math.pi * 440 * n / rate_hz)) if sounding else 0
        sample = bytes([value + 128]) if width == 1 else value.to_bytes(width, "little", signed=True)
        frames += sample * channels
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(width)
        stream.setframerate(rate_hz)
        stream.writeframes(bytes(frames))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = write_script(tmp_path / "set", {"offer": tone(900)})
    build_set(made)
    return made


@pytest.mark.parametrize(
    ("rate_hz", "channels", "width"), [(44_100, 2, 3), (48_000, 1, 4), (22_050, 1, 1), (8000, 1, 2)]
)
def test_any_pcm_recording_is_converted(root: Path, tmp_path: Path, rate_hz: int, channels: int, width: int) -> None:
    source = record(tmp_path / "studio.wav", rate_hz=rate_hz, channels=channels, width=width)
    written = adopt(root, "offer", source)
    assert [path.relative_to(root).as_posix() for path in written] == ["custom/offer.wav", "custom/offer.wav16"]
    for path, wanted_hz in zip(written, (8000, 16_000), strict=True):
        facts = measure(read_wave(path))
        assert facts.rate_hz == wanted_hz
        assert facts.rms_dbfs == pytest.approx(-20, abs=0.3)
        assert facts.duration_s == pytest.approx(0.5 + 0.14, abs=0.04)
    assert check_set(root).ok
    assert check_set(root).custom == ("offer",)


def test_a_recording_of_no_prompt_is_refused(root: Path, tmp_path: Path) -> None:
    source = record(tmp_path / "studio.wav", rate_hz=8000, channels=1, width=2)
    with pytest.raises(PromptError, match="no prompt 'offfer'"):
        adopt(root, "offfer", source)


@pytest.mark.parametrize("content", [b"", b"fLaC"])
def test_a_file_that_is_no_wav_is_refused(root: Path, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "studio.flac"
    source.write_bytes(content)
    with pytest.raises(PromptError, match="not a PCM WAV"):
        adopt(root, "offer", source)


def test_silence_is_refused(root: Path, tmp_path: Path) -> None:
    source = record(tmp_path / "studio.wav", rate_hz=8000, channels=1, width=2, seconds=0)
    with pytest.raises(PromptError, match="silent"):
        adopt(root, "offer", source)
    assert not (root / "custom").exists()
