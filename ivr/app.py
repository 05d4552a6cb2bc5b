"""The program, put together: every part made once, given what it needs, and ended in order."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import AsyncExitStack, suppress
from functools import partial

import structlog

from ivr.ami import AmiClient, AmiError, QueueBoard, QueueUnknown
from ivr.ami.events import AmiEvent, QueueCallerLeave, QueueEvent
from ivr.ari import AriClient
from ivr.backoff import Backoff
from ivr.dialer.line import Line, callback_of
from ivr.dialer.worker import Dialer
from ivr.domain.calling_hours import load_zones
from ivr.domain.queue_state import QueueState
from ivr.link import LinkState
from ivr.reception.reception import Reception
from ivr.reception.standing import Standings
from ivr.reception.waits import Waits
from ivr.service.callbacks import CallbackService
from ivr.service.catalog import Catalog
from ivr.service.errors import StorageFailed
from ivr.settings import Settings
from ivr.store.journal import Journal
from ivr.store.metered_store import MeteredStore
from ivr.store.redis_store import RedisStore
from ivr.switch.call import Tell
from ivr.switch.interactions import AriInteractions
from ivr.switch.switch import AriSwitch
from ivr.telemetry.health import Health
from ivr.telemetry.metrics import Metrics
from ivr.web.app import create_app, serving

_log = structlog.get_logger(__name__)

_SYNC_S = 5.0
"""How long the start waits for the queues' state; without it every wait is unknown, and offered a callback."""


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run every part until `stop` is set. Raises OSError when HTTP cannot be listened for."""
    asterisk, now = settings.asterisk, time.time
    health, metrics = Health(), Metrics()
    await asyncio.to_thread(load_zones)
    async with AsyncExitStack() as stack:
        redis = RedisStore(settings.redis.url.get_secret_value())
        stack.push_async_callback(redis.close)
        store = MeteredStore(redis, metrics)
        health.probe("redis", store.ping)
        catalog = Catalog(settings.services, redis, settings.builtins)
        ari = AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password.get_secret_value(), asterisk.app)
        ami = AmiClient(
            asterisk.ami_host, asterisk.ami_port, asterisk.ami_user, asterisk.ami_password.get_secret_value()
        )
        wrapup_s = {options.queue: options.wrapup_time_s for options in settings.services.values()}
        board = QueueBoard(ami, wrapup_s=wrapup_s)
        queues = _Queues(ami, board)
        line, journal = Line(queues), Journal(store)
        waits = Waits(line, store, now, learnt=redis, metrics=metrics)
        switch = AriSwitch(ari, queues, settings.prompts.locale, partial(_ear, journal))
        callbacks = CallbackService(store, catalog, interactions=AriInteractions(ari), metrics=metrics, now=now)
        dialer = Dialer(callbacks, store, switch, line, worker=_worker_name(), ready=lambda: switch.is_ready, now=now)
        Reception(ari, callbacks, journal, line, waits, metrics, now)
        board.on_event(partial(_tell, line, waits, catalog))
        _watch(health, ari, ami)
        ami.on_state(lambda state: None if state is LinkState.UP else waits.lost_sight())

        app = create_app(
            callbacks,
            health=health,
            metrics=metrics,
            api_key=settings.http.api_key.get_secret_value(),
            waiting=Standings(line, store, waits),
        )
        await stack.enter_async_context(serving(app, settings.http.host, settings.http.port))
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("options", _load_options(catalog)),
                ("journal", journal.run()),
                ("dialer", dialer.run()),
                ("queues", _kick(board, dialer)),
                ("waits", waits.run(lambda: [catalog.get(name) for name in catalog])),
            )
        ]
        stack.push_async_callback(_end, tasks)
        await stack.enter_async_context(ami)
        await stack.enter_async_context(board)
        with suppress(QueueUnknown):  # calls come in from here on: better to know the queues by then
            await board.wait_synced(_SYNC_S)
        await stack.enter_async_context(ari)
        _log.info("serving", services=list(catalog), http=f"{settings.http.host}:{settings.http.port}")
        # A client that fails of a defect ends the program, instead of leaving it deaf.
        clients = [asyncio.create_task(client.wait_closed()) for client in (ari, ami)]
        await _until(stop, [*tasks, *clients])
        _log.info("stopping")


def _ear(journal: Journal, channel_id: str) -> Tell:
    """Tells the history of a call to a customer."""
    callback_id = callback_of(channel_id)
    return partial(journal.note, callback_id.rpartition("-")[0], callback_id=callback_id, call_id=channel_id)


class _Queues:
    """The board for those who take an unknown queue for an answer."""

    def __init__(self, ami: AmiClient, board: QueueBoard) -> None:
        self._ami, self._board = ami, board

    def state(self, queue: str) -> QueueState | None:
        try:
            return self._board.state(queue)
        except QueueUnknown:
            return None

    def all(self) -> list[QueueState]:
        return [state for queue in self._board.queues() if (state := self.state(queue))]

    async def withdraw(self, queue: str, channel: str) -> bool:
        """Give a waiting caller back to the dialplan; Asterisk asks no right for it."""
        try:
            await self._ami.action("QueueWithdrawCaller", Queue=queue, Caller=channel)
        except AmiError as error:
            _log.warning("caller_not_withdrawn", queue=queue, channel=channel, error=str(error))
            return False
        return True


def _tell(line: Line, waits: Waits, catalog: Catalog, event: AmiEvent) -> None:
    """What the queues tell, to whom it concerns."""
    if isinstance(event, QueueEvent):
        served = next((options for options in map(catalog.get, catalog) if options.queue == event.queue), None)
        if served is not None:
            waits.hear(served, event)
    if isinstance(event, QueueCallerLeave):
        line.forget(event.uniqueid)


async def _kick(board: QueueBoard, dialer: Dialer) -> None:
    """Every change of a queue is a reason to look at the lines."""
    version = board.version
    while True:
        version = await board.wait_change(version, timeout_s=60.0)
        dialer.kick()


def _watch(health: Health, ari: AriClient, ami: AmiClient) -> None:
    def follow(part: str, client: AriClient | AmiClient) -> None:
        def changed(state: LinkState) -> None:
            if state is LinkState.UP:
                health.up(part)
            else:
                health.down(part, f"{state}: {client.health.last_error}".rstrip(": "))

        client.on_state(changed)

    follow("ari", ari)
    follow("ami", ami)


async def _load_options(catalog: Catalog) -> None:
    """What was changed while running, as soon as the store answers; until then the file holds."""
    backoff = Backoff(first_s=0.2, limit_s=10.0)
    while True:
        try:
            await catalog.load()
            return
        except StorageFailed as gone:
            _log.warning("options_not_loaded", error=str(gone))
            await asyncio.sleep(backoff.next_s())


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Until told to stop, or until a part ends that must not: its error is raised."""
    stopping = asyncio.create_task(stop.wait())
    running: set[asyncio.Task[object]] = {stopping, *tasks}
    try:
        while True:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if stopping in done:
                return
    finally:
        stopping.cancel()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=10)


def _worker_name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"
