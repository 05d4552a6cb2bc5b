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


class AskedTimes:
    """When the people behind the switch's calls first asked for an agent, by channel id.

    Who is not listed asked when they joined the queue: they came past us.
    """

    def __init__(self) -> None:
        self._asked_at_s: dict[str, float] = {}

    def note(self, channel_id: str, asked_at_s: float) -> None:
        self._asked_at_s[channel_id] = asked_at_s

    def forget(self, channel_id: str) -> None:
        self._asked_at_s.pop(channel_id, None)

    def of(self, channel_id: str, otherwise_s: float) -> float:
        return self._asked_at_s.get(channel_id, otherwise_s)


class Line:
    """Merges what the queue and the store know."""

    def __init__(self, queues: QueueStates, asked: AskedTimes) -> None:
        self._queues, self._asked = queues, asked

    def queue(self, queue: str) -> QueueState | None:
        return self._queues.state(queue)

    def asked_at_s(self, channel_id: str, otherwise_s: float) -> float:
        return self._asked.of(channel_id, otherwise_s)

    def position(self, queue: str, asked_at_s: float) -> int:
        """The place in app_queue (1 is first) for somebody who asked at `asked_at_s`."""
        state = self._queues.state(queue)
        return position_of(
            asked_at_s, [self._asked.of(w.uniqueid, w.joined_at_s) for w in state.waiting] if state else []
        )

    def waiters(self, queue: str, places: list[Place]) -> list[Waiter]:
        """Everybody in line; a customer who was reached and stands in the queue is counted once, as a callback."""
        state = self._queues.state(queue)
        live = [
            Waiter(asked_at_s=self._asked.of(w.uniqueid, w.joined_at_s))
            for w in (state.waiting if state else ())
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


def is_ours(channel: str) -> bool:
    """Whether a channel is a call to a customer of ours."""
    return channel.startswith(_PREFIX)
