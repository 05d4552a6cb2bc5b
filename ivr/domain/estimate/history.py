"""What can be said from past waits alone: Asterisk's own hold time, and the other averages that products announce."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any


def asterisk_holdtime(holdtime_s: int, wait_s: int, *, calls_before: int) -> int:
    """app_queue's hold time after one more answered call, in its integers.

    The first call sets it (no call completed or abandoned before); later ones move it by a quarter, rounded down.
    """
    return wait_s if calls_before == 0 else ((holdtime_s << 2) - holdtime_s + wait_s) >> 2


class WaitHistory:
    """Learns from each answered call, in the order in which they are answered."""

    _LAST = 10
    _WINDOW_S = 900.0

    def __init__(self) -> None:
        self.asterisk_s, self.les_s = 0, 0.0
        self._answered = self._completed = 0
        self._last: deque[float] = deque(maxlen=self._LAST)
        self._window: deque[tuple[float, float]] = deque()
        self._window_sum_s = self._window_mean_s = 0.0
        self._handled: deque[tuple[float, float]] = deque(maxlen=500)
        self._waits = 0
        self._waited_sum_s = 0.0

    def served(self, wait_s: float, at_s: float, *, asterisk_wait_s: int) -> None:
        """An agent took a call at `at_s` after `wait_s`, which in Asterisk's whole seconds is `asterisk_wait_s`."""
        self.asterisk_s = asterisk_holdtime(self.asterisk_s, asterisk_wait_s, calls_before=self._completed)
        self._answered += 1
        self.les_s = wait_s
        self._last.append(wait_s)
        self._window.append((at_s, wait_s))
        self._window_sum_s += wait_s
        if wait_s > 0:
            self._waits += 1
            self._waited_sum_s += wait_s

    def call_ended(self) -> None:
        """A call was completed or abandoned: from the first one on, Asterisk averages."""
        self._completed += 1

    def handled(self, handled_s: float, at_s: float) -> None:
        """How long a call took its agent."""
        self._handled.append((at_s, handled_s))

    def handled_s(self, now_s: float, otherwise_s: float) -> float:
        """The mean handle time of the calls that ended in the last five minutes."""
        while self._handled and self._handled[0][0] < now_s - 300:
            self._handled.popleft()
        if not self._handled:
            return otherwise_s
        return sum(handled_s for _, handled_s in self._handled) / len(self._handled)

    @property
    def last_ten_s(self) -> float:
        return sum(self._last) / len(self._last) if self._last else 0.0

    def fifteen_minutes_s(self, now_s: float) -> float:
        """The mean wait of the calls answered in the last 15 minutes; while there are none, the last such mean."""
        while self._window and self._window[0][0] < now_s - self._WINDOW_S:
            self._window_sum_s -= self._window.popleft()[1]
        if self._window:
            self._window_mean_s = max(self._window_sum_s, 0.0) / len(self._window)
        return self._window_mean_s

    @property
    def constant_s(self) -> float:
        """The mean of every wait so far of those who had to wait."""
        return self._waited_sum_s / self._waits if self._waits else 0.0

    def save(self) -> dict[str, Any]:
        return {
            "asterisk_s": self.asterisk_s,
            "les_s": self.les_s,
            "answered": self._answered,
            "completed": self._completed,
            "last": list(self._last),
            "window": list(self._window),
            "window_mean_s": self._window_mean_s,
            "waits": self._waits,
            "waited_sum_s": self._waited_sum_s,
        }

    @classmethod
    def restore(cls, saved: Mapping[str, Any]) -> WaitHistory:
        history = cls()
        history.asterisk_s, history.les_s = int(saved["asterisk_s"]), float(saved["les_s"])
        history._answered, history._completed = int(saved["answered"]), int(saved["completed"])
        history._last.extend(float(wait_s) for wait_s in saved["last"])
        history._window.extend((float(at_s), float(wait_s)) for at_s, wait_s in saved["window"])
        history._window_sum_s = sum(wait_s for _, wait_s in history._window)
        history._window_mean_s = float(saved["window_mean_s"])
        history._waits, history._waited_sum_s = int(saved["waits"]), float(saved["waited_sum_s"])
        return history
