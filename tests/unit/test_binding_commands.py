"""`daozha binding`: who may ask which phones are told of a plate, and what is left of it in the journal."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select

from billing.driver.bindings import REVOKED, Binding, Phones
from scada.__main__ import main
from scada.clock import SystemClock
from scada.config import load
from scada.model.plate import Plate
from scada.store.db import Database, database_url
from scada.store.operators import Operators
from scada.store.schema import journal
from tests.support.house import site_beside

T = TypeVar("T")
PLATE = Plate("京A12345")
REASON = ("--reason", "owner-complains", "--note", "case 17")
FOR = ("--purpose", "the owner asks")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = site_beside(tmp_path, ('# data = "/var/lib/daozha"', 'data = "data"'))
    assert main(["migrate", "--config", str(path)]) == 0
    return path


def in_database(path: Path, work: Callable[[Connection], T]) -> T:
    url = database_url(load(path))

    async def run() -> T:
        async with Database(url) as db:
            return await db.write(work)

    return asyncio.run(run())


def person(path: Path, name: str, role: str, *, must_change: bool = False) -> None:
    config = load(path)
    url = database_url(config)

    async def run() -> None:
        async with Database(url) as db:
            people = Operators(db, config.site_id, SystemClock())
            await people.add(name, role, "a-long-enough-password", must_change)

    asyncio.run(run())


def phones(path: Path, *openids: str) -> list[str]:
    site, at = load(path).site_id, datetime.now(UTC)

    def work(conn: Connection) -> list[str]:
        times = [at + timedelta(seconds=n) for n in range(len(openids))]
        made = [Phones(site, conn).bind(*one, PLATE, at_boom=True) for one in zip(times, openids, strict=True)]
        return [one.id for one in made if isinstance(one, Binding)]

    return in_database(path, work)


def ended(path: Path) -> list[str]:
    site = load(path).site_id
    return in_database(path, lambda conn: [one.ended_why for one in Phones(site, conn).ever_of_plate(PLATE)])


def rows(path: Path, what: str) -> list[dict[str, object]]:
    found = in_database(path, lambda conn: conn.execute(select(journal).where(journal.c.what == what)).all())
    return [{"actor": row.actor, **row.body} for row in found]


def run(path: Path, *words: str, by: str = "li") -> int:
    return main(["binding", *words, "--plate", PLATE, "--by", by, "--config", str(path)])


def test_an_operator_lists_and_ends_the_bindings_of_a_plate_and_both_are_written_down(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person(config, "li", "operator")
    first, second = phones(config, "oStranger", "oOwner")
    assert run(config, "list", *FOR, "--json") == 0
    told = capsys.readouterr().out
    assert [one["binding"] for one in json.loads(told)] == [first, second]
    assert "oStranger" not in told
    assert run(config, "revoke", *REASON, "--id", first) == 0
    assert ended(config) == [REVOKED, ""]
    assert run(config, "revoke", *REASON, "--id", first) == 1
    assert run(config, "revoke", *REASON) == 0
    assert ended(config) == [REVOKED, REVOKED]
    body = {"actor": "li", "plate": PLATE, "bindings": 1, "reason": "owner-complains", "note": "case 17"}
    assert rows(config, "revokes bindings") == [body, body]
    assert rows(config, "plate query") == [{"actor": "li", "plate": PLATE, "purpose": "the owner asks"}]
    assert run(config, "list", *FOR) == 0
    assert "0 phones" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "role", "must_change"),
    [("wang", "technician", False), ("zhao", "auditor", False), ("qian", "manager", True)],
)
def test_who_may_not_is_refused_and_nothing_changes(config: Path, name: str, role: str, *, must_change: bool) -> None:
    person(config, name, role, must_change=must_change)
    phones(config, "oOwner")
    assert run(config, "revoke", *REASON, by=name) == 2
    assert run(config, "list", *FOR, by="nobody") == 2
    assert (ended(config), rows(config, "plate query")) == ([""], [])


def test_what_is_no_plate_is_asked_for_in_vain(config: Path) -> None:
    assert main(["binding", "list", "--plate", "x", "--by", "li", *FOR, "--config", str(config)]) == 2
