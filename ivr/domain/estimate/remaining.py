"""What is said to somebody who is waiting already and was told a figure before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ivr.domain.wait import WaitEstimate


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a caller was told."""

    at_s: float
    longest_s: float
    """The upper end of what was said."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What to say now."""

    wait: WaitEstimate
    takes_longer: bool
    """What was said before does not hold any more, and that is to be admitted."""


def remaining(wait: WaitEstimate, said: Spoken | None, now_s: float) -> Remaining:
    """The wait that is left, by a new estimate for the place in line that somebody has now.

    Nobody is told more than they were told before, less the time gone since: a figure that grows while one waits is
    the worst of all. Only when even the lucky (one in ten) will wait longer than that, the new figure is said, and
    that it takes longer.
    """
    if said is None or wait.p10_s is None or wait.median_s is None or wait.p90_s is None:
        return Remaining(wait, takes_longer=False)
    most_s = max(said.longest_s - max(now_s - said.at_s, 0.0), 0.0)
    if wait.p90_s <= most_s:
        return Remaining(wait, takes_longer=False)
    if wait.p10_s > most_s:
        return Remaining(wait, takes_longer=True)
    kept = replace(wait, median_s=min(wait.median_s, most_s), p90_s=most_s)
    return Remaining(kept, takes_longer=False)
