"""Runs examinations at the same time, each after those that it builds on and none for longer than its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ivr.doctor.check import Check, Finding, Status, failed
from ivr.doctor.explain import KNOWN_ERRORS, explain

DEADLINE_S: Final = 4.0
"""For one examination."""
CHAIN: Final = 3
"""Examinations in a row, at most: with the deadline, how long all of it takes when nothing answers."""

_STOPS: Final = (Status.FAILED, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class Examination:
    """A look at one thing, and the names of the examinations before it in the list that must not fail first."""

    name: str
    look: Callable[[], Awaitable[Finding]]
    needs: tuple[str, ...] = ()


async def run(
    examinations: Sequence[Examination],
    on_done: Callable[[Check], None] = lambda check: None,
    *,
    deadline_s: float = DEADLINE_S,
) -> list[Check]:
    """The checks, in the order of the examinations; `on_done` hears of each as soon as it is known.

    Takes at most `CHAIN` times `deadline_s`, and a little for cleaning up. Raises ValueError for a list in which
    something builds on what is not before it, or too many on each other.
    """
    _require_order(examinations)
    tasks: dict[str, asyncio.Task[Check]] = {}

    async def examine(examination: Examination) -> Check:
        for need in examination.needs:
            before = await tasks[need]
            if before.status in _STOPS:
                # Name the check that failed, not another that was skipped for it.
                cause = before.because or before.name
                check = Check(examination.name, Status.SKIPPED, f"not looked at: {cause} failed", because=cause)
                break
        else:
            finding = await _look(examination, deadline_s)
            check = Check(examination.name, finding.status, finding.detail, finding.mend)
        on_done(check)
        return check

    async with asyncio.TaskGroup() as group:
        for examination in examinations:
            tasks[examination.name] = group.create_task(examine(examination), name=f"doctor {examination.name}")
    return [task.result() for task in tasks.values()]


async def _look(examination: Examination, deadline_s: float) -> Finding:
    try:
        async with asyncio.timeout(deadline_s):
            return await examination.look()
    except TimeoutError:
        return failed(f"no answer within {deadline_s:g} s", "look at the load of that machine and the network to it")
    except KNOWN_ERRORS as error:
        return explain(error)


def _require_order(examinations: Sequence[Examination]) -> None:
    depth: dict[str, int] = {}
    for examination in examinations:
        if examination.name in depth:
            raise ValueError(f"two examinations are called {examination.name}")
        missing = [need for need in examination.needs if need not in depth]
        if missing:
            raise ValueError(f"{examination.name} needs {missing[0]}, which is not before it")
        depth[examination.name] = 1 + max((depth[need] for need in examination.needs), default=0)
        if depth[examination.name] > CHAIN:
            raise ValueError(f"{examination.name} builds on more than {CHAIN - 1} others in a row")
