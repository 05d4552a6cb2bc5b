"""Whom to dial now: the line, the agents, and a reason that a person can read.

One line holds live callers and callbacks by the time they first asked. A callback is dialled when an agent is there
for it after everybody ahead of it has had theirs. While live callers wait no agent is ever seen idle, so the head of
the line is also dialled when only people who asked later are waiting: it then enters the queue ahead of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody in line. `callback_id` is None for a live caller."""

    asked_at_s: float
    callback_id: str | None = None
    not_before_s: float = 0.0
    wait_for_agent: bool = True
    in_flight: bool = False
    """A callback that is being dialled, or was reached and waits for its agent."""


@dataclass(frozen=True, slots=True)
class Release:
    """Callbacks to dial now, in order, and why these and no more."""

    callback_ids: tuple[str, ...]
    reason: str


def position_of(asked_at_s: float, waiting: Sequence[float]) -> int:
    """The place (1 is first) in app_queue for who asked at `asked_at_s`, among `waiting`: when the others asked."""
    return 1 + sum(1 for other in waiting if other <= asked_at_s)


def release(line: Sequence[Waiter], *, free: int | None, serving: int, now_s: float, max_in_flight: int) -> Release:
    """Decide whom to dial.

    `free`: agents who could take a call at once, None when the queue's state is not known (then nothing that waits
    for an agent is dialled). `serving`: agents logged in and not paused. `max_in_flight`: dials at the same time.
    """
    ordered = sorted(line, key=lambda waiter: waiter.asked_at_s)
    in_flight = sum(1 for waiter in ordered if waiter.in_flight)
    slots = max_in_flight - in_flight
    at_once = [w for w in ordered if w.callback_id and not w.wait_for_agent and _is_due(w, now_s)]
    chosen = [w.callback_id for w in at_once[: max(slots, 0)] if w.callback_id]
    reasons = [f"{len(chosen)} that need not wait for an agent"] if chosen else []
    slots -= len(chosen)
    if free is None:
        return Release(tuple(chosen), "; ".join([*reasons, "the queue's state is not known"]))

    claimed = in_flight + len(chosen)
    unspoken = free - claimed  # those being dialled will each need an agent, wherever they stand
    live = [w for w in ordered if w.callback_id is None]
    for waiter in ordered:
        if waiter.callback_id is None:
            unspoken -= 1  # app_queue gives them the next agent
        elif waiter.wait_for_agent and _is_due(waiter, now_s) and slots > 0:
            if unspoken > 0:
                reasons.append(f"{free} free, {free - unspoken} of them spoken for")
            elif claimed == 0 and serving > 0 and live and waiter.asked_at_s < live[0].asked_at_s:
                reasons.append(f"first in line, {len(live)} who asked later would take every agent")
            else:
                continue
            chosen.append(waiter.callback_id)
            unspoken, claimed, slots = unspoken - 1, claimed + 1, slots - 1
    if not chosen:
        reasons.append(f"{free} free of {serving}, {len(live)} callers waiting, {in_flight} in flight: none to dial")
    return Release(tuple(chosen), "; ".join(reasons))


def _is_due(waiter: Waiter, now_s: float) -> bool:
    return not waiter.in_flight and waiter.not_before_s <= now_s
