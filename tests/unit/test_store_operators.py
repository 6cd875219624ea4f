"""Operators: the first password, signing in, the lock-out, the table of rights."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import select

from scada.clock import VirtualClock
from scada.model.rights import Role, may
from scada.store import operators as operators_module
from scada.store.db import Database, StoreError
from scada.store.journal import recent
from scada.store.operators import Operators, PasswordChanged, PasswordRefused, SignedIn, SignInRefused
from scada.store.schema import operator
from tests.support.store import SITE, START, open_database

RIGHT = "correct horse"


class House(NamedTuple):
    """What the tests work on."""

    db: Database
    clock: VirtualClock
    people: Operators


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A site with one operator, li; hashes are made cheap."""
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)
    async with open_database(tmp_path) as db:
        clock = VirtualClock(START)
        people = Operators(db, SITE, clock)
        await people.add("li", Role.OPERATOR.value, RIGHT, must_change=False)
        yield House(db, clock, people)


async def _events(db: Database) -> list[tuple[str, str]]:
    rows = await db.read(lambda connection: recent(connection, 100))
    return [(row.actor, row.what) for row in reversed(rows)]


async def test_the_first_start_makes_one_administrator_with_a_password_told_once(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        people = Operators(db, SITE, VirtualClock(START))
        password = await people.first_start()
        assert password is not None
        assert await people.first_start() is None
        assert await people.sign_in("admin", password) == SignedIn("admin", "administrator", must_change=True)
        stored = await db.read(lambda connection: connection.execute(select(operator.c.password_hash)).scalar_one())
        assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        assert isinstance(await people.change_password("admin", password, "a new one of mine"), PasswordChanged)
        assert await people.sign_in("admin", "a new one of mine") == SignedIn(
            "admin", "administrator", must_change=False
        )
        assert password not in str(await db.read(lambda connection: recent(connection, 100)))


async def test_two_sites_never_get_the_same_first_password(tmp_path: Path) -> None:
    async with open_database(tmp_path / "a") as one, open_database(tmp_path / "b") as other:
        assert (
            await Operators(one, SITE, VirtualClock(START)).first_start()
            != await Operators(other, SITE, VirtualClock(START)).first_start()
        )


async def test_the_right_password_signs_in_and_is_journalled(house: House) -> None:
    assert await house.people.sign_in("li", RIGHT, "10.0.0.9") == SignedIn("li", "operator", must_change=False)
    assert await _events(house.db) == [("li", "operator_added"), ("li", "signed_in")]


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(house: House) -> None:
    wrong = await house.people.sign_in("li", "wrong", "a")
    unknown = await house.people.sign_in("wang", "wrong", "a")
    assert wrong == unknown
    assert isinstance(wrong, SignInRefused)
    assert (await _events(house.db))[1:] == [("li", "sign_in_refused"), ("unknown", "sign_in_refused")]


async def test_an_unknown_name_costs_the_same_work_as_a_known_one(house: House) -> None:
    checked: list[str] = []
    matches = house.people._matches

    def counting(password_hash: str, password: str) -> bool:
        checked.append(password_hash.split("$")[3])
        return matches(password_hash, password)

    house.people._matches = counting  # type: ignore[method-assign]
    await house.people.sign_in("li", "wrong", "a")
    await house.people.sign_in("wang", "wrong", "a")
    assert checked == ["m=64,t=1,p=4"] * 2


async def test_after_five_wrong_tries_a_name_is_locked_for_a_minute_even_for_the_right_password(house: House) -> None:
    for n in range(5):
        await house.people.sign_in("li", "wrong", f"address {n}")
        house.clock.advance(1)
    locked = await house.people.sign_in("li", RIGHT, "another")
    assert locked == SignInRefused("too many tries, wait 55 s")
    house.clock.advance(55.1)
    assert isinstance(await house.people.sign_in("li", RIGHT, "another"), SignedIn)


async def test_after_five_wrong_tries_an_address_is_locked_for_every_name(house: House) -> None:
    for n in range(5):
        await house.people.sign_in(f"name {n}", "wrong", "10.0.0.9")
    assert isinstance(await house.people.sign_in("li", RIGHT, "10.0.0.9"), SignInRefused)
    assert isinstance(await house.people.sign_in("li", RIGHT, "10.0.0.10"), SignedIn)


async def test_signing_in_often_with_the_right_password_locks_nobody_out(house: House) -> None:
    for _ in range(12):
        assert isinstance(await house.people.sign_in("li", RIGHT, "10.0.0.9"), SignedIn)


async def test_a_right_password_does_not_wash_away_wrong_tries_at_other_names(house: House) -> None:
    for n in range(4):
        await house.people.sign_in(f"name {n}", "wrong", "10.0.0.9")
        assert isinstance(await house.people.sign_in("li", RIGHT, "10.0.0.9"), SignedIn)
    await house.people.sign_in("name 5", "wrong", "10.0.0.9")
    assert isinstance(await house.people.sign_in("li", RIGHT, "10.0.0.9"), SignInRefused)


async def test_many_tries_at_once_get_no_more_than_five_answers(house: House) -> None:
    answers = await asyncio.gather(*(house.people.sign_in("li", "wrong", f"a{n}") for n in range(12)))
    assert sum("wrong" in answer.why for answer in answers if isinstance(answer, SignInRefused)) == 5


async def test_no_more_than_two_hashes_are_reckoned_at_once(house: House) -> None:
    inside, most = 0, 0
    lock = threading.Lock()
    matches = house.people._matches

    def counting(password_hash: str, password: str) -> bool:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        answer = matches(password_hash, password)
        with lock:
            inside -= 1
        return answer

    house.people._matches = counting  # type: ignore[method-assign]
    await asyncio.gather(*(house.people.sign_in(f"n{n}", "wrong", f"a{n}") for n in range(10)))
    assert 1 <= most <= 2


async def test_a_flood_of_sign_ins_is_turned_away_before_it_costs_memory(house: House) -> None:
    answers = await asyncio.gather(*(house.people.sign_in(f"n{n}", "wrong", f"a{n}") for n in range(60)))
    assert any("too many sign-ins at once" in answer.why for answer in answers if isinstance(answer, SignInRefused))


@pytest.mark.parametrize(
    ("old", "new"), [("wrong", "long enough now"), (RIGHT, RIGHT), (RIGHT, "short"), (RIGHT, "x" * 300)]
)
async def test_a_password_is_not_changed_without_the_old_one_or_for_a_poor_one(
    house: House, old: str, new: str
) -> None:
    assert isinstance(await house.people.change_password("li", old, new), PasswordRefused)
    assert isinstance(await house.people.sign_in("li", RIGHT), SignedIn)


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [("li", "operator", RIGHT), ("wang", "king", RIGHT), ("wang", "operator", "short"), ("", "operator", RIGHT)],
)
async def test_a_person_is_not_added_twice_nor_without_a_role_a_name_and_a_password(
    house: House, name: str, role: str, password: str
) -> None:
    with pytest.raises(StoreError):
        await house.people.add(name, role, password, must_change=True)


@pytest.mark.parametrize(
    ("verb", "roles"),
    [
        ("open_gate", {"operator", "administrator"}),
        ("pick_stay", {"operator", "administrator"}),
        ("journal", {"operator", "technician", "manager", "administrator", "auditor"}),
        ("read_served", {"system"}),
        ("sell_the_car_park", set()),
    ],
)
def test_a_role_may_do_what_its_row_says_and_nothing_else(verb: str, roles: set[str]) -> None:
    asked = [role.value for role in Role] + ["", "root", "OPERATOR"]
    assert {role for role in asked if may(role, verb)} == roles


async def test_another_system_may_read_what_is_served_and_nothing_else(house: House) -> None:
    await house.people.add("mall", Role.SYSTEM.value, RIGHT, must_change=True)
    assert await house.people.let_in("mall", RIGHT, "10.0.0.7") == SignedIn("mall", "system", must_change=False)
    assert isinstance(await house.people.sign_in("mall", RIGHT), SignInRefused)
    assert isinstance(await house.people.change_password("mall", RIGHT, "another horse"), PasswordChanged)
    assert not await house.people.may_now("mall", "journal")


async def test_a_person_is_no_system(house: House) -> None:
    assert isinstance(await house.people.let_in("li", RIGHT, "10.0.0.7"), SignInRefused)
    assert (await _events(house.db))[-1] == ("li", "sign_in_refused")


async def test_a_system_whose_password_is_reset_is_let_in_with_the_new_one(house: House) -> None:
    await house.people.add("mall", Role.SYSTEM.value, RIGHT, must_change=False)
    await house.people.reset_password("mall", "another horse")
    assert isinstance(await house.people.let_in("mall", "another horse", "10.0.0.7"), SignedIn)
