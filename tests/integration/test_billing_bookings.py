"""Visitors over the real database: let in, paid for by their hosts, counted once, shown to nobody else."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.bookings.desk import BookingDesk
from billing.bookings.terms import AS_SHIPPED
from billing.books import Books
from billing.doors.bookings import BookingDoor
from billing.doors.host import HostDoor
from billing.doors.shop import ShopDoor
from billing.doors.staff import Staff
from billing.driver.bindings import Binding, Proof
from billing.driver.tokens import Tokens
from billing.tariff import VoucherKind, in_words
from billing.vouchers import links, merchants, mine
from billing.vouchers.desk import VoucherDesk
from billing.vouchers.terms import Agreement, Hosting, Manner, Merchant
from scada.config import Config
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.lane.words import Ending, Quote, Reason
from scada.model.money import Fen
from scada.model.names import SiteId, StayId
from scada.model.plate import Plate, ReadBy
from scada.sim.trial.ports import free_port
from scada.store.journal import verify
from scada.store.schema import stay, voucher
from tests.support.billing import HOUR_S, IN1, OUT1, made_config, made_passage, open_till, wechat_process
from tests.support.ledger import agrees
from tests.support.lots import ROOF_IN, Lots, with_roof
from tests.support.store import open_database

SITE = SiteId("demo")
ZONE = ZoneInfo("Asia/Shanghai")
MINE, HERS, HIS, NEW = "京A10001", "京A10002", "京A10003", "京A10004"
TERMS = Agreement(Manner.POSTPAID, {}, limit_fen=Fen(100_000), hosting=Hosting())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    made = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(made):
        yield with_roof(made)


@dataclass
class House:
    """Two hosts with their people at the door, a small car park, and its till."""

    lots: Lots
    books: Books
    host: HostDoor
    shop: ShopDoor
    room: BookingDoor
    codes: dict[str, str]
    sessions: dict[str, str]
    changed: list[StayId]

    async def sign_in(self) -> None:
        """Let both hosts' people sign in by their codes, as they do once in twelve hours."""
        for name, code in self.codes.items():
            ask = Ask("public", "shop_sign_in", {"code": code, "address": "10.0.0.1"}, "", "", "", "")
            answer = await self.shop.verbs()["shop_sign_in"](ask)
            assert isinstance(answer, dict)
            self.sessions[name] = answer["session"]

    async def ask(self, verb: str, of: str = "ACME", **args: object) -> dict[str, Any]:
        """Ask as one of a host's people."""
        verbs = {**self.host.verbs(), **self.shop.verbs()}
        answer = await verbs[verb](Ask("public", verb, {"session": self.sessions[of], **args}, "", "", "", ""))
        assert isinstance(answer, dict)
        return answer

    async def refused(self, verb: str, of: str = "ACME", **args: object) -> str:
        with pytest.raises(BridgeRefusal) as refusal:
            await self.ask(verb, of, **args)
        return refusal.value.code

    def form(self, plate: str = MINE, pays: str = "full", since: float = 0, until: float = 8, **more: object) -> Any:  # noqa: ANN401 - a form
        """Fill the form in: from and to so many hours from now."""
        now = self.lots.till.clock.now().astimezone(ZONE)
        times = [f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M}" for hours in (since, until)]
        return {"plate": plate, "pays": pays, "since": times[0], "until": times[1], **more}

    async def book(self, plate: str = MINE, pays: str = "full", of: str = "ACME", **more: Any) -> str:  # noqa: ANN401 - a form
        filled = self.form(plate, pays, **more)
        return str((await self.ask("host_book", of, once=str(len(self.changed)) + str(filled), **filled))["booking"])

    async def row(self, of: str = "ACME") -> dict[str, Any]:
        """Give the newest booking as its host sees it."""
        return dict((await self.ask("host_view", of))["bookings"][0])

    async def state(self, of: str = "ACME") -> tuple[str, int, int]:
        row = await self.row(of)
        return row["state"], row["came"], row["part_fen"]

    async def owes(self, host: str = "ACME") -> int:
        def work(conn: Connection) -> int:
            found = merchants.find(conn, SITE, host)
            assert found is not None
            return balance(conn, SITE, Account.MERCHANT, found.id)

        return await self.lots.till.db.read(work)

    def stay_in_one_day(self, hours: float) -> None:
        """Let the clock go on to the next day if so many hours would end in it."""
        now = self.lots.till.clock.now().astimezone(ZONE)
        if (now + timedelta(hours=hours)).date() != now.date():
            self.lots.till.clock.later_s += hours * HOUR_S

    async def quote(self, parked: StayId, plate: str = MINE, hours: float = 0) -> Quote:
        self.lots.till.clock.later_s += hours * HOUR_S
        return await self.lots.quote(parked, plate)

    async def leave(self, parked: StayId, plate: str = MINE, reason: Reason = Reason.PREPAID) -> None:
        passage = self.lots.passage(OUT1, plate)
        await self.lots.till.cashier.end_stay(OUT1, parked, passage, reason, "wang", Ending.EXIT)


@pytest.fixture
async def house(config: Config, tmp_path: Path) -> AsyncIterator[House]:
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as till:
        books, changed, clock = Books.of(config), list[StayId](), till.clock
        staff = Staff(db, books, clock, Tokens(b"k" * 32, "shop"))
        desk = BookingDesk(db, books, clock, ZONE, AS_SHIPPED, changed.append)
        shop = ShopDoor(VoucherDesk(db, books, clock, ZONE, changed.append), db, books, clock, staff)

        def taken_in(conn: Connection) -> dict[str, str]:
            codes = {}
            for name in ("ACME", "Office"):
                made = merchants.add(conn, books, clock.now(), name, TERMS, "li")
                assert isinstance(made, Merchant)
                codes[name] = links.make(conn, books, clock.now(), made, "li")
            return codes

        codes = await db.write(taken_in)
        made = House(Lots(till), books, HostDoor(desk, staff), shop, BookingDoor(desk), codes, {}, changed)
        await made.sign_in()
        yield made
        await db.read(agrees)
        assert await db.read(verify) is None


async def agree(house: House, terms: Agreement, host: str = "ACME") -> None:
    def work(conn: Connection) -> None:
        found = merchants.find(conn, SITE, host)
        assert found is not None
        merchants.change(conn, house.books, house.lots.till.clock.now(), found, terms, "li")

    await house.lots.till.db.write(work)


async def test_a_visitor_comes_leaves_without_paying_and_his_host_owes_the_fee(any_database: str, house: House) -> None:
    await house.book(note="Mr Li")
    assert await house.state() == ("expected", 0, 0)
    assert (await house.lots.ask(MINE)).reason is Reason.BOOKED
    parked = await house.lots.come(MINE)
    quote = await house.quote(parked, hours=2.5)
    assert (quote.total_fen, quote.credit_fen, quote.due_fen, quote.free_reason) == (1500, 1500, 0, Reason.PREPAID)
    assert await house.state() == ("came", 1, 0)
    await house.leave(parked)
    assert (await house.owes(), await house.owes("Office")) == (1500, 0)
    assert await house.state() == ("came", 1, 1500)
    assert (await house.ask("host_view"))["month_fen"] == 1500


async def test_a_visitor_finds_the_space_that_is_kept_from_the_public_and_pays_himself(house: House) -> None:
    await house.lots.come(HERS)
    await house.lots.come(HIS)
    assert (await house.lots.ask(MINE)).reason is None
    await house.book(MINE, "none")
    parked = await house.lots.come(MINE)
    assert (await house.quote(parked, hours=1.5)).due_fen == 1000
    assert await house.state() == ("came", 1, 0)
    assert await house.lots.till.rows(voucher) == []


@pytest.mark.parametrize(
    ("pays", "due", "part"), [("money:700", 800, 700), ("money:2000", 0, 1500), ("minutes:60", 1000, 500)]
)
async def test_a_host_pays_up_to_its_cap_and_the_visitor_the_rest(house: House, pays: str, due: int, part: int) -> None:
    await house.book(MINE, pays)
    parked = await house.lots.come(MINE)
    assert (await house.quote(parked, hours=2.5)).due_fen == due
    await house.leave(parked, reason=Reason.QUEUE)
    assert await house.owes() == part


async def test_what_the_site_gives_up_for_a_host_is_its_own_discount(house: House) -> None:
    await agree(house, replace(TERMS, pays_percent=40))
    await house.book()
    parked = await house.lots.come(MINE)
    await house.quote(parked, hours=1.5)
    await house.leave(parked)
    discount = await house.lots.till.db.read(lambda conn: balance(conn, SITE, Account.DISCOUNT, "VOUCHER"))
    assert (await house.owes(), discount) == (400, 600)


async def test_a_person_who_lets_a_visitor_out_charges_the_host_and_not_the_house(
    any_database: str, house: House
) -> None:
    await house.book(MINE, "money:700", since=0.1, until=9)
    parked = await house.lots.come(MINE)
    stranger = await house.lots.come(HERS)
    house.lots.till.clock.later_s += 2.5 * HOUR_S
    await house.leave(parked, reason=Reason.VISITOR)
    await house.leave(stranger, HERS, reason=Reason.VISITOR)
    given_up = await house.lots.till.db.read(lambda conn: balance(conn, SITE, Account.DISCOUNT, "VISITOR"))
    assert (await house.owes(), given_up) == (700, 800 + 1500)


async def test_a_visitor_who_came_too_early_is_his_hosts_when_a_person_lets_him_out(house: House) -> None:
    await house.book(since=1, until=4)
    parked = await house.lots.come(MINE)
    assert (await house.quote(parked, hours=1.5)).due_fen == 1000
    await house.leave(parked, reason=Reason.VISITOR)
    assert await house.owes() == 1000


async def test_a_booking_counts_for_a_car_that_is_inside_already_and_its_lane_hears_of_it(
    any_database: str, house: House
) -> None:
    parked = await house.lots.come(MINE)
    assert (await house.quote(parked, hours=1.5)).due_fen == 1000
    await house.book()
    assert house.changed == [parked]
    assert (await house.quote(parked)).due_fen == 0


async def test_who_would_pay_nothing_does_not_learn_that_a_car_is_inside(house: House) -> None:
    await house.lots.come(MINE)
    await house.book(MINE, "none")
    assert (house.changed, await house.state()) == ([], ("expected", 0, 0))


async def test_a_booking_lets_in_once_within_its_time_only(house: House) -> None:
    await house.book(since=1, until=3)
    assert (await house.lots.ask(MINE)).reason is Reason.ADMITTED
    house.lots.till.clock.later_s += 0.75 * HOUR_S
    first = await house.lots.come(MINE)
    await house.quote(first, hours=0.5)
    await house.leave(first)
    assert (await house.lots.ask(MINE)).reason is Reason.ADMITTED
    second = await house.lots.come(MINE)
    assert (await house.quote(second, hours=1.5)).due_fen == 1000
    assert await house.state() == ("came", 1, 500)


async def test_a_booking_for_any_number_of_entries_pays_each_of_them(house: House) -> None:
    await house.book(entries=0)
    for _ in range(2):
        parked = await house.lots.come(MINE)
        await house.quote(parked, hours=1.5)
        await house.leave(parked)
    assert (await house.state(), await house.owes()) == (("came", 2, 2000), 2000)


async def test_the_voucher_of_a_visit_that_cost_nothing_pays_for_no_later_stay(house: House) -> None:
    await house.book(until=20)
    first = await house.lots.come(MINE)
    assert (await house.quote(first, hours=0.1)).free_reason is Reason.FREE
    await house.leave(first, reason=Reason.FREE)
    bound = [Binding("b1", Plate(MINE), Proof.BOOM, house.lots.till.clock.now(), None, "", "oMine")]
    at, db = house.lots.till.clock.now(), house.lots.till.db
    assert await db.read(lambda conn: mine.waiting(conn, SITE, at, bound)) == []
    second = await house.lots.come(MINE)
    assert (await house.quote(second, hours=1.5)).due_fen == 1000
    assert await house.owes() == 0


async def test_of_two_hosts_of_one_plate_one_pays_and_neither_learns_of_the_other(
    any_database: str, house: House
) -> None:
    await house.book(MINE, "money:500", of="Office")
    await house.book(MINE, "none")
    parked = await house.lots.come(MINE)
    assert (await house.quote(parked, hours=2.5)).due_fen == 1000
    assert (await house.state(), await house.state("Office")) == (("expected", 0, 0), ("came", 1, 0))
    assert [one["host"] for one in (await house.ask("host_view"))["bookings"]] == ["ACME"]


async def test_a_car_that_reverses_out_has_not_come(any_database: str, house: House) -> None:
    await house.book()
    admission, passage = await house.lots.ask(MINE), house.lots.passage(IN1, MINE)
    assert admission.reason is Reason.BOOKED
    await house.lots.till.cashier.begin_stay(IN1, passage, admission.reason, "lane")
    await house.lots.till.cashier.annul_stay(IN1, passage.id)
    assert await house.state() == ("expected", 0, 0)
    assert [row.state for row in await house.lots.till.rows(voucher)] == ["WITHDRAWN"]
    parked = await house.lots.come(MINE)
    assert (await house.quote(parked, hours=1.5)).due_fen == 0


async def test_a_booking_that_is_withdrawn_lets_nobody_in_and_pays_for_no_open_stay(
    any_database: str, house: House
) -> None:
    booked = await house.book()
    parked = await house.lots.come(MINE)
    assert (await house.quote(parked, hours=1.5)).due_fen == 0
    assert await house.refused("host_withdraw", "Office", booking=booked) == "over"
    await house.ask("host_withdraw", booking=booked)
    assert house.changed == [parked]
    assert ((await house.quote(parked)).due_fen, await house.state()) == (1000, ("withdrawn", 0, 0))
    assert await house.refused("host_withdraw", booking=booked) == "over"
    await house.book(of="Office")
    assert (await house.quote(parked)).due_fen == 0


async def test_what_a_host_has_paid_is_not_withdrawn_any_more(house: House) -> None:
    booked = await house.book()
    parked = await house.lots.come(MINE)
    await house.quote(parked, hours=1.5)
    await house.leave(parked)
    assert await house.refused("host_withdraw", booking=booked) == "over"
    assert await house.owes() == 1000


async def test_a_visitor_who_comes_with_another_car_is_announced_anew(any_database: str, house: House) -> None:
    booked = await house.book()
    other = await house.lots.come(NEW)
    assert (await house.quote(other, NEW, hours=1.5)).due_fen == 1000
    await house.ask("host_change", booking=booked, **house.form(NEW))
    assert (house.changed, (await house.quote(other, NEW)).due_fen) == ([other], 0)
    assert await house.refused("host_change", booking=booked, **house.form(MINE)) == "came"
    assert await house.refused("host_change", "Office", booking=booked, **house.form(MINE)) == "over"
    assert (await house.lots.ask(MINE)).reason is Reason.ADMITTED


async def test_a_change_that_may_not_be_leaves_the_booking_as_it_was(house: House) -> None:
    booked = await house.book()
    assert await house.refused("host_change", booking=booked, **house.form(MINE, until=-3, since=-4)) == "past"
    assert (await house.lots.ask(MINE)).reason is Reason.BOOKED


@pytest.mark.parametrize(
    ("hosting", "code"),
    [
        (None, "may_not"),
        (Hosting(open=1), "open"),
        (Hosting(per_day=1), "per_day"),
        (Hosting(month_fen=Fen(700)), "month"),
    ],
)
async def test_the_plant_books_what_was_agreed_and_no_more(house: House, hosting: Hosting | None, code: str) -> None:
    await house.book(HERS, "money:500")
    await agree(house, replace(TERMS, hosting=hosting))
    form = {"once": "2", **house.form(MINE, "money:300")}
    assert await house.refused("host_book", **form) == code
    assert len((await house.ask("host_view"))["bookings"]) == 1


async def test_a_booking_whose_visitor_has_come_counts_for_its_day_even_when_the_rest_is_withdrawn(
    house: House,
) -> None:
    house.stay_in_one_day(hours=2)
    await agree(house, replace(TERMS, hosting=Hosting(per_day=1)))
    booked = await house.book(entries=2)
    parked = await house.lots.come(MINE)
    await house.quote(parked, hours=0.8)
    await house.leave(parked)
    await house.ask("host_withdraw", booking=booked)
    assert await house.refused("host_book", once="2", **house.form(HERS)) == "per_day"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"plate": "hello"}, "bad_args"),
        ({"since": "soon"}, "bad_time"),
        ({"pays": "gold"}, "bad_pays"),
        ({"entries": -1}, "bad_args"),
        ({"plate": HERS}, "again"),
    ],
)
async def test_a_form_that_cannot_be_is_refused(house: House, wrong: dict[str, object], code: str) -> None:
    await house.book(HERS)
    assert await house.refused("host_book", once="2", **{**house.form(), **wrong}) == code


async def test_a_form_that_is_sent_twice_announces_one_visitor(house: House) -> None:
    await house.ask("host_book", once="1", **house.form())
    assert await house.refused("host_book", once="1", **house.form()) == "twice"


async def test_whoever_is_not_signed_in_sees_and_books_nothing(house: House) -> None:
    house.sessions["ACME"] = "x"
    for verb in ("host_view", "host_book", "host_change", "host_withdraw"):
        assert await house.refused(verb, booking="b", once="1", **house.form()) == "signed_out"


async def test_a_host_sees_no_times_of_a_visit_and_old_plates_in_part(house: House) -> None:
    await house.book(until=1)
    parked = await house.lots.come(MINE)
    entered = next(row.entered_at for row in await house.lots.till.rows(stay)).isoformat()
    assert (await house.row())["plate"] == MINE
    assert entered not in str(await house.row())
    await house.quote(parked, hours=26)
    await house.sign_in()
    assert (await house.row())["plate"] == "京A•••01"
    assert "part_fen" in await house.row()


async def test_a_shops_page_neither_counts_nor_takes_back_what_a_booking_gave(house: House) -> None:
    await agree(house, replace(TERMS, most={VoucherKind.FULL: 0}, per_day=1))
    await house.book()
    await house.lots.come(MINE)
    told = await house.ask("shop_view")
    assert (told["today"]["given"], told["vouchers"], told["may_book"]) == (0, [], True)
    [given] = await house.lots.till.rows(voucher)
    assert await house.refused("shop_withdraw", voucher=given.id) == "refused"
    await house.ask("shop_give", kind="full", plate=HERS, once="1")


async def test_the_driver_reads_who_pays_and_whoever_knows_his_plate_does_not(house: House) -> None:
    await house.book()
    parked = await house.lots.come(MINE)
    house.lots.till.clock.later_s += 1.5 * HOUR_S
    cashier = house.lots.till.cashier
    his, anybodys = await cashier.fee(parked), await cashier.fee(parked, named=False)
    assert "paid by ACME: -10.00 yuan" in his.said["en"]
    assert "ACME代付：-10.00 元" in his.said["zh"]
    assert "paid by the host: -10.00 yuan" in anybodys.said["en"]
    assert "ACME" not in str(anybodys.to_json())
    assert "paid by ACME: -10.00 yuan" in in_words(await cashier.bill(parked), ZONE, english=True)


async def test_the_control_room_books_by_telephone_and_sees_who_is_expected(any_database: str, house: House) -> None:
    async def ask(verb: str, **args: object) -> Any:  # noqa: ANN401 - whatever the verb gives
        return await house.room.verbs()[verb](Ask("control", verb, args, "wang", "operator", "", ""))

    await ask("book_visitor", host="ACME", reason="Mr Wu rang", **house.form(HERS))
    made = await ask("book_visitor", host="Office", reason="at the desk", **house.form(MINE))
    expected = await ask("bookings", to_come=True)
    assert [(row["host"], row["plate"]) for row in expected] == [("Office", MINE), ("ACME", HERS)]
    later = {**house.form(MINE), "note": "with a trailer"}
    await ask("change_booking", host="Office", booking=made["booking"], reason="rang again", **later)
    assert [row["note"] for row in await ask("bookings", today=True)] == ["with a trailer", ""]
    house.lots.till.clock.later_s += 48 * HOUR_S
    assert await ask("bookings", today=True) == []
    house.lots.till.clock.later_s -= 48 * HOUR_S
    await ask("withdraw_booking", booking=made["booking"], reason="does not come")
    for what, whys in (
        ("booking made", ["Mr Wu rang", "at the desk"]),
        ("booking changed", ["rang again"]),
        ("booking withdrawn", ["does not come"]),
    ):
        rows = await house.lots.till.journal_of(what)
        assert sorted((row.body["by"], row.body["why"]) for row in rows) == [("wang", why) for why in whys]
    assert [row["host"] for row in await ask("bookings", to_come=True)] == ["ACME"]
    assert [row["state"] for row in await ask("bookings", plate=MINE)] == ["withdrawn"]
    why = {"reason": "rang"}
    for verb, args, code in (
        ("withdraw_booking", {"booking": made["booking"], **why}, "over"),
        ("change_booking", {"host": "ACME", "booking": made["booking"], **house.form(), **why}, "over"),
        ("book_visitor", {"host": "Nobody", **house.form(), **why}, "wrong"),
        ("book_visitor", {"host": "ACME", **house.form(HERS), **why}, "again"),
        ("book_visitor", {"host": "Office", **house.form(MINE)}, "bad_args"),
        ("withdraw_booking", {"booking": made["booking"]}, "bad_args"),
    ):
        with pytest.raises(BridgeRefusal) as refused:
            await ask(verb, **args)
        assert refused.value.code == code


async def test_a_lot_inside_the_car_park_is_opened_by_no_booking(house: House) -> None:
    await house.book()
    await house.lots.come(MINE)
    assert (await house.lots.ask(MINE, ROOF_IN)).reason is Reason.TRANSIT
    await house.lots.come(HERS)
    await house.lots.come(HERS, ROOF_IN)
    assert (await house.lots.ask(MINE, ROOF_IN)).reason is None


async def test_whoever_types_the_plate_of_a_visitor_is_looked_at_by_a_person(house: House) -> None:
    await house.book()
    passage = made_passage(house.lots.till.clock.now(), IN1, MINE, 77)
    assert passage.read is not None
    typed = replace(passage.read, by=ReadBy.DRIVER)
    admission = await house.lots.till.cashier.admit(IN1, passage.id, typed)
    assert (admission.reason, admission.person) == (None, True)
