"""Marks the calls from which callbacks were requested, so that no report counts them as abandoned."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from ivr.domain.callback import Callback
from ivr.service.interactions import InteractionFailed, InteractionGone, Interactions
from ivr.store.port import CallbackStore, StoreError

_log = structlog.get_logger(__name__)

_ATTACH_S: Final = 3.0
"""How long the switch may take to mark the originating call, which is held on the line meanwhile."""


class Marking:
    """Puts the three keys on originating calls; what fails is logged."""

    def __init__(self, store: CallbackStore, interactions: Interactions | None) -> None:
        self._store, self._interactions = store, interactions

    async def mark(self, callback: Callback) -> None:
        """Never fails: the callback stands, whatever becomes of the call."""
        call_id = callback.originating_interaction_id
        if call_id is None:
            return
        if self._interactions is None:
            return await self._note_unmarked(callback, "no_switch", "no switch is connected here")
        try:
            async with asyncio.timeout(_ATTACH_S):
                await self._interactions.attach(call_id, originating_keys(callback))
        except InteractionGone as error:
            await self._note_unmarked(callback, "interaction_gone", str(error))
        except InteractionFailed as error:
            await self._note_unmarked(callback, "interaction_failed", str(error))
        except TimeoutError:
            await self._note_unmarked(callback, "interaction_failed", f"no answer within {_ATTACH_S:g} s")

    async def _note_unmarked(self, callback: Callback, kind: str, why: str) -> None:
        call_id = callback.originating_interaction_id
        _log.warning("originating call not marked", callback_id=callback.id, call_id=call_id, reason=why)
        with suppress(StoreError):
            await self._store.log(
                callback.service, kind, callback_id=callback.id, call_id=call_id, data={"detail": why}
            )


def originating_keys(callback: Callback) -> dict[str, str]:
    """What the call from which a callback was requested has to carry for the reports; times in epoch seconds."""
    return {
        "_CB_SERVICE_ID": callback.id,
        "_CB_T_SERVICE_START": str(int(callback.service_start_s)),
        "_CB_T_CALLBACK_ACCEPTED": str(int(callback.created_at_s)),
    }
