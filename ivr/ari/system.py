"""ARI's smaller resources: Asterisk itself, applications, sounds, endpoints and recordings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from ivr.ari import operations as op
from ivr.ari.checks import joined_list
from ivr.ari.errors import AriNotFound
from ivr.ari.models import (
    APPLICATION,
    APPLICATIONS,
    ASTERISK,
    ENDPOINT,
    ENDPOINTS,
    MODULES,
    PING,
    SOUND,
    SOUNDS,
    VARIABLE,
    ApplicationData,
    AsteriskData,
    EndpointData,
    ModuleData,
    PingData,
    SoundData,
)
from ivr.ari.session import Session


class AsteriskServer:
    """`ari.asterisk`"""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def info(self, *only: Literal["build", "system", "status"]) -> AsteriskData:
        """Version, build and times; only some of it when named."""
        return await self._session.read(ASTERISK, op.ASTERISK_INFO, only=",".join(only) or None)

    async def ping(self) -> PingData:
        """The cheapest proof that Asterisk answers and knows us."""
        return await self._session.read(PING, op.ASTERISK_PING)

    async def modules(self) -> Sequence[ModuleData]:
        return await self._session.read(MODULES, op.ASTERISK_MODULES)

    async def get_variable(self, name: str) -> str:
        """A global variable. A function that needs a channel is empty here, however right it is on one."""
        return await self._session.read(VARIABLE, op.ASTERISK_GET_VARIABLE, variable=name)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a global variable, or a function that needs no channel."""
        await self._session.do(op.ASTERISK_SET_VARIABLE, variable=name, value=value)


class Applications:
    """`ari.applications`; a name left out is our own."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self) -> Sequence[ApplicationData]:
        return await self._session.read(APPLICATIONS, op.APPLICATIONS_LIST)

    async def get(self, name: str | None = None) -> ApplicationData:
        """Raises AriNotFound when no websocket registered it."""
        return await self._session.read(APPLICATION, op.APPLICATION_GET, self._ids(name))

    async def subscribe(self, *sources: str, name: str | None = None) -> ApplicationData:
        """Receive the events of resources outside the application: channel:ID, bridge:ID, endpoint:TECH/NAME.

        Raises AriUnprocessable when there is no such resource.
        """
        return await self._session.read(
            APPLICATION,
            op.APPLICATION_SUBSCRIBE,
            self._ids(name),
            eventSource=joined_list(sources, "an event source"),
        )

    async def unsubscribe(self, *sources: str, name: str | None = None) -> ApplicationData:
        """Raises AriConflict when the application was not subscribed to it."""
        return await self._session.read(
            APPLICATION,
            op.APPLICATION_UNSUBSCRIBE,
            self._ids(name),
            eventSource=joined_list(sources, "an event source"),
        )

    async def mute(self, kinds: Collection[str], name: str | None = None) -> ApplicationData:
        """Let Asterisk send every event but these types; each call replaces the list of the one before."""
        return await self._session.read(
            APPLICATION,
            op.APPLICATION_FILTER,
            self._ids(name),
            {"filter": {"disallowed": [{"type": kind} for kind in sorted(kinds)]}},
        )

    def _ids(self, name: str | None) -> dict[str, str]:
        return {"applicationName": name or self._session.app}


class Sounds:
    """`ari.sounds`"""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, *, language: str | None = None, audio_format: str | None = None) -> Sequence[SoundData]:
        """What is installed, as of Asterisk's last look at its sounds directory."""
        return await self._session.read(SOUNDS, op.SOUNDS_LIST, lang=language, format=audio_format)

    async def get(self, sound_id: str) -> SoundData:
        """Raises AriNotFound when it is not installed."""
        return await self._session.read(SOUND, op.SOUND_GET, {"soundId": sound_id})


class Endpoints:
    """`ari.endpoints`"""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, tech: str = "PJSIP") -> Sequence[EndpointData]:
        """Raises AriNotFound when Asterisk has no such technology."""
        return await self._session.read(ENDPOINTS, op.ENDPOINTS_OF, {"tech": tech})

    async def get(self, resource: str, tech: str = "PJSIP") -> EndpointData:
        """Raises AriNotFound when there is none of that name."""
        return await self._session.read(ENDPOINT, op.ENDPOINT_GET, {"tech": tech, "resource": resource})


class Recordings:
    """`ari.recordings`"""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def stop(self, name: str) -> bool:
        """End a recording under way and keep it. False when there is none of that name, which is no error."""
        try:
            await self._session.do(op.RECORDING_STOP, {"recordingName": name})
        except AriNotFound:
            return False
        return True
