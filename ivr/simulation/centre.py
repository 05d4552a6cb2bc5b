"""A queue served in order, simulated call by call.

Each arrival takes the agent who is available first (the recursion of Kiefer and Wolfowitz), so the wait of those who
give up is known too: the one they would have had. With priorities calls start out of order, and events are played
one after the other instead.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from ivr.domain.estimate.calls import Call, Outcome

Draw = Callable[[np.random.Generator], float]


@dataclass(frozen=True, slots=True)
class CallbackOffer:
    """Callers who face a long wait may take a callback: they keep their place, and give up no more."""

    from_s: float = 120.0
    """The mean handle time times people ahead per agent, above which it is offered."""
    accepted: float = 0.35
    ring_s: Draw = lambda rng: float(rng.exponential(15.0))
    answered: float = 0.8
    """The part of customers who answer; for the others only the ringing keeps the agent."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Durations in seconds."""

    agents: int
    arrivals_s: Callable[[np.random.Generator, int], np.ndarray[tuple[int], np.dtype[np.float64]]]
    """So many moments of arrival, in order."""
    service_s: Draw
    mean_service_s: float
    patience_s: Draw | None = None
    away: Mapping[int, Sequence[tuple[float, float]]] | None = None
    """When each agent is planned to be away, in order: breaks, nights. A call under way is finished first."""
    offer: CallbackOffer | None = None
    high_priority: float = 0.0
    """The part of callers who are served before the others; only without patience, absences and offers."""


def agent_name(number: int) -> str:
    return f"agent-{number:03d}"


def simulate(centre: Centre, rng: np.random.Generator, arrivals: int) -> list[Call]:
    """The calls, by the time of arrival; times to the millisecond are kept as they are."""
    if centre.high_priority:
        return list(_with_priorities(centre, rng, arrivals))
    return list(_in_order(centre, rng, arrivals))


def _in_order(centre: Centre, rng: np.random.Generator, arrivals: int) -> Iterator[Call]:
    free_s = [0.0] * centre.agents
    window = [0] * centre.agents
    leaving: list[float] = []
    for entered_s in centre.arrivals_s(rng, arrivals).tolist():
        while leaving and leaving[0] <= entered_s:
            heapq.heappop(leaving)
        start_s, who = inf, 0
        for agent in range(centre.agents):
            ready_s = free_s[agent] if free_s[agent] > entered_s else entered_s
            if centre.away:
                ready_s = _back_s(centre.away.get(agent, ()), window, agent, entered_s, ready_s)
            if ready_s < start_s:
                start_s, who = ready_s, agent
        wait_s = start_s - entered_s
        is_callback = False
        offer = centre.offer
        if offer and wait_s > 0 and centre.mean_service_s * len(leaving) / centre.agents > offer.from_s:
            is_callback = bool(rng.random() < offer.accepted)
        bears_s = inf if centre.patience_s is None or is_callback else centre.patience_s(rng)
        if bears_s < wait_s:
            heapq.heappush(leaving, entered_s + bears_s)
            yield Call(entered_s, Outcome.ABANDONED, entered_s + bears_s, potential_s=wait_s)
            continue
        if wait_s > 0:
            heapq.heappush(leaving, start_s)
        lasts_s = centre.service_s(rng)
        if is_callback and offer:
            lasts_s = offer.ring_s(rng) + (lasts_s if rng.random() < offer.answered else 0.0)
        free_s[who] = start_s + lasts_s
        yield Call(
            entered_s,
            Outcome.ANSWERED,
            start_s,
            free_s[who],
            agent_name(who),
            is_callback=is_callback,
            potential_s=wait_s,
        )


def _back_s(windows: Sequence[tuple[float, float]], at: list[int], agent: int, now_s: float, ready_s: float) -> float:
    """When an agent who would be ready then is there."""
    while at[agent] < len(windows) and windows[at[agent]][1] <= now_s:
        at[agent] += 1
    for from_s, until_s in windows[at[agent] : at[agent] + 4]:
        if from_s <= ready_s < until_s:
            ready_s = until_s
    return ready_s


def _with_priorities(centre: Centre, rng: np.random.Generator, arrivals: int) -> Iterator[Call]:
    moments_s = centre.arrivals_s(rng, arrivals).tolist()
    urgent = rng.random(arrivals) < centre.high_priority
    busy: list[tuple[float, int]] = []
    idle = list(range(centre.agents))
    lines: tuple[list[int], list[int]] = ([], [])
    heads = [0, 0]
    calls: list[Call] = []

    def start(i: int, at_s: float, who: int) -> None:
        end_s = at_s + centre.service_s(rng)
        heapq.heappush(busy, (end_s, who))
        calls.append(
            Call(
                moments_s[i],
                Outcome.ANSWERED,
                at_s,
                end_s,
                agent_name(who),
                priority=int(urgent[i]),
                potential_s=at_s - moments_s[i],
            )
        )

    def free_until(at_s: float) -> None:
        while busy and busy[0][0] <= at_s:
            end_s, who = heapq.heappop(busy)
            for line in (1, 0):
                if heads[line] < len(lines[line]):
                    heads[line] += 1
                    start(lines[line][heads[line] - 1], end_s, who)
                    break
            else:
                idle.append(who)

    for i, at_s in enumerate(moments_s):
        free_until(at_s)
        if idle:
            start(i, at_s, idle.pop())
        else:
            lines[int(urgent[i])].append(i)
    free_until(inf)
    calls.sort(key=lambda call: call.entered_s)
    return iter(calls)
