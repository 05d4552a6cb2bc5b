"""Whether a caller is offered a callback."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.domain.wait import WaitEstimate


@dataclass(frozen=True, slots=True)
class OfferDecision:
    """Offer or not, and the reason for whoever asks later."""

    offer: bool
    reason: str


def decide_offer(wait: WaitEstimate, *, threshold_s: float) -> OfferDecision:
    """Offer when the median wait is not under the threshold (so 0 offers to everybody), or cannot be told.

    A wait that cannot be told is usually one that has no end in sight: nobody is logged in, or the queue does not
    answer. The caller is better served by a call back than by holding for it.
    """
    if wait.median_s is None:
        return OfferDecision(True, f"wait unknown: {wait.basis}")
    relation = "under" if wait.median_s < threshold_s else "not under"
    reason = f"estimated {wait.median_s:.0f} s, {relation} the threshold of {threshold_s:.0f} s: {wait.basis}"
    return OfferDecision(wait.median_s >= threshold_s, reason)
