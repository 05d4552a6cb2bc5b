"""Marks the call from which a callback was requested."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ivr.ari import AriClient, AriError, AriNotFound
from ivr.service.interactions import InteractionFailed, InteractionGone


class AriInteractions:
    """The Interactions port: each datum becomes a channel variable and a field of the call's CDR."""

    def __init__(self, ari: AriClient) -> None:
        self._ari = ari

    async def attach(self, interaction_id: str, data: Mapping[str, str]) -> None:
        channel = self._ari.channels.handle(interaction_id)
        # Asterisk takes a leading underscore as "inherit" and drops it from the variable's name; the CDR keeps it.
        names = [(f"CDR({name})", value) for name, value in data.items()] + list(data.items())
        results = await asyncio.gather(
            *(channel.set_variable(name, value) for name, value in names), return_exceptions=True
        )
        for result in results:
            match result:
                case AriNotFound():
                    raise InteractionGone(f"no such call: {interaction_id}") from result
                case AriError():
                    raise InteractionFailed(str(result)) from result
                case BaseException():
                    raise result
