"""Delay predictors in closed form, and what products compute. Seconds throughout.

`ahead` is the number in line before the person asking, `serving` the agents, `handle_time_s` the mean time that a
call takes an agent, `patience_s` the mean patience. W. Whitt, "Predicting queueing delays", Management Science 45(6),
1999; R. Ibrahim and W. Whitt, "Wait-time predictors for customer service systems with time-varying demand and
capacity", Operations Research 59(5), 2011.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log1p


def ql(ahead: int, serving: float, handle_time_s: float) -> float:
    """QL: (n + 1) / (s mu). The mean in GI/M/s, where nobody gives up."""
    return (ahead + 1) * handle_time_s / serving


def qlm(
    ahead: int, serving: float, handle_time_s: float, patience_s: float, *, callbacks: Sequence[bool] = ()
) -> float:
    """QL_m: the sum over departures of 1 / (s mu + i alpha). The mean in G/M/s+M.

    `callbacks` says of each person ahead, in order, whether they are a callback, which does not give up.
    """
    rate, alpha = serving / handle_time_s, 1 / patience_s
    mean_s, impatient = 1 / rate, 0
    # From the last in line to the first: while i people are ahead, those of them who may give up add to the rate.
    for is_callback in reversed(callbacks or (False,) * ahead):
        impatient += not is_callback
        mean_s += 1 / (rate + impatient * alpha)
    return mean_s


def qlm_fluid(ahead: int, serving: float, handle_time_s: float, patience_s: float) -> float:
    """The fluid limit of QL_m, for long lines."""
    return patience_s * log1p(ahead * handle_time_s / (serving * patience_s))


def qla(
    ahead: int, serving: float, handle_time_s: float, arrival_rate: float, hazard: Callable[[float], float]
) -> float:
    """QL_a: as QL_m for any patience, by its hazard (per second) at an age.

    The j-th from the end is taken to have waited j / lambda.
    """
    rate = serving / handle_time_s
    delta = [0.0]
    for j in range(1, ahead + 1):
        delta.append(delta[-1] + hazard(j / arrival_rate))
    return sum(1 / (rate + delta[ahead] - delta[ahead - i]) for i in range(ahead + 1))


def with_overtaking(mean_s: float, overtaking_load: float) -> float:
    """A wait during which `overtaking_load` (0 to under 1) of the agents' time goes to people who come later."""
    return mean_s / (1 - min(max(overtaking_load, 0.0), 0.95))


def genesys_stat_server(ahead: int, serving: float, handle_time_s: float, ready: int = 0) -> float:
    """AHT * calls in queue beyond the ready agents / agents logged in."""
    return handle_time_s * max(ahead - ready, 0) / max(serving, 1e-4)


def cisco_uccx(ahead: int, serving: float, recent_handle_time_s: float) -> float:
    """(n + 1) * mean handle time of the last five minutes / agents talking or ready."""
    return (ahead + 1) * recent_handle_time_s / max(serving, 1.0)


def google_ccai(ahead: int, serving: float, handle_time_s: float, available: int = 0) -> float:
    """Mean duration / agents * queued beyond those available, and ten seconds."""
    return handle_time_s / max(serving, 1.0) * max(ahead - available, 0) + 10.0
