"""The wait by playing the queue forward many times from the state it is in.

Each play draws how long every call under way has left, how long those ahead bear to wait and how long their calls
take, and serves them in order as agents come free (the recursion of Kiefer and Wolfowitz). The moment at which the
next agent is free for the person asking is one draw of their wait: of the wait they would have if they never gave up.
All plays run side by side in arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Protocol

import numpy as np

from ivr.domain.estimate.samples import Floats
from ivr.domain.estimate.situation import Situation


class DurationDraws(Protocol):
    """Handle times."""

    def draw(self, uniform: Floats) -> Floats: ...

    def draw_left(self, uniform: Floats, elapsed_s: list[float]) -> Floats: ...


class PatienceDraws(Protocol):
    def draw_left(self, uniform: Floats, waited_s: list[float]) -> Floats: ...


class AbsenceDraws(Protocol):
    @property
    def ever_pauses(self) -> bool: ...

    def draw_left(self, uniform: Floats, away_for_s: list[float]) -> Floats: ...

    def draw_pause(self, uniform: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is known of calls and people."""

    handling: DurationDraws
    callbacks: DurationDraws
    patience: PatienceDraws
    absence: AbsenceDraws


PLAYS = 128
_WORK = 1_500_000
"""Plays are fewer where agents times people ahead is so large that an estimate would take over 5 ms."""


def roll_out(situation: Situation, behaviour: Behaviour, rng: np.random.Generator, plays: int = PLAYS) -> Floats:
    """Sorted draws of the wait, seconds; infinite where no agent ever comes."""
    agents, ahead = situation.agents, situation.ahead
    plays = int(min(plays, max(24, _WORK / (len(agents) + 10) / (len(ahead) + 1))))
    free = _first_free(situation, behaviour, rng, plays)
    if ahead:
        _serve_those_ahead(situation, behaviour, rng, free)
    waits: Floats = free.min(axis=1)
    waits.sort()
    return waits


def _first_free(situation: Situation, behaviour: Behaviour, rng: np.random.Generator, plays: int) -> Floats:
    """When each agent is free for the first time, a row for each play."""
    agents = situation.agents
    free = np.empty((plays, len(agents)))
    free[:] = [agent.free_in_s for agent in agents]
    for on_callback, durations in ((False, behaviour.handling), (True, behaviour.callbacks)):
        columns = [i for i, a in enumerate(agents) if a.busy_for_s is not None and a.on_callback is on_callback]
        if columns:
            elapsed_s = [agents[i].busy_for_s or 0.0 for i in columns]
            left = durations.draw_left(rng.random((plays, len(columns))), elapsed_s)
            if behaviour.absence.ever_pauses:
                left += behaviour.absence.draw_pause(rng.random(left.shape))
            free[:, columns] = left
    away = [i for i, a in enumerate(agents) if a.away_for_s is not None]
    if away:
        away_for_s = [agents[i].away_for_s or 0.0 for i in away]
        free[:, away] = behaviour.absence.draw_left(rng.random((plays, len(away))), away_for_s)
    for i, agent in enumerate(agents):
        if agent.share < 1:
            # The next call that this agent takes may be another queue's.
            elsewhere = rng.random(plays) >= agent.share
            free[elsewhere, i] += behaviour.handling.draw(rng.random(int(elsewhere.sum())))
        if agent.away_from_s < inf:
            off = (free[:, i] >= agent.away_from_s) & (free[:, i] < agent.away_until_s)
            free[off, i] = agent.away_until_s
    return free


def _serve_those_ahead(situation: Situation, behaviour: Behaviour, rng: np.random.Generator, free: Floats) -> None:
    """Moves on in `free` when each agent is free, by everybody who is served before the person asking."""
    agents, ahead = situation.agents, situation.ahead
    plays, rows = len(free), np.arange(len(free))
    uniform = rng.random((plays, len(ahead)))
    lasts = behaviour.handling.draw(rng.random((plays, len(ahead))))
    bears = behaviour.patience.draw_left(uniform, [person.waited_s for person in ahead])
    called = [i for i, person in enumerate(ahead) if person.is_callback]
    if called:
        lasts[:, called] = behaviour.callbacks.draw(uniform[:, called])
        bears[:, called] = inf
    if behaviour.absence.ever_pauses:
        lasts += behaviour.absence.draw_pause(rng.random(lasts.shape))
    away_from = away_until = None
    if any(agent.away_from_s < inf for agent in agents):
        away_from = np.array([agent.away_from_s for agent in agents])
        away_until = np.array([agent.away_until_s for agent in agents])
    shares = np.array([agent.share for agent in agents]) if any(agent.share < 1 for agent in agents) else None
    for person in range(len(ahead)):
        who = free.argmin(axis=1)
        starts = free[rows, who]
        ends = starts + (lasts[:, person] if shares is None else lasts[:, person] / shares[who])
        if away_from is not None and away_until is not None:
            away = (ends >= away_from[who]) & (ends < away_until[who])
            ends = np.where(away, away_until[who], ends)
        free[rows, who] = np.where(bears[:, person] >= starts, ends, starts)
