"""Measuring WAV files with the standard library."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

import pytest

from ivr.audio.errors import PromptError
from ivr.audio.wave_facts import Pcm, measure, read_wave

pytestmark = pytest.mark.unit


def sine(amplitude: int, seconds: float, rate_hz: int = 8000) -> array[int]:
    count = round(rate_hz * seconds)
    return array("h", [round(amplitude * math.sin(2 * math.pi * 400 * n / rate_hz)) for n in range(count)])


def zeros(seconds: float, rate_hz: int = 8000) -> array[int]:
    return array("h", bytes(2 * round(rate_hz * seconds)))


def write(path: Path, data: bytes, *, channels: int = 1, width: int = 2, rate_hz: int = 8000) -> Path:
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(width)
        stream.setframerate(rate_hz)
        stream.writeframes(data)
    return path


def test_levels_of_a_sine() -> None:
    facts = measure(Pcm(8000, sine(16_384, 1.0)))
    assert facts.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert facts.rms_dbfs == pytest.approx(-9.03, abs=0.02)
    assert facts.duration_s == 1.0


def test_silence_does_not_count_for_the_level_but_is_measured_at_both_ends() -> None:
    facts = measure(Pcm(8000, zeros(0.04) + sine(16_384, 0.5) + zeros(1.0) + sine(16_384, 0.5) + zeros(0.1)))
    assert facts.rms_dbfs == pytest.approx(-9.03, abs=0.1)
    assert facts.lead_silence_s == pytest.approx(0.04)
    assert facts.tail_silence_s == pytest.approx(0.1)


def test_breath_in_a_pause_does_not_count_for_the_level() -> None:
    facts = measure(Pcm(8000, sine(16_384, 0.5) + sine(160, 2.0) + sine(16_384, 0.5)))
    assert facts.rms_dbfs == pytest.approx(-9.03, abs=0.1)


@pytest.mark.parametrize("samples", [array("h"), zeros(0.5)])
def test_nothing_heard_is_a_level_of_minus_100(samples: array[int]) -> None:
    facts = measure(Pcm(8000, samples))
    assert (facts.rms_dbfs, facts.peak_dbfs) == (-100.0, -100.0)
    assert facts.lead_silence_s == facts.tail_silence_s == facts.duration_s


def test_full_scale_negative_is_0_dbfs() -> None:
    assert measure(Pcm(8000, array("h", [-32_768] * 800))).peak_dbfs == 0.0


def test_a_file_is_read_back(tmp_path: Path) -> None:
    samples = sine(1000, 0.1, 16_000)
    pcm = read_wave(write(tmp_path / "a.wav16", samples.tobytes(), rate_hz=16_000))
    assert (pcm.rate_hz, pcm.samples) == (16_000, samples)


@pytest.mark.parametrize(("channels", "width"), [(2, 2), (1, 1), (1, 3)])
def test_only_mono_16_bit_is_accepted(tmp_path: Path, channels: int, width: int) -> None:
    path = write(tmp_path / "a.wav", bytes(channels * width * 80), channels=channels, width=width)
    with pytest.raises(PromptError, match="mono, 16 bit"):
        read_wave(path)


@pytest.mark.parametrize("content", [b"", b"ID3 this is no WAV file", b"RIFF\x04\0\0\0WAVE"])
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "offer.wav"
    path.write_bytes(content)
    with pytest.raises(PromptError, match=r"offer\.wav is not a PCM WAV file"):
        read_wave(path)
