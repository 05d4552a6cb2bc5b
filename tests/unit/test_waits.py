"""The wait of a service, estimated from the live state of its queue."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ivr.dialer.line import Line
from ivr.domain.queue_state import Member, MemberStatus, QueueState, Waiting
from ivr.reception.waits import Waits
from ivr.service.options import service_options
from ivr.store.memory_store import MemoryStore

pytestmark = pytest.mark.unit

OPTIONS = service_options("support", {"_default_handle_time": 100}, trunk="carrier", language="en-US")
RINGING, FREE, TALKING = MemberStatus.RINGING, MemberStatus.NOT_IN_USE, MemberStatus.IN_USE


@dataclass
class Queue:
    """The one queue."""

    members: list[MemberStatus]
    waiting: int

    def state(self, queue: str) -> QueueState:
        return QueueState(
            queue,
            0.0,
            members=tuple(Member(f"PJSIP/{i}", status=status) for i, status in enumerate(self.members)),
            waiting=tuple(Waiting(str(i), f"PJSIP/{i}", i + 1, 0.0) for i in range(self.waiting)),
            strategy="rrmemory",
        )


@pytest.mark.parametrize(
    ("members", "waiting", "basis"),
    [
        ([FREE, FREE], 0, "0 ahead, 2 agents (2 free)"),
        # The one who waits has the agent whose telephone rings, and the other agent is for who comes now.
        ([RINGING, FREE], 1, "0 ahead, 2 agents (1 free)"),
        ([RINGING, TALKING], 3, "2 ahead, 2 agents (0 free)"),
        ([TALKING, TALKING], 1, "1 ahead, 2 agents (0 free)"),
    ],
)
async def test_whose_agent_is_being_rung_is_not_ahead_any_more(
    members: list[MemberStatus], waiting: int, basis: str
) -> None:
    wait = await Waits(Line(Queue(members, waiting)), MemoryStore(), lambda: 0.0).estimate("support", OPTIONS)
    assert wait.basis == f"{basis}, handle time 100 s"
    assert (wait.median_s == 0.0) is ("(0 free)" not in basis)
