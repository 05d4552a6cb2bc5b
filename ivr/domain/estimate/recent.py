"""What waits came to of late, against the number ahead and against the roll-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RecentWaits:
    """The mean wait of those who found as many ahead, and by how much the roll-out has been out."""

    _LONGEST_LINE = 40
    """Longer lines count as this one."""
    _LENGTH_MEMORY = 70
    _RATIO_STEP = 0.1
    _SCALE_S = 30.0

    def __init__(self) -> None:
        self._by_length: dict[int, tuple[float, int]] = {}
        self._ratio = 1.0

    def same_length_s(self, ahead: int, otherwise_s: float) -> float:
        """The mean wait with so many ahead; `otherwise_s` while too few are known."""
        mean_s, count = self._by_length.get(min(ahead, self._LONGEST_LINE), (0.0, 0))
        return mean_s if count >= 5 else otherwise_s

    def corrected_s(self, rolled_s: float) -> float:
        """A roll-out's mean times what the last ten waits or so were of theirs."""
        return self._ratio * rolled_s

    def learn(self, wait_s: float, ahead: int, rolled_s: float, weight: float = 1.0) -> None:
        """`weight`: how much of an outcome this is, 0 to 1."""
        length = min(ahead, self._LONGEST_LINE)
        mean_s, count = self._by_length.get(length, (0.0, 0))
        count += 1
        self._by_length[length] = (mean_s + (wait_s - mean_s) / min(count, self._LENGTH_MEMORY), count)
        error_s = wait_s - self._ratio * rolled_s
        self._ratio += weight * self._RATIO_STEP * error_s / (rolled_s + self._SCALE_S)
        self._ratio = min(max(self._ratio, 0.2), 5.0)

    def save(self) -> dict[str, Any]:
        return {"by_length": [[n, m, c] for n, (m, c) in self._by_length.items()], "ratio": self._ratio}

    def load(self, saved: Mapping[str, Any]) -> None:
        self._by_length = {int(n): (float(m), int(c)) for n, m, c in saved["by_length"]}
        self._ratio = float(saved["ratio"])
