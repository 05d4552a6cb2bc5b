"""Our prompts in what somebody heard."""

from __future__ import annotations

import math

from ear import best_match
from listening import SILENCE_DBFS, Samples, Sound

from ivr.audio.locate import prompts_dir
from ivr.domain.prompts import Prompt

_FRAME_S = 0.02
_AUDIBLE_DBFS = -45.0
_PIECE_S = 0.6
_END_S = 0.3
_DRIFT_S = 0.25
_ENOUGH = 0.75
"""So many of the pieces are to be found, the first and the end among them."""


def clip(prompt: Prompt) -> Samples:
    """A prompt, from its first sound to its last."""
    sound = Sound(prompts_dir() / "en-US" / "8k" / f"{prompt}.wav")
    frames = range(int(sound.duration_s / _FRAME_S))
    loud = [n for n in frames if sound.loudness_dbfs(n * _FRAME_S, (n + 1) * _FRAME_S) > _AUDIBLE_DBFS]
    return sound.part(loud[0] * _FRAME_S, (loud[-1] + 1) * _FRAME_S)


def when(sound: Sound, prompt: Prompt, *, from_s: float = 0.0) -> float | None:
    """When a prompt is heard, from its first word to its last; None if it is not.

    Piece by piece, because a busy machine loses a packet now and then, and the rest is then heard a little early.
    """
    rate_hz, words = sound.rate_hz, clip(prompt)
    heard = sound.part(from_s, sound.duration_s)
    piece, end, drift = (round(seconds * rate_hz) for seconds in (_PIECE_S, _END_S, _DRIFT_S))
    start = best_match(heard, words[: 2 * piece])
    if start is None:
        return None
    found = [
        best_match(heard[max(0, start + at - drift) : start + until + drift], words[at:until]) is not None
        for at, until in [
            *((n, n + piece) for n in range(0, len(words) - piece, piece)),
            (len(words) - end, len(words)),
        ]
    ]
    return from_s + start / rate_hz if found[-1] and sum(found) >= _ENOUGH * len(found) else None


def loudness_of_speech(samples: Samples, rate_hz: int) -> float:
    """Of the parts that are not pauses, dBFS."""
    frame = round(rate_hz * _FRAME_S)
    powers = [float((samples[at : at + frame] ** 2).mean()) for at in range(0, len(samples) - frame, frame)]
    spoken = [power for power in powers if power > 10 ** (SILENCE_DBFS / 10)]
    return 10 * math.log10(sum(spoken) / len(spoken))
