"""The staff of shops before the real database: its code, its limits, its own vouchers and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from billing.books import Books
from billing.doors.shop import WRONG_MOST, ShopDoor
from billing.doors.staff import Staff
from billing.driver.tokens import Tokens
from billing.settle import Merchant as Account
from billing.tariff import VoucherKind
from billing.vouchers import links, merchants
from billing.vouchers.desk import VoucherDesk
from billing.vouchers.terms import Agreement, Manner, Merchant
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.db import Database
from scada.store.journal import verify
from scada.store.schema import journal, merchant_link, voucher
from tests.support.billing import LaterClock
from tests.support.store import open_database

pytestmark = pytest.mark.usefixtures("any_database")

BOOKS = Books(SiteId("demo"), Account("1900000001", "wx1", ""))
TOKENS = Tokens(b"k" * 32, "shop")
MINE, SECOND, THIRD = "京A12345", "京B54321", "沪C00001"
MOST = {VoucherKind.MINUTES: 120, VoucherKind.FULL: 0}
TERMS = Agreement(Manner.POSTPAID, MOST, limit_fen=Fen(10_000), per_plate=1, per_day=3)


@dataclass
class Street:
    """Two shops with codes, and the door that their staff comes to."""

    db: Database
    clock: LaterClock
    door: ShopDoor
    codes: dict[str, str]

    async def ask(self, verb: str, **args: object) -> dict[str, Any]:
        answer = await self.door.verbs()[verb](Ask("public", verb, args, "", "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def refused(self, verb: str, **args: object) -> str:
        with pytest.raises(BridgeRefusal) as refusal:
            await self.ask(verb, **args)
        return refusal.value.code

    async def signed_in(self, shop: str = "Shop") -> str:
        session = (await self.ask("shop_sign_in", code=self.codes[shop], address="10.0.0.1"))["session"]
        return str(session)

    async def give(self, session: str, plate: str = MINE, once: str = "1", **more: object) -> str:
        whole = {"kind": "minutes", "value": 60, **more}
        return str((await self.ask("shop_give", session=session, plate=plate, once=once, **whole))["voucher"])

    async def rows(self, session: str) -> list[dict[str, Any]]:
        return list((await self.ask("shop_view", session=session))["vouchers"])

    async def of(self, shop: str) -> Merchant:
        found = await self.db.read(lambda conn: merchants.find(conn, BOOKS.site, shop))
        assert found is not None
        return found

    async def words(self) -> list[str]:
        return [row.what for row in await self.db.read(lambda conn: conn.execute(journal.select()).all())]


def taken_in(at: datetime, name: str, conn: Connection) -> str:
    """Take a merchant in, and give the code of its staff."""
    made = merchants.add(conn, BOOKS, at, name, TERMS, "li")
    assert isinstance(made, Merchant)
    return links.make(conn, BOOKS, at, made, "li")


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    clock, codes = LaterClock(), dict[str, str]()
    async with open_database(tmp_path) as db:
        for name in ("Shop", "Other"):
            codes[name] = await db.write(partial(taken_in, clock.now(), name))
        desk = VoucherDesk(db, BOOKS, clock, ZoneInfo("Asia/Shanghai"), lambda _stay: None)
        yield Street(db, clock, ShopDoor(desk, db, BOOKS, clock, Staff(db, BOOKS, clock, TOKENS)), codes)
        assert await db.read(verify) is None


async def test_a_shop_gives_a_voucher_sees_it_and_takes_it_back(street: Street) -> None:
    session = await street.signed_in()
    given = await street.give(session, "京a·12345")
    told = await street.ask("shop_view", session=session)
    assert (told["name"], told["left_fen"], told["today"]["given"]) == ("Shop", 10_000, 1)
    [row] = told["vouchers"]
    assert (row["id"], row["plate"], row["value"], row["state"], row["today"]) == (given, MINE, 60, "ISSUED", True)
    await street.ask("shop_withdraw", session=session, voucher=given)
    assert await street.refused("shop_withdraw", session=session, voucher=given) == "refused"
    assert [row["state"] for row in await street.rows(session)] == ["WITHDRAWN"]
    assert {"shop signed in", "voucher given", "voucher withdrawn"} <= set(await street.words())


async def test_a_plate_is_shown_whole_for_an_hour_only(street: Street) -> None:
    await street.give(await street.signed_in())
    street.clock.later_s = 3590.0
    session = await street.signed_in()
    assert [row["plate"] for row in await street.rows(session)] in ([MINE], [])
    street.clock.later_s = 3610.0
    shown = [row["plate"] for row in (await street.ask("shop_report", session=session))["vouchers"]]
    assert shown in (["京A•••45"], [])


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"value": 121}, "size"),
        ({"kind": "money", "value": 100}, "kind"),
        ({"plate": MINE}, "per_plate"),
        ({"plate": "hello"}, "bad_args"),
        ({"value": 0}, "bad_args"),
        ({"kind": "gold"}, "bad_args"),
        ({"once": "1"}, "twice"),
    ],
)
async def test_the_plant_gives_what_was_agreed_and_no_more(street: Street, more: dict[str, object], code: str) -> None:
    session = await street.signed_in()
    await street.give(session)
    asked = {"session": session, "plate": SECOND, "once": "2", "kind": "minutes", "value": 60, **more}
    assert await street.refused("shop_give", **asked) == code
    assert len(await street.rows(session)) == 1


async def test_two_counters_at_once_do_not_give_more_than_the_day_has(street: Street) -> None:
    one, two = await street.signed_in(), await street.signed_in()
    plates = [f"京A0000{number}" for number in range(6)]
    tries = [street.give(one if number % 2 else two, plate, plate) for number, plate in enumerate(plates)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    refused = [one.code for one in done if isinstance(one, BridgeRefusal)]
    assert (len(done) - len(refused), refused) == (3, ["per_day"] * 3)


async def test_the_same_form_twice_at_once_gives_one_voucher(street: Street) -> None:
    session = await street.signed_in()
    tries = (street.give(session, SECOND), street.give(session, SECOND))
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert [one.code for one in done if isinstance(one, BridgeRefusal)] == ["twice"]


async def test_an_account_that_is_used_up_and_an_agreement_that_has_ended_give_nothing(street: Street) -> None:
    session, shop, now = await street.signed_in(), await street.of("Shop"), street.clock.now()
    prepaid = replace(TERMS, manner=Manner.PREPAID)
    await street.db.write(lambda conn: merchants.change(conn, BOOKS, now, shop, prepaid, "li"))
    form = {"session": session, "plate": MINE, "kind": "full"}
    assert await street.refused("shop_give", **form, once="1") == "unpaid"
    await street.db.write(lambda conn: merchants.end(conn, BOOKS, now, shop, "li"))
    assert await street.refused("shop_give", **form, once="2") == "ended"
    assert (await street.ask("shop_view", session=session))["ended"] is True


async def test_a_shop_neither_sees_nor_takes_back_what_another_gave(street: Street) -> None:
    mine, other = await street.signed_in(), await street.signed_in("Other")
    given = await street.give(mine)
    assert await street.rows(other) == []
    assert await street.refused("shop_withdraw", session=other, voucher=given) == "refused"
    assert [row["state"] for row in await street.rows(mine)] == ["ISSUED"]


async def test_a_code_that_is_ended_or_replaced_ends_its_sessions_at_once(street: Street) -> None:
    session, shop = await street.signed_in(), await street.of("Shop")
    now = street.clock.now()
    new = await street.db.write(lambda conn: links.make(conn, BOOKS, now, shop, "li"))
    assert await street.refused("shop_give", session=session, plate=MINE, once="1", kind="full") == "signed_out"
    for verb in ("shop_view", "shop_report"):
        assert await street.refused(verb, session=session) == "signed_out"
    assert await street.refused("shop_sign_in", code=street.codes["Shop"], address="10.0.0.1") == "refused"
    street.codes["Shop"] = f" {new.lower()} "
    session = await street.signed_in()
    assert await street.db.write(lambda conn: links.revoke(conn, BOOKS, now, shop, "li"))
    assert not await street.db.write(lambda conn: links.revoke(conn, BOOKS, now, shop, "li"))
    assert await street.refused("shop_withdraw", session=session, voucher="V") == "signed_out"
    assert (await street.ask("shop_view", session=await street.signed_in("Other")))["name"] == "Other"
    assert await street.db.read(lambda conn: conn.execute(voucher.select()).all()) == []


async def test_no_forged_old_or_foreign_session_opens_the_door(street: Street) -> None:
    session = await street.signed_in()
    rows = await street.db.read(lambda conn: conn.execute(merchant_link.select()).all())
    now = street.clock.now()
    forged = [Tokens(b"x" * 32, "shop").make(row.id, now) for row in rows]
    forged += [Tokens(b"k" * 32, "fee").make(row.id, now) for row in rows]
    for one in ("", "x", session[:-1], session + "A", *forged, TOKENS.make("nobody", now), 7, None):
        assert await street.refused("shop_view", session=one) == "signed_out"
    street.clock.later_s += 12 * 3600 + 1
    assert await street.refused("shop_view", session=session) == "signed_out"


async def test_codes_are_not_guessed_and_nowhere_kept(street: Street) -> None:
    await street.signed_in()
    for _ in range(WRONG_MOST):
        assert await street.refused("shop_sign_in", code="ABCDE-FGHJK-MNPQR-STVWX", address="10.0.0.1") == "refused"
    assert await street.refused("shop_sign_in", code=street.codes["Shop"], address="10.0.0.1") == "slow"
    assert (await street.ask("shop_sign_in", code=street.codes["Shop"], address="10.0.0.2"))["session"]
    assert (await street.words()).count("shop code wrong") == WRONG_MOST
    kept = await street.db.read(lambda conn: [*conn.execute(merchant_link.select()), *conn.execute(journal.select())])
    plain = street.codes["Shop"].replace("-", "")
    assert not [row for row in kept if plain in str(row) or street.codes["Shop"] in str(row)]
