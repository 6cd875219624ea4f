"""People and tokens at the plant: who changes whom, what is written down, and what a program may."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scada.clock import VirtualClock
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.people.room import PeopleDesk
from scada.model.rights import DANGEROUS, RIGHTS, Role, changes, may, scope_of
from scada.store import operators as operators_module
from scada.store.db import Database
from scada.store.journal import recent
from scada.store.operators import Operators, PasswordChanged, SignedIn, SignInRefused
from scada.store.people.tokens import digest
from tests.support.store import SITE, START, open_database

RIGHT = "correct horse"


@dataclass
class House:
    """Three people: an administrator, an operator and an auditor."""

    db: Database
    clock: VirtualClock
    people: Operators
    desk: PeopleDesk

    async def ask(self, verb: str, user: str = "zhang", **args: object) -> dict[str, object]:
        answer = await self.desk.verbs()[verb](Ask("control", verb, args, user, "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def rows(self, verb: str, user: str = "zhang", **args: object) -> list[dict[str, object]]:
        answer = await self.desk.verbs()[verb](Ask("control", verb, args, user, "", "", ""))
        assert isinstance(answer, list)
        return answer

    async def refuses(self, verb: str, user: str = "zhang", **args: object) -> str:
        with pytest.raises(BridgeRefusal) as refused:
            await self.ask(verb, user, **args)
        return f"{refused.value.code}: {refused.value.text}"

    async def token(self, owner: str = "li", rights: tuple[str, ...] = ("journal",), days: int = 30) -> str:
        made = await self.ask("make_token", owner, label="a script", rights=list(rights), days=days)
        return str(made["token"])


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)
    async with open_database(tmp_path) as db:
        clock = VirtualClock(START)
        people = Operators(db, SITE, clock)
        for name, role in (("zhang", "administrator"), ("li", "operator"), ("an", "auditor")):
            await people.add(name, role, RIGHT, must_change=False)
        yield House(db, clock, people, PeopleDesk(people, people.tokens))


async def last(house: House) -> tuple[str, str, dict[str, object]]:
    row = (await house.db.read(lambda connection: recent(connection, 1)))[0]
    return row.actor, row.what, dict(row.body)


async def test_a_new_person_gets_a_password_for_once(house: House) -> None:
    made = await house.ask("add_person", name="chen", role="technician", reason="new here")
    password = str(made["password"])
    assert await house.people.sign_in("chen", password) == SignedIn("chen", "technician", must_change=True)
    assert not await house.people.may_now("chen", "look")
    assert isinstance(await house.people.change_password("chen", password, "one of my own"), PasswordChanged)
    assert await house.people.may_now("chen", "look")


@pytest.mark.parametrize(("name", "role"), [("li", "operator"), ("chen", "king"), ("", "operator")])
async def test_who_cannot_be_added_is_not(house: House, name: str, role: str) -> None:
    with pytest.raises(BridgeRefusal):
        await house.ask("add_person", name=name, role=role, reason="why not")


async def test_another_role_counts_at_once_and_is_on_record_with_before_and_after(house: House) -> None:
    await house.ask("change_role", name="li", role="auditor", reason="moves on")
    assert not await house.people.may_now("li", "open_gate")
    body = {"name": "li", "before": {"role": "operator"}, "after": {"role": "auditor"}, "reason": "moves on"}
    assert await last(house) == ("zhang", "role_changed", body)


@pytest.mark.parametrize("verb", ["change_role", "lock_person", "reset_person"])
@pytest.mark.parametrize("name", ["zhang", "ZHANG"])
async def test_nobody_changes_his_own_account(house: House, verb: str, name: str) -> None:
    assert "his own" in await house.refuses(verb, name=name, role="auditor", locked=True, reason="I may")
    assert await house.people.role_of("zhang") == "administrator"


async def test_whoever_is_locked_is_nobody_until_let_in_again(house: House) -> None:
    secret = await house.token()
    await house.ask("lock_person", name="li", locked=True, reason="left")
    assert isinstance(await house.people.sign_in("li", RIGHT), SignInRefused)
    assert not await house.people.may_now("li", "look")
    assert isinstance(await house.people.vouch("li", RIGHT, "zhang"), SignInRefused)
    assert await house.people.tokens.bearer(digest(secret)) is None
    assert "there is one" in await house.refuses("add_person", name="li", role="operator", reason="again")
    await house.ask("lock_person", name="li", locked=False, reason="back")
    assert isinstance(await house.people.sign_in("li", RIGHT), SignedIn)


async def test_a_reset_password_must_be_changed(house: House) -> None:
    password = str((await house.ask("reset_person", name="li", reason="forgotten"))["password"])
    assert isinstance(await house.people.sign_in("li", RIGHT), SignInRefused)
    assert await house.people.sign_in("li", password) == SignedIn("li", "operator", must_change=True)


async def test_what_nobody_is_cannot_be_changed(house: House) -> None:
    for verb in ("change_role", "lock_person", "reset_person"):
        assert "refused" in await house.refuses(verb, name="who", role="auditor", locked=True, reason="?")


async def test_the_list_shows_all_but_what_lets_in(house: House) -> None:
    await house.people.sign_in("li", RIGHT, "10.0.0.9")
    rows = {str(row["name"]): row for row in await house.rows("people")}
    assert set(rows) == {"an", "li", "zhang"}
    assert rows["li"]["signed_in_at"] is not None
    assert rows["an"]["signed_in_at"] is None
    assert "argon2" not in str(rows)


async def test_the_log_of_a_person_has_sign_ins_and_changes_and_nobody_elses(house: House) -> None:
    await house.people.sign_in("li", RIGHT, "10.0.0.9")
    await house.people.sign_in("li", "wrong one", "10.0.0.9")
    await house.people.sign_in("an", RIGHT, "10.0.0.8")
    await house.ask("change_role", name="li", role="manager", reason="moves on")
    rows = await house.rows("person_log", name="li")
    assert [row["what"] for row in rows] == ["role_changed", "sign_in_refused", "signed_in", "operator_added"]


async def test_the_own_password_is_asked_for_again(house: House) -> None:
    assert await house.ask("confirm_password", "li", password=RIGHT) == {"confirmed": True}
    assert "wrong" in await house.refuses("confirm_password", "li", password="wrong one")


async def test_a_token_stands_for_its_owner_with_its_own_rights_only(house: House) -> None:
    secret = await house.token()
    found = await house.people.tokens.bearer(digest(secret))
    assert found is not None
    assert (found.name, found.role, found.rights) == ("li", "operator", frozenset({"journal"}))
    assert await house.people.tokens.may(found.token, "li", "journal")
    assert not await house.people.tokens.may(found.token, "li", "open_gate")
    assert not await house.people.tokens.may(found.token, "zhang", "journal")
    assert not await house.people.tokens.may("another", "li", "journal")


async def test_a_token_is_kept_as_a_hash_and_shown_once(house: House) -> None:
    secret = await house.token()
    assert len(secret) >= 43
    told = await house.rows("tokens", "li")
    assert secret not in str(told)
    assert digest(secret) not in str(told)
    assert secret not in str(await house.db.read(lambda connection: recent(connection, 10)))


async def test_a_token_ends_at_its_time(house: House) -> None:
    secret = await house.token(days=1)
    house.clock.advance(86_401)
    assert await house.people.tokens.bearer(digest(secret)) is None


async def test_a_token_loses_what_its_owner_loses(house: House) -> None:
    secret = await house.token(rights=("journal", "open_gate"))
    await house.ask("change_role", name="li", role="auditor", reason="moves on")
    found = await house.people.tokens.bearer(digest(secret))
    assert found is not None
    assert found.rights == {"journal"}
    assert not await house.people.tokens.may(found.token, "li", "open_gate")


async def test_a_token_can_be_revoked_by_its_owner_and_by_an_administrator_only(house: House) -> None:
    secret = await house.token()
    name = str((await house.rows("tokens", "li"))[0]["id"])
    await house.people.add("wu", "operator", RIGHT, must_change=False)
    assert "gone" in await house.refuses("revoke_token", "wu", token=name)
    await house.ask("revoke_token", "zhang", token=name)
    assert await house.people.tokens.bearer(digest(secret)) is None
    assert (await last(house))[:2] == ("zhang", "token_revoked")


async def test_only_an_administrator_makes_tokens_for_others(house: House) -> None:
    args = {"label": "a script", "rights": ["journal"], "days": 5, "owner": "an"}
    assert "forbidden" in await house.refuses("make_token", "li", **args)
    assert (await house.ask("make_token", "zhang", **args))["owner"] == "an"
    assert await house.rows("tokens", "li") == []
    assert len(await house.rows("tokens", "an")) == 1


@pytest.mark.parametrize("name", ["a/b", "..", " li", "li ", "Li", "ｌｉ"])
async def test_a_name_is_one_that_can_be_asked_for_and_is_nobody_elses(house: House, name: str) -> None:
    """An account that no address reaches could never be locked; one that looks like another's would hide in a log."""
    assert "refused" in await house.refuses("add_person", name=name, role="operator", reason="new here")
    assert isinstance(await house.people.from_outside("idp 7", name, "operator", "oidc", ""), SignInRefused)


async def test_nobody_acts_in_anothers_name_by_a_token(house: House) -> None:
    """Else an administrator would be both of the two people whom a thing asks for."""
    args = {"label": "a script", "days": 5, "owner": "li"}
    assert "forbidden" in await house.refuses("make_token", "zhang", rights=["journal", "open_gate"], **args)
    assert (await house.ask("make_token", "zhang", rights=["journal"], **args))["owner"] == "li"


@pytest.mark.parametrize("right", ["vouch", "sign_tariff", "sign_map", "sign_acceptance"])
async def test_a_person_stands_for_a_thing_himself_and_never_by_a_token(house: House, right: str) -> None:
    assert "cannot hold" in await house.refuses("make_token", "zhang", label="a script", rights=[right], days=5)


@pytest.mark.parametrize(
    ("rights", "days"),
    [(["add_person"], 5), (["change_password"], 5), (["move_safe"], 5), (["no_such"], 5), ([], 5), (["journal"], 367)],
)
async def test_no_token_holds_what_its_owner_has_not_or_what_is_dangerous(
    house: House, rights: list[str], days: int
) -> None:
    with pytest.raises(BridgeRefusal):
        await house.ask("make_token", "li", label="a script", rights=rights, days=days)


def test_what_is_dangerous_is_nothing_that_an_auditor_may() -> None:
    assert set(RIGHTS) >= DANGEROUS
    assert all(changes(right) for right in DANGEROUS)
    for role in Role:
        assert not scope_of(role.value) & DANGEROUS
        assert all(may(role.value, right) for right in scope_of(role.value))
