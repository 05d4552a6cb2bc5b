"""How long people wait before they give up, from those who did and from those who were served first."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ivr.domain.estimate.samples import Floats

_PRIOR_ABANDONS = 10


class Patience:
    """Exponential by maximum likelihood until enough gave up, then the product-limit curve of Kaplan and Meier."""

    _KEPT = 6000
    _CURVE_FROM = 200
    """Abandons among those kept."""
    _REBUILT_EVERY = 100

    def __init__(self, guess_s: float) -> None:
        """`guess_s`: the mean before anything is known, above 0."""
        self.guess_s = guess_s
        self._seen: deque[tuple[float, bool]] = deque()
        self._abandons = 0
        self._waited_s = 0.0
        self._stale = 0
        self._times_s: Floats = np.empty(0)
        self._survival: Floats = np.empty(0)

    def saw(self, waited_s: float, *, gave_up: bool) -> None:
        """Somebody waited so long, and then gave up or was served. Who did not wait says nothing."""
        if not 0 < waited_s < 1e6:
            return
        self._seen.append((waited_s, gave_up))
        self._abandons += gave_up
        self._waited_s += waited_s
        self._stale += 1
        if len(self._seen) > self._KEPT:
            old_s, old_gave_up = self._seen.popleft()
            self._abandons -= old_gave_up
            self._waited_s = max(self._waited_s - old_s, 0.0)

    @property
    def mean_s(self) -> float:
        """1 / alpha."""
        return (self._waited_s + _PRIOR_ABANDONS * self.guess_s) / (self._abandons + _PRIOR_ABANDONS)

    def draw_left(self, uniform: Floats, waited_s: Sequence[float]) -> Floats:
        """How much longer people bear who have waited so long already; `uniform` has a column for each."""
        if self._abandons >= self._CURVE_FROM and self._stale >= self._REBUILT_EVERY:
            self._build()
        if self._abandons < self._CURVE_FROM or not len(self._times_s):
            memoryless: Floats = -np.log1p(-uniform) * self.mean_s
            return memoryless
        waited = np.asarray(waited_s)
        known = np.searchsorted(self._times_s, waited, side="right")
        alive = np.where(known > 0, self._survival[known - 1], 1.0)
        wanted = (1 - uniform) * alive
        # The survival falls; the first time at which it is not above what is wanted.
        place = np.searchsorted(-self._survival, -wanted, side="left")
        beyond = place >= len(self._times_s)
        left = self._times_s[np.minimum(place, len(self._times_s) - 1)] - waited
        tail = np.maximum(self._times_s[-1] - waited, 0.0) + self._tail_s * np.log(
            np.maximum(self._survival[-1], 1e-12) / np.maximum(wanted, 1e-12)
        )
        more: Floats = np.where(beyond, tail, np.maximum(left, 0.0))
        return more

    _tail_s: float = 0.0

    def _build(self) -> None:
        """The product-limit curve at the moments at which somebody gave up."""
        waits = np.fromiter((w for w, _ in self._seen), float)
        gave_up = np.fromiter((g for _, g in self._seen), bool)
        order = np.lexsort((~gave_up, waits))
        waits, gave_up = waits[order], gave_up[order]
        at_risk = len(waits) - np.arange(len(waits))
        # Past the last few at risk the curve is noise: the exponential tail takes over there.
        trusted = gave_up & (at_risk >= 20)
        self._stale = 0
        self._times_s = waits[trusted]
        self._survival = np.asarray(np.cumprod(1 - 1 / at_risk[trusted]), dtype=np.float64)
        if not len(self._times_s):
            return
        last = self._times_s[-1]
        late = waits >= last
        abandons = int((gave_up & late).sum())
        self._tail_s = (float((waits[late] - last).sum()) + 5 * self.mean_s) / (abandons + 5)

    def save(self) -> dict[str, Any]:
        return {"guess_s": self.guess_s, "seen": [[round(w, 3), int(g)] for w, g in self._seen]}

    def load(self, saved: Mapping[str, Any]) -> None:
        """What was learnt before; the guess stays our own."""
        for waited_s, gave_up in saved["seen"]:
            self.saw(float(waited_s), gave_up=bool(gave_up))
