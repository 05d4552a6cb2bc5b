"""Brings every event to those who follow one of its channels, bridges or playbacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self, TypeVar

from ivr.ari.errors import AriConnectionLost, AriEventsOverflow, AriTimeout
from ivr.ari.events import Event
from ivr.mailbox import Mailbox

E = TypeVar("E", bound=Event)

# A call has some dozens of events in a minute; whoever leaves this many unread is stuck.
DEFAULT_LIMIT = 256


class Subscription:
    """The events of one or more resources, in the order in which Asterisk sent them, for one reader.

        async with ari.subscribe(channel_id) as events:
            await ari.channels.originate(..., channel_id=channel_id)
            event = await events.next(timeout_s=30)

    It is open from its making, so nothing is missed before the block is entered. It ends with an error, after what
    came before was read: AriConnectionLost when the event connection breaks (AriDemoted when it was taken over), and
    AriEventsOverflow when `limit` events were left unread. There is no way back from that: make a new one.
    """

    __slots__ = ("_ids", "_limit", "_mailbox", "_router")

    def __init__(self, router: Router, limit: int) -> None:
        self._router = router
        self._limit = limit
        self._mailbox: Mailbox[Event] = Mailbox(limit)
        self._ids: set[str] = set()

    @property
    def ids(self) -> frozenset[str]:
        """What is followed."""
        return frozenset(self._ids)

    @property
    def ended(self) -> bool:
        """Nothing more will come."""
        return self._mailbox.ended

    def follow(self, resource_id: str) -> None:
        """Receive the events of one more channel, bridge, playback or recording. Do it before it is made."""
        if not self.ended and resource_id not in self._ids:
            self._ids.add(resource_id)
            self._router.add(resource_id, self)

    async def next(self, timeout_s: float | None = None) -> Event | None:
        """The next event, or None when there is none for `timeout_s` seconds.

        Cancelling it loses no event. Raises AriConnectionLost, AriDemoted, AriEventsOverflow.
        """
        return await self._mailbox.next(timeout_s)

    async def expect(self, *kinds: type[E], timeout_s: float) -> E:
        """The next event of these classes; the others before it are dropped.

        Raises AriTimeout when none comes within `timeout_s`, and what `next` raises.
        """
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        while (left_s := deadline_s - asyncio.get_running_loop().time()) > 0:
            event = await self.next(left_s)
            if isinstance(event, kinds):
                return event
        raise AriTimeout(f"no {' or '.join(kind.__name__ for kind in kinds)} within {timeout_s:g} s")

    def close(self) -> None:
        """Receive nothing more. More than once does no harm."""
        self._mailbox.end()
        self._forget()

    def deliver(self, event: Event) -> None:
        if not self._mailbox.put(event):
            self._router.overflows += 1
            self.fail(AriEventsOverflow(f"{self._limit} events of {', '.join(sorted(self._ids))} were left unread"))

    def fail(self, error: Exception) -> None:
        self._mailbox.end(error)
        self._forget()

    def _forget(self) -> None:
        for resource_id in self._ids:
            self._router.remove(resource_id, self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._mailbox.__anext__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()


class Router:
    """The table of who follows what. One event costs as much as it has followers, however many calls there are."""

    def __init__(self) -> None:
        self._followers: dict[str, list[Subscription]] = {}
        self.overflows = 0

    def open(self, ids: tuple[str, ...], limit: int = DEFAULT_LIMIT) -> Subscription:
        subscription = Subscription(self, limit)
        for resource_id in ids:
            subscription.follow(resource_id)
        return subscription

    def is_followed(self, resource_id: str) -> bool:
        return resource_id in self._followers

    def add(self, resource_id: str, subscription: Subscription) -> None:
        self._followers.setdefault(resource_id, []).append(subscription)

    def remove(self, resource_id: str, subscription: Subscription) -> None:
        followers = self._followers.get(resource_id, [])
        if subscription in followers:
            followers.remove(subscription)
            if not followers:
                del self._followers[resource_id]

    def dispatch(self, event: Event) -> bool:
        """Hand the event to its followers, once to each. False when there are none."""
        ids = event.ids
        if len(ids) == 1:
            # A copy: a follower that overflows leaves the list while we go through it.
            found = self._followers.get(ids[0], ())
            for subscription in tuple(found):
                subscription.deliver(event)
            return bool(found)
        # A follower of both the channel and its playback still gets the event once.
        followers = dict.fromkeys(each for resource_id in ids for each in self._followers.get(resource_id, ()))
        for subscription in followers:
            subscription.deliver(event)
        return bool(followers)

    def fail_all(self, error: Callable[[], AriConnectionLost]) -> None:
        """End every subscription; each gets an error of its own."""
        for subscription in {each for followers in self._followers.values() for each in followers}:
            subscription.fail(error())
