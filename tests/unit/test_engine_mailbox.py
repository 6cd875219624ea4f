"""Mailboxes: each has a size and a manner."""

import asyncio

import pytest

from scada.engine.mailbox import EveryItem, LatestOnly, Mailbox, MailboxOverflow, Spill


async def test_every_item_comes_in_order() -> None:
    box: Mailbox[int] = Mailbox("lane", 3, EveryItem())
    for item in (1, 2, 3):
        box.put(item)
    assert box.depth == 3
    assert [await box.get() for _ in range(3)] == [1, 2, 3]


async def test_an_overflow_is_told_to_the_reader_once_and_then_it_begins_anew() -> None:
    box: Mailbox[int] = Mailbox("lane", 2, EveryItem())
    for item in (1, 2, 3, 4):
        box.put(item)
    with pytest.raises(MailboxOverflow, match="lane"):
        await box.get()
    box.put(5)
    assert await box.get() == 5


async def test_latest_only_keeps_one_merged_item() -> None:
    box: Mailbox[dict[str, int]] = Mailbox("bridge", 1, LatestOnly(lambda waiting, new: waiting | new))
    box.put({"a": 1, "b": 1})
    box.put({"a": 2})
    assert box.drain() == [{"a": 2, "b": 1}]
    assert box.drain() == []


async def test_what_does_not_fit_is_spilled_oldest_first() -> None:
    spilled: list[int] = []
    box: Mailbox[int] = Mailbox("historian", 2, Spill(spilled.append))
    for item in (1, 2, 3, 4):
        box.put(item)
    assert spilled == [1, 2]
    assert box.drain() == [3, 4]


async def test_a_waiting_reader_is_woken_and_waits_no_longer_than_asked() -> None:
    box: Mailbox[int] = Mailbox("lane", 2, EveryItem())
    assert await box.get_within(0.01) is None
    asyncio.get_running_loop().call_soon(box.put, 7)
    async for item in box:
        assert item == 7
        break
