"""Whom to dial now: the line, the agents, and a reason that a person can read.

One line holds live callers and callbacks by the time they first asked. A callback is dialled when an agent is there
for it after everybody ahead of it has had theirs. While live callers wait no agent is ever seen idle, so the head of
the line is also dialled when only people who asked later are waiting: it then enters the queue ahead of them. A
customer who is rung without waiting for an agent counts as one of those callers: they take agents in their turn, and
hold up nobody who asked before them.
"""

from __future__ import annotations

from collections import Counter
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
    live = sum(waiter.callback_id is None for waiter in ordered)
    in_flight = sum(waiter.in_flight for waiter in ordered)
    takers = sum(_takes_next_agent(waiter, now_s) for waiter in ordered)
    # Who is being dialled for an agent has that agent, wherever they stand; all others have theirs in turn.
    spoken_for = sum(waiter.in_flight and waiter.wait_for_agent for waiter in ordered)
    chosen: list[str] = []
    why: Counter[str] = Counter()
    for waiter in ordered:
        if _takes_next_agent(waiter, now_s):
            spoken_for += 1
            cause = "without waiting for an agent"
        elif free is None:
            continue
        elif spoken_for < free:
            cause = "with an agent free"
        elif spoken_for == 0 and takers and serving:
            cause = f"before {takers} who asked later and would take every agent"
        else:
            continue
        if waiter.callback_id is None or not _is_due(waiter, now_s) or in_flight + len(chosen) >= max_in_flight:
            continue
        chosen.append(waiter.callback_id)
        why[cause] += 1
        spoken_for += waiter.wait_for_agent
    causes = ", ".join(f"{count} {cause}" for cause, count in why.items()) or "none to dial"
    agents = "the queue's state is not known" if free is None else f"{free} free of {serving}"
    figures = f"{agents}, {live} callers waiting, {in_flight} in flight of at most {max_in_flight}"
    return Release(tuple(chosen), f"{causes}: {figures}")


def _is_due(waiter: Waiter, now_s: float) -> bool:
    return not waiter.in_flight and waiter.not_before_s <= now_s


def _takes_next_agent(waiter: Waiter, now_s: float) -> bool:
    """A live caller, or as good as one: a customer who is rung without waiting for an agent."""
    at_once = not waiter.wait_for_agent and (waiter.in_flight or _is_due(waiter, now_s))
    return waiter.callback_id is None or at_once
