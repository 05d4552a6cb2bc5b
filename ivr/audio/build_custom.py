"""Takes an operator's studio recording into `custom/`, in the rates and at the level of the other prompts."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from ivr.audio.build_dsp import Sound, join, level, resample, wave_bytes
from ivr.audio.custom import CUSTOM_DIR, RATE_OF_SUFFIX
from ivr.audio.errors import PromptError
from ivr.audio.manifest import replace_file
from ivr.audio.script import load_script

_FULL_SCALE = {1: 2**7, 2: 2**15, 3: 2**23, 4: 2**31}


def adopt(root: Path, prompt_id: str, recording: Path) -> list[Path]:
    """Convert a PCM WAV of any rate, width and number of channels; returns the files written."""
    script = load_script(root)
    if prompt_id not in script.clips:
        raise PromptError("unknown-id", f"{root} has no prompt {prompt_id!r}")
    joined = join([_read_any(recording)], pause_ms=0)
    if not joined.sound.samples.any():
        raise PromptError("bad-wave", f"{recording} is silent")
    written = []
    for suffix, rate_hz in RATE_OF_SUFFIX.items():
        target = root / CUSTOM_DIR / f"{prompt_id}{suffix}"
        finished = level(resample(joined.sound, rate_hz), script.clips[prompt_id].level_dbfs)
        replace_file(target, wave_bytes(finished))
        written.append(target)
    return written


def _read_any(path: Path) -> Sound:
    try:
        with wave.open(str(path), "rb") as stream:
            channels, width, rate_hz, frames = stream.getparams()[:4]
            data = stream.readframes(frames)
    except (OSError, wave.Error, EOFError) as error:
        raise PromptError("bad-wave", f"{path} is not a PCM WAV file: {error}") from error
    if not data:
        raise PromptError("bad-wave", f"{path} is empty")
    raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, channels, width)
    if width == 1:  # 8-bit WAV is unsigned
        samples = raw[:, :, 0].astype(np.int64) - 128
    else:
        wide = np.zeros((*raw.shape[:2], 4), dtype=np.uint8)
        wide[:, :, 4 - width :] = raw
        samples = wide.view("<i4")[:, :, 0].astype(np.int64) >> (8 * (4 - width))
    return Sound(rate_hz, samples.mean(axis=1) / _FULL_SCALE[width])
