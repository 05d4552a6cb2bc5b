"""Examinations run side by side, in order of need, and none holds the others up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ivr.ari import AriConnectionError, AriNotFound, AriUnauthorized
from ivr.doctor.check import Check, Finding, Status, failed, ok, unknown, warning
from ivr.doctor.run import Examination, run
from ivr.store.port import StoreUnavailable

pytestmark = [pytest.mark.unit, pytest.mark.looptime]

FINE = ok("fine")
BROKEN = failed("broken", "mend it")


def finds(finding: Finding, after_s: float = 0.0) -> Callable[[], Awaitable[Finding]]:
    async def look() -> Finding:
        await asyncio.sleep(after_s)
        return finding

    return look


def raises(error: Exception) -> Callable[[], Awaitable[Finding]]:
    async def look() -> Finding:
        raise error

    return look


async def never() -> Finding:
    await asyncio.Event().wait()
    raise AssertionError


async def test_they_run_at_the_same_time_and_are_told_in_their_order(looptime: object) -> None:
    heard: list[str] = []
    checks = await run(
        [
            Examination("slow", finds(FINE, after_s=3)),
            Examination("quick", finds(FINE, after_s=1)),
            Examination("middling", finds(FINE, after_s=2)),
        ],
        lambda check: heard.append(check.name),
    )
    assert looptime == pytest.approx(3)
    assert [check.name for check in checks] == ["slow", "quick", "middling"]
    assert heard == ["quick", "middling", "slow"]


async def test_what_builds_on_a_failure_is_skipped_and_names_the_first_cause() -> None:
    looked: list[str] = []

    def noting(name: str) -> Callable[[], Awaitable[Finding]]:
        async def look() -> Finding:
            looked.append(name)
            return FINE

        return look

    checks = await run(
        [
            Examination("a", finds(BROKEN, after_s=1)),
            Examination("other", finds(FINE)),
            Examination("a.b", noting("a.b"), needs=("a",)),
            Examination("a.b.c", noting("a.b.c"), needs=("other", "a.b")),
            Examination("d", noting("d"), needs=("other",)),
        ]
    )
    assert looked == ["d"]
    assert checks[0] == Check("a", Status.FAILED, "broken", "mend it")
    assert checks[2] == Check("a.b", Status.SKIPPED, "not looked at: a failed", because="a")
    assert checks[3] == Check("a.b.c", Status.SKIPPED, "not looked at: a failed", because="a")


@pytest.mark.parametrize("harmless", [warning("odd", "see to it"), unknown("not told", "ask")])
async def test_only_a_failure_stops_what_builds_on_it(harmless: Finding) -> None:
    checks = await run([Examination("a", finds(harmless)), Examination("b", finds(FINE), needs=("a",))])
    assert [check.status for check in checks] == [harmless.status, Status.OK]


async def test_three_that_never_answer_in_a_row_take_three_deadlines(looptime: object) -> None:
    """What does not answer fails, so a row of silence ends with its first; three in a row answer just in time."""
    checks = await run(
        [
            Examination("silent", never),
            Examination("after", finds(FINE), needs=("silent",)),
            Examination("1", finds(FINE, after_s=3.9)),
            Examination("2", finds(FINE, after_s=3.9), needs=("1",)),
            Examination("3", never, needs=("2",)),
        ],
        deadline_s=4.0,
    )
    assert looptime == pytest.approx(11.8)
    assert [check.status for check in checks] == [
        *(Status.FAILED, Status.SKIPPED, Status.OK, Status.OK, Status.FAILED)
    ]
    assert checks[0].detail == "no answer within 4 s"
    assert checks[0].mend


@pytest.mark.parametrize(
    ("error", "detail", "mend"),
    [
        (AriNotFound(404, "Resource not found", "GET /sounds"), "GET /sounds", "load = res_ari_sounds.so"),
        (AriUnauthorized(401, "no", "GET /asterisk/ping"), "401 no", "read_only"),
        (AriConnectionError("gone"), "gone", "Is Asterisk running"),
        (StoreUnavailable("no answer from the store within 3 s"), "no answer", "Redis server's log"),
        (ConnectionResetError("reset"), "reset", "network"),
    ],
)
async def test_an_error_on_the_way_is_a_failure_with_a_mend(error: Exception, detail: str, mend: str) -> None:
    (check,) = await run([Examination("a", raises(error))])
    assert check.status is Status.FAILED
    assert detail in check.detail
    assert mend in check.mend


async def test_a_fault_of_our_own_is_not_taken_for_one_of_the_patient() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await run([Examination("a", raises(KeyError("oops"))), Examination("b", never)])
    assert caught.group_contains(KeyError)


@pytest.mark.parametrize(
    ("examinations", "problem"),
    [
        ([Examination("a", never), Examination("a", never)], "two examinations are called a"),
        ([Examination("a", never, needs=("b",)), Examination("b", never)], "a needs b, which is not before it"),
        (
            [
                Examination("1", never),
                Examination("2", never, needs=("1",)),
                Examination("3", never, needs=("2",)),
                Examination("4", never, needs=("3",)),
            ],
            "4 builds on more than 2 others in a row",
        ),
    ],
)
async def test_a_list_that_cannot_end_in_time_is_refused(examinations: list[Examination], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await run(examinations)
