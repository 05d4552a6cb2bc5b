"""The estimator of one queue: learns from everything that happens in it, and says how long somebody would wait.

The same code serves the live queue, a replayed log and the simulator: whoever feeds it tells of each event and gives
the queue's situation. A forecast weighs the roll-out and the formulas by how they did so far, takes the roll-out's
spread for its own, and corrects the quantiles by what came (see `head`). Two kinds of wait are learnt: the potential
one, from those who were served and from the shadow waits of those who hung up, and the one of those who are served.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, isfinite
from typing import Any, Final

import numpy as np

from ivr.domain.estimate import formulas
from ivr.domain.estimate.absence import Absence
from ivr.domain.estimate.forecast import Forecast, Learnt, Predictor
from ivr.domain.estimate.head import Evidence, Head
from ivr.domain.estimate.history import WaitHistory
from ivr.domain.estimate.patience import Patience
from ivr.domain.estimate.rollout import PLAYS, Behaviour, roll_out
from ivr.domain.estimate.samples import Durations, Floats, RunningMean
from ivr.domain.estimate.shadow import ShadowWaits
from ivr.domain.estimate.situation import Situation

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Guesses:
    """What holds before anything is known; seconds, above 0."""

    handle_time_s: float = 240.0
    patience_s: float = 360.0


class QueueEstimator:
    """Feed it in the order of time; small steps back do no harm."""

    _MOST_EXPECTED = 2000
    """Estimates whose outcome is awaited; the oldest are dropped, should their ends never be told."""

    _SETTLED_CALLS = 300

    def __init__(self, rng: np.random.Generator, guesses: Guesses = Guesses(), *, plays: int = PLAYS) -> None:
        self._rng, self._plays = rng, plays
        self.history = WaitHistory()
        self.handling = Durations(guesses.handle_time_s)
        self.callback_handling = Durations(guesses.handle_time_s)
        self.patience = Patience(guesses.patience_s)
        self.absence = Absence()
        self._handle_mean = RunningMean(guesses.handle_time_s)
        self._potential, self._if_served = Head(), Head()
        self._shadows = ShadowWaits()
        self._line: OrderedDict[str, float] = OrderedDict()
        self._expected: OrderedDict[str, Forecast] = OrderedDict()
        self._learnt: list[Learnt] = []

    # -- what is asked

    @property
    def outcomes(self) -> int:
        """Estimates that were held against what came."""
        return self._potential.outcomes

    @property
    def handle_time_s(self) -> float:
        """Mean time that a call takes an agent."""
        return self._handle_mean.mean_s

    @property
    def weights(self) -> dict[str, float]:
        """Of each predictor now."""
        return self._potential.weights

    def forecast(self, situation: Situation, at_s: float) -> Forecast:
        """The wait of somebody who asks now, finds no agent idle, and is served after all of `situation.ahead`."""
        draws_s = self._draws(situation)
        rolled_s = float(draws_s.mean())
        anchors = self._anchors(situation, at_s, rolled_s)
        evidence = Evidence(
            ahead=len(situation.ahead),
            rolled_s=rolled_s,
            draws_s=draws_s,
            others_s=tuple(anchors[each] for each in _WEIGHED),
            is_settled=self.handling.count >= self._SETTLED_CALLS,
        )
        potential, if_served = self._potential.tell(evidence), self._if_served.tell(evidence)
        anchors[Predictor.OURS] = potential.mean_s
        return Forecast(at_s, evidence.ahead, situation.hour, potential, if_served, evidence, anchors)

    def _anchors(self, situation: Situation, at_s: float, rolled_s: float) -> dict[Predictor, float]:
        ahead, idle = len(situation.ahead), situation.idle
        serving, handle_s, history = self._serving(situation), self.handle_time_s, self.history
        callbacks = tuple(person.is_callback for person in situation.ahead)
        qlm_s = formulas.qlm(ahead, serving, handle_s, self.patience.mean_s, callbacks=callbacks)
        return {
            Predictor.ASTERISK: float(history.asterisk_s),
            Predictor.LES: history.les_s,
            Predictor.HOL: history.les_s if situation.head_age_s is None else situation.head_age_s,
            Predictor.QL: formulas.ql(ahead, serving, handle_s),
            Predictor.QLM: formulas.with_overtaking(qlm_s, situation.overtaking_load),
            Predictor.CONSTANT: history.constant_s,
            Predictor.LAST_TEN: history.last_ten_s,
            Predictor.QUARTER_HOUR: history.fifteen_minutes_s(at_s),
            Predictor.GENESYS: formulas.genesys_stat_server(ahead, serving, handle_s, idle),
            Predictor.CISCO: formulas.cisco_uccx(ahead, serving, self.history.handled_s(at_s, handle_s)),
            Predictor.GOOGLE: formulas.google_ccai(ahead, serving, handle_s, idle),
            Predictor.ROLL_OUT: rolled_s,
        }

    def _serving(self, situation: Situation) -> float:
        """Agents for the formulas: those of several queues, and those who may come back, in part."""
        handle_s = self.handle_time_s
        present = 0.0
        for agent in situation.agents:
            if agent.away_from_s <= 0:
                continue
            if agent.away_for_s is not None:
                present += agent.share * self.absence.back_within(agent.away_for_s, handle_s)
            elif agent.busy_for_s is not None or agent.free_in_s < handle_s:
                present += agent.share
        return max(present, 0.5)

    def _draws(self, situation: Situation) -> Floats:
        behaviour = Behaviour(self.handling, self.callback_handling, self.patience, self.absence)
        draws_s = roll_out(situation, behaviour, self._rng, self._plays)
        if situation.overtaking_load > 0:
            draws_s = draws_s / (1 - min(situation.overtaking_load, 0.95))
        return draws_s

    # -- what happened

    def joined(self, caller: str, at_s: float, forecast: Forecast | None) -> None:
        """Somebody stands in line. `forecast` is to be held against what comes; None for who need not wait."""
        self._line[caller] = at_s
        if forecast is not None:
            self._expected[caller] = forecast
            while len(self._expected) > self._MOST_EXPECTED:
                self._expected.popitem(last=False)

    def served(self, caller: str, at_s: float, *, ring_s: float = 0.0, is_callback: bool = False) -> None:
        """An agent took the call; `ring_s` of the wait went by while their telephone rang."""
        entered_s = self._line.pop(caller, None)
        if entered_s is None:
            return
        offered_s = max(at_s - ring_s, entered_s)
        wait_s = offered_s - entered_s
        asterisk_wait_s = max(floor(at_s) - floor(entered_s), 0)
        self.history.served(max(at_s - entered_s, 0.0), at_s, asterisk_wait_s=asterisk_wait_s)
        if not is_callback:
            self.patience.saw(wait_s, gave_up=False)
        self._learn(caller, wait_s, was_served=True)
        for shadow in self._shadows.served(caller, entered_s, offered_s):
            self._learn(shadow.caller, shadow.wait_s, was_served=False)

    def gave_up(self, caller: str, at_s: float) -> None:
        """Hung up while waiting."""
        entered_s = self._line.pop(caller, None)
        if entered_s is None:
            return
        self.history.call_ended()
        self.patience.saw(at_s - entered_s, gave_up=True)
        ahead = {other for other, since_s in self._line.items() if since_s <= entered_s}
        self._shadows.gave_up(caller, entered_s, at_s, ahead)

    def left(self, caller: str) -> None:
        """Out of line for another reason: nothing is learnt."""
        self._line.pop(caller, None)
        self._expected.pop(caller, None)

    def call_ended(self, at_s: float, handled_s: float | None, *, is_callback: bool = False) -> None:
        """An agent is free again after `handled_s` of ring, talk and wrap-up; None when that is not known."""
        self.history.call_ended()
        if handled_s is not None:
            (self.callback_handling if is_callback else self.handling).add(handled_s)
            self._handle_mean.add(handled_s)
            self.history.handled(handled_s, at_s)
        self._shadows.agent_free(at_s)

    def _learn(self, caller: str, wait_s: float, *, was_served: bool) -> None:
        forecast = self._expected.pop(caller, None)
        if forecast is None or not isfinite(wait_s):
            return
        self._learnt.append(Learnt(caller, forecast, wait_s, was_served))
        del self._learnt[: -self._MOST_EXPECTED]
        self._potential.learn(wait_s, forecast.evidence, forecast.potential)
        if was_served:
            self._if_served.learn(wait_s, forecast.evidence, forecast.if_served)

    def forget_line(self) -> None:
        """Who is in line is not known any more; what was learnt stays."""
        self._line.clear()
        self._expected.clear()
        self._shadows = ShadowWaits()

    def just_learnt(self) -> list[Learnt]:
        """The estimates whose outcomes became known since this was last asked."""
        learnt, self._learnt = self._learnt, []
        return learnt

    # -- over a restart

    def save(self) -> dict[str, Any]:
        """What was learnt, as JSON has it. Who is in line at the moment is not saved: the queue tells it again."""
        return {
            "version": _VERSION,
            "history": self.history.save(),
            "handling": self.handling.save(),
            "callback_handling": self.callback_handling.save(),
            "handle_mean": self._handle_mean.save(),
            "patience": self.patience.save(),
            "absence": self.absence.save(),
            "potential": self._potential.save(),
            "if_served": self._if_served.save(),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what was saved. Raises ValueError, KeyError or TypeError when it is not that, or of another
        version; the estimator is then to be thrown away."""
        if saved.get("version") != _VERSION:
            raise ValueError(f"saved by version {saved.get('version')!r}, this is {_VERSION}")
        self.history = WaitHistory.restore(saved["history"])
        self.handling.load(saved["handling"])
        self.callback_handling.load(saved["callback_handling"])
        self._handle_mean.load(saved["handle_mean"])
        self.patience.load(saved["patience"])
        self.absence.load(saved["absence"])
        self._potential.load(saved["potential"])
        self._if_served.load(saved["if_served"])


_WEIGHED: Final = (
    Predictor.QLM,
    Predictor.LES,
    Predictor.HOL,
    Predictor.ASTERISK,
    Predictor.LAST_TEN,
    Predictor.QUARTER_HOUR,
)
