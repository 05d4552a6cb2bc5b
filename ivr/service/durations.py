"""Times and durations as the reference product writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_UNIT_S: Final = {
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 7 * 86400.0,
    "M": 30 * 86400.0,  # A horizon need not know how long a month is.
    "y": 365 * 86400.0,
}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,3})([yMwdhm])", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z", re.ASCII)
EXAMPLE_INSTANT: Final = "2027-03-14T09:30:00.000Z"


def parse_duration_s(text: str) -> float:
    """Seconds of `1M`, `2w`, `12h`... A month counts 30 days, a year 365. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError('a whole number and one of y, M, w, d, h, m is wanted, such as "1M" or "36h"')
    return int(found[1]) * _UNIT_S[found[2]]


def parse_instant_s(text: str) -> float:
    """Epoch seconds of an ISO 8601 time in UTC, such as 2027-03-14T09:30:00.000Z. Raises ValueError."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(f"a time in UTC is wanted, such as {EXAMPLE_INSTANT}")
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"no such day or time; wanted is a time in UTC, such as {EXAMPLE_INSTANT}") from None


def format_instant(at_s: float) -> str:
    """ISO 8601 in UTC with milliseconds and Z."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
