"""Claims on callbacks, kept alive while their attempts last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from ivr.store.port import CallbackStore, Claim, StaleWrite, StoreUnavailable

_log = structlog.get_logger(__name__)

LEASE_S = 10.0
"""A worker that says nothing for as long has lost its callbacks to whoever asks."""
_RENEW_S = LEASE_S / 3


class Leases:
    """This worker's claims. `keep` must run while any is held."""

    def __init__(self, store: CallbackStore, worker: str, now: Callable[[], float]) -> None:
        self._store, self._worker, self._now = store, worker, now
        self._held: dict[str, Claim] = {}

    async def take(self, callback_id: str, *, orphaned: bool = False) -> Claim | None:
        """Claim a callback; None if somebody has it, this worker included. Raises StoreUnavailable."""
        if callback_id in self._held:
            return None
        claim = await self._store.claim(callback_id, self._worker, self._now(), LEASE_S, orphaned=orphaned)
        if claim:
            self._held[callback_id] = claim
        return claim

    def holds(self, claim: Claim) -> bool:
        return claim.callback.id in self._held

    async def give_back(self, claim: Claim) -> None:
        """The attempt is over. A store that does not answer lets the claim run out by itself."""
        self.abandon(claim)
        try:
            await self._store.release(claim)
        except StoreUnavailable:
            _log.warning("claim_left_to_run_out", callback_id=claim.callback.id)

    async def let_go(self, claim: Claim) -> None:
        """The attempt is out of sight: its claim runs out at once, for whoever can reconcile it."""
        self.abandon(claim)
        with suppress(StoreUnavailable, StaleWrite):
            await self._store.renew(claim, self._now(), 0.0)

    def abandon(self, claim: Claim) -> None:
        """Stop renewing: it runs out, and is then somebody's to reconcile."""
        self._held.pop(claim.callback.id, None)

    async def keep(self) -> None:
        """Renew every claim in time, until cancelled. One that was lost is let go: its next write is refused."""
        while True:
            await asyncio.sleep(_RENEW_S)
            for claim in list(self._held.values()):
                try:
                    await self._store.renew(claim, self._now(), LEASE_S)
                except StaleWrite:
                    self.abandon(claim)
                except StoreUnavailable as gone:
                    _log.warning("claims_not_renewed", error=str(gone))
                    break
