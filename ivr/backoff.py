"""How long to wait before trying again: longer each time, never two programs in step."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Waits that double from `first_s` to `limit_s`, each scattered over its upper half.

    The scatter keeps many clients of one restarted server from coming back at the same instant.
    `rng` returns a float in [0, 1); give a constant one to make a test exact.
    """

    __slots__ = ("_ceiling_s", "_first_s", "_limit_s", "_rng")

    def __init__(
        self, first_s: float = 0.25, limit_s: float = 10.0, *, rng: Callable[[], float] = random.random
    ) -> None:
        if not 0 < first_s <= limit_s:
            raise ValueError(f"need 0 < first_s <= limit_s, not {first_s} and {limit_s}")
        self._first_s = first_s
        self._limit_s = limit_s
        self._rng = rng
        self._ceiling_s = first_s

    def next_s(self) -> float:
        """Seconds to wait now, in [half the step, the step]; the next step is twice as long."""
        ceiling = self._ceiling_s
        self._ceiling_s = min(ceiling * 2, self._limit_s)
        return ceiling * (0.5 + 0.5 * self._rng())

    def reset(self) -> None:
        """Start over from `first_s`: the thing waited for has worked."""
        self._ceiling_s = self._first_s
