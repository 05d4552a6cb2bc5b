"""What the callback service asks of the switch: to mark the call from which a callback was requested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class InteractionFailed(Exception):
    """The call could not be marked."""


class InteractionGone(InteractionFailed):
    """There is no such call any more."""


class Interactions(Protocol):
    """Calls in progress on the switch, by their ids."""

    async def attach(self, interaction_id: str, data: Mapping[str, str]) -> None:
        """Put `data` on the call, on its channel and in its CDR. Raises InteractionFailed, InteractionGone."""
