"""What follows an attempt that did not bring the customer to an agent."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.domain.callback import DialResult, Reason


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often and how soon a customer is tried again."""

    max_attempts: int
    """`_max_dial_attempts`: dials in all, at least 1."""
    gap_s: float
    """`_dial_retry_timeout`: pause before the next one, seconds."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    at_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: Reason


def after_attempt(
    result: DialResult, *, attempts_made: int, reached: bool, now_s: float, rules: RetryRules
) -> TryAgain | GiveUp:
    """Try again, or how it ends.

    `reached`: a person had asked to be put through, and hung up before an agent came.
    """
    if result is DialResult.DECLINED:
        return GiveUp(Reason.CANCELLED)
    if attempts_made < rules.max_attempts:
        return TryAgain(now_s + rules.gap_s)
    return GiveUp(Reason.FAIL_INTERACTION_DELETED if reached else Reason.FAIL_CALL_TO_CUSTOMER)
