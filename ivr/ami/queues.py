"""The live state of the queues, kept from events and read anew after every reconnection and from time to time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Self

import structlog

from ivr.ami.board import apply, read_status
from ivr.ami.client import AmiClient
from ivr.ami.errors import AmiConnectionError, AmiError, QueueUnknown
from ivr.ami.events import EVENTS, AmiEvent, QueueEvent
from ivr.backoff import Backoff
from ivr.domain.queue_state import QueueState
from ivr.link import LinkState

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

RESYNC_EVERY_S = 30.0
# What is known outlives the connection for so long: enough for a reconnection, too short to lead anybody astray.
MAX_AGE_S = 10.0
# A list of thousands of callers takes a moment.
STATUS_S = 10.0

Listener = Callable[[AmiEvent], None]


class QueueBoard:
    """What is going on in every queue of an Asterisk.

        async with AmiClient(...) as ami, QueueBoard(ami, wrapup_s={"support": 15}) as board:
            await board.wait_synced(10)
            free = board.state("support").available(time.time())

    `state` tells what is true now, or raises: it never gives an old picture for a new one.
    """

    def __init__(
        self,
        ami: AmiClient,
        *,
        wrapup_s: Mapping[str, float] | None = None,
        resync_every_s: float = RESYNC_EVERY_S,
        max_age_s: float = MAX_AGE_S,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """wrapup_s: each queue's wrapuptime of queues.conf, which AMI does not tell.

        clock: epoch seconds; must go with Asterisk's, for the ends of wrap-ups.
        """
        self._ami = ami
        self._wrapup_s = dict(wrapup_s or {})
        self._resync_every_s = resync_every_s
        self._max_age_s = max_age_s
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._queues: dict[str, QueueState] = {}
        self._synced_at_s: float | None = None
        """When the picture was last read in full; None since a connection was lost."""
        self._true_until_s = 0.0
        """Without a connection: when it was lost, and the picture was last right."""
        self._during_sync: list[tuple[AmiEvent, float]] | None = None
        self._listeners: list[Listener] = []
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self.version = 0
        """Goes up with every change."""
        self.resyncs = 0
        for kind, _ in EVENTS.values():
            ami.on_event(kind, self._hear)
        ami.on_state(self._link_changed)

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_synced(), name="queue board")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])

    # ---- what is known

    @property
    def is_synced(self) -> bool:
        """The picture is whole and follows the events."""
        return self._ami.is_connected and self._synced_at_s is not None

    def queues(self) -> tuple[str, ...]:
        """The names of the queues last seen."""
        return tuple(self._queues)

    def state(self, queue: str) -> QueueState:
        """The queue now, or as it was at the loss of the connection if that is less than `max_age_s` ago.

        `at_s` is when Asterisk was heard last. Raises QueueUnknown.
        """
        known = self._queues.get(queue)
        now_s = self._clock()
        if self.is_synced and self._synced_at_s is not None:
            if known is None:
                raise QueueUnknown(f"Asterisk has no queue {queue}")
            if now_s - self._synced_at_s > 3 * self._resync_every_s:
                raise QueueUnknown(f"queue {queue} could not be read for {now_s - self._synced_at_s:.0f} s")
            return replace(known, at_s=min(now_s, self._ami.last_heard_s))
        if known is None:
            raise QueueUnknown(f"queue {queue} was not read yet")
        if now_s - self._true_until_s > self._max_age_s:
            raise QueueUnknown(f"no news of queue {queue} for {now_s - self._true_until_s:.0f} s")
        return replace(known, at_s=self._true_until_s)

    async def wait_synced(self, timeout_s: float) -> None:
        """Wait until every queue is known. Raises QueueUnknown after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.is_synced:
                    await self._changed.wait()
        except TimeoutError:
            raise QueueUnknown(f"the queues could not be read within {timeout_s:g} s") from None

    async def wait_change(self, version: int, timeout_s: float) -> int:
        """Wait for a `version` later than this one, or `timeout_s`; the version then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.version == version:
                    await self._changed.wait()
        return self.version

    def on_event(self, listener: Listener) -> None:
        """Call `listener(event)` with each event of queues, agents and hang-ups, after it was entered here.

        In order; it must not block. Items of QueueStatus are not among them.
        """
        self._listeners.append(listener)

    def resync(self) -> None:
        """Read everything anew soon, as after a reload of queues.conf."""
        self._wake.set()

    # ---- inside

    async def _keep_synced(self) -> None:
        while True:
            self._wake.clear()
            wait_s = self._resync_every_s
            try:
                await self._sync()
            except AmiError as error:
                wait_s = self._backoff.next_s()
                if self._ami.is_connected:
                    log.warning("queue_board.sync_failed", error=str(error), retry_in_s=round(wait_s, 2))
            else:
                self._backoff.reset()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _sync(self) -> None:
        """Read every queue; raises AmiError. Events that come in meanwhile count on top of what was read."""
        self._during_sync = []
        try:
            items = await self._ami.action_list("QueueStatus", timeout_s=STATUS_S)
            if not self._ami.is_connected:
                raise AmiConnectionError("the connection was lost while the queues were read")
            now_s = self._clock()
            queues = read_status(items, self._queues, self._wrapup_s, now_s)
            meanwhile = self._during_sync
        finally:
            self._during_sync = None
        self._queues = queues
        self._synced_at_s = now_s
        self.resyncs += 1
        for event, at_s in meanwhile:
            self._enter(event, at_s)
        self._tell_change()

    def _hear(self, event: AmiEvent) -> None:
        now_s = self._clock()
        if self._during_sync is not None:
            self._during_sync.append((event, now_s))
        if self._enter(event, now_s):
            self._tell_change()
        for listener in self._listeners:
            # Whatever goes wrong in somebody's listener must not keep the others from hearing.
            try:
                listener(event)
            except Exception as error:
                log.error("queue_board.listener_failed", event_type=event.name, exc_info=error)

    def _enter(self, event: AmiEvent, at_s: float) -> bool:
        """Enter an event into the picture. False when it changed nothing."""
        if not isinstance(event, QueueEvent):
            return False
        before = self._queues.get(event.queue)
        if before is None:
            # A queue that came with a reload, or a realtime one that woke up.
            if self.is_synced:
                self.resync()
            return False
        after = apply(before, event, self._wrapup_s, at_s)
        self._queues[event.queue] = after
        return after is not before

    def _link_changed(self, state: LinkState) -> None:
        if state is LinkState.UP:
            self._wake.set()
        elif self._synced_at_s is not None:
            self._synced_at_s = None
            self._true_until_s = self._ami.last_heard_s
            self._tell_change()

    def _tell_change(self) -> None:
        self.version += 1
        # Whoever waits on the old event wakes up and looks again.
        self._changed.set()
        self._changed = asyncio.Event()
