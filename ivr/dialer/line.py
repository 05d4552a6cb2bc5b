"""The line of a service as it stands: live callers in the agent queue and callbacks, by the time they first asked."""

from __future__ import annotations

from typing import Protocol

from ivr.domain.pacing import Waiter, position_of
from ivr.domain.queue_state import QueueState
from ivr.store.port import Place


class QueueStates(Protocol):
    """The live state of the agent queues."""

    def state(self, queue: str) -> QueueState | None:
        """None while it is not known."""


class Line:
    """Merges what the queue and the store know."""

    def __init__(self, queues: QueueStates) -> None:
        self._queues = queues
        self._asked_at_s: dict[str, float] = {}

    def __len__(self) -> int:
        """Of how many it is known when they asked."""
        return len(self._asked_at_s)

    def note_asked(self, channel_id: str, asked_at_s: float) -> None:
        """When the person behind a channel first asked; one who is not noted asked when they joined the queue."""
        self._asked_at_s[channel_id] = asked_at_s

    def forget(self, channel_id: str) -> None:
        """The person is with an agent, or gone."""
        self._asked_at_s.pop(channel_id, None)

    def queue(self, queue: str) -> QueueState | None:
        return self._queues.state(queue)

    def position(self, queue: str, asked_at_s: float) -> int | None:
        """The place in app_queue (1 is first) for somebody who asked at `asked_at_s`; None while it is not known."""
        state = self._queues.state(queue)
        if state is None:
            return None
        return position_of(asked_at_s, [self._asked_at_s.get(w.uniqueid, w.joined_at_s) for w in state.waiting])

    def waiters(self, queue: str, places: list[Place], *, before: str = "") -> list[Waiter]:
        """Everybody in line; a customer who was reached and stands in the queue is counted once, as a callback.

        `before`: only who stands before this channel, which is in the queue.
        """
        state = self._queues.state(queue)
        waiting = state.waiting if state else ()
        if before:
            own = next((w for w in waiting if w.uniqueid == before), None)
            if own is not None:
                asked_at_s = self._asked_at_s.get(before, own.joined_at_s)
                waiting = waiting[: max(own.position - 1, 0)]
                places = [place for place in places if place.asked_at_s <= asked_at_s]
        live = [
            Waiter(asked_at_s=self._asked_at_s.get(w.uniqueid, w.joined_at_s))
            for w in waiting
            if not is_ours(w.uniqueid)
        ]
        called_back = [
            Waiter(p.asked_at_s, p.callback_id, p.not_before_s, p.wait_for_agent, p.in_flight) for p in places
        ]
        return [*live, *called_back]


_PREFIX = "cb-"


def channel_id(callback_id: str, attempt: int) -> str:
    """The channel id of an attempt: our own, so that the switch can refuse to make the same call twice."""
    return f"{_PREFIX}{callback_id}-{attempt}"


def callback_of(channel: str) -> str:
    """The callback that a channel of ours is an attempt at."""
    return channel.removeprefix(_PREFIX).rpartition("-")[0]


def is_ours(channel: str) -> bool:
    """Whether a channel is a call to a customer of ours."""
    return channel.startswith(_PREFIX)
