"""Month cards over the real database and a real WeChat simulator: sold, renewed, moved, earned, given back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.books import Books
from billing.cards import book, selling
from billing.cards.book import Card, NotSold, Paid
from billing.cards.earning import earn
from billing.cards.terms import Product, months_later
from scada.config import Config
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.sim.trial.ports import free_port
from scada.store.journal import verify
from scada.store.schema import card_period, demand, open_request, refund, settlement
from tests.support.billing import (
    HOUR_S,
    IN1,
    OUT1,
    Phone,
    Till,
    made_config,
    made_passage,
    made_read,
    notice_door,
    open_till,
    wechat_process,
)
from tests.support.ledger import agrees
from tests.support.store import open_database

MINE, HERS = Plate("京A12345"), Plate("京B22222")
SITE = SiteId("demo")
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONTH = Product("month", "月卡", Fen(30_000), 1, spaces=1, plates=2, grace_days=3)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@dataclass
class Office:
    """Where cards are sold."""

    till: Till
    phone: Phone
    books: Books

    @property
    def today(self) -> date:
        """The site's day."""
        return self.till.clock.now().astimezone(SHANGHAI).date()

    async def offer(self, *plates: Plate, product: Product = MONTH) -> Card | NotSold:
        """Write down who wants a card."""
        at, first = self.till.clock.now(), self.today
        return await self.till.db.write(
            lambda conn: selling.offer(conn, self.books, at, product, plates, "Wang", first, SHANGHAI, "li")
        )

    async def sold(self, *plates: Plate, product: Product = MONTH) -> Card:
        """Sell a card into the safe."""
        card = await self.offer(*plates, product=product)
        assert isinstance(card, Card), card
        return await self.paid(card)

    async def paid(self, card: Card) -> Card:
        """Take the price of a card into the safe; gives the card as it is then."""
        at, price = self.till.clock.now(), card.product.price_fen
        await self.till.db.write(lambda conn: book.pay(conn, self.books, at, card, price, Paid(Account.SAFE, "li")))
        return await self.found(card)

    async def found(self, card: Card) -> Card:
        """Give a card as it is now."""
        now = await self.till.db.read(lambda conn: book.find(conn, SITE, card.id))
        assert now is not None
        return now

    async def pays(self, code_url: str) -> None:
        """Pay by phone, and wait until that is known."""
        before = len(await self.till.rows(settlement))
        assert await asyncio.to_thread(self.phone.pay, code_url) == "ok"
        deadline = self.till.clock.seconds() + 10
        while len(await self.till.rows(settlement)) == before:
            assert self.till.clock.seconds() < deadline

    async def admitted(self, plate: Plate, number: int = 1) -> Reason | None:
        """Say as what a car may come in, and let it in."""
        passage = made_passage(self.till.clock.now(), IN1, plate, number)
        reason = (await self.till.cashier.admit(IN1, passage.id, made_read(plate))).reason
        if reason is not None:
            await self.till.cashier.begin_stay(IN1, passage, reason, "lane")
        return reason

    async def later(self, **by: float) -> None:
        """Let days go by."""
        self.till.clock.later_s += timedelta(**by).total_seconds()

    async def holds(self, account: Account) -> Fen:
        """What an account holds."""
        return await self.till.db.read(lambda conn: balance(conn, SITE, account))


@pytest.fixture
async def office(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Office]:
    config, phone = site
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as till:
        with notice_door(int(config.wechat.notify_url.split(":")[2].split("/")[0]), till.cashier):
            yield Office(till, phone, Books.of(config))
        await db.read(agrees)
        assert await db.read(verify) is None


async def test_a_card_paid_by_wechat_opens_at_once_and_no_gate_moves(any_database: str, office: Office) -> None:
    card = await office.offer(MINE)
    assert isinstance(card, Card)
    assert await office.admitted(MINE) is Reason.ADMITTED
    payable = await office.till.cashier.order_card(card.id, MONTH, "phone")
    assert payable.amount_fen == 30_000
    await office.pays(payable.code_url)
    assert (await office.found(card)).state == "ACTIVE"
    assert await office.till.rows(open_request) == []
    assert [row.state for row in await office.till.rows(demand)] == ["PAID"]
    assert await office.admitted(MINE, 2) is Reason.MONTH
    assert (await office.holds(Account.DEFERRED), await office.holds(Account.WECHAT)) == (-30_000, 30_000)


async def test_two_phones_that_pay_the_same_renewal_are_shown_one_order_and_pay_it_once(office: Office) -> None:
    card = await office.sold(MINE)
    first = await office.till.cashier.order_card(card.id, MONTH, "phone")
    second = await office.till.cashier.order_card(card.id, MONTH, "phone")
    assert second.code_url == first.code_url
    await office.pays(second.code_url)
    assert await asyncio.to_thread(office.phone.pay, first.code_url) != "ok"
    assert len(await office.till.rows(card_period)) == 2


async def test_two_cars_share_one_space_and_the_second_pays(office: Office) -> None:
    await office.sold(MINE, HERS)
    assert await office.admitted(MINE, 1) is Reason.MONTH
    assert await office.admitted(HERS, 2) is Reason.ADMITTED


async def test_a_renewal_in_time_goes_on_without_a_gap_and_opens_in_its_days_of_grace(office: Office) -> None:
    card = await office.sold(MINE)
    end = card.until
    assert end is not None
    await office.later(days=(end - office.today).days + 2)
    assert await office.admitted(MINE) is Reason.MONTH
    renewed = await office.paid(await office.found(card))
    assert [(row.first, row.until) for row in await office.till.rows(card_period)][1] == (end, renewed.until)


async def test_a_card_that_is_long_over_opens_nothing_and_begins_anew(office: Office) -> None:
    card = await office.sold(MINE)
    await office.later(days=60)
    assert await office.admitted(MINE) is Reason.ADMITTED
    await office.paid(await office.found(card))
    assert [row.first for row in await office.till.rows(card_period)][1] == office.today
    assert await office.admitted(MINE, 2) is Reason.MONTH


async def test_a_card_that_begins_later_than_it_was_wanted_or_anew_is_renewed_for_whole_months(office: Office) -> None:
    card = await office.offer(MINE)
    assert isinstance(card, Card)
    for days in (10, 0, 70, 0):
        await office.later(days=days)
        await office.paid(await office.found(card))
    first, second, anew, last = await office.till.rows(card_period)
    assert (second.first, second.until) == (first.until, months_later(first.first, 2, first.first.day))
    assert (last.first, last.until) == (anew.until, months_later(anew.first, 2, anew.first.day))


async def test_a_plate_is_changed_once_a_month(office: Office) -> None:
    card, db, at = await office.sold(MINE), office.till.db, office.till.clock.now()
    assert await db.write(lambda conn: book.change_plate(conn, office.books, at, card, MINE, HERS, "li")) is None
    assert await office.admitted(HERS) is Reason.MONTH
    assert await office.admitted(MINE, 2) is Reason.ADMITTED
    now = await office.found(card)
    assert now.plates == (HERS,)
    again = await db.write(lambda conn: book.change_plate(conn, office.books, at, now, HERS, MINE, "li"))
    assert isinstance(again, NotSold)


async def test_nobody_buys_a_second_card_for_a_plate_or_too_many_plates(office: Office) -> None:
    await office.sold(MINE)
    assert isinstance(await office.offer(MINE), NotSold)
    assert isinstance(await office.offer(HERS, Plate("京C33333"), Plate("京D44444")), NotSold)
    assert isinstance(await office.offer(HERS, HERS), NotSold)


async def test_what_a_card_has_earned_is_entered_month_by_month_and_once(office: Office) -> None:
    await office.sold(MINE)
    await office.later(days=70)
    at = office.till.clock.now()
    made = [await office.till.db.write(lambda conn: earn(conn, office.books, at, SHANGHAI)) for _ in range(2)]
    assert made[0] in (1, 2)
    assert made[1] == 0
    assert (await office.holds(Account.DEFERRED), await office.holds(Account.CARDS)) == (0, -30_000)


async def test_the_unused_days_of_a_card_go_back_as_they_were_paid(office: Office) -> None:
    card = await office.offer(MINE)
    assert isinstance(card, Card)
    payable = await office.till.cashier.order_card(card.id, MONTH, "phone")
    await office.pays(payable.code_url)
    await office.paid(await office.found(card))
    db, at, now = office.till.db, office.till.clock.now(), await office.found(card)
    back = await db.write(lambda conn: book.end(conn, office.books, at, now, Account.SAFE, "li", "he moves"))
    [first, second] = sorted(await office.till.rows(card_period), key=lambda row: row.first)
    assert first.earned_fen == 30_000 // (first.until - first.first).days
    assert (second.earned_fen, second.refunded_fen) == (0, 30_000)
    assert back == first.refunded_fen + 30_000
    [wanted] = await office.till.rows(refund)
    assert (wanted.amount_fen, wanted.out_trade_no, wanted.reason) == (first.refunded_fen, payable.order, "CARD")
    assert await office.holds(Account.SAFE) == 0
    assert await office.admitted(MINE, 5) is Reason.ADMITTED
    ended = await office.found(card)
    assert isinstance(
        await db.write(lambda conn: book.end(conn, office.books, at, ended, Account.SAFE, "li", "again")), NotSold
    )
    with pytest.raises(BillingError, match="has ended"):
        await office.till.cashier.order_card(card.id, MONTH, "phone")


async def test_who_must_renew_soon_stands_on_a_list(office: Office) -> None:
    card = await office.sold(MINE)
    await office.sold(HERS, product=replace(MONTH, months=12))
    assert card.until is not None
    soon = card.until - timedelta(days=5)
    told = await office.till.db.read(lambda conn: book.running_out(conn, SITE, soon, 7))
    assert [one.id for one in told] == [card.id]
    after = card.until + timedelta(days=4)
    assert await office.till.db.read(lambda conn: book.running_out(conn, SITE, after, 7)) == ()


async def test_a_stay_under_a_card_costs_nothing(office: Office) -> None:
    await office.sold(MINE)
    passage = made_passage(office.till.clock.now(), IN1, MINE, 1)
    parked = await office.till.cashier.begin_stay(IN1, passage, Reason.MONTH, "lane")
    office.till.clock.later_s += 5 * HOUR_S
    leaving = made_passage(office.till.clock.now(), OUT1, MINE, 9)
    quote = await office.till.cashier.quote(OUT1, leaving.id, parked)
    assert (quote.due_fen, quote.free_reason) == (0, Reason.MONTH)
