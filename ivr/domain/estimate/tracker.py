"""The situation of a queue, from what its log tells: who waits, who is on a call since when, who is at work."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf

from ivr.domain.estimate.absence import FORGOTTEN_S, Absence
from ivr.domain.estimate.situation import Agent, Ahead, Situation


@dataclass(slots=True)
class _AtWork:
    since_s: float | None = None
    """Of the present call."""
    on_callback: bool = False
    free_since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _InLine:
    since_s: float
    is_callback: bool
    priority: int


class Tracker:
    """Follows one queue, and tells `absence` what it sees of agents who take no call although people wait."""

    _FAR_S = 4 * 3600.0
    """Who comes to work later than that makes no difference."""

    def __init__(
        self, absence: Absence, planned_away: Mapping[str, Sequence[tuple[float, float]]] | None = None
    ) -> None:
        """`planned_away`: when each agent will be away, from and until, in order; nobody is then away otherwise."""
        self._absence, self._planned = absence, planned_away
        self._agents: dict[str, _AtWork] = {name: _AtWork() for name in planned_away or ()}
        self._next_window = dict.fromkeys(planned_away or (), 0)
        self._line: OrderedDict[str, _InLine] = OrderedDict()
        self._just_ended: set[str] = set()
        self._overtakers = _Load()
        self._now_s = -inf

    def joined(self, caller: str, at_s: float, *, is_callback: bool = False, priority: int = 0) -> None:
        self._pass_time(at_s)
        self._line[caller] = _InLine(at_s, is_callback, priority)

    def left(self, caller: str, at_s: float) -> None:
        self._pass_time(at_s)
        self._line.pop(caller, None)

    def took(self, agent: str, at_s: float, *, waited: bool, is_callback: bool = False) -> None:
        """A call, from its first ring, of somebody who had to wait or did not."""
        self._pass_time(at_s)
        before = self._agents.get(agent)
        if agent in self._just_ended:
            self._just_ended.discard(agent)
            self._absence.call_ended(at_once=True)
        elif self._planned is None and waited and before is not None and before.since_s is None:
            self._absence.came_back(at_s - before.free_since_s)
        self._agents[agent] = _AtWork(at_s, is_callback)

    def free(self, agent: str, at_s: float, *, known: bool = True, priority: int = 0) -> None:
        """After a call and its wrap-up; not `known` when the log does not say when the call ended."""
        self._pass_time(at_s)
        if not known:
            self._agents.pop(agent, None)
            return
        before = self._agents.get(agent)
        if priority > 0 and before is not None and before.since_s is not None:
            self._overtakers.add(at_s - before.since_s, at_s)
        if self._line and self._planned is None:
            self._just_ended.add(agent)
        self._agents[agent] = _AtWork(free_since_s=at_s)

    def gone(self, agent: str, at_s: float) -> None:
        """Logged out."""
        self._pass_time(at_s)
        self._agents.pop(agent, None)
        self._just_ended.discard(agent)

    def situation(self, now_s: float, *, priority: int = 0) -> Situation:
        """As somebody finds it who is not served at once, so that agents on no call are not idle but away."""
        self._pass_time(now_s)
        agents = [agent for name, work in list(self._agents.items()) if (agent := self._agent(name, work, now_s))]
        line = sorted(
            (each for each in self._line.values() if each.priority >= priority),
            key=lambda each: (-each.priority, each.since_s),
        )
        load = self._overtakers.per_second(now_s) / max(len(agents), 1) if priority == 0 else 0.0
        return Situation(
            agents=tuple(agents),
            ahead=tuple(Ahead(now_s - each.since_s, each.is_callback) for each in line),
            overtaking_load=load,
            head_age_s=now_s - line[0].since_s if line else None,
            hour=int(now_s // 3600 % 24),
        )

    def _agent(self, name: str, work: _AtWork, now_s: float) -> Agent | None:
        off_from_s, off_until_s = self._window(name, now_s)
        if work.since_s is not None:
            return Agent(
                busy_for_s=max(now_s - work.since_s, 0.0),
                on_callback=work.on_callback,
                away_from_s=max(off_from_s - now_s, 0.0),
                away_until_s=off_until_s - now_s,
            )
        if self._planned is not None:
            if off_from_s <= now_s:
                return Agent(free_in_s=off_until_s - now_s) if off_until_s - now_s < self._FAR_S else None
            return Agent(away_from_s=off_from_s - now_s, away_until_s=off_until_s - now_s)
        if now_s - work.free_since_s > FORGOTTEN_S:
            del self._agents[name]
            return None
        return Agent(away_for_s=max(now_s - work.free_since_s, 0.0))

    def _window(self, name: str, now_s: float) -> tuple[float, float]:
        """The planned absence that is on, or comes next."""
        windows = self._planned.get(name, ()) if self._planned else ()
        at = self._next_window.get(name, 0)
        while at < len(windows) and windows[at][1] <= now_s:
            at += 1
        if windows:
            self._next_window[name] = at
        return windows[at] if at < len(windows) else (inf, inf)

    def _pass_time(self, now_s: float) -> None:
        """Absences that went on since the last event, while people waited."""
        if now_s <= self._now_s:
            return
        if self._just_ended:
            for _ in self._just_ended:
                self._absence.call_ended(at_once=False)
            self._just_ended.clear()
        if self._line and self._planned is None and self._now_s > -inf:
            for agent in self._agents.values():
                if agent.since_s is None:
                    self._absence.away(self._now_s - agent.free_since_s, now_s - agent.free_since_s)
        self._now_s = now_s


class _Load:
    """Agent time that calls of a kind took, per second, over the last hours."""

    _MEMORY_S = 4 * 3600.0

    def __init__(self) -> None:
        self._taken_s = self._seen_s = 0.0
        self._at_s: float | None = None

    def add(self, taken_s: float, at_s: float) -> None:
        self._pass(at_s)
        self._taken_s += taken_s

    def per_second(self, at_s: float) -> float:
        self._pass(at_s)
        return self._taken_s / self._seen_s if self._seen_s > 600 else 0.0

    def _pass(self, at_s: float) -> None:
        if self._at_s is not None and at_s > self._at_s:
            fade = exp(-(at_s - self._at_s) / self._MEMORY_S)
            self._taken_s *= fade
            self._seen_s = self._seen_s * fade + self._MEMORY_S * (1 - fade)
        self._at_s = at_s if self._at_s is None else max(at_s, self._at_s)
