"""Asterisk as the dialer's switch: makes calls, and finds those of before a restart again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, Protocol

from ivr.ari import (
    AriBadRequest,
    AriClient,
    AriConflict,
    AriError,
    AriHttpError,
    AriNotFound,
    AriServerError,
    ChannelData,
)
from ivr.ari.events import ChannelDestroyed
from ivr.domain.queue_state import QueueState
from ivr.flows.call import (
    Adopted,
    AgentAnswered,
    AlreadyDialled,
    DialRequest,
    HungUp,
    NotAnswered,
    Stage,
    SwitchLost,
)
from ivr.switch.call import AriCall, AriDialledCall, Tell, asking, snoop_id
from ivr.switch.media import language

_NETWORK_OUT_OF_ORDER: Final = 38


class Queues(Protocol):
    """The agent queues."""

    def all(self) -> Iterable[QueueState]:
        """Those whose state is known."""

    async def withdraw(self, queue: str, channel: str) -> bool:
        """Give a waiting caller back to the dialplan, by the channel's name; False when it could not be done."""


class AriSwitch:
    """The Switch port on one Asterisk."""

    def __init__(
        self,
        ari: AriClient,
        queues: Queues,
        locale: str,
        tell: Callable[[str], Tell],
    ) -> None:
        """`locale`: of the prompts for adopted calls; `tell`: gives the history's ear for a channel id."""
        self._ari, self._queues, self._locale, self._tell = ari, queues, locale, tell
        self._calls: dict[str, AriCall] = {}
        ari.on_event(ChannelDestroyed, self._ended)

    @property
    def is_ready(self) -> bool:
        """Calls can be made now."""
        return self._ari.is_connected

    async def dial(self, request: DialRequest) -> AriDialledCall:
        with asking():
            events = self._ari.subscribe(request.channel_id, snoop_id(request.channel_id))
        try:
            channel = await self._ari.channels.originate(
                _endpoint(request),
                channel_id=request.channel_id,
                timeout_s=max(1, round(request.ring_s)),
                app_args=["outbound", request.channel_id],
                caller_id=_caller_id(request),
                variables={"CHANNEL(language)": language(request.locale), **request.variables},
            )
        except AriError as error:
            events.close()
            match error:
                case AriConflict():
                    raise AlreadyDialled(request.channel_id) from error
                case AriServerError() | AriBadRequest() | AriHttpError():
                    raise NotAnswered(_NETWORK_OUT_OF_ORDER, str(error)) from error
                case _:
                    raise SwitchLost(str(error)) from error
        call = AriDialledCall(self._ari, channel, events, request.locale, self._tell(request.channel_id))
        self._calls[request.channel_id] = call
        return call

    async def end(self, channel_id: str) -> bool:
        for state in self._queues.all():
            if (waiter := state.waiter(channel_id)) and await self._queues.withdraw(state.name, waiter.channel):
                return True
        with suppress(HungUp), asking():
            return await self._ari.channels.handle(channel_id).hangup()
        return False

    async def adopt(self, channel_id: str) -> Adopted | None:
        with asking():
            events = self._ari.subscribe(channel_id, snoop_id(channel_id))
            try:
                channel = await self._ari.channels.get(channel_id)
                await self._ari.applications.subscribe(f"channel:{channel_id}")
            except AriNotFound:
                events.close()
                return None
        call = AriDialledCall(self._ari, channel, events, self._locale, self._tell(channel_id))
        self._calls[channel_id] = call
        stage = _stage(channel.data)
        with asking():
            if stage is Stage.ANSWERED:
                await call.succeed()
            elif stage is Stage.IN_QUEUE and await self._is_bridged(channel_id):
                call.notice(AgentAnswered("", 0.0))
        return Adopted(call, stage)

    async def _is_bridged(self, channel_id: str) -> bool:
        """Somebody is connected with it."""
        return any(channel_id in bridge.data.channels for bridge in await self._ari.bridges.list() if bridge.data)

    def _ended(self, event: ChannelDestroyed) -> None:
        if call := self._calls.pop(event.channel.id, None):
            # After this event, which is for the call's script too, was handed to it.
            asyncio.get_running_loop().call_soon(call.close)


def _stage(channel: ChannelData | None) -> Stage:
    if channel is None or not channel.is_up:
        return Stage.RINGING
    return Stage.IN_QUEUE if channel.dialplan.app == "Queue" else Stage.ANSWERED


def _endpoint(request: DialRequest) -> str:
    """The number as the trunk wants it: E.164 with the plus, or the digits after a prefix."""
    digits = request.number.removeprefix("+")
    number = f"{request.prefix}{digits}" if request.prefix else f"+{digits}"
    return f"PJSIP/{number}@{request.trunk}"


def _caller_id(request: DialRequest) -> str | None:
    if not request.caller_number:
        return None
    return f'"{request.caller_name}" <{request.caller_number}>' if request.caller_name else request.caller_number
