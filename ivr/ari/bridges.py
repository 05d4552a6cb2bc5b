"""ARI's bridges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ivr.ari import operations as op
from ivr.ari.checks import joined_list, joined_media
from ivr.ari.errors import AriNotFound
from ivr.ari.events import Event
from ivr.ari.handlers import Handler
from ivr.ari.models import BRIDGE, BRIDGES, PLAYBACK, BridgeData
from ivr.ari.playbacks import Playback
from ivr.ari.router import DEFAULT_LIMIT, Subscription
from ivr.ari.session import Session, new_id

BridgeType = Literal["mixing", "holding", "dtmf_events", "proxy_media"]


class Bridge:
    """A bridge by its id. Everything that asks Asterisk raises AriError, AriNotFound once the bridge is gone."""

    __slots__ = ("_ids", "_session", "data", "id")

    def __init__(self, session: Session, bridge_id: str, data: BridgeData | None = None) -> None:
        self._session = session
        self._ids = {"bridgeId": bridge_id}
        self.id = bridge_id
        self.data = data
        """As it was when it was last asked for; None when it never was."""

    def __repr__(self) -> str:
        return f"Bridge({self.id!r})"

    def events(self, limit: int = DEFAULT_LIMIT) -> Subscription:
        """This bridge's events from now on, its playbacks' among them; see `AriClient.subscribe`."""
        return self._session.router.open((self.id,), limit)

    def on_event(self, kind: type[Event] | str, handler: Handler) -> None:
        """Call `handler(event)` with every event of this type of this bridge; see `AriClient.on_event`."""
        self._session.handlers.on(kind, handler, self.id)

    async def refresh(self) -> BridgeData:
        """How it is now."""
        self.data = await self._session.read(BRIDGE, op.BRIDGE_GET, self._ids)
        return self.data

    async def add(self, *channel_ids: str, role: str | None = None) -> None:
        """Put channels into it. Raises AriConflict when one is not in our application, AriBadRequest if gone."""
        await self._session.do(op.BRIDGE_ADD, self._ids, channel=joined_list(channel_ids, "a channel id"), role=role)

    async def remove(self, *channel_ids: str) -> None:
        """Take channels out of it. Raises AriUnprocessable when one is not in it, AriBadRequest if it is gone."""
        await self._session.do(op.BRIDGE_REMOVE, self._ids, channel=joined_list(channel_ids, "a channel id"))

    async def play(
        self, media: str | Sequence[str], *, playback_id: str | None = None, language: str | None = None
    ) -> Playback:
        """Begin to play to everybody in it; see `Channel.play`."""
        ids = {**self._ids, "playbackId": playback_id or new_id("playback")}
        return Playback(
            self._session,
            await self._session.read(PLAYBACK, op.BRIDGE_PLAY, ids, media=joined_media(media), lang=language),
        )

    async def moh_start(self, music_class: str | None = None) -> None:
        await self._session.do(op.BRIDGE_MOH, self._ids, mohClass=music_class)

    async def moh_stop(self) -> None:
        await self._session.do(op.BRIDGE_MOH_STOP, self._ids)

    async def destroy(self) -> bool:
        """Let everybody out, and end it. False when it was gone already, which is no error."""
        try:
            await self._session.do(op.BRIDGE_DESTROY, self._ids)
        except AriNotFound:
            return False
        return True


class Bridges:
    """`ari.bridges`"""

    def __init__(self, session: Session) -> None:
        self._session = session

    def handle(self, bridge_id: str) -> Bridge:
        """A bridge by its id, without asking Asterisk whether there is one."""
        return Bridge(self._session, bridge_id)

    async def list(self) -> list[Bridge]:
        return [Bridge(self._session, data.id, data) for data in await self._session.read(BRIDGES, op.BRIDGES_LIST)]

    async def get(self, bridge_id: str) -> Bridge:
        """Raises AriNotFound when it is gone."""
        bridge = Bridge(self._session, bridge_id)
        await bridge.refresh()
        return bridge

    async def create(self, *kinds: BridgeType, bridge_id: str | None = None, name: str | None = None) -> Bridge:
        """A new bridge, mixing when no kind is given. Raises AriConflict when the id is in use."""
        data = await self._session.read(
            BRIDGE,
            op.BRIDGES_CREATE,
            type=",".join(kinds or ("mixing",)),
            bridgeId=bridge_id or new_id("bridge"),
            name=name,
        )
        return Bridge(self._session, data.id, data)
