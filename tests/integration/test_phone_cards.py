"""Month cards on a phone against the real simulator: bought, renewed, paid once, moved to another plate."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from billing.accounts.chart import Account
from billing.books import Books
from billing.cards import book, selling
from billing.cards.book import Card, Paid
from billing.cards.desk import CardDesk
from billing.cards.terms import Product
from billing.doors.mycards import CHANGES_MOST, PAYS_MOST, VIEWS_MOST, CardParts, PhoneCards
from billing.driver.bindings import Binding, Phones
from billing.driver.means import Means
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.orders.keeper import Payable
from billing.pay.web import Openid
from scada.config import Config
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.plate import Plate
from scada.sim.trial.ports import free_port
from scada.store.journal import verify
from scada.store.schema import card_period, month_card, pay_order, plate_binding, refund
from tests.support.billing import IN1, Phone, Till, made_config, made_passage, made_read, notice_door, wechat_process
from tests.support.billing import open_till as opened
from tests.support.ledger import agrees
from tests.support.store import open_database

KEY = b"k" * 32
MINE, HERS, FREE = Plate("京A12345"), Plate("京B22222"), Plate("京C33333")
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONTH = Product("month", "月卡", Fen(30_000), 1, grace_days=3)
FAMILY = Product("family", "家庭卡", Fen(45_000), 1, plates=3, spaces=1, grace_days=3)
LAST = Product("night", "夜间月卡", Fen(10_000), 1, most=1, grace_days=3)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@dataclass
class Bench:
    """A till with the desk of cards on phones."""

    till: Till
    bank: Phone
    desk: PhoneCards
    books: Books

    async def ask(self, verb: str, openid: str = "oMine", **args: object) -> dict[str, Any]:
        args = {"phone": Seal(KEY).close(Openid(openid), self.till.clock.now()), **args}
        answer = await self.desk.verbs()[verb](Ask("public", verb, args, "", "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def binds(self, openid: str, *plates: Plate) -> None:
        """Bind plates to a phone that stood at a boom with them."""
        at = self.till.clock.now()

        def work(conn: Connection) -> None:
            for plate in plates:
                assert isinstance(Phones(self.books.site, conn).bind(at, openid, plate, at_boom=True), Binding)

        await self.till.db.write(work)

    async def wants(self, openid: str = "oMine", *plates: Plate, product: str = "month") -> str:
        """Want a card; gives the token of its page."""
        return str((await self.ask("card_buy", openid, product=product, plates=list(plates or (MINE,))))["token"])

    async def pays(self, token: str, openid: str = "oMine") -> None:
        """Pay inside WeChat, and wait until the page says so."""
        sheet = (await self.ask("card_pay", openid, token=token, way="JSAPI"))["sheet"]
        said = await asyncio.to_thread(self.bank.post, "/phone/sheet", **sheet, openid=openid, choice="pay")
        assert said == {"result": "ok"}
        await self.stands(token, "paid")

    async def stands(self, token: str, state: str) -> None:
        """Wait until the page of a card says this."""
        for _ in range(100):
            if (await self.ask("card_view", token=token))["state"] == state:
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"the page does not say {state}")

    async def refunds(self) -> list[Any]:
        """Wait until something goes back."""
        for _ in range(100):
            if found := await self.till.rows(refund):
                return found
            await asyncio.sleep(0.2)
        raise AssertionError("nothing goes back")

    async def bought(self, openid: str = "oMine", *plates: Plate, product: str = "month") -> str:
        """Buy a card; gives its id."""
        await self.pays(await self.wants(openid, *plates, product=product), openid)
        return str((await self.ask("my_cards", openid))["cards"][0]["card"])

    async def sold(self, *plates: Plate) -> None:
        """Sell a card in the control room, into the safe."""
        at, first = self.till.clock.now(), self.till.clock.now().astimezone(SHANGHAI).date()

        def work(conn: Connection) -> None:
            card = selling.offer(conn, self.books, at, MONTH, plates, "Wang", first, SHANGHAI, "li")
            assert isinstance(card, Card)
            book.pay(conn, self.books, at, card, MONTH.price_fen, Paid(Account.SAFE, "li"))

        await self.till.db.write(work)


@pytest.fixture
async def bench(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Bench]:
    config, bank = site
    async with open_database(tmp_path) as db, opened(config, db, ask_after_s=(60.0,)) as till:
        books = Books.of(config)
        parts = CardParts(
            db=db,
            books=books,
            clock=till.clock,
            zone=SHANGHAI,
            products={one.name: one for one in (MONTH, LAST, FAMILY)},
            orders=till.cashier,
            means=Means(Seal(KEY), is_known=True, may_h5=True),
            tokens=Tokens(KEY, "card"),
        )
        with notice_door(int(config.wechat.notify_url.split(":")[2].split("/")[0]), till.cashier):
            yield Bench(till, bank, PhoneCards(parts), books)
        await db.read(agrees)
        assert await db.read(verify) is None


async def test_a_phone_buys_a_card_for_its_own_plate_and_renews_it_without_a_gap(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    seen = await bench.ask("my_cards")
    assert (seen["cards"], seen["plates"]) == ([], [{"plate": MINE, "has_card": False}])
    assert [(one["title"], one["left"]) for one in seen["products"]] == [
        ("月卡", None),
        ("夜间月卡", 1),
        ("家庭卡", None),
    ]
    token = await bench.wants()
    due = await bench.ask("card_view", token=token)
    assert (due["state"], due["due_fen"], due["plates"]) == ("due", 30_000, [MINE])
    await bench.pays(token)
    [card] = (await bench.ask("my_cards"))["cards"]
    assert (card["last"], card["plates"]) == (due["last"], [{"plate": MINE, "mine": True}])
    passage = made_passage(bench.till.clock.now(), IN1, MINE, 1)
    assert (await bench.till.cashier.admit(IN1, passage.id, made_read(MINE))).reason is Reason.MONTH

    again = (await bench.ask("card_renew", card=card["card"]))["token"]
    assert (await bench.ask("card_view", token=again))["state"] == "due"
    assert (await bench.ask("card_view", token=token))["state"] == "paid"
    await bench.pays(again)
    first, second = sorted(await bench.till.rows(card_period), key=lambda row: row.first)
    assert (second.first, second.price_fen) == (first.until, 30_000)
    for old in (token, again):
        assert await bench.ask("card_pay", token=old, way="QR") == {"way": ""}


async def test_a_late_renewal_goes_on_within_the_days_of_grace_and_begins_anew_after_them(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    card = await bench.bought()
    [first] = await bench.till.rows(card_period)
    days = (first.until - first.first).days
    bench.till.clock.later_s += timedelta(days=days + 2).total_seconds()
    late = await bench.ask("card_view", token=(await bench.ask("card_renew", card=card))["token"])
    assert late["first"] == first.until.isoformat()
    bench.till.clock.later_s += timedelta(days=5).total_seconds()
    anew = await bench.ask("card_view", token=(await bench.ask("card_renew", card=card))["token"])
    assert anew["first"] == (first.until + timedelta(days=7)).isoformat()


async def test_two_phones_of_one_plate_buy_one_card_and_the_second_takes_the_order_over(bench: Bench) -> None:
    for openid in ("oMine", "oHers"):
        await bench.binds(openid, MINE)
    token, other = await bench.wants("oMine"), await bench.wants("oHers")
    code = (await bench.ask("card_pay", token=token, way="QR"))["code_url"]
    assert (await bench.ask("card_pay", token=token, way="QR"))["code_url"] == code
    await bench.pays(other, "oHers")
    assert await asyncio.to_thread(bench.bank.pay, code) != "ok"
    assert (await bench.ask("card_view", token=token))["state"] == "paid"
    assert len(await bench.till.rows(month_card)) == len(await bench.till.rows(card_period)) == 1
    assert sorted((row.way, row.state) for row in await bench.till.rows(pay_order)) == [
        ("JSAPI", "PAID"), ("QR", "CLOSED"),
    ]  # fmt: skip


async def test_a_payment_that_comes_after_the_plate_has_got_another_card_goes_back_whole(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    token = await bench.wants()
    code = (await bench.ask("card_pay", token=token, way="QR"))["code_url"]
    await bench.sold(MINE)
    over = await bench.ask("card_view", token=token)
    assert (over["state"], over["due_fen"], "has a month card already" in over["why"]) == ("over", 0, True)
    assert await asyncio.to_thread(bench.bank.pay, code) == "ok"
    back = await bench.refunds()
    assert [(row.amount_fen, row.reason) for row in back] == [(30_000, "SURPLUS")]
    assert len(await bench.till.rows(card_period)) == 1
    with pytest.raises(BridgeRefusal, match="cannot be made now"):
        await bench.ask("card_pay", token=token, way="QR")


async def test_a_phones_payment_for_days_that_were_paid_in_the_control_room_meanwhile_goes_back_whole(
    bench: Bench,
) -> None:
    await bench.binds("oMine", MINE)
    token = await bench.wants()
    code = (await bench.ask("card_pay", token=token, way="QR"))["code_url"]
    [card] = await bench.till.rows(month_card)
    room = CardDesk(bench.till.db, bench.books, bench.till.clock, SHANGHAI, {"month": MONTH}, bench.till.cashier)
    assert isinstance(await room.take(card.id, Account.SAFE, "li"), Card)
    assert (await bench.ask("card_view", token=token))["state"] == "paid"
    if await asyncio.to_thread(bench.bank.pay, code) == "ok":
        assert [row.amount_fen for row in await bench.refunds()] == [30_000]
    assert len(await bench.till.rows(card_period)) == 1


async def test_whose_days_are_paid_while_it_asks_to_pay_them_is_given_no_order_for_the_next_ones(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    token = await bench.wants()
    [card] = await bench.till.rows(month_card)
    room = CardDesk(bench.till.db, bench.books, bench.till.clock, SHANGHAI, {"month": MONTH}, bench.till.cashier)

    class PaidJustNow:
        async def order_card(self, *asked: Any, **more: Any) -> Payable:  # noqa: ANN401 - passed on as it came
            await room.take(card.id, Account.SAFE, "li")
            return await bench.till.cashier.order_card(*asked, **more)

    bench.desk._parts = replace(bench.desk._parts, orders=PaidJustNow())
    with pytest.raises(BridgeRefusal, match="cannot be made now"):
        await bench.ask("card_pay", token=token, way="QR")
    assert await bench.till.rows(pay_order) == []


async def test_the_last_place_is_sold_once_and_is_free_again_when_nobody_can_pay_for_it_any_more(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    await bench.binds("oHers", HERS)
    first, second = (
        await bench.wants("oMine", MINE, product="night"),
        await bench.wants("oHers", HERS, product="night"),
    )
    await bench.ask("card_pay", token=first, way="QR")
    assert (await bench.ask("card_view", token=second))["why"] == "All of these month cards are sold."
    assert (await bench.ask("my_cards", "oHers"))["products"][1]["left"] == 0
    with pytest.raises(BridgeRefusal, match="are sold"):
        await bench.wants("oHers", HERS, product="night")
    await bench.binds("oLate", FREE)
    with pytest.raises(BridgeRefusal, match="are sold"):
        await bench.wants("oLate", FREE, product="night")
    assert (await bench.ask("card_view", token=first))["state"] == "due"
    [order] = await bench.till.rows(pay_order)
    await bench.till.cashier.close_order(order.out_trade_no, "he went away")
    bench.till.clock.later_s += 1900.0
    assert (await bench.ask("my_cards", "oHers"))["products"][1]["left"] == 1
    await bench.till.db.write(lambda conn: conn.execute(month_card.update().values(state="ENDED")))


async def test_a_card_moves_to_another_own_plate_and_no_stranger_moves_it(bench: Bench) -> None:
    await bench.binds("oMine", MINE, HERS)
    card = await bench.bought("oMine", MINE)
    await bench.binds("oThief", MINE, FREE)
    await bench.binds("oHers", HERS)
    await bench.till.db.write(
        lambda conn: conn.execute(plate_binding.update().where(plate_binding.c.openid == "oThief").values(proof="PAID"))
    )
    for openid, new, why in (
        ("oMine", FREE, "must be bound"),
        ("oThief", FREE, "Scan the code at the gate"),
        ("oNobody", HERS, "must be bound"),
        ("oHers", HERS, "must be bound"),
    ):
        with pytest.raises(BridgeRefusal, match=why):
            await bench.ask("card_change", openid, card=card, old=MINE, new=new)
    await bench.ask("card_change", card=card, old=MINE, new=HERS)
    with pytest.raises(BridgeRefusal, match="again this month"):
        await bench.ask("card_change", card=card, old=HERS, new=MINE)
    for plate, reason in ((HERS, Reason.MONTH), (MINE, Reason.ADMITTED)):
        passage = made_passage(bench.till.clock.now(), IN1, plate, 1)
        assert (await bench.till.cashier.admit(IN1, passage.id, made_read(plate))).reason is reason
    assert len(await bench.till.journal_of("card changes plate")) == 1


async def test_a_plate_is_not_changed_while_its_car_is_inside_under_the_card(bench: Bench) -> None:
    await bench.binds("oMine", MINE, HERS)
    card = await bench.bought("oMine", MINE)
    passage = made_passage(bench.till.clock.now(), IN1, MINE, 1)
    await bench.till.cashier.begin_stay(IN1, passage, Reason.MONTH, "lane")
    with pytest.raises(BridgeRefusal, match="when it has left"):
        await bench.ask("card_change", card=card, old=MINE, new=HERS)
    terms = {**(await bench.till.rows(month_card))[0].terms, "change_inside": True}
    await bench.till.db.write(lambda conn: conn.execute(month_card.update().values(terms=terms)))
    await bench.ask("card_change", card=card, old=MINE, new=HERS)


async def test_nobody_buys_for_a_strangers_plate_or_sees_and_renews_a_strangers_card(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    card = await bench.bought()
    await bench.binds("oHers", HERS)
    for plates in ([MINE], [HERS, MINE], []):
        with pytest.raises(BridgeRefusal, match="among your own plates"):
            await bench.ask("card_buy", "oHers", product="month", plates=plates)
    with pytest.raises(BridgeRefusal, match="none of your plates"):
        await bench.ask("card_renew", "oHers", card=card)
    assert (await bench.ask("my_cards", "oHers"))["cards"] == []
    with pytest.raises(BridgeRefusal, match="does not know"):
        await bench.ask("my_cards", phone="00" * 40)
    with pytest.raises(BridgeRefusal, match="renew that one"):
        await bench.wants("oMine", MINE)
    with pytest.raises(BridgeRefusal, match="not sold any more"):
        await bench.wants("oMine", MINE, product="gold")
    for token in ("x", card, Tokens(KEY, "fee").make(f"{card}@", bench.till.clock.now())):
        with pytest.raises(BridgeRefusal, match="no longer valid"):
            await bench.ask("card_view", token=token)


async def test_each_verb_has_its_limit(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    token = await bench.wants()
    for _ in range(PAYS_MOST):
        with pytest.raises(BridgeRefusal, match="cannot pay this way"):
            await bench.ask("card_pay", token=token, way="APP")
    for _ in range(CHANGES_MOST - 1):
        with pytest.raises(BridgeRefusal, match="none of your plates"):
            await bench.ask("card_renew", card="none")
    for _ in range(VIEWS_MOST):
        await bench.ask("card_view", token=token)
    for verb, args in (
        ("card_pay", {"token": token, "way": "QR"}),
        ("card_view", {"token": token}),
        ("card_renew", {"card": "none"}),
        ("card_buy", {"product": "month", "plates": [MINE]}),
        ("card_change", {"card": "none", "old": MINE, "new": HERS}),
    ):
        with pytest.raises(BridgeRefusal, match="Too many tries"):
            await bench.ask(verb, **args)


async def test_a_price_that_changed_meanwhile_is_not_the_one_that_is_taken(bench: Bench) -> None:
    await bench.binds("oMine", MINE)
    token = await bench.wants()
    code = (await bench.ask("card_pay", token=token, way="QR"))["code_url"]
    [card] = await bench.till.rows(month_card)
    dearer = replace(MONTH, price_fen=Fen(35_000))
    await bench.till.db.write(lambda conn: book.reprice(conn, card.id, dearer))
    assert await asyncio.to_thread(bench.bank.pay, code) == "ok"
    assert [row.amount_fen for row in await bench.refunds()] == [30_000]
    assert await bench.till.rows(card_period) == []


async def admitted(bench: Bench, plate: Plate) -> Reason | None:
    passage = made_passage(bench.till.clock.now(), IN1, plate, 1)
    answer = await bench.till.cashier.admit(IN1, passage.id, made_read(plate))
    return getattr(answer, "reason", None)


async def plates_of(bench: Bench) -> list[str]:
    return [str(one["plate"]) for one in (await bench.ask("my_cards"))["cards"][0]["plates"]]


async def test_a_family_card_gets_and_loses_plates_by_phone_as_often_as_its_product_says(bench: Bench) -> None:
    await bench.binds("oMine", MINE, HERS, FREE)
    card = await bench.bought("oMine", MINE, product="family")
    assert await admitted(bench, HERS) is Reason.ADMITTED
    for plate in (HERS, FREE):
        await bench.ask("card_change", card=card, new=plate)
        assert await admitted(bench, plate) is Reason.MONTH
    assert await plates_of(bench) == [MINE, HERS, FREE]
    assert (await bench.ask("my_cards"))["cards"][0]["may_add"] is False
    await bench.binds("oMine", Plate("京D44444"))
    with pytest.raises(BridgeRefusal, match="as many plates"):
        await bench.ask("card_change", card=card, new="京D44444")
    await bench.ask("card_change", card=card, old=HERS)
    assert await admitted(bench, HERS) is Reason.ADMITTED
    await bench.ask("card_change", card=card, new="京D44444")
    for change in ({"old": FREE}, {"old": FREE, "new": HERS}):
        with pytest.raises(BridgeRefusal, match="again this month"):
            await bench.ask("card_change", card=card, **change)
    assert await plates_of(bench) == [MINE, FREE, "京D44444"]
    told = [len(await bench.till.journal_of(f"card {what} a plate")) for what in ("gets", "loses")]
    assert told == [3, 1]


async def test_no_stranger_rides_on_a_family_card_and_a_car_inside_under_it_stays_on_it(bench: Bench) -> None:
    await bench.binds("oMine", MINE, HERS)
    card = await bench.bought("oMine", MINE, HERS, product="family")
    await bench.binds("oThief", MINE, FREE)
    await bench.till.db.write(
        lambda conn: conn.execute(plate_binding.update().where(plate_binding.c.openid == "oThief").values(proof="PAID"))
    )
    await bench.binds("oOther", Plate("京D44444"))
    for openid, change, why in (
        ("oThief", {"new": FREE}, "Scan the code at the gate"),
        ("oThief", {"old": MINE}, "Scan the code at the gate"),
        ("oOther", {"new": "京D44444"}, "must be bound"),
        ("oOther", {"old": HERS}, "must be bound"),
        ("oMine", {"new": FREE}, "must be bound"),
        ("oMine", {}, "must be bound"),
    ):
        with pytest.raises(BridgeRefusal, match=why):
            await bench.ask("card_change", openid, card=card, **change)
    passage = made_passage(bench.till.clock.now(), IN1, HERS, 1)
    await bench.till.cashier.begin_stay(IN1, passage, Reason.MONTH, "lane")
    with pytest.raises(BridgeRefusal, match="when it has left"):
        await bench.ask("card_change", card=card, old=HERS)
    await bench.ask("card_change", card=card, old=MINE)
    with pytest.raises(BridgeRefusal, match="one plate at least"):
        await bench.ask("card_change", card=card, old=HERS)


async def test_a_phone_that_wants_a_card_for_other_plates_gives_up_the_place_it_held(bench: Bench) -> None:
    await bench.binds("oMine", MINE, HERS)
    await bench.binds("oLate", FREE)
    first = await bench.wants("oMine", MINE, product="night")
    code = (await bench.ask("card_pay", token=first, way="QR"))["code_url"]
    with pytest.raises(BridgeRefusal, match="are sold"):
        await bench.wants("oLate", FREE, product="night")
    second = await bench.wants("oMine", HERS, product="night")
    assert (await bench.ask("card_view", token=first))["why"] == "This card has ended."
    with pytest.raises(BridgeRefusal, match="cannot be made now"):
        await bench.ask("card_pay", token=first, way="QR")
    late = await bench.wants("oLate", FREE, product="night")
    await bench.pays(late, "oLate")
    assert (await bench.ask("card_view", token=second))["why"] == "All of these month cards are sold."
    if await asyncio.to_thread(bench.bank.pay, code) == "ok":
        assert [row.amount_fen for row in await bench.refunds()] == [10_000]
    assert len(await bench.till.rows(card_period)) == 1


async def test_a_purchase_that_another_phone_wants_too_or_that_gets_no_successor_is_kept(bench: Bench) -> None:
    for openid in ("oMine", "oHers"):
        await bench.binds(openid, MINE, HERS)
    shared = await bench.wants("oMine", MINE)
    assert shared == await bench.wants("oHers", MINE)
    await bench.wants("oMine", HERS)
    assert (await bench.ask("card_view", token=shared))["state"] == "due"
    await bench.binds("oMine", FREE)
    await bench.sold(FREE)
    mine = await bench.wants("oMine", HERS)
    with pytest.raises(BridgeRefusal, match="has a month card"):
        await bench.wants("oMine", FREE)
    assert (await bench.ask("card_view", token=mine))["state"] == "due"
