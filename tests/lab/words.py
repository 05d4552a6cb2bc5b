"""Our prompts in what somebody heard."""

from __future__ import annotations

import math

from ear import best_match
from listening import SILENCE_DBFS, Samples, Sound

from ivr.audio.locate import prompts_dir
from ivr.domain.prompts import Prompt

_FRAME_S = 0.02
_AUDIBLE_DBFS = -45.0


def clip(prompt: Prompt) -> Samples:
    """A prompt, from its first sound to its last."""
    sound = Sound(prompts_dir() / "en-US" / "8k" / f"{prompt}.wav")
    frames = range(int(sound.duration_s / _FRAME_S))
    loud = [n for n in frames if sound.loudness_dbfs(n * _FRAME_S, (n + 1) * _FRAME_S) > _AUDIBLE_DBFS]
    return sound.part(loud[0] * _FRAME_S, (loud[-1] + 1) * _FRAME_S)


def when(sound: Sound, prompt: Prompt, *, from_s: float = 0.0) -> float | None:
    """When a prompt is heard, the whole of it; None if it is not."""
    found = best_match(sound.part(from_s, sound.duration_s), clip(prompt))
    return None if found is None else from_s + found / sound.rate_hz


def loudness_of_speech(samples: Samples, rate_hz: int) -> float:
    """Of the parts that are not pauses, dBFS."""
    frame = round(rate_hz * _FRAME_S)
    powers = [float((samples[at : at + frame] ** 2).mean()) for at in range(0, len(samples) - frame, frame)]
    spoken = [power for power in powers if power > 10 ** (SILENCE_DBFS / 10)]
    return 10 * math.log10(sum(spoken) / len(spoken))
