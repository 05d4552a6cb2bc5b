"""Takes every inbound call of our Stasis application to its script, and none is left without one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import structlog
from structlog.contextvars import bound_contextvars

from ivr.ari import AriClient, AriError, Channel, Subscription
from ivr.ari.events import StasisStart
from ivr.dialer.line import Line
from ivr.flows.inbound import Ending, inbound
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
        ari.on_connected(self._take_to_queue)

    async def _received(self, channel: Channel, event: StasisStart, events: Subscription) -> None:
        service = event.args[1] if len(event.args) > 1 else ""
        asked_at_s = self._now()
        with bound_contextvars(call_id=channel.id, service=service):
            try:
                options = self._callbacks.catalog.get(service)
            except UnknownService as unknown:
                _log.error("call_for_unknown_service", error=str(unknown))
                await self._give_back(channel)
                return
            self._line.note_asked(channel.id, asked_at_s)
            tell = partial(self._journal.note, service, call_id=channel.id)
            call = AriCall(self._ari, channel, events, options.language, tell)
            desk = ServiceDesk(
                service,
                options,
                asked_at_s,
                callbacks=self._callbacks,
                journal=self._journal,
                line=self._line,
                waits=self._waits,
            )
            try:
                ending = await inbound(call, desk)
            except BaseException:
                # A defect of ours, or our own end: the caller is to be no worse off than without us.
                await self._give_back(channel)
                raise
            if ending not in _IN_QUEUE:
                self._line.forget(channel.id)
            self._metrics.inbound.labels(service, ending).inc()
            _log.info("inbound_ended", ending=str(ending))

    async def _take_to_queue(self, channels: list[Channel]) -> None:
        """Callers who were in a menu when the connection broke: their script is gone, so on to the agents."""
        for channel in channels:
            data = channel.data
            if data is None or data.stasis_app != self._ari.app or data.stasis_args[:1] != ("inbound",):
                continue
            if not self._ari.is_followed(channel.id):
                _log.warning("caller_found_without_script", call_id=channel.id)
                await self._give_back(channel)

    async def _give_back(self, channel: Channel) -> None:
        """To the line of the dialplan after Stasis(), which goes to the queue."""
        try:
            await channel.continue_in_dialplan()
        except AriError as error:
            _log.warning("call_not_given_back", call_id=channel.id, error=str(error))
