"""Writes that give way: few transactions for many, and nobody pays for another's mistake."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from scada.store.db import Database, StoreError
from scada.store.schema import operator
from scada.store.sql.turns import MOST
from tests.support.store import START, open_database, until

ROW = {"site": "demo", "role": "auditor", "password_hash": "-", "must_change": False, "made_at": START}


def add(name: str) -> Callable[[Connection], str]:
    def work(conn: Connection) -> str:
        conn.execute(operator.insert(), {"name": name, **ROW})
        return name

    return work


def transaction(conn: Connection) -> object:
    return conn.get_transaction()


def names(conn: Connection) -> list[str]:
    return list(conn.execute(select(operator.c.name).order_by(operator.c.name)).scalars())


class Held:
    """Work that goes on until the test lets go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, _conn: Connection) -> str:
        self.began.set()
        assert self.let_go.wait(30)
        return "held"


async def behind(db: Database, *works: Callable[[Connection], object]) -> list[object]:
    """Have works that give way wait together, while another one is written; give what became of each."""
    held = Held()
    first = asyncio.create_task(db.write(held))
    await until(held.began.is_set)
    waiting = [asyncio.create_task(db.write(work, gives_way=True)) for work in works]
    await asyncio.sleep(0)
    held.let_go.set()
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_those_who_give_way_share_a_transaction_up_to_a_limit(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        used = await behind(db, *[transaction] * (MOST + 4))
    assert [used.count(one) for one in dict.fromkeys(used)] == [MOST, 4]


async def test_who_does_not_give_way_shares_with_nobody(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        used = await asyncio.gather(*(db.write(transaction) for _ in range(5)))
    assert len(set(used)) == 5


async def test_a_lane_that_comes_while_others_are_written_waits_for_one_of_them_and_not_for_all(
    tmp_path: Path,
) -> None:
    order: list[str] = []

    def noted(name: str) -> Callable[[Connection], str]:
        def work(_conn: Connection) -> str:
            order.append(name)
            return name

        return work

    async with open_database(tmp_path) as db:
        held = Held()
        others = [asyncio.create_task(db.write(held, gives_way=True))]
        await until(held.began.is_set)
        others += [asyncio.create_task(db.write(noted(f"notice {n}"), gives_way=True)) for n in range(3)]
        lane = asyncio.create_task(db.write(noted("lane")))
        await asyncio.sleep(0)
        held.let_go.set()
        await asyncio.gather(lane, *others)
    assert order == ["lane", "notice 0", "notice 1", "notice 2"]


@pytest.mark.usefixtures("any_database")
async def test_one_that_fails_fails_alone_and_its_neighbours_are_written_once(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        ended = await behind(db, *map(add, ("anna", "boris", "anna", "clara")))
        found = await db.read(names)
    assert [type(one) for one in ended] == [str, str, IntegrityError, str]
    assert found == ["anna", "boris", "clara"]


async def test_a_store_that_does_not_answer_is_not_asked_again_for_those_whom_it_failed(tmp_path: Path) -> None:
    asked = 0

    def lose(_conn: Connection) -> str:
        nonlocal asked
        asked += 1
        raise StoreError("the connection was lost")

    async with open_database(tmp_path) as db:
        ended = await behind(db, add("a"), lose, add("c"))
        found = await db.read(names)
    assert [type(one) for one in ended] == [StoreError, StoreError, str]
    assert (asked, found) == (1, ["c"])


async def test_who_waits_no_longer_is_not_written(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        held = Held()
        first = asyncio.create_task(db.write(held))
        await until(held.began.is_set)
        gone, third = (asyncio.create_task(db.write(add(name), gives_way=True)) for name in "bc")
        await asyncio.sleep(0)
        gone.cancel()
        await until(gone.done)
        held.let_go.set()
        await asyncio.gather(first, third)
        assert await db.read(names) == ["c"]


async def test_closing_writes_those_who_gave_way(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await db.write(add("a"))
        late = [asyncio.create_task(db.write(add(name), gives_way=True)) for name in "bcd"]
        await asyncio.sleep(0)
    assert await asyncio.gather(*late) == ["b", "c", "d"]
