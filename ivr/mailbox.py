"""A bounded queue for one reader that can end with a reason."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, Self, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Items in order, for one reader at a time; `put` never waits.

    At its end (`end`), or when it is full, nothing more comes in; the reader gets what was there before, and then
    the reason. So a slow reader learns that it missed something, and holds nobody else up.
    """

    __slots__ = ("_ended", "_items", "_limit", "_reason", "_waiter")

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        self._items: deque[T] = deque()
        self._limit = limit
        self._ended = False
        self._reason: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def ended(self) -> bool:
        """Nothing more comes in; what is there may still be read."""
        return self._ended

    def put(self, item: T) -> bool:
        """Add an item. False when there was no room: the caller ends the mailbox with its own reason.

        An item for a mailbox that has ended is dropped: its reader has been told, or has gone.
        """
        if self._ended:
            return True
        if len(self._items) >= self._limit:
            return False
        self._items.append(item)
        self._wake()
        return True

    def end(self, reason: Exception | None = None) -> None:
        """Let nothing more in. With a reason the reader gets it raised; without, iteration simply stops."""
        if not self._ended:
            self._ended = True
            self._reason = reason
            self._wake()

    async def next(self, timeout_s: float | None = None) -> T | None:
        """The next item, or None after `timeout_s` seconds without one.

        Raises the reason of the end once everything before it was read; RuntimeError if it ended without one.
        Cancelling it loses no item.
        """
        if not self._items and not self._ended:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._something()
            except TimeoutError:
                return None
        if self._items:
            return self._items.popleft()
        raise self._reason or RuntimeError("read after the end")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._items and not self._ended:
            await self._something()
        if self._items:
            return self._items.popleft()
        raise self._reason or StopAsyncIteration

    async def _something(self) -> None:
        """Wait until there is an item or the end."""
        if self._waiter is not None:
            raise RuntimeError("a mailbox has one reader")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
