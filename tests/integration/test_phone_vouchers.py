"""Vouchers on a phone before the real database: its plates' own, a shop's code attached once, and no guessing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from billing.books import Books
from billing.doors.myvouchers import WRONG_MOST, PhoneVouchers
from billing.driver.bindings import Phones
from billing.driver.visitors import Seal
from billing.pay.web import Openid
from billing.settle import Merchant as Account
from billing.tariff import VoucherKind
from billing.vouchers import merchants
from billing.vouchers.book import Issued
from billing.vouchers.desk import VoucherDesk
from billing.vouchers.terms import Agreement, Manner, Wanted
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.model.plate import Plate
from scada.store.db import Database
from scada.store.schema import voucher
from tests.support.billing import LaterClock
from tests.support.store import open_database

pytestmark = pytest.mark.usefixtures("any_database")

BOOKS = Books(SiteId("demo"), Account("1900000001", "wx1", ""))
SEAL = Seal(b"k" * 32)
MINE, HERS = Plate("京A12345"), Plate("沪B77777")
TERMS = Agreement(Manner.POSTPAID, {VoucherKind.MINUTES: 120}, limit_fen=Fen(10_000), per_plate=2)


@dataclass
class Bench:
    """A bookshop, and a phone with one plate."""

    db: Database
    clock: LaterClock
    shop: VoucherDesk
    door: PhoneVouchers

    async def ask(self, verb: str, openid: str = "oMine", **args: object) -> dict[str, Any]:
        args = {"phone": SEAL.close(Openid(openid), self.clock.now()), **args}
        answer = await self.door.verbs()[verb](Ask("public", verb, args, "", "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def given(self, plate: Plate | None = None) -> Issued:
        wanted = Wanted(VoucherKind.MINUTES, 60, self.shop.ahead(600), plate)
        made = await self.shop.give("Shop", wanted, "li")
        assert isinstance(made, Issued)
        return made

    async def use(self, **at: float) -> None:
        """Use all vouchers up, as a settlement would."""
        used = self.clock.now() + timedelta(**at)
        changes = {"state": "USED", "used_at": used, "amount_fen": 500}
        await self.db.write(lambda conn: conn.execute(voucher.update().values(**changes)))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock = LaterClock()

    def begun(conn: Connection) -> None:
        merchants.add(conn, BOOKS, clock.now(), "Shop", TERMS, "ann")
        Phones(BOOKS.site, conn).bind(clock.now(), "oMine", MINE, at_boom=True)

    async with open_database(tmp_path) as db:
        await db.write(begun)
        shop = VoucherDesk(db, BOOKS, clock, ZoneInfo("Asia/Shanghai"), lambda _stay: None)
        yield Bench(db, clock, shop, PhoneVouchers(BOOKS.site, db, clock, SEAL, shop))


async def test_a_phone_sees_what_waits_for_its_own_plates_until_it_runs_out(bench: Bench) -> None:
    await bench.given(MINE)
    await bench.given(HERS)
    seen = await bench.ask("my_vouchers")
    assert seen["plates"] == [MINE]
    assert [(one["plate"], one["shop"], one["kind"], one["value"]) for one in seen["waiting"]] == [
        (MINE, "Shop", "minutes", 60)
    ]
    assert (await bench.ask("my_vouchers", "oHers"))["waiting"] == []
    bench.clock.later_s += 700 * 60
    assert (await bench.ask("my_vouchers"))["waiting"] == []


async def test_what_was_used_before_the_plate_was_bound_is_nobodys_business(bench: Bench) -> None:
    await bench.given(MINE)
    await bench.use(minutes=5)
    [used] = (await bench.ask("my_vouchers"))["used"]
    assert (used["amount_fen"], used["plate"]) == (500, MINE)
    await bench.use(days=-2)
    assert (await bench.ask("my_vouchers"))["used"] == []


async def test_a_code_is_attached_once_to_an_own_plate_however_it_is_typed(bench: Bench) -> None:
    code = (await bench.given()).code
    with pytest.raises(BridgeRefusal, match="not bound"):
        await bench.ask("voucher_claim", code=code, plate=HERS)
    await bench.ask("voucher_claim", code=f" {code[:5].lower()}-{code[5:]} ", plate=MINE)
    assert len((await bench.ask("my_vouchers"))["waiting"]) == 1
    with pytest.raises(BridgeRefusal, match="no such code"):
        await bench.ask("voucher_claim", code=code, plate=MINE)
    await bench.ask("voucher_claim", code=(await bench.given()).code, plate=MINE)
    with pytest.raises(BridgeRefusal, match="as many vouchers of this shop"):
        await bench.ask("voucher_claim", code=(await bench.given()).code, plate=MINE)


async def test_who_guesses_codes_is_slowed_down_and_a_right_one_is_no_guess(bench: Bench) -> None:
    await bench.ask("voucher_claim", code=(await bench.given()).code, plate=MINE)
    for _ in range(WRONG_MOST):
        with pytest.raises(BridgeRefusal, match="no such code"):
            await bench.ask("voucher_claim", code="ABCDEFGHJK", plate=MINE)
    right = (await bench.given()).code
    with pytest.raises(BridgeRefusal, match="Too many tries"):
        await bench.ask("voucher_claim", code=right, plate=MINE)
    with pytest.raises(BridgeRefusal, match="does not know"):
        await bench.ask("my_vouchers", phone="00" * 40)
