"""The estimated wait of each service, from the queue's live state and what came of earlier waits.

Until enough waits were seen the closed form speaks, with the operator's own guesses; from then on the estimator that
learns (`ivr.domain.estimate`). What it learnt is kept over a restart.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import structlog

from ivr.ami.events import (
    AgentComplete,
    AgentConnect,
    AmiEvent,
    QueueCallerAbandon,
    QueueCallerJoin,
    QueueCallerLeave,
    QueueEvent,
    QueueMemberRemoved,
)
from ivr.dialer.line import Line, is_ours
from ivr.domain.estimate.estimator import Guesses, QueueEstimator
from ivr.domain.estimate.learner import QueueLearner
from ivr.domain.estimate.live import Staffing, live_situation
from ivr.domain.queue_state import QueueState
from ivr.domain.wait import HandleTime, WaitEstimate, estimate, unknown
from ivr.service.options import ServiceOptions
from ivr.store.port import CallbackStore, Place, StoreError, StoreUnavailable
from ivr.telemetry.metrics import Metrics

_log = structlog.get_logger(__name__)

_STORE_S = 0.5
"""A caller is not kept in silence for a store that does not answer."""
_FRESH_S = 0.5
"""A line of thousands is not read anew for every call."""
_LEARNT_WAITS = 20
"""From so many on the estimator speaks that learns."""
_SAVE_EVERY_S = 60.0
_LOAD_AGAIN_S = 5.0


class LearntStore(Protocol):
    """Keeps what was learnt of a queue."""

    async def learnt(self, queue: str) -> str | None: ...

    async def keep_learnt(self, queue: str, text: str) -> None: ...


@dataclass(slots=True)
class _Queue:
    """What is known of one queue."""

    learner: QueueLearner
    handle_time: HandleTime
    staffing: Staffing = field(default_factory=Staffing)
    places: list[Place] = field(default_factory=list)
    """The callbacks in line, as last read."""
    outcomes_saved: int = 0


class Waits:
    """Hears what happens in the queues, and estimates."""

    def __init__(
        self,
        line: Line,
        store: CallbackStore,
        now: Callable[[], float],
        *,
        learnt: LearntStore | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._line, self._store, self._now, self._learnt, self._metrics = line, store, now, learnt, metrics
        self._queues: dict[str, _Queue] = {}
        self._read: dict[str, tuple[float, list[Place]]] = {}

    # -- what is asked

    async def estimate(self, service: str, options: ServiceOptions) -> WaitEstimate:
        """The wait of somebody who asks now; an unknown wait is an answer, never an error."""
        wait = await self._estimate(service, options)
        if self._metrics is not None:
            median_s = wait.median_s if wait.median_s is not None else float("nan")
            self._metrics.estimate_s.labels(service).set(median_s)
        return wait

    async def _estimate(self, service: str, options: ServiceOptions) -> WaitEstimate:
        state = self._line.queue(options.queue)
        if state is None:
            return unknown("the queue's state is not known")
        queue = self._queue(options)
        queue.places = await self._places(service)
        now_s = self._now()
        queue.staffing.saw(state.staffed, now_s)
        line = self._line.waiters(options.queue, queue.places)
        simple = estimate(
            # Whose agent is being rung has got one, who is not free any more either.
            ahead=len(line) - state.being_rung_for,
            serving=state.staffed,
            free=len(state.available(now_s)),
            handle_time_s=queue.handle_time.mean_s,
            patience_s=options.default_patience_s,
        )
        learnt = queue.learner.estimator.outcomes
        if not simple.median_s or learnt < _LEARNT_WAITS:
            return simple
        if why := queue.staffing.why_abstain():
            return unknown(why)
        situation = live_situation(state, line, queue.learner.on_calls, now_s)
        told = queue.learner.estimator.forecast(situation, now_s).potential
        basis = f"{simple.basis}, learnt from {learnt} waits"
        return replace(simple, p10_s=told.p10_s, median_s=told.p50_s, p90_s=told.p90_s, basis=basis)

    async def _places(self, service: str) -> list[Place]:
        """The callbacks in line. Many calls at once share one reading; without a store the last one holds."""
        read_at_s, places = self._read.get(service, (float("-inf"), []))
        if self._now() - read_at_s < _FRESH_S:
            return places
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_STORE_S):
                places = await self._store.line(service)
        self._read[service] = self._now(), places
        return places

    # -- what happened

    def hear(self, options: ServiceOptions, event: AmiEvent) -> None:
        """An event of the service's queue, after the queue's state was changed by it."""
        if not isinstance(event, QueueEvent):
            return
        queue, now_s = self._queue(options), self._now()
        state = self._line.queue(options.queue)
        if state is not None:
            queue.staffing.saw(state.staffed, now_s)
        self._teach(queue, options, event, state, now_s)
        for learnt in queue.learner.estimator.just_learnt():
            if self._metrics is not None:
                self._metrics.wait_was(options.queue, learnt)

    def _teach(
        self, queue: _Queue, options: ServiceOptions, event: QueueEvent, state: QueueState | None, now_s: float
    ) -> None:
        match event:
            case QueueCallerJoin():
                ours = is_ours(event.uniqueid)
                situation = None
                # A customer who was called back asked long ago; their stay in the queue is no wait to learn from.
                if state is not None and not ours:
                    line = self._line.waiters(options.queue, queue.places, before=event.uniqueid)
                    situation = live_situation(state, line, queue.learner.on_calls, now_s)
                queue.learner.joined(event.uniqueid, now_s, situation, is_callback=ours)
            case QueueCallerAbandon():
                queue.learner.gave_up(event.uniqueid, now_s)
            case QueueCallerLeave():
                queue.learner.left(event.uniqueid, now_s)
            case AgentConnect():
                queue.learner.connected(
                    event.uniqueid,
                    event.interface,
                    now_s,
                    ring_s=event.ring_s,
                    is_callback=is_ours(event.uniqueid),
                )
            case AgentComplete():
                member = state.member(event.interface) if state else None
                wrapup_s = member.wrapup_s if member else 0.0
                queue.handle_time = queue.handle_time.after(event.talk_s + wrapup_s)
                queue.learner.completed(event.interface, now_s, wrapup_s=wrapup_s)
            case QueueMemberRemoved():
                queue.learner.logged_out(event.interface, now_s)

    def lost_sight(self) -> None:
        """Events were missed: who waits and who talks since when is to be learnt anew."""
        for queue in self._queues.values():
            queue.learner.lost_sight()

    def _queue(self, options: ServiceOptions) -> _Queue:
        queue = self._queues.get(options.queue)
        if queue is None:
            queue = _Queue(_new_learner(options), HandleTime(options.default_handle_time_s))
            self._queues[options.queue] = queue
        return queue

    # -- over a restart

    async def run(self, services: Callable[[], Sequence[ServiceOptions]]) -> None:
        """Go on from what was learnt before, and keep what is learnt from time to time, until cancelled."""
        loaded: set[str] = set()
        try:
            while True:
                for options in services():
                    if options.queue not in loaded and await self._load(options):
                        loaded.add(options.queue)
                waiting = any(options.queue not in loaded for options in services())
                await asyncio.sleep(_LOAD_AGAIN_S if waiting else _SAVE_EVERY_S)
                await self._save(loaded)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_STORE_S):
                    await self._save(loaded)

    async def _load(self, options: ServiceOptions) -> bool:
        """False when it is to be tried again."""
        if self._learnt is None:
            return True
        try:
            text = await self._learnt.learnt(options.queue)
        except StoreError as gone:
            _log.warning("learnt_waits_not_loaded", queue=options.queue, error=str(gone))
            return False
        if text is None:
            return True
        queue = self._queue(options)
        try:
            saved: dict[str, Any] = json.loads(text)
            queue.learner.estimator.load(saved["estimator"])
            mean_s, calls = saved["handle_time"]
            queue.handle_time = HandleTime(float(mean_s), int(calls))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            # Half of it may be in by now: better to begin anew.
            _log.warning("learnt_waits_unreadable", queue=options.queue, error=str(error))
            queue.learner = _new_learner(options)
        else:
            queue.outcomes_saved = queue.learner.estimator.outcomes
            _log.info("learnt_waits_loaded", queue=options.queue, waits=queue.outcomes_saved)
        return True

    async def _save(self, queues: set[str]) -> None:
        """Only what was loaded before is written over."""
        if self._learnt is None:
            return
        for name, queue in self._queues.items():
            estimator = queue.learner.estimator
            if name not in queues or estimator.outcomes == queue.outcomes_saved:
                continue
            handle_time = [queue.handle_time.mean_s, queue.handle_time.calls]
            text = json.dumps({"estimator": estimator.save(), "handle_time": handle_time})
            try:
                await self._learnt.keep_learnt(name, text)
            except StoreError as gone:
                _log.warning("learnt_waits_not_saved", queue=name, error=str(gone))
                return
            queue.outcomes_saved = estimator.outcomes


def _new_learner(options: ServiceOptions) -> QueueLearner:
    guesses = Guesses(options.default_handle_time_s, options.default_patience_s)
    return QueueLearner(QueueEstimator(np.random.default_rng(), guesses))
