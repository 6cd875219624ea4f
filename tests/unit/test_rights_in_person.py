"""What only a person who is present may do: no token is made for it, and one that says so all the same does nothing.

The table below is written out once more on purpose: what is taken out of the rights' own lists fails here.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from scada.clock import VirtualClock
from scada.model.rights import DANGEROUS, OWN, RIGHTS, scope_of
from scada.store import operators as operators_module
from scada.store.db import StoreError
from scada.store.operators import Operators
from scada.store.people.tokens import digest
from scada.store.schema import api_token
from tests.support.store import SITE, START, open_database

IN_PERSON = {
    "change_password": "it is the person's own word",
    "confirm_password": "it proves who sits at the screen",
    "tokens": "a program does not look after programs",
    "make_token": "else one token would last for ever",
    "make_any_token": "else one token would last for ever",
    "revoke_token": "a program does not look after programs",
    "vouch": "a second person stands for it with his name",
    "sign_tariff": "a second person stands for it with his name",
    "sign_map": "a second person stands for it with his name",
    "sign_acceptance": "who was at the lane stands for it with his name",
    "desk_here": "a seat is a person: a car would be offered to nobody",
    "hand_over_desk": "a shift is a person's",
    "add_person": "who may what",
    "change_role": "who may what",
    "lock_person": "who may what",
    "reset_person": "who may what",
    "kick": "who may what",
    "refund": "money leaves",
    "refund_again": "money leaves",
    "move_safe": "money leaves",
    "write_off_arrears": "money is given up",
    "apply_map": "a lane gets another contact",
    "reload_tags": "a lane gets another contact",
    "rollback_tags": "a lane gets another contact",
}
"""Right -> why it asks for a person."""
ROLES = ("operator", "technician", "manager", "administrator", "auditor")
PASSWORD = "the boom goes up"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)


def test_the_rights_that_ask_for_a_person_are_these() -> None:
    assert set(IN_PERSON) == OWN | DANGEROUS
    assert set(RIGHTS) >= set(IN_PERSON)


@pytest.mark.parametrize("right", sorted(IN_PERSON))
async def test_no_role_gets_a_token_for_what_asks_for_a_person(tmp_path: Path, right: str) -> None:
    assert all(right not in scope_of(role) for role in ROLES)
    async with open_database(tmp_path) as db:
        people = Operators(db, SITE, VirtualClock(START))
        await people.add("zhang", "administrator", PASSWORD, must_change=False)
        with pytest.raises(StoreError, match=f"cannot hold: {right}"):
            await people.tokens.make("zhang", "a script", ["journal", right], 5, "zhang")


async def test_a_token_that_says_it_holds_all_may_do_nothing_that_asks_for_a_person(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        people = Operators(db, SITE, VirtualClock(START))
        await people.add("zhang", "administrator", PASSWORD, must_change=False)
        row = {"id": "t1", "site": SITE, "owner": "zhang", "label": "old", "made_by": "zhang", "made_at": START}
        row |= {"hash": digest("secret"), "rights": sorted(RIGHTS), "expires_at": START + timedelta(days=5)}
        await db.write(lambda conn: conn.execute(api_token.insert().values(**row)) and None)
        found = await people.tokens.bearer(digest("secret"))
        assert found is not None
        assert found.rights & set(IN_PERSON) == set()
        assert [right for right in IN_PERSON if await people.tokens.may("t1", "zhang", right)] == []
        assert await people.tokens.may("t1", "zhang", "journal")
