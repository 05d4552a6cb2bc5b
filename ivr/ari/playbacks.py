"""ARI's playbacks."""

from __future__ import annotations

from typing import Literal

from ivr.ari import operations as op
from ivr.ari.errors import AriConflict, AriNotFound
from ivr.ari.models import PLAYBACK, PlaybackData
from ivr.ari.session import Session


class Playback:
    """A playback that was asked for. It ends with a PlaybackFinished event, for its id and for its channel's."""

    __slots__ = ("_session", "data", "id")

    def __init__(self, session: Session, data: PlaybackData) -> None:
        self._session = session
        self.id = data.id
        self.data = data
        """As it was when we asked."""

    async def stop(self) -> bool:
        """As `Playbacks.stop`."""
        return await Playbacks(self._session).stop(self.id)

    async def control(self, operation: Literal["restart", "pause", "unpause", "reverse", "forward"]) -> None:
        """Raises AriNotFound when it has ended, AriConflict when it is in no state for it."""
        await self._session.do(op.PLAYBACK_CONTROL, {"playbackId": self.id}, operation=operation)


class Playbacks:
    """`ari.playbacks`"""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, playback_id: str) -> Playback:
        """Raises AriNotFound when it has ended."""
        ids = {"playbackId": playback_id}
        return Playback(self._session, await self._session.read(PLAYBACK, op.PLAYBACK_GET, ids))

    async def stop(self, playback_id: str) -> bool:
        """Silence it. False when it had ended already, which is no error.

        Raises AriServerError while it plays a digits:, number: or characters: URI: Asterisk cannot stop those.
        """
        try:
            await self._session.do(op.PLAYBACK_STOP, {"playbackId": playback_id})
        # A conflict is one that has just failed: gone in an instant.
        except (AriNotFound, AriConflict):
            return False
        return True
