"""What a recording holds, measured: loudness, tones, when there is silence."""

from __future__ import annotations

import math
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS = -50.0
"""Speech and tones of the lab are at -20 to -30; an idle line is below this."""

Samples = NDArray[np.float64]


class Sound:
    """A recording of one channel, full scale 1.0."""

    def __init__(self, path: Path) -> None:
        with wave.open(str(path)) as file:
            self.rate_hz: int = file.getframerate()
            self.samples: Samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768

    @property
    def duration_s(self) -> float:
        """Its length."""
        return len(self.samples) / self.rate_hz

    def part(self, start_s: float, end_s: float) -> Samples:
        """The samples between two moments."""
        return self.samples[int(start_s * self.rate_hz) : int(end_s * self.rate_hz)]

    def loudness_dbfs(self, start_s: float = 0.0, end_s: float = 1e9) -> float:
        """Root mean square level of a part; -120 for digital silence or nothing."""
        part = self.part(start_s, end_s)
        rms = math.sqrt(float(np.mean(part**2))) if len(part) else 0.0
        return float(20 * math.log10(max(1e-6, rms)))

    def sounding_s(self) -> float:
        """For how long it is not silent, in steps of a tenth of a second."""
        steps = int(self.duration_s * 10)
        return sum(self.loudness_dbfs(n / 10, (n + 1) / 10) > SILENCE_DBFS for n in range(steps)) / 10

    def tone_s(self, hz: float) -> float:
        """For how long this one tone is nearly all that is heard, in steps of a tenth of a second."""
        steps = int(self.duration_s * 10)
        return sum(self._is_tone(hz, n / 10) for n in range(steps)) / 10

    def first_tone_s(self, hz: float) -> float:
        """When the tone is heard first; raises AssertionError when it never is."""
        for n in range(int(self.duration_s * 10)):
            if self._is_tone(hz, n / 10):
                return n / 10
        raise AssertionError(f"no tone of {hz} Hz")

    def _is_tone(self, hz: float, start_s: float) -> bool:
        part = self.part(start_s, start_s + 0.1)
        power = float(np.mean(part**2))
        if 10 * np.log10(power + 1e-12) < SILENCE_DBFS:
            return False
        # The power at one frequency: twice the squared mean of the signal turned back by that frequency.
        turn = np.exp(-2j * np.pi * hz * np.arange(len(part)) / self.rate_hz)
        return bool(2 * abs(np.mean(part * turn)) ** 2 > 0.8 * power)
