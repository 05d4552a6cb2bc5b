"""What is said of one wait, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ivr.domain.estimate.head import Evidence, Told


class Predictor(StrEnum):
    """Who predicts: ours, and the anchors that it is held against."""

    OURS = "ours"
    ASTERISK = "asterisk"
    LES = "les"
    HOL = "hol"
    QL = "ql"
    QLM = "qlm"
    CONSTANT = "constant"
    LAST_TEN = "last10"
    QUARTER_HOUR = "mean15"
    GENESYS = "genesys"
    CISCO = "cisco"
    GOOGLE = "google"
    ROLL_OUT = "rollout"


@dataclass(frozen=True, slots=True)
class Forecast:
    """An estimate for one person at one moment."""

    at_s: float
    ahead: int
    hour: int
    potential: Told
    """The wait if they never give up: what is spoken, and what an offer is decided on."""
    if_served: Told
    """The wait among those who are served, who are the luckier ones: what a log can be held against."""
    evidence: Evidence
    anchors: dict[Predictor, float]
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came of an estimate."""

    caller: str
    forecast: Forecast
    wait_s: float
    was_served: bool
    """False for the wait of somebody who hung up, as it would have been."""
