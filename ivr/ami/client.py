"""The client: keeps the AMI connection up, asks, and brings events to those who want them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import structlog

from ivr.ami.connection import AmiConnection
from ivr.ami.errors import AmiAuthError, AmiConnectionError, AmiError, AmiEventsOverflow, AmiTimeout
from ivr.ami.events import EVENTS, AmiEvent, UnknownEvent, decode
from ivr.ami.protocol import AmiMessage
from ivr.backoff import Backoff
from ivr.link import Link, LinkHealth, LinkState
from ivr.mailbox import Mailbox

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

E = TypeVar("E", bound=AmiEvent)
Handler = Callable[[Any], None]

ACTION_S = 5.0
CONNECT_S = 5.0
# A host that vanished without a word is noticed after at most this plus ACTION_S.
PING_EVERY_S = 10.0
# A wrong secret does not mend itself in a second, and Asterisk logs every attempt.
REFUSED_RETRY_S = 30.0
# The classes of events that we ask for, out of those that manager.conf lets us read.
EVENT_CLASSES = "agent,call"
DEFAULT_LIMIT = 10_000


class AmiClient:
    """Asterisk by AMI.

        async with AmiClient("127.0.0.1", 5038, "callback", secret) as ami:
            await ami.wait_connected(10)
            ami.on_event(AgentConnect, note_the_wait)
            status = await ami.action_list("QueueStatus", Queue="support")

    The block keeps the connection up and alive, with longer and longer waits between attempts, until it is left.
    Actions raise AmiConnectionError while it is not up.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        events: str = EVENT_CLASSES,
        action_timeout_s: float = ACTION_S,
        ping_every_s: float = PING_EVERY_S,
        backoff: Backoff | None = None,
        refused_retry_s: float = REFUSED_RETRY_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """events: the classes to receive, such as "agent,call", or "off"."""
        self._host, self._port = host, port
        self._user, self._secret = user, secret
        self._events = events
        self._action_timeout_s = action_timeout_s
        self._ping_every_s = ping_every_s
        self._backoff = backoff or Backoff()
        self._refused_retry_s = refused_retry_s
        self._clock = clock
        self._link = Link(clock)
        self._connection: AmiConnection | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._handlers: dict[str, list[Handler]] = {}
        self._mailboxes: list[Mailbox[AmiEvent]] = []
        self._dropped = 0
        self.events_seen = 0
        self.malformed = 0
        """Events of a type in use that could not be read."""
        self.last_heard_s = 0.0
        """When anything came in last, by our clock; while up, never older than the ping interval and its deadline."""

    # ---- its life

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep_up(), name="ami connection")
        self._keeper.add_done_callback(self._keeper_ended)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection. More than once does no harm."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        for mailbox in self._mailboxes:
            mailbox.end()
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
        """Logged in."""
        return self._link.is_up

    @property
    def health(self) -> LinkHealth:
        return self._link.health

    @property
    def dropped(self) -> int:
        """Messages that were too long to be read."""
        return self._dropped + (self._connection.dropped if self._connection else 0)

    async def wait_connected(self, timeout_s: float) -> None:
        """Wait until logged in.

        Raises AmiAuthError at once when refused; after `timeout_s` AmiTimeout, which tells the last failure.
        """
        if await self._link.wait_up(timeout_s):
            return
        if isinstance(self._link.error, AmiAuthError):
            raise self._link.error
        raise AmiTimeout(f"no AMI connection within {timeout_s:g} s: {self._link.error or 'no answer'}")

    def on_state(self, watcher: Callable[[LinkState], None]) -> None:
        """Call `watcher(state)` at every change of the connection; it must not block."""
        self._link.watch(watcher)

    # ---- asking

    async def action(self, name: str, *, timeout_s: float | None = None, **headers: str) -> AmiMessage:
        """Carry out an action that has one response.

        Headers with a dash in their name go in by `**{"Some-Name": value}`.
        Raises AmiActionError when Asterisk refuses, AmiTimeout, AmiConnectionError, AmiInvalidRequest.
        """
        (message,) = await self._up().ask(name, headers, self._deadline_s(timeout_s))
        return message

    async def action_list(self, name: str, *, timeout_s: float | None = None, **headers: str) -> Sequence[AmiEvent]:
        """Carry out an action that answers with a list of events; returns when the list is complete.

        Errors as of `action`.
        """
        items = await self._up().ask(name, headers, self._deadline_s(timeout_s), is_list=True)
        return [decode(item) for item in items]

    # ---- events

    def on_event(self, kind: type[E], handler: Callable[[E], None]) -> None:
        """Call `handler(event)` with every event of this class, in order. It must not block; an exception of it is
        logged and harms nobody."""
        self._handlers.setdefault(kind.__name__, []).append(handler)

    def events(self, limit: int = DEFAULT_LIMIT) -> AmiEvents:
        """All events from now on, as a block to iterate over; gaps of lost connections are not told, `on_state` does.

        A reader that leaves `limit` unread gets AmiEventsOverflow.
        """
        return AmiEvents(self._mailboxes, limit)

    # ---- inside

    def _up(self) -> AmiConnection:
        if self._connection is None or not self.is_connected:
            raise AmiConnectionError(f"no AMI connection: {self._link.error or self._link.state}")
        return self._connection

    def _deadline_s(self, timeout_s: float | None) -> float:
        return self._action_timeout_s if timeout_s is None else timeout_s

    async def _keep_up(self) -> None:
        while True:
            self._link.set(LinkState.CONNECTING, self._link.error)
            try:
                await self._stay_connected()
            except AmiAuthError as error:
                log.error("ami.refused", error=str(error), hint=error.hint)
                self._link.set(LinkState.REFUSED, error)
                await asyncio.sleep(self._refused_retry_s)
            except AmiError as error:
                wait_s = self._backoff.next_s()
                log.warning("ami.disconnected", error=str(error), retry_in_s=round(wait_s, 2))
                self._link.set(LinkState.DOWN, error)
                await asyncio.sleep(wait_s)

    def _keeper_ended(self, keeper: asyncio.Task[None]) -> None:
        """Never happens before `close`; if it does, nobody is to wait for what cannot come."""
        if not keeper.cancelled() and (error := keeper.exception()) is not None:
            log.critical("ami.client_failed", exc_info=error)
            self._link.set(LinkState.CLOSED, AmiError(f"the client failed: {error!r}"))

    async def _stay_connected(self) -> None:
        """One connection, from its beginning to its end, which is always an exception."""
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except TimeoutError as error:
            raise AmiTimeout(f"{self._host}:{self._port}: no connection within {CONNECT_S:g} s") from error
        except OSError as error:
            raise AmiConnectionError(f"{self._host}:{self._port}: {error}") from error
        connection = AmiConnection(reader, writer, self._receive)
        reading = asyncio.create_task(connection.read(), name="ami reader")
        reading.add_done_callback(lambda task: self._reading_ended(connection, _why(task)))
        try:
            await connection.log_in(self._user, self._secret, self._events, self._action_timeout_s)
            self._connection = connection
            self._backoff.reset()
            self._heard()
            log.info("ami.connected", banner=connection.banner)
            self._link.set(LinkState.UP)
            while not reading.done():
                await asyncio.wait([reading], timeout=self._ping_every_s)
                if not reading.done():
                    await connection.ask("Ping", {}, self._action_timeout_s)
                    self._heard()
            raise _why(reading)
        finally:
            self._dropped += connection.dropped
            self._connection = None
            reading.cancel()
            await asyncio.wait([reading])
            await connection.close()

    def _reading_ended(self, connection: AmiConnection, why: AmiError) -> None:
        # First the state: whoever waits for an answer and is told that none will come may ask for it.
        if connection is self._connection and self.is_connected:
            self._link.set(LinkState.DOWN, why)
        connection.fail(why)

    def _heard(self) -> None:
        self.last_heard_s = self._clock()

    def _receive(self, message: AmiMessage) -> None:
        self.events_seen += 1
        self._heard()
        name = message.event
        handlers = self._handlers.get(name, ())
        if not handlers and not self._mailboxes:
            return
        event = decode(message)
        if isinstance(event, UnknownEvent) and name in EVENTS:
            self.malformed += 1
            log.warning("ami.malformed_event", event_type=name, note=event.note)
            handlers = ()
        for handler in handlers:
            # Whatever goes wrong in somebody's handler must not end everybody's events.
            try:
                handler(event)
            except Exception as error:
                log.error("ami.handler_failed", event_type=name, exc_info=error)
        for mailbox in self._mailboxes:
            if not mailbox.put(event):
                mailbox.end(AmiEventsOverflow("events were left unread"))


class AmiEvents:
    """A block that receives every event; iterate over it."""

    def __init__(self, mailboxes: list[Mailbox[AmiEvent]], limit: int) -> None:
        self._mailboxes = mailboxes
        self._mailbox: Mailbox[AmiEvent] = Mailbox(limit)
        mailboxes.append(self._mailbox)

    async def next(self, timeout_s: float | None = None) -> AmiEvent | None:
        """The next event, or None when there is none for `timeout_s` seconds. Raises AmiEventsOverflow."""
        return await self._mailbox.next(timeout_s)

    def close(self) -> None:
        """Receive nothing more. More than once does no harm."""
        if self._mailbox in self._mailboxes:
            self._mailboxes.remove(self._mailbox)
        self._mailbox.end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AmiEvent:
        return await self._mailbox.__anext__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()


def _why(reading: asyncio.Task[None]) -> AmiError:
    """Why reading came to its end."""
    if reading.cancelled():
        return AmiConnectionError("the connection was closed")
    error = reading.exception()
    return error if isinstance(error, AmiError) else AmiConnectionError(f"reading failed: {error!r}")
