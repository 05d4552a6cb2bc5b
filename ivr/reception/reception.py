"""Takes every inbound call of our Stasis application to its script, and none is left without one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog
from structlog.contextvars import bound_contextvars

from ivr.ari import AriClient, AriError, Channel, Subscription
from ivr.ari.events import StasisStart
from ivr.dialer.line import Line
from ivr.flows.call import CallGone, HungUp, SwitchLost
from ivr.flows.inbound import Ending, inbound, say_goodbye
from ivr.reception.desk import ServiceDesk
from ivr.reception.waits import Waits
from ivr.service.callbacks import CallbackService
from ivr.service.errors import UnknownService
from ivr.store.journal import Journal
from ivr.switch.call import AriCall
from ivr.telemetry.metrics import Metrics

_log = structlog.get_logger(__name__)

_IN_QUEUE = frozenset({Ending.BELOW_THRESHOLD, Ending.STAYED, Ending.PROMPT_FAILED, Ending.REQUEST_FAILED})


class Reception:
    """Serves the channels that the dialplan sends as `Stasis(<app>,inbound,<service>)`."""

    def __init__(
        self,
        ari: AriClient,
        callbacks: CallbackService,
        journal: Journal,
        line: Line,
        waits: Waits,
        metrics: Metrics,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._ari, self._callbacks, self._journal = ari, callbacks, journal
        self._line, self._waits, self._metrics, self._now = line, waits, metrics, now
        ari.on_stasis_start(self._received, "inbound")
        ari.on_connected(self._take_over)

    async def _received(self, channel: Channel, event: StasisStart, events: Subscription) -> None:
        service = event.args[1] if len(event.args) > 1 else ""
        with bound_contextvars(call_id=channel.id, service=service):
            try:
                call, desk = self._at_desk(channel, events, service, self._now())
            except UnknownService as unknown:
                _log.error("call_for_unknown_service", error=str(unknown))
                await _give_back(channel)
                return
            try:
                ending = await inbound(call, desk)
            except BaseException:
                # A defect of ours, or our own end: the caller is to be no worse off than without us.
                await _to_agents(channel, call, desk)
                raise
            if ending is Ending.SWITCH_LOST:
                # Often it is the events alone that are lost, and Asterisk still does as it is asked.
                await _to_agents(channel, call, desk)
            elif ending not in _IN_QUEUE:
                self._line.forget(channel.id)
            self._metrics.inbound.labels(service, ending).inc()
            _log.info("inbound_ended", ending=str(ending))

    async def _take_over(self, channels: list[Channel]) -> None:
        """Callers who were in a menu when the connection broke, or we did: their script is gone."""
        async with asyncio.TaskGroup() as group:
            for channel in channels:
                data = channel.data
                if data is None or data.stasis_app != self._ari.app or data.stasis_args[:1] != ("inbound",):
                    continue
                if not self._ari.is_followed(channel.id):
                    group.create_task(self._end_for(channel, *data.stasis_args[1:2], asked_at_s=data.created_at_s))

    async def _end_for(self, channel: Channel, service: str = "", *, asked_at_s: float) -> None:
        """Who was promised a callback hears so (again) and is let go; everybody else goes on to the agents."""
        with bound_contextvars(call_id=channel.id, service=service):
            try:
                async with self._ari.subscribe(channel.id) as events:
                    call, desk = self._at_desk(channel, events, service, asked_at_s)
                    promised = await channel.get_variable("CB_SERVICE_ID")
                    _log.warning("caller_found_without_script", promised=bool(promised))
                    await call.succeed()
                    if promised:
                        await say_goodbye(call)
                        self._line.forget(channel.id)
                    else:
                        await _to_agents(channel, call, desk)
            except (AriError, CallGone, UnknownService) as error:
                _log.warning("caller_not_taken_over", error=str(error))
                await _give_back(channel)

    def _at_desk(
        self, channel: Channel, events: Subscription, service: str, asked_at_s: float
    ) -> tuple[AriCall, ServiceDesk]:
        """Raises UnknownService."""
        options = self._callbacks.catalog.get(service)
        self._line.note_asked(channel.id, asked_at_s)
        desk = ServiceDesk(
            service,
            options,
            asked_at_s,
            callbacks=self._callbacks,
            journal=self._journal,
            line=self._line,
            waits=self._waits,
        )
        tell = partial(self._journal.note, service, call_id=channel.id)
        return AriCall(self._ari, channel, events, options.language, tell), desk


async def _to_agents(channel: Channel, call: AriCall, desk: ServiceDesk) -> None:
    """Into the queue and to their place, as far as Asterisk can be reached."""
    try:
        await call.join_queue(desk.queue, desk.position_of(call))
    except SwitchLost as lost:
        _log.warning("place_not_kept", error=str(lost))
        await _give_back(channel)
    except HungUp as gone:
        _log.info("caller_gone", error=str(gone))


async def _give_back(channel: Channel) -> None:
    """To the line of the dialplan after Stasis(), which goes to the queue."""
    try:
        await channel.continue_in_dialplan()
    except AriError as error:
        _log.warning("call_not_given_back", call_id=channel.id, error=str(error))
