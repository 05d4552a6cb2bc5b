"""A queue for one reader that can end with a reason."""

from __future__ import annotations

import asyncio

import pytest

from ivr.mailbox import Mailbox

pytestmark = pytest.mark.unit


async def test_items_come_out_in_order_and_then_the_reason() -> None:
    box: Mailbox[int] = Mailbox(3)
    assert box.put(1)
    assert box.put(2)
    box.end(ValueError("over"))
    assert [await box.next(), await box.next()] == [1, 2]
    for _ in range(2):
        with pytest.raises(ValueError, match="over"):
            await box.next()


async def test_no_room_is_told_and_what_is_there_stays() -> None:
    box: Mailbox[int] = Mailbox(1)
    assert box.put(1)
    assert not box.put(2)
    assert (await box.next(), len(box)) == (1, 0)


async def test_nothing_comes_in_after_the_end() -> None:
    box: Mailbox[int] = Mailbox(1)
    box.end()
    assert box.put(1)
    assert (len(box), box.ended) == (0, True)
    with pytest.raises(RuntimeError, match="after the end"):
        await box.next()


async def test_iteration_stops_at_the_end_or_raises_its_reason() -> None:
    quiet: Mailbox[int] = Mailbox(5)
    quiet.put(1)
    quiet.end()
    assert [item async for item in quiet] == [1]
    loud: Mailbox[int] = Mailbox(5)
    loud.put(1)
    loud.end(ValueError("over"))
    assert await anext(loud) == 1
    with pytest.raises(ValueError, match="over"):
        await anext(loud)


async def test_the_reader_is_woken_by_an_item_and_by_the_end() -> None:
    box: Mailbox[int] = Mailbox(5)
    reader = asyncio.create_task(box.next())
    await asyncio.sleep(0)
    box.put(7)
    assert await reader == 7
    reader = asyncio.create_task(box.next())
    await asyncio.sleep(0)
    box.end(ValueError("over"))
    with pytest.raises(ValueError, match="over"):
        await reader


async def test_a_wait_without_an_item_ends_by_itself() -> None:
    box: Mailbox[int] = Mailbox(5)
    assert await box.next(0.01) is None
    box.put(1)
    assert await box.next(0.01) == 1


async def test_a_cancelled_wait_loses_nothing() -> None:
    box: Mailbox[int] = Mailbox(5)
    reader = asyncio.create_task(box.next())
    await asyncio.sleep(0)
    box.put(1)
    reader.cancel()
    await asyncio.wait([reader])
    assert reader.cancelled()
    assert await box.next() == 1


async def test_a_second_reader_at_the_same_time_is_a_mistake() -> None:
    box: Mailbox[int] = Mailbox(5)
    reader = asyncio.create_task(box.next())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="one reader"):
        await box.next()
    box.put(1)
    assert await reader == 1


def test_a_mailbox_has_room() -> None:
    with pytest.raises(ValueError, match="limit"):
        Mailbox(0)
