"""Whatever happens at the lanes and at the counter, in whatever order: columns and ledger agree, to the last fen."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, StaticPool, create_engine, select, update

from billing import stays
from billing.accounts.audit import mistakes
from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.arrears import debts
from billing.bookings import book as bookings
from billing.bookings.terms import AS_SHIPPED, Pays
from billing.bookings.terms import Wanted as Announced
from billing.books import Books, Place
from billing.counter import receipts, shifts
from billing.counter.words import HandedTo, Receipt, Shift
from billing.ids import out_trade_no
from billing.orders import book, demands
from billing.orders.applying import apply
from billing.parking import deductions
from billing.pay.gateway import Deduction, Refund
from billing.refunds import asked
from billing.refunds import book as refunds
from billing.refunds.words import RefundReason
from billing.settle import OrderKind, Transaction
from billing.tariff import VoucherKind
from billing.versions.choice import Versions
from billing.visit.park import Park
from billing.visit.visits import Visits
from billing.vouchers import book as vouchers
from billing.vouchers import merchants
from billing.vouchers.shop import Times
from billing.vouchers.terms import Agreement, Hosting, Manner, Wanted
from scada.config import Config, load
from scada.model.lane.words import Ending, Passage, Quote, Reason
from scada.model.money import Fen
from scada.model.names import BookingId, LaneName, OrderId, StayId
from scada.model.plate import Plate
from scada.settings.money import Arrears
from scada.store.schema import booking, metadata, open_request, parking_deduction, settlement, stay
from scada.store.schema import refund as refund_table
from tests.support.billing import ROOT, made_passage
from tests.support.tariffs import SHANGHAI, simple_tariff

START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
IN1, OUT1 = LaneName("in1"), LaneName("out1")
PLATES = ("京A12345", "沪B67890")
BACK = {"reentry_mode": "REENTRY_GAP_CHARGED", "reentry_duration": 30}
COUPONS = {"minutes_at": "VOUCHER_MINUTES_AT_START", "minutes_order": "VOUCHER_AFTER_FREE", "stackable": True}
TARIFF = simple_tariff(**BACK, voucher=COUPONS)
SHOP = Agreement(
    Manner.POSTPAID,
    {VoucherKind.MINUTES: 120, VoucherKind.MONEY: 2000, VoucherKind.PERCENT: 50, VoucherKind.FULL: 0},
    limit_fen=Fen(100_000),
    stackable=True,
    hosting=Hosting(),
)
ENGINE = create_engine("sqlite://", poolclass=StaticPool)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("order"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("paid"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("voucher"), st.integers(0, 1), st.sampled_from(("MONEY 300", "MINUTES 60", "PERCENT 50"))),
        st.tuples(st.just("book"), st.integers(0, 1), st.sampled_from(("full:0", "money:300", "minutes:60", "none:0"))),
        st.tuples(st.just("unbook"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("deduct"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("deducted"), st.integers(0, 9), st.sampled_from(("ACCEPTED", "SUCCESS", "PAY_FAIL"))),
        st.tuples(st.just("demand"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("give_back"), st.integers(0, 9), st.sampled_from(("1", "2", "4"))),
        st.tuples(st.just("refund"), st.integers(0, 9), st.sampled_from(("SUCCESS", "CLOSED", "ABNORMAL"))),
        st.tuples(st.just("anew"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("cash"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("arrears"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("void"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("give_up"), st.integers(0, 9), st.just("")),
        st.tuples(st.just("annul"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("till"), st.integers(-200, 200), st.just("")),
        st.tuples(st.just("wait"), st.integers(1, 5), st.just("")),
        st.tuples(
            st.just("leave"),
            st.integers(0, 1),
            st.sampled_from([f"{ending.value} {reason.value}" for ending in Ending for reason in Reason]),
        ),
    ),
    max_size=20,
)


@pytest.fixture(autouse=True, scope="module")
def _tables() -> Iterator[None]:
    metadata.create_all(ENGINE)
    yield
    ENGINE.dispose()


@cache
def _config() -> Config:
    return load(ROOT / "config.toml")


@contextmanager
def empty_books() -> Iterator[Connection]:
    with ENGINE.connect() as conn:
        yield conn
        conn.rollback()


class Site:
    """Two cars, two lanes, a counter, and WeChat's word on any order, in any order."""

    def __init__(self, conn: Connection, *, at_exit: str) -> None:
        config = _config()
        self.conn = conn
        self.at = START
        self.books = Books.of(config)
        arrears = Arrears.model_validate({"at_exit": at_exit})
        versions = Versions((TARIFF,), SHANGHAI)
        self.visits = Visits(self.books, Park.of(config), config.limits, versions, arrears)
        self.number = 0
        self.orders: list[tuple[OrderId, Fen]] = []
        self.taken: list[Receipt] = []
        self.deductions: list[tuple[OrderId, Fen]] = []
        self.dearest: dict[StayId, Fen] = {}
        merchants.add(conn, self.books, START, "Shop", SHOP, "li")
        shift = shifts.begin(conn, self.books, START, "wang", Fen(1000))
        assert isinstance(shift, Shift)
        self.shift = shift

    def _passage(self, lane: LaneName, car: int) -> Passage:
        self.number += 1
        return made_passage(self.at, lane, PLATES[car], self.number)

    def _inside(self, car: int) -> StayId | None:
        found = stays.open_under(self.conn, self.books.site, Plate(PLATES[car]))
        return None if found is None else found.id

    def _quote(self, parked: StayId) -> Quote:
        until = self.at + timedelta(seconds=90)
        made = self.visits.quote(self.conn, self.at, until, Place(OUT1), parked)
        self.dearest[parked] = made.total_fen
        return made

    def come(self, car: int, _: str) -> None:
        self.visits.begin(self.conn, self.at, IN1, self._passage(IN1, car), Reason.ADMITTED, "lane")

    def order(self, car: int, _: str) -> None:
        parked = self._inside(car)
        quote = None if parked is None else self._quote(parked)
        if quote is None or quote.due_fen <= 0:
            return
        name = self._name(quote.stay)
        book.add_order(self.conn, self.books, self.at, name, Place(OUT1), quote, self.at + timedelta(seconds=90))
        self.orders.append((name, quote.due_fen))

    def voucher(self, car: int, what: str) -> None:
        kind, value = what.split()
        wanted = Wanted(VoucherKind[kind], int(value), self.at + timedelta(hours=5), Plate(PLATES[car]))
        vouchers.issue(self.conn, self.books, self.at, self.at, "Shop", wanted, "li")

    def book(self, car: int, pays: str) -> None:
        """A host announces a car, which may be inside."""
        kind, value = pays.split(":")
        until = self.at + timedelta(hours=12)
        what = Announced(Plate(PLATES[car]), self.at, until, Pays(kind), int(value), entries=0)
        host = merchants.find(self.conn, self.books.site, "Shop")
        assert host is not None
        bookings.add(self.conn, self.books, Times(self.at, self.at), AS_SHIPPED, host, what, "li")

    def unbook(self, which: int, _: str) -> None:
        rows = self.conn.execute(select(booking).order_by(booking.c.id)).all()
        if rows:
            name = BookingId(rows[which % len(rows)].id)
            bookings.withdraw(self.conn, self.books, self.at, AS_SHIPPED, name, "li")

    def deduct(self, car: int, _: str) -> None:
        """Have a deduction asked for as the lane does, for what the stay owes itself."""
        parked = self._inside(car)
        quote = None if parked is None else self._quote(parked)
        if quote is None or quote.due_fen <= 0 or quote.older:
            return
        name = self._name(quote.stay)
        book.add_order(self.conn, self.books, self.at, name, Place(OUT1), quote, quote.valid_until, OrderKind.PARKING)
        row = {"left_at": self.at, "charged_s": 60, "device": "out1"}
        made = parking_deduction.insert().values(out_trade_no=name, site=self.books.site, stay=quote.stay, **row)
        self.conn.execute(made)
        self.deductions.append((name, quote.due_fen))

    def deducted(self, which: int, state: str) -> None:
        if self.deductions:
            name, amount = self.deductions[which % len(self.deductions)]
            number = f"42{name}"[:32] if state == "SUCCESS" else ""
            told = Deduction(name, state, number, amount, paid_at=self.at)
            deductions.apply(self.conn, self.books, self.at, told, "notice")

    def demand(self, car: int, _: str) -> None:
        """All that a plate owes is asked for by itself."""
        owing = debts.parts_of(debts.of_plate(self.conn, self.books.site, Plate(PLATES[car])))
        if owing:
            until, kind = self.at + timedelta(minutes=15), demands.DemandKind.ARREARS
            made = demands.add(self.conn, self.books, self.at, kind, PLATES[car], owing, until, "li")
            name = self._name(made.id)
            book.add_demand_order(self.conn, self.books, self.at, name, made, until)
            self.orders.append((name, made.amount_fen))

    def give_back(self, which: int, parts: str) -> None:
        rows = self.conn.execute(select(settlement).order_by(settlement.c.id)).all()
        if rows:
            self.at += timedelta(seconds=61)
            row = rows[which % len(rows)]
            name, share = OrderId(row.out_trade_no), Fen(row.amount_fen // int(parts))
            asked.give_back(self.conn, self.books, self.at, name, share, RefundReason.GOODWILL, "wang")

    def refund(self, which: int, state: str) -> None:
        rows = self.conn.execute(select(refund_table).order_by(refund_table.c.out_refund_no)).all()
        if rows:
            row = rows[which % len(rows)]
            order, amount, total = OrderId(row.out_trade_no), Fen(row.amount_fen), Fen(row.total_fen)
            told = Refund(row.out_refund_no, "50", order, "42", state, amount, total)
            refunds.note(self.conn, self.books, self.at, self._ahead, row.out_refund_no, told, "notice")

    def anew(self, which: int, _: str) -> None:
        rows = self.conn.execute(select(refund_table).where(refund_table.c.state == "CLOSED")).all()
        if rows:
            asked.send_anew(self.conn, self.books, self.at, rows[which % len(rows)].out_refund_no, "wang")

    def _ahead(self, seconds: float) -> datetime:
        return self.at + timedelta(seconds=seconds)

    def _name(self, of: str) -> OrderId:
        self.number += 1
        return out_trade_no(self.books.site, of, self.number, self.at, SHANGHAI)

    def nobody_paid_too_much(self) -> None:
        """No stay was credited more than it was ever told to cost, and of no payment more goes back than came."""
        for row in self.conn.execute(select(stay).where(stay.c.ending.is_(None))):
            assert row.paid_fen + row.credit_fen <= self.dearest.get(row.id, 0), row
        assert all(row.paid_fen >= 0 and row.arrears_fen >= 0 for row in self.conn.execute(select(stay)))
        rows, back = self.conn.execute(select(settlement)).all(), self.conn.execute(select(refund_table)).all()
        for row in rows:
            mine = [one for one in back if one.out_trade_no == row.out_trade_no and one.state != "CLOSED"]
            assert sum(one.amount_fen for one in mine) <= row.amount_fen
        gone = sum(one.amount_fen for one in back if one.state == "SUCCESS")
        came = sum(row.amount_fen for row in rows)
        assert balance(self.conn, self.books.site, Account.WECHAT) == came - gone

    def paid(self, which: int, _: str) -> None:
        if self.orders:
            name, amount = self.orders[which % len(self.orders)]
            us = self.books.merchant
            said = Transaction(us.mchid, us.appid, name, "SUCCESS", f"42{name}", amount, "CNY", self.at)
            apply(self.conn, self.books, self.at, said, "notice")

    def cash(self, car: int, _: str) -> None:
        parked = self._inside(car)
        if parked is None:
            return
        before = stays.find(self.conn, self.books.site, parked).account
        quote = self._quote(parked)
        if quote.due_fen > 0:
            place = Place(OUT1, self._passage(OUT1, car).id)
            made = receipts.take(
                self.conn, self.books, self.at, SHANGHAI, self.shift, place, quote, before, quote.due_fen
            )
            assert isinstance(made, Receipt)
            self.taken.append(made)

    def arrears(self, which: int, _: str) -> None:
        owing = self._owing()
        if owing:
            name, owed = owing[which % len(owing)]
            made = receipts.take_arrears(self.conn, self.books, self.at, SHANGHAI, self.shift, name, owed, owed)
            assert isinstance(made, Receipt)
            self.taken.append(made)

    def void(self, which: int, _: str) -> None:
        """Take a receipt back, in time or too late, twice or once."""
        if self.taken:
            self.conn.execute(update(open_request).values(state="REFUSED"))
            made = self.taken[which % len(self.taken)]
            now = receipts.find(self.conn, self.books.site, made.year, made.number)
            assert now is not None
            receipts.void(self.conn, self.books, self.at, now, "wang", "li", "why", is_there=False)

    def give_up(self, which: int, _: str) -> None:
        owing = self._owing()
        if owing:
            debts.write_off(self.conn, self.books, self.at, owing[which % len(owing)][0], "li", "gone abroad")

    def annul(self, car: int, _: str) -> None:
        parked = self._inside(car)
        if parked is not None:
            row = self.conn.execute(select(stay).where(stay.c.id == parked)).one()
            self.visits.annul(self.conn, self.at, IN1, row.entry_passage)

    def till(self, off: int, _: str) -> None:
        counted = Fen(max(0, shifts.expected(self.conn, self.books.site, "wang") + off))
        shifts.end(self.conn, self.books, self.at, "wang", counted, HandedTo.SAFE, "li", "")
        made = shifts.begin(self.conn, self.books, self.at, "wang", Fen(500))
        assert isinstance(made, Shift)
        self.shift = made

    def wait(self, hours: int, _: str) -> None:
        self.at += timedelta(minutes=7 * hours * hours)

    def leave(self, car: int, how: str) -> None:
        parked = self._inside(car)
        ending, reason = how.split()
        if parked is not None:
            passage = self._passage(OUT1, car)
            self.visits.end(self.conn, self.at, OUT1, parked, passage, Reason(reason), "wang", Ending(ending))

    def _owing(self) -> list[tuple[StayId, Fen]]:
        rows = self.conn.execute(select(stay).where(stay.c.arrears_fen > 0).order_by(stay.c.id))
        return [(StayId(row.id), Fen(row.arrears_fen)) for row in rows]


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from(("ask", "add")))
@example([("cash", 0, ""), ("leave", 0, "EXIT PAID"), ("void", 0, ""), ("arrears", 0, "")], "ask")
@example([("leave", 0, "EXIT QUEUE"), ("come", 0, ""), ("wait", 4, ""), ("cash", 0, ""), ("void", 0, "")], "add")
@example([("order", 0, ""), ("voucher", 0, "MONEY 300"), ("cash", 0, ""), ("paid", 0, "")], "ask")
@example(
    [
        ("order", 0, ""),
        ("paid", 0, ""),
        ("leave", 0, "EXIT PAID"),
        ("give_back", 0, "2"),
        ("refund", 0, "CLOSED"),
        ("give_back", 0, "1"),
        ("anew", 0, ""),
    ],
    "ask",
)
@example([("book", 0, "full:0"), ("order", 0, ""), ("leave", 0, "EXIT VISITOR"), ("unbook", 0, "")], "ask")
@example([("order", 0, ""), ("book", 0, "money:300"), ("paid", 0, ""), ("unbook", 0, ""), ("cash", 0, "")], "ask")
def test_after_every_event_columns_and_ledger_agree(played: list[tuple[str, int, str]], at_exit: str) -> None:
    with empty_books() as conn:
        site = Site(conn, at_exit=at_exit)
        for what, number in (("come", 0), ("come", 1), ("wait", 4)):
            getattr(site, what)(number, "")
        for what, number, word in played:
            getattr(site, what)(number, word)
            assert mistakes(conn, site.books.site) == [], (what, number, word)
            site.nobody_paid_too_much()
        ended = conn.execute(select(stay.c.id).where(stay.c.ending.is_not(None))).scalars().all()
        assert all(balance(conn, site.books.site, Account.RECEIVABLE, name) == 0 for name in ended)


@pytest.mark.parametrize("ending", list(Ending))
def test_every_ending_for_every_reason_leaves_nothing_receivable(ending: Ending) -> None:
    for reason in Reason:
        _leaves_nothing_receivable(ending, reason)


def _leaves_nothing_receivable(ending: Ending, reason: Reason) -> None:
    with empty_books() as conn:
        site = Site(conn, at_exit="ask")
        site.come(0, "")
        site.wait(4, "")
        site.leave(0, f"{ending.value} {reason.value}")
        assert mistakes(conn, site.books.site) == []
        [row] = conn.execute(select(stay)).all()
        held = {account: balance(conn, site.books.site, account) for account in Account}
        assert held[Account.RECEIVABLE] == 0
        assert held[Account.ARREARS] == row.arrears_fen
        assert -held[Account.PARKING] == row.fee_fen
        assert held[Account.DISCOUNT] + held[Account.GOODWILL] == row.waived_fen
