"""Functions that are called with events, by type and perhaps by channel: ari-py's `on_event`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from ivr.ari.events import BridgeDestroyed, ChannelDestroyed, Event, StasisEnd

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Handler = Callable[[Any], Awaitable[None] | None]


class Tasks:
    """Tasks that somebody must await in the end. One that fails is logged, and hurts no other."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def cancel(self, patience_s: float) -> None:
        """Cancel all, and wait for their clean-up, at most `patience_s` seconds."""
        for task in self._running:
            task.cancel()
        if self._running:
            _, stuck = await asyncio.wait(self._running, timeout=patience_s)
            for task in stuck:
                log.error("ari.task_stuck", task=task.get_name())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("ari.handler_failed", task=task.get_name(), exc_info=error)


class Handlers:
    """The table of functions by event type. Plain functions are called in order and must not block; coroutine
    functions run as tasks of their own, so two of them may overtake each other: where order counts, subscribe."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._by_type: dict[str, list[Handler]] = {}
        self._by_id: dict[str, list[tuple[str, Handler]]] = {}

    def on(self, kind: type[Event] | str, handler: Handler, resource_id: str = "") -> None:
        """Call `handler` with every event of this type, of one resource or of all.

        Those of one channel are forgotten when it leaves the application, those of a bridge when it is destroyed.
        """
        name = kind if isinstance(kind, str) else kind.__name__
        if resource_id:
            self._by_id.setdefault(resource_id, []).append((name, handler))
        else:
            self._by_type.setdefault(name, []).append(handler)

    def call(self, event: Event) -> None:
        name = event.name
        for handler in self._by_type.get(name, ()):
            self._run(handler, event)
        if not self._by_id:
            return
        for resource_id in event.ids:
            for wanted, handler in tuple(self._by_id.get(resource_id, ())):
                if wanted == name:
                    self._run(handler, event)
        match event:
            # Not ChannelDestroyed alone: of a channel that came by itself there is none.
            case StasisEnd(channel=channel) | ChannelDestroyed(channel=channel):
                self._by_id.pop(channel.id, None)
            case BridgeDestroyed(bridge=bridge):
                self._by_id.pop(bridge.id, None)

    def _run(self, handler: Handler, event: Event) -> None:
        # Whatever goes wrong in somebody's handler must not end everybody's events.
        try:
            result = handler(event)
        except Exception as error:
            log.error("ari.handler_failed", event_type=event.name, exc_info=error)
            return
        if inspect.isawaitable(result):
            self._tasks.spawn(_awaited(result), f"ari {event.name}")


async def _awaited(result: Awaitable[None]) -> None:
    await result
