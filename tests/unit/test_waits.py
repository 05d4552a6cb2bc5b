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
FREE, TAKEN = MemberStatus.NOT_IN_USE, MemberStatus.IN_USE


@dataclass
class Queue:
    """The one queue: its agents, and for each who waits whether a telephone rings."""

    members: list[MemberStatus]
    waiting: list[bool]

    def state(self, queue: str) -> QueueState:
        return QueueState(
            queue,
            0.0,
            members=tuple(Member(f"PJSIP/{i}", status=status) for i, status in enumerate(self.members)),
            waiting=tuple(
                Waiting(str(i), f"PJSIP/{i}", i + 1, 0.0, ringing=frozenset({"PJSIP/0"} if rings else ()))
                for i, rings in enumerate(self.waiting)
            ),
        )


@pytest.mark.parametrize(
    ("members", "waiting", "basis"),
    [
        ([FREE, FREE], [], "0 ahead, 2 agents (2 free)"),
        # The one who waits has the agent whose telephone rings, and the other agent is for who comes now.
        ([TAKEN, FREE], [True], "0 ahead, 2 agents (1 free)"),
        ([TAKEN, TAKEN], [True, False, False], "2 ahead, 2 agents (0 free)"),
        ([TAKEN, TAKEN], [False], "1 ahead, 2 agents (0 free)"),
    ],
)
async def test_whose_agent_is_being_rung_is_not_ahead_any_more(
    members: list[MemberStatus], waiting: list[bool], basis: str
) -> None:
    wait = await Waits(Line(Queue(members, waiting)), MemoryStore(), lambda: 0.0).estimate("support", OPTIONS)
    assert wait.basis == f"{basis}, handle time 100 s"
    assert (wait.median_s == 0.0) is ("(0 free)" not in basis)
