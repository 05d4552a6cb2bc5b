"""The sound processing of the prompt builder, on sounds whose every property is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ivr.audio.build_dsp import Sound, from_pcm, join, level, resample, to_pcm, tones, wave_bytes
from ivr.audio.script import Tone
from ivr.audio.wave_facts import measure, speech_level_dbfs

pytestmark = pytest.mark.unit


def sine(hz: float, rate_hz: int, seconds: float = 1.0, amplitude: float = 0.5) -> Sound:
    time_s = np.arange(round(rate_hz * seconds)) / rate_hz
    return Sound(rate_hz, amplitude * np.sin(2 * np.pi * hz * time_s))


def silence(rate_hz: int, seconds: float) -> Sound:
    return Sound(rate_hz, np.zeros(round(rate_hz * seconds)))


def chain(*sounds: Sound) -> Sound:
    return Sound(sounds[0].rate_hz, np.concatenate([sound.samples for sound in sounds]))


def spectrum_dbfs(sound: Sound) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Frequencies, and the RMS level that a sine would have there; edges of the sound are left out."""
    inner = sound.samples[len(sound.samples) // 8 : -len(sound.samples) // 8]
    window = np.hanning(len(inner))
    amplitude = 2 * np.abs(np.fft.rfft(inner * window)) / window.sum()
    levels: npt.NDArray[np.float64] = 20 * np.log10(amplitude / np.sqrt(2) + 1e-12)
    return np.asarray(np.fft.rfftfreq(len(inner), 1 / sound.rate_hz), dtype=np.float64), levels


def babble(seconds: float, rate_hz: int = 16_000, crest: float = 1.0) -> Sound:
    """Noise in bursts like syllables, the same every time; `crest` makes its peaks stand out."""
    noise = np.random.default_rng(7).standard_normal(round(rate_hz * seconds))
    time_s = np.arange(len(noise)) / rate_hz
    shaped = np.sign(noise) * np.abs(noise) ** crest * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time_s))
    return Sound(rate_hz, 0.3 * shaped / np.abs(shaped).max())


@pytest.mark.parametrize("rate_hz", [8000, 16_000])
def test_a_tone_above_the_band_does_not_fold_into_it(rate_hz: int) -> None:
    # At 22.05 kHz this is a plain tone; at the lower rate there is no room for it.
    hz = 0.75 * rate_hz
    out = resample(sine(hz, 22_050 if rate_hz == 8000 else 44_100, seconds=2.0), rate_hz)
    _, levels = spectrum_dbfs(out)
    assert out.rate_hz == rate_hz
    assert levels.max() < -60


def test_a_tone_inside_the_band_stays_as_it_is() -> None:
    frequencies, levels = spectrum_dbfs(resample(sine(1000, 22_050, seconds=2.0), 8000))
    loudest = levels.argmax()
    assert frequencies[loudest] == pytest.approx(1000, abs=2)
    assert levels[loudest] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)


def test_resampling_keeps_the_length() -> None:
    assert len(resample(sine(440, 24_000, seconds=1.5), 8000).samples) == pytest.approx(12_000, abs=1)


@pytest.mark.parametrize("amplitude", [0.001, 0.05, 0.9])
def test_every_loudness_comes_out_at_the_target(amplitude: float) -> None:
    finished = level(sine(440, 8000, amplitude=amplitude), -20.0)
    assert speech_level_dbfs(to_pcm(finished)) == pytest.approx(-20, abs=0.1)


def test_pauses_do_not_make_speech_louder() -> None:
    spoken = babble(1.0)
    alone = level(spoken, -20.0)
    with_pause = level(chain(spoken, silence(16_000, 2.0), spoken), -20.0)
    assert np.abs(with_pause.samples[:16_000]).max() == pytest.approx(np.abs(alone.samples).max(), rel=0.02)


def test_peaks_are_held_without_losing_the_level() -> None:
    facts = measure(to_pcm(level(babble(2.0, crest=2.5), -20.0)))
    assert facts.peak_dbfs <= -3
    assert facts.rms_dbfs == pytest.approx(-20, abs=0.1)


def test_the_limiter_leaves_quiet_stretches_alone() -> None:
    quiet = sine(300, 8000, amplitude=0.2)
    spike = sine(300, 8000, seconds=0.05, amplitude=3.0)
    finished = level(chain(quiet, spike, quiet), -20.0)
    first, last = finished.samples[:7000], finished.samples[-7000:]
    gain = np.abs(first).max() / 0.2
    assert np.allclose(first, gain * quiet.samples[:7000], atol=1e-9)
    assert np.abs(last).max() == pytest.approx(np.abs(first).max(), rel=0.01)


def test_edges_are_trimmed_to_the_agreed_silence() -> None:
    loose = chain(silence(16_000, 0.7), sine(300, 16_000, seconds=0.5), silence(16_000, 1.1))
    facts = measure(to_pcm(join([loose], pause_ms=0).sound))
    assert 0.02 <= facts.lead_silence_s <= 0.05
    assert 0.05 <= facts.tail_silence_s <= 0.12
    assert facts.duration_s == pytest.approx(0.5 + 0.03 + 0.08 + 2 * 0.015, abs=0.02)


def test_sentences_are_joined_by_the_pause_and_the_first_end_is_told() -> None:
    first, second = sine(300, 16_000, seconds=0.6), sine(500, 16_000, seconds=0.4)
    joined = join([first, second], pause_ms=250)
    quiet = np.flatnonzero(np.abs(joined.sound.samples) > 0.05) / 16_000
    gap_at = int(np.diff(quiet).argmax())
    assert quiet[gap_at + 1] - quiet[gap_at] == pytest.approx(0.25, abs=0.02)
    assert joined.first_sentence_end_s == pytest.approx(quiet[gap_at], abs=0.02)


def test_an_offset_is_taken_out() -> None:
    crooked = Sound(16_000, sine(300, 16_000).samples * 0.4 + 0.2)
    assert abs(join([crooked], pause_ms=0).sound.samples.mean()) < 0.002


def test_a_row_of_tones_has_the_frequencies_in_turn() -> None:
    sound = tones([Tone(950, 330), Tone(1400, 330), Tone(1800, 330)], 16_000)
    assert len(sound.samples) == 3 * 5280
    for index, hz in enumerate((950, 1400, 1800)):
        frequencies, levels = spectrum_dbfs(Sound(16_000, sound.samples[index * 5280 : (index + 1) * 5280]))
        assert frequencies[levels.argmax()] == pytest.approx(hz, abs=5)


def test_rounding_to_16_bit_never_wraps_around() -> None:
    assert list(to_pcm(Sound(8000, np.array([2.0, -2.0, 0.0]))).samples) == [32767, -32768, 0]


def test_samples_survive_the_way_to_pcm_and_back() -> None:
    pcm = to_pcm(babble(0.1))
    assert to_pcm(from_pcm(pcm)).samples == pcm.samples


def test_the_same_sound_gives_the_same_file() -> None:
    def made() -> bytes:
        return wave_bytes(level(resample(join([babble(1.0, 24_000)], 0).sound, 8000), -20.0))

    assert made() == made()
