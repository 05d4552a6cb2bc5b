"""Tells the event streams what changes no callback, without anybody waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from ivr.store.port import CallbackStore, StoreUnavailable

_log = structlog.get_logger(__name__)

_LIMIT = 10_000
"""Notes that wait for a slow store; beyond it they are dropped and counted, calls are not held up."""


@dataclass(frozen=True, slots=True)
class _Note:
    service: str
    kind: str
    callback_id: str | None
    call_id: str | None
    data: Mapping[str, str]


class Journal:
    """Writes notes in order, in the background; `run` must be running."""

    def __init__(self, store: CallbackStore) -> None:
        self._store = store
        self._notes: asyncio.Queue[_Note] = asyncio.Queue(_LIMIT)
        self.dropped = 0
        """Notes that could not be written or did not fit."""

    def note(
        self,
        service: str,
        kind: str,
        data: Mapping[str, str],
        *,
        callback_id: str | None = None,
        call_id: str | None = None,
    ) -> None:
        """Add a note; never waits and never fails."""
        try:
            self._notes.put_nowait(_Note(service, kind, callback_id, call_id, data))
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Until cancelled. What the store does not take is dropped: the streams are history, not the line."""
        while True:
            note = await self._notes.get()
            try:
                await self._store.log(
                    note.service, note.kind, callback_id=note.callback_id, call_id=note.call_id, data=note.data
                )
            except StoreUnavailable as gone:
                self.dropped += 1
                _log.warning("note_dropped", kind=note.kind, error=str(gone))
