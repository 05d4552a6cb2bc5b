"""Whether a caller is offered a callback."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

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
    offer = wait.median_s >= threshold_s
    # Rounded away from the threshold: 179.7 s must not be told as "180 s, under the threshold of 180 s".
    told_s, relation = (ceil(wait.median_s), "not under") if offer else (floor(wait.median_s), "under")
    return OfferDecision(offer, f"estimated {told_s} s, {relation} the threshold of {threshold_s:g} s: {wait.basis}")
