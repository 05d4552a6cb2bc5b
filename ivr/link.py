"""The state of a connection that a client keeps up by itself, for those who wait for it or watch it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class LinkState(StrEnum):
    """Where a kept-up connection is."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"
    """Lost or not reachable; it is tried again."""
    REFUSED = "refused"
    """The other side does not accept our user or password; it is tried again, slowly."""
    DEMOTED = "demoted"
    """Somebody else took our place; it is not tried again until somebody asks for it."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkHealth:
    """A connection as an operator wants to see it."""

    state: LinkState
    since_s: float
    """Epoch seconds of the last change of state."""
    times_up: int
    """How often the connection was made; from 2 on, it was lost before."""
    last_error: str
    """Why it is not up, or why it was lost the last time; empty if it never was."""


class Link:
    """Holds the state, tells watchers of its changes, and lets others wait for it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = asyncio.Event()
        self._watchers: list[Callable[[LinkState], None]] = []
        self.error: Exception | None = None
        """Why the connection is not up now; None while it is."""
        self.health = LinkHealth(LinkState.CONNECTING, clock(), 0, "")

    @property
    def state(self) -> LinkState:
        return self.health.state

    @property
    def is_up(self) -> bool:
        return self.health.state is LinkState.UP

    def watch(self, watcher: Callable[[LinkState], None]) -> None:
        """`watcher` is called with every new state, at once and in order; it must not block."""
        self._watchers.append(watcher)

    def set(self, state: LinkState, error: Exception | None = None) -> None:
        before = self.health
        self.error = error
        self.health = LinkHealth(
            state,
            before.since_s if state is before.state else self._clock(),
            before.times_up + (state is LinkState.UP),
            str(error) if error is not None else before.last_error,
        )
        # Whoever waits on the old event wakes up and looks again.
        self._changed.set()
        self._changed = asyncio.Event()
        if state is not before.state:
            for watcher in self._watchers:
                watcher(state)

    async def wait_up(self, timeout_s: float) -> bool:
        """True when up; False when not up after `timeout_s`, or at once where waiting is of no use.

        Of no use: refused, demoted, closed; `error` says more.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while self.state in (LinkState.CONNECTING, LinkState.DOWN):
                    await self._changed.wait()
        except TimeoutError:
            return False
        return self.is_up
