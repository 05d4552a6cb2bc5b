"""The state of a connection that a client keeps up."""

from __future__ import annotations

import asyncio

import pytest

from ivr.link import Link, LinkState

pytestmark = pytest.mark.unit


async def test_waiting_ends_when_it_is_up() -> None:
    link = Link()
    waiter = asyncio.create_task(link.wait_up(5))
    await asyncio.sleep(0)
    link.set(LinkState.DOWN, OSError("refused"))
    await asyncio.sleep(0)
    assert not waiter.done()
    link.set(LinkState.UP)
    assert await waiter is True


@pytest.mark.parametrize("state", [LinkState.REFUSED, LinkState.DEMOTED, LinkState.CLOSED])
async def test_waiting_ends_at_once_where_it_is_of_no_use(state: LinkState) -> None:
    link = Link()
    waiter = asyncio.create_task(link.wait_up(5))
    await asyncio.sleep(0)
    link.set(state)
    assert await asyncio.wait_for(waiter, 1) is False


async def test_waiting_has_a_deadline() -> None:
    assert await Link().wait_up(0.01) is False


def test_health_tells_how_often_since_when_and_why_not() -> None:
    times = iter([1.0, 2.0, 3.0, 4.0, 5.0])
    link = Link(lambda: next(times))
    link.set(LinkState.UP)
    link.set(LinkState.DOWN, OSError("gone"))
    assert (link.health.state, link.health.since_s, link.health.times_up) == (LinkState.DOWN, 3.0, 1)
    link.set(LinkState.DOWN, OSError("still gone"))
    assert (link.health.since_s, link.health.last_error) == (3.0, "still gone")
    link.set(LinkState.UP)
    assert (link.health.times_up, link.health.last_error, link.error) == (2, "still gone", None)


def test_watchers_hear_changes_only_and_in_order() -> None:
    link = Link()
    heard: list[LinkState] = []
    link.watch(heard.append)
    for state in (LinkState.CONNECTING, LinkState.UP, LinkState.UP, LinkState.DOWN, LinkState.CLOSED):
        link.set(state)
    assert heard == [LinkState.UP, LinkState.DOWN, LinkState.CLOSED]
