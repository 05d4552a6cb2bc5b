"""Changes to a stored callback: read, decide, save, and again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final

from ivr.domain.callback import Callback
from ivr.domain.lifecycle import Event, IllegalTransition, apply
from ivr.service.errors import ServiceError, StorageFailed, UnknownCallback, WrongState
from ivr.service.storage import ask
from ivr.store.port import NO_LIMITS, Admission, CallbackStore, NotAdmitted, StaleWrite, StoreError

Changed = tuple[Callback, Event] | None
"""A callback after what happened to it; None leaves it as it is."""

ENDED: Final = "it has ended"
_TRIES: Final = 10
"""How often a change is tried anew when others change the same callback at the same time."""


class Changes:
    """Applies events to stored callbacks."""

    def __init__(self, store: CallbackStore, now: Callable[[], float]) -> None:
        self._store, self._now = store, now

    async def find(self, callback_id: str, *, service: str | None = None) -> Callback:
        """The callback of this id, of that service if one is named. Raises UnknownCallback, StorageFailed."""
        callback = await ask(self._store.get(callback_id))
        if callback is None or service not in (None, callback.service):
            raise UnknownCallback(callback_id)
        return callback

    async def apply_to_all(
        self, service: str, ids: Iterable[str], event: Event, *, reason: str | None = None
    ) -> list[Callback]:
        """Those of `ids` to which `event` happened; who has changed meanwhile is left out."""
        changed = []
        for callback_id in ids:
            with suppress(UnknownCallback, WrongState):
                changed.append(
                    await self.change(callback_id, service, lambda c: self.applied(c, event, reason=reason))
                )
        return changed

    def applied(self, callback: Callback, event: Event, *, reason: str | None = None) -> tuple[Callback, Event]:
        """The callback after `event`, now. Raises WrongState."""
        try:
            return apply(callback, event, self._now(), reason=reason), event
        except IllegalTransition:
            raise WrongState(callback, ENDED if callback.is_final else f"it cannot be {event}") from None

    async def change(
        self,
        callback_id: str,
        service: str | None,
        change: Callable[[Callback], Changed],
        *,
        admission: Admission = NO_LIMITS,
        refusal: Callable[[NotAdmitted], ServiceError] | None = None,
        data: Mapping[str, str] | None = None,
    ) -> Callback:
        """Read, `change` and save, anew while others change the same callback.

        Raises what `change` raises, what `refusal` makes of an `admission` that is not met, UnknownCallback,
        StorageFailed.
        """
        for _ in range(_TRIES):
            callback = await self.find(callback_id, service=service)
            changed = change(callback)
            if changed is None:
                return callback
            try:
                return await self._store.save(*changed, admission=admission, data=data)
            except StaleWrite:
                continue
            except NotAdmitted as refused:
                if refusal is None:
                    raise
                raise refusal(refused) from None
            except StoreError as error:
                raise StorageFailed(str(error)) from error
        raise StorageFailed(f"{callback_id} is being changed by others all the time; try again")
