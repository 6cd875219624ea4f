"""Writes that share a transaction: few of them for many, and nobody pays for another's mistake."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from billing.pay.together import Together
from scada.store.db import StoreError, StoreUnknown
from scada.store.schema import operator
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


async def test_what_comes_while_one_is_written_shares_the_next_transaction_up_to_a_limit(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        together: Together[object] = Together(db, most=4)
        used = await asyncio.gather(*(together.write(transaction) for _ in range(10)))
    groups = [used.count(one) for one in dict.fromkeys(used)]
    assert groups == [1, 4, 4, 1]


@pytest.mark.usefixtures("any_database")
async def test_one_that_fails_fails_alone_and_its_neighbours_are_written_once(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        together: Together[str] = Together(db, most=8)
        wanted = ("anna", "boris", "anna", "clara")
        ended = await asyncio.gather(*(together.write(add(name)) for name in wanted), return_exceptions=True)
        found = await db.read(names)
    assert [type(one) for one in ended] == [str, str, IntegrityError, str]
    assert found == ["anna", "boris", "clara"]


async def test_a_store_that_does_not_answer_is_asked_once_for_the_group(tmp_path: Path) -> None:
    def lose(_conn: Connection) -> str:
        raise StoreError("the connection was lost")

    async with open_database(tmp_path) as db:
        together: Together[str] = Together(db, most=8)
        works = (add("first"), add("a"), lose, add("c"))
        ended = await asyncio.gather(*(together.write(work) for work in works), return_exceptions=True)
        found = await db.read(names)
    assert [type(one) for one in ended] == [str] + [StoreError] * 3
    assert found == ["first"]


async def test_who_wrote_for_all_is_stopped_and_the_others_hear_that_nobody_knows(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        together: Together[str] = Together(db, most=2)
        first, second = Held(), Held()
        tasks = [asyncio.create_task(together.write(work)) for work in (first, second, add("c"), add("d"))]
        await until(first.began.is_set)
        first.let_go.set()
        await until(second.began.is_set)
        tasks[1].cancel()
        ended = await asyncio.gather(*tasks[:3], return_exceptions=True)
        second.let_go.set()
        assert await tasks[3] == "d"
    assert ended[0] == "held"
    assert [type(one) for one in ended[1:]] == [asyncio.CancelledError, StoreUnknown]


async def test_who_waits_no_longer_is_not_written(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        together: Together[str] = Together(db, most=1)
        held = Held()
        first, gone, third = (asyncio.create_task(together.write(work)) for work in (held, add("b"), add("c")))
        await until(held.began.is_set)
        gone.cancel()
        await until(gone.done)
        held.let_go.set()
        await asyncio.gather(first, third)
        assert await db.read(names) == ["c"]
