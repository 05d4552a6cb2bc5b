"""Sets of time as sorted lists of periods that do not touch; a period has its start and lacks its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Period = tuple[int, int]
"""Seconds, of UTC or of a wall clock: one of the two throughout a list."""


def union(periods: Iterable[Period]) -> list[Period]:
    """Any periods, in any order, as a set."""
    merged: list[Period] = []
    for start_s, end_s in sorted(periods):
        if start_s >= end_s:
            continue
        if merged and start_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end_s, merged[-1][1]))
        else:
            merged.append((start_s, end_s))
    return merged


def intersection(one: Sequence[Period], other: Sequence[Period]) -> list[Period]:
    """What two sets have in common."""
    found: list[Period] = []
    i = j = 0
    while i < len(one) and j < len(other):
        start_s, end_s = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start_s < end_s:
            found.append((start_s, end_s))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(whole: Sequence[Period], taken: Sequence[Period]) -> list[Period]:
    """What is left of one set when another is taken away."""
    left: list[Period] = []
    j = 0
    for start_s, end_s in whole:
        while j < len(taken) and taken[j][1] <= start_s:
            j += 1
        k, at_s = j, start_s
        while k < len(taken) and taken[k][0] < end_s:
            if taken[k][0] > at_s:
                left.append((at_s, taken[k][0]))
            at_s = max(at_s, taken[k][1])
            k += 1
        if at_s < end_s:
            left.append((at_s, end_s))
    return left
