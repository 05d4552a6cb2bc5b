"""Measures a WAV file with the standard library alone, so that checking and installing need no audio packages."""

from __future__ import annotations

import math
import sys
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path

from ivr.audio.errors import PromptError

FULL_SCALE = 32768.0
SILENT_DBFS = -100.0
SILENCE_THRESHOLD_DBFS = -60.0
"""A frame under this is silence when the lead and the tail of a finished prompt are measured.

So low because an s or th at the start of a word has little below 4 kHz, which is all that an 8 kHz file holds."""
_SPEECH_FRAME_S = 0.02
_SPEECH_RANGE_DB = 25.0
_EDGE_FRAME_S = 0.005


@dataclass(frozen=True, slots=True)
class Pcm:
    """16-bit mono sound."""

    rate_hz: int
    samples: array[int]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class WaveFacts:
    """What a listener would notice, in numbers."""

    rate_hz: int
    duration_s: float
    rms_dbfs: float
    """Level while something is said: the frames within 25 dB of the loudest one."""
    peak_dbfs: float
    lead_silence_s: float
    tail_silence_s: float


def read_wave(path: Path) -> Pcm:
    """Read a 16-bit mono PCM file. Raises PromptError for anything else."""
    try:
        with wave.open(str(path), "rb") as stream:
            channels, width, rate_hz, frames = stream.getparams()[:4]
            data = stream.readframes(frames)
    except (wave.Error, EOFError) as error:
        raise PromptError("bad-wave", f"{path} is not a PCM WAV file: {error}") from error
    if channels != 1 or width != 2:
        message = f"{path} has {channels} channel(s) of {8 * width} bit"
        raise PromptError("bad-wave", message, "telephony needs mono, 16 bit")
    samples = array("h")
    samples.frombytes(data)
    if sys.byteorder == "big":
        samples.byteswap()
    return Pcm(rate_hz, samples)


def measure(pcm: Pcm) -> WaveFacts:
    """Levels in dBFS and lengths in seconds of one clip."""
    levels = _frame_levels(pcm, _EDGE_FRAME_S)
    loud = [index for index, level in enumerate(levels) if level >= SILENCE_THRESHOLD_DBFS]
    lead, tail = (loud[0], len(levels) - 1 - loud[-1]) if loud else (len(levels), len(levels))
    peak = max((abs(sample) for sample in pcm.samples), default=0)
    return WaveFacts(
        rate_hz=pcm.rate_hz,
        duration_s=round(pcm.duration_s, 4),
        rms_dbfs=round(speech_level_dbfs(pcm), 2),
        peak_dbfs=round(dbfs(peak), 2),
        lead_silence_s=round(lead * _EDGE_FRAME_S, 4),
        tail_silence_s=round(tail * _EDGE_FRAME_S, 4),
    )


def speech_level_dbfs(pcm: Pcm) -> float:
    """RMS level over the frames in which something is heard; pauses do not count."""
    levels = _frame_levels(pcm, _SPEECH_FRAME_S)
    floor = max(levels, default=SILENT_DBFS) - _SPEECH_RANGE_DB
    powers = [10 ** (level / 10) for level in levels if level >= floor and level > SILENT_DBFS]
    return 10 * math.log10(sum(powers) / len(powers)) if powers else SILENT_DBFS


def dbfs(amplitude: float) -> float:
    """An amplitude (full scale 32768) in dBFS, not under -100."""
    return max(SILENT_DBFS, 20 * math.log10(amplitude / FULL_SCALE)) if amplitude > 0 else SILENT_DBFS


def _frame_levels(pcm: Pcm, frame_s: float) -> list[float]:
    size = max(1, round(pcm.rate_hz * frame_s))
    frames = (pcm.samples[start : start + size] for start in range(0, len(pcm.samples), size))
    return [dbfs(math.sqrt(sum(s * s for s in frame) / len(frame))) for frame in frames]
