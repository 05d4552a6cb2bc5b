"""Turns what an engine spoke into a finished prompt: edges trimmed, sentences joined, rate and level set.

pydub trims and joins, `soxr` changes the rate (pydub's own way folds high frequencies back into the speech band), and
a limiter here keeps the peaks down. No dither and no clock: the same input gives the same bytes.
"""

from __future__ import annotations

import io
import wave
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import soxr

from ivr.audio.build_pydub import AudioSegment, detect_leading_silence
from ivr.audio.script import Tone
from ivr.audio.wave_facts import FULL_SCALE, Pcm, speech_level_dbfs

if TYPE_CHECKING:
    from collections.abc import Sequence

    Samples = npt.NDArray[np.float64]

LEAD_SILENCE_MS = 30
TAIL_SILENCE_MS = 80
PEAK_CEILING_DBFS = -3.2
"""A little under the promised -3 dBFS, for what rounding and the last filter add."""
_TRIM_BELOW_PEAK_DB = 42.0
_TRIM_GUARD_MS = 15
_FADE_MS = 8
_LIMITER_WINDOW_S = 0.008
_LEVEL_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono sound between -1 and 1."""

    rate_hz: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class Joined:
    """Sentences in a row, and when the first of them is over (seconds from the start)."""

    sound: Sound
    first_sentence_end_s: float


def join(sentences: Sequence[Sound], pause_ms: int) -> Joined:
    """Trim each sentence, put pauses between and silence around them. All sentences must have one rate."""
    rate_hz = sentences[0].rate_hz
    spoken = [_trim(sentence) for sentence in sentences]
    pause = AudioSegment.silent(duration=pause_ms, frame_rate=rate_hz)
    whole = AudioSegment.silent(duration=LEAD_SILENCE_MS, frame_rate=rate_hz)
    first_end_s = (len(whole) + len(spoken[0])) / 1000
    for index, segment in enumerate(spoken):
        whole += pause + segment if index else segment
    whole += AudioSegment.silent(duration=TAIL_SILENCE_MS, frame_rate=rate_hz)
    return Joined(_from_segment(whole), first_end_s)


def tones(row: Sequence[Tone], rate_hz: int) -> Sound:
    """Sine tones one after the other, with edges soft enough not to click."""
    parts = []
    for tone in row:
        time_s = np.arange(round(rate_hz * tone.ms / 1000)) / rate_hz
        wave_ = np.sin(2 * np.pi * tone.hz * time_s)
        edge = np.minimum(time_s, time_s[::-1]) / 0.005
        parts.append(wave_ * np.clip(edge, 0, 1) * 0.5)
    return Sound(rate_hz, np.concatenate(parts))


def resample(sound: Sound, rate_hz: int) -> Sound:
    """The same sound at another rate, without aliases."""
    if sound.rate_hz == rate_hz:
        return sound
    out = soxr.resample(sound.samples, sound.rate_hz, rate_hz, quality="VHQ")
    return Sound(rate_hz, np.asarray(out, dtype=np.float64))


def level(sound: Sound, target_dbfs: float) -> Sound:
    """Bring speech to `target_dbfs` RMS with no peak over the ceiling.

    The limiter takes a little loudness away again, so gain and limiter are applied in turn until the level holds.
    """
    gain_db = 0.0
    result = sound
    for _ in range(_LEVEL_ROUNDS):
        result = _limit(Sound(sound.rate_hz, sound.samples * 10 ** (gain_db / 20)))
        missing_db = target_dbfs - speech_level_dbfs(to_pcm(result))
        if abs(missing_db) < 0.05:
            break
        gain_db += missing_db
    return result


def to_pcm(sound: Sound) -> Pcm:
    """Round to 16 bit."""
    scaled = np.clip(np.rint(sound.samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2")
    samples = array("h")
    samples.frombytes(scaled.astype("=i2").tobytes())
    return Pcm(sound.rate_hz, samples)


def from_pcm(pcm: Pcm) -> Sound:
    """The sound of 16-bit samples."""
    return Sound(pcm.rate_hz, np.array(pcm.samples, dtype=np.float64) / FULL_SCALE)


def wave_bytes(sound: Sound) -> bytes:
    """A mono 16-bit WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(sound.rate_hz)
        stream.writeframes(np.array(to_pcm(sound).samples, dtype="<i2").tobytes())
    return buffer.getvalue()


def _trim(sound: Sound) -> AudioSegment:
    """The sentence without its silent edges, without offset, faded in and out."""
    segment = _to_segment(sound).remove_dc_offset()
    threshold = segment.max_dBFS - _TRIM_BELOW_PEAK_DB
    lead_ms = max(0, detect_leading_silence(segment, threshold, 5) - _TRIM_GUARD_MS)
    tail_ms = max(0, detect_leading_silence(segment.reverse(), threshold, 5) - _TRIM_GUARD_MS)
    trimmed = segment[lead_ms : len(segment) - tail_ms]
    return trimmed.fade_in(_FADE_MS).fade_out(_FADE_MS)


def _to_segment(sound: Sound) -> AudioSegment:
    data = np.array(to_pcm(sound).samples, dtype="<i2").tobytes()
    return AudioSegment(data=data, sample_width=2, frame_rate=sound.rate_hz, channels=1)


def _from_segment(segment: AudioSegment) -> Sound:
    samples = np.frombuffer(segment.raw_data, dtype="<i2").astype(np.float64) / FULL_SCALE
    return Sound(segment.frame_rate, samples)


def _limit(sound: Sound) -> Sound:
    """Turn the sound down around each peak over the ceiling; elsewhere it is untouched."""
    ceiling = 10 ** (PEAK_CEILING_DBFS / 20)
    magnitude = np.abs(sound.samples)
    if magnitude.max(initial=0.0) <= ceiling:
        return sound
    half = round(sound.rate_hz * _LIMITER_WINDOW_S / 2)
    wanted = np.minimum(1.0, ceiling / np.maximum(magnitude, 1e-9))
    padded = np.pad(wanted, 2 * half, constant_values=1.0)
    # The lowest gain within reach, then its average over the same reach: smooth, and never above what is wanted.
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).min(axis=1)
    window = np.hanning(2 * half + 3)[1:-1]
    smooth = np.convolve(lowest, window / window.sum(), mode="valid")
    return Sound(sound.rate_hz, sound.samples * smooth)
