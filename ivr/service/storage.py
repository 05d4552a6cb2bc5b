"""The store's errors in the callback service's words."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from ivr.service.errors import StorageFailed
from ivr.store.port import NotAdmitted, StoreError

T = TypeVar("T")


async def ask(answer: Awaitable[T]) -> T:
    """What the store answers. Raises StorageFailed, and NotAdmitted as it is."""
    try:
        return await answer
    except NotAdmitted:
        raise
    except StoreError as error:
        raise StorageFailed(str(error)) from error
