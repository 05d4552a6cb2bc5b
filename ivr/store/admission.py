"""The conditions of an Admission as the scripts read them, and what a callback takes of a slot."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

from ivr.domain.callback import Callback, Reason
from ivr.store.codec import to_json
from ivr.store.port import VALUE_WINDOW_S, Admission

SLOTS_AT_ONCE: Final = 1000
"""Slots that one script counts: a few milliseconds of the server's time at most."""
_USED_UP: Final = frozenset(Reason) - {Reason.CANCELLED}


def booked_at(callback: Callback) -> float | None:
    """The time whose slot this callback takes a place in. One that was cancelled gives it back; one that was called,
    or could not be, has used it up."""
    if callback.is_final and callback.reason not in _USED_UP:
        return None
    return callback.desired_at_s


def encode_admission(admission: Admission, now_s: float) -> str:
    """As JSON, empty without conditions. Times go as text: Lua would round them."""
    record: dict[str, Any] = {}
    if admission.windows:
        longest_s = max(window.length_s for window in admission.windows)
        record["windows"] = [[window.limit, repr(now_s - window.length_s)] for window in admission.windows]
        record["windows_after"] = repr(now_s - longest_s)
        record["windows_s"] = math.ceil(longest_s) + 1
    if admission.values:
        record["values"] = len(admission.values)
        record["values_after"] = repr(now_s - VALUE_WINDOW_S)
        record["values_s"] = math.ceil(VALUE_WINDOW_S) + 1
        record["max_of_value"] = admission.max_of_value
    if admission.max_pending is not None:
        record["max_pending"] = admission.max_pending
    if admission.slot is not None:
        slot = admission.slot
        record["slot"] = [repr(slot.start_s), repr(slot.end_s), slot.capacity]
    if admission.max_queued is not None:
        record["max_queued"] = admission.max_queued
    return to_json(record) if record else ""


def slot_runs(slots: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Slots as start, length and number of those that follow each other, in pieces of so many slots at most."""
    for begin in range(0, len(slots), SLOTS_AT_ONCE):
        runs: list[list[int]] = []
        for start_s, end_s in slots[begin : begin + SLOTS_AT_ONCE]:
            length_s = end_s - start_s
            if runs and runs[-1][1] == length_s and runs[-1][0] + runs[-1][2] * length_s == start_s:
                runs[-1][2] += 1
            else:
                runs.append([start_s, length_s, 1])
        yield list(chain.from_iterable(runs))
