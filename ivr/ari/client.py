"""The client: keeps the event connection up, and brings requests and events to whom they concern."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Self, TypeVar

import structlog

from ivr.ari.bridges import Bridge, Bridges
from ivr.ari.channels import Channel, Channels
from ivr.ari.errors import AriConnectionLost, AriDemoted, AriError, AriTimeout, AriUnauthorized
from ivr.ari.events import ApplicationReplaced, BridgeEvent, ChannelEvent, Event, StasisStart, UnknownEvent, decode
from ivr.ari.handlers import Handler, Handlers, Tasks
from ivr.ari.http_transport import HttpTransport
from ivr.ari.playbacks import Playbacks
from ivr.ari.router import DEFAULT_LIMIT, Router, Subscription
from ivr.ari.session import Session
from ivr.ari.system import Applications, AsteriskServer, Endpoints, Recordings, Sounds
from ivr.ari.transport import Transport
from ivr.backoff import Backoff
from ivr.link import Link, LinkHealth, LinkState

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

C = TypeVar("C", bound=ChannelEvent)
B = TypeVar("B", bound=BridgeEvent)

CallHandler = Callable[[Channel, StasisStart, Subscription], Awaitable[None]]
ConnectedHandler = Callable[[list[Channel]], Awaitable[None]]

REQUEST_S = 5.0
# A wrong password does not mend itself in a second, and Asterisk logs every attempt.
REFUSED_RETRY_S = 30.0
# How long call scripts may take to end their calls when the client is closed.
CLOSE_S = 5.0
# Set for every variable and dialplan step of every call: most of the traffic, and nothing that we act on.
MUTED = ("ChannelVarset", "ChannelDialplan", "ChannelCallerId", "ChannelConnectedLine")


@dataclass(slots=True)
class AriCounts:
    """What came in since the start; for metrics."""

    events: int = 0
    unknown: int = 0
    """Of types that we have no class for."""
    malformed: int = 0
    """That could not be read."""
    unclaimed: int = 0
    """Channels that entered the application and that nobody took."""


class AriClient:
    """Asterisk by ARI.

        async with AriClient("http://127.0.0.1:8088/ari", "callback", secret, "callback") as ari:
            ari.on_stasis_start(answer_call, "inbound")
            await ari.wait_connected(10)
            channel = await ari.channels.originate("PJSIP/100", channel_id="cb-7-1", timeout_s=30)

    The block keeps the event connection up, with longer and longer waits between attempts, until it is left. Then
    call scripts are cancelled and may clean up for a few seconds. Requests work whether it is up or not.

    A second program with the same application name takes our events away. We then give in (LinkState.DEMOTED), since
    fighting for the name would tear every call of both; `take_back` ends that.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        app: str,
        *,
        request_timeout_s: float = REQUEST_S,
        backoff: Backoff | None = None,
        refused_retry_s: float = REFUSED_RETRY_S,
        muted: Collection[str] = MUTED,
        transport: Transport | None = None,
    ) -> None:
        """url: ARI's base, such as http://127.0.0.1:8088/ari.

        muted: event types that Asterisk need not send.
        transport: another than HTTP and websocket.
        """
        self.app = app
        self.counts = AriCounts()
        self._transport: Transport = transport or HttpTransport(url, user, password)
        self._tasks = Tasks()
        self._scripts = Tasks()
        self._router = Router()
        self._handlers = Handlers(self._tasks)
        self._link = Link()
        self._backoff = backoff or Backoff()
        self._refused_retry_s = refused_retry_s
        self._muted = tuple(muted)
        self._call_handlers: dict[str, CallHandler] = {}
        self._on_connected: list[ConnectedHandler] = []
        self._wanted_back = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._closing = False
        self._session = Session(self._transport, app, request_timeout_s, self._router, self._handlers)
        self.channels = Channels(self._session)
        self.bridges = Bridges(self._session)
        self.playbacks = Playbacks(self._session)
        self.recordings = Recordings(self._session)
        self.asterisk = AsteriskServer(self._session)
        self.applications = Applications(self._session)
        self.sounds = Sounds(self._session)
        self.endpoints = Endpoints(self._session)

    # ---- its life

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_up(), name="ari event connection")
        self._keeper.add_done_callback(self._keeper_ended)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Cancel call scripts, then end the connections. More than once does no harm."""
        self._closing = True
        if self._keeper is not None:
            self._keeper.cancel()
        await self._scripts.cancel(CLOSE_S)
        await self._tasks.cancel(CLOSE_S)
        if self._keeper is not None:
            await asyncio.wait([self._keeper])
        self._router.fail_all(lambda: AriConnectionLost("the client was closed"))
        await self._transport.close()
        self._link.set(LinkState.CLOSED)

    async def wait_closed(self) -> None:
        """Returns when the client was closed; raises what the client itself failed of, which would be a bug.

        Run it in the task group of the program, so that such a failure ends the program instead of passing unseen.
        """
        if self._keeper is None:
            raise RuntimeError("the client was not entered")
        await asyncio.wait([self._keeper])
        if not self._keeper.cancelled():
            self._keeper.result()

    @property
    def is_connected(self) -> bool:
        """Events are coming in."""
        return self._link.is_up

    @property
    def health(self) -> LinkHealth:
        return self._link.health

    @property
    def overflows(self) -> int:
        """Subscriptions that ended because their reader was too slow."""
        return self._router.overflows

    @property
    def scripts_running(self) -> int:
        """Call scripts under way, one per call."""
        return len(self._scripts)

    async def wait_connected(self, timeout_s: float) -> None:
        """Wait until events are coming in.

        Raises at once AriUnauthorized and AriDemoted; after `timeout_s` AriTimeout, which tells the last failure.
        """
        if await self._link.wait_up(timeout_s):
            return
        error = self._link.error
        if isinstance(error, AriUnauthorized | AriDemoted):
            raise error
        raise AriTimeout(f"no event connection within {timeout_s:g} s: {error or 'no answer'}")

    def take_back(self) -> None:
        """Register the application again after another program took it; that one is then demoted."""
        self._wanted_back.set()

    # ---- who wants to know what

    def subscribe(self, *ids: str, limit: int = DEFAULT_LIMIT) -> Subscription:
        """The events of channels, bridges, playbacks or recordings from now on.

        Make it before the request that makes the resource: Asterisk tells of a new channel before it answers.
        Raises AriConnectionLost (AriDemoted) when there is no event connection to miss nothing on.
        """
        if not self.is_connected:
            if isinstance(self._link.error, AriDemoted):
                raise AriDemoted(str(self._link.error))
            raise AriConnectionLost(f"no event connection: {self._link.error or self._link.state}")
        return self._router.open(ids, limit)

    def is_followed(self, resource_id: str) -> bool:
        """Somebody has a subscription that covers it: it is in good hands."""
        return self._router.is_followed(resource_id)

    def on_stasis_start(self, handler: CallHandler, first_argument: str = "") -> None:
        """Run `handler(channel, event, events)` as a task for each channel that enters the application.

        `events` is a subscription to the channel that began with this event; it is closed when the handler ends.
        With `first_argument` only channels whose first Stasis argument is that; without, all that no other handler
        takes. A channel that somebody has subscribed to is theirs: no handler runs, they read StasisStart.
        """
        if first_argument in self._call_handlers:
            raise ValueError(f"there is a handler for {first_argument!r} already")
        self._call_handlers[first_argument] = handler

    def on_event(self, kind: type[Event] | str, handler: Handler) -> None:
        """Call `handler(event)` with every event of this type; a text also names one that we have no class for.

        Plain functions are called at once and in order, and must not block. Coroutine functions run as tasks, so one
        may overtake another: where order counts, `subscribe`. An exception in a handler is logged and harms nobody.
        """
        self._handlers.on(kind, handler)

    def on_channel_event(self, kind: type[C], handler: Callable[[Channel, C], Awaitable[None] | None]) -> None:
        """The same with `handler(channel, event)`."""

        def with_channel(event: C) -> Awaitable[None] | None:
            return handler(Channel(self._session, event.channel.id, event.channel), event)

        self._handlers.on(kind, with_channel)

    def on_bridge_event(self, kind: type[B], handler: Callable[[Bridge, B], Awaitable[None] | None]) -> None:
        """The same with `handler(bridge, event)`."""

        def with_bridge(event: B) -> Awaitable[None] | None:
            return handler(Bridge(self._session, event.bridge.id, event.bridge), event)

        self._handlers.on(kind, with_bridge)

    def on_connected(self, handler: ConnectedHandler) -> None:
        """Run `handler(channels)` after each (re)connection, with every channel that Asterisk has then.

        Events come in meanwhile: a channel that entered the application since then is among them and may have its
        script already, which `is_followed` tells.
        """
        self._on_connected.append(handler)

    def on_state(self, watcher: Callable[[LinkState], None]) -> None:
        """Call `watcher(state)` at every change of the event connection; it must not block."""
        self._link.watch(watcher)

    def on_replaced(self, handler: Callable[[], None]) -> None:
        """Call `handler()` when another program takes the application over."""

        def if_demoted(state: LinkState) -> None:
            if state is LinkState.DEMOTED:
                handler()

        self._link.watch(if_demoted)

    # ---- inside

    async def _keep_up(self) -> None:
        while True:
            self._link.set(LinkState.CONNECTING, self._link.error)
            try:
                await self._stay_connected()
            except AriDemoted as error:
                log.error("ari.demoted", app=self.app, hint=error.hint)
                self._lost(LinkState.DEMOTED, error)
                self._wanted_back.clear()
                await self._wanted_back.wait()
            except AriUnauthorized as error:
                log.error("ari.refused", error=str(error), hint=error.hint)
                self._lost(LinkState.REFUSED, error)
                await asyncio.sleep(self._refused_retry_s)
            except AriError as error:
                wait_s = self._backoff.next_s()
                log.warning("ari.disconnected", error=str(error), retry_in_s=round(wait_s, 2))
                self._lost(LinkState.DOWN, error)
                await asyncio.sleep(wait_s)

    def _keeper_ended(self, keeper: asyncio.Task[None]) -> None:
        """Never happens before `close`; if it does, nobody is to wait for events that cannot come."""
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            log.critical("ari.client_failed", exc_info=error)
            self._lost(LinkState.CLOSED, AriError(f"the client failed: {error!r}"))

    async def _stay_connected(self) -> None:
        """One event connection, from its beginning to its end, which is always an exception."""
        async with self._transport.events(self.app) as frames:
            self._link.set(LinkState.UP)
            reconciling = self._tasks.spawn(self._reconcile(), "ari reconcile")
            try:
                async for frame in frames:
                    self._receive(decode(frame))
            finally:
                reconciling.cancel()
        raise AriConnectionLost("the event connection ended")

    def _lost(self, state: LinkState, error: AriError) -> None:
        """Tell everybody who waits for events that some are missing from here on."""
        self._link.set(state, error)
        kind = AriDemoted if state is LinkState.DEMOTED else AriConnectionLost
        self._router.fail_all(lambda: kind(str(error)))

    async def _reconcile(self) -> None:
        """What to do first on a new connection: quieten it, and hand over the channels there are."""
        while True:
            try:
                if self._muted:
                    await self.applications.mute(self._muted)
                channels = await self.channels.list()
                break
            except AriError as error:
                # The websocket is up, so this passes, or the websocket ends and us with it.
                wait_s = self._backoff.next_s()
                log.warning("ari.reconcile_failed", error=str(error), retry_in_s=round(wait_s, 2))
                await asyncio.sleep(wait_s)
        # Only now: an Asterisk that accepts and then drops us at once is not to be hurried.
        self._backoff.reset()
        log.info("ari.connected", app=self.app, channels=len(channels))
        for handler in self._on_connected:
            self._tasks.spawn(_run(handler(channels)), "ari on_connected")

    def _receive(self, event: Event) -> None:
        self.counts.events += 1
        match event:
            case UnknownEvent(note=""):
                self.counts.unknown += 1
            case UnknownEvent():
                self.counts.malformed += 1
                log.warning("ari.malformed_event", event_type=event.type, note=event.note)
            case ApplicationReplaced() if event.application in ("", self.app):
                raise AriDemoted(f"another program registered the application {self.app}")
        self._handlers.call(event)
        followed = self._router.dispatch(event)
        if isinstance(event, StasisStart) and not followed:
            self._begin_call(event)

    def _begin_call(self, event: StasisStart) -> None:
        """Start the script for a channel that nobody has yet."""
        handler = self._call_handlers.get(event.args[0] if event.args else "") or self._call_handlers.get("")
        if handler is None or self._closing:
            self.counts.unclaimed += 1
            log.warning("ari.unclaimed_channel", channel=event.channel.id, arguments=event.args)
            return
        # Made here and not in the task: what comes next for this channel may be in the frame after this one.
        events = self._router.open((event.channel.id,))
        channel = Channel(self._session, event.channel.id, event.channel)
        self._scripts.spawn(_call(handler, channel, event, events), f"call {channel.id}")


async def _call(handler: CallHandler, channel: Channel, event: StasisStart, events: Subscription) -> None:
    async with events:
        await handler(channel, event, events)


async def _run(result: Awaitable[None]) -> None:
    await result
