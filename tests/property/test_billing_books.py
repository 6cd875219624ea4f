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
from billing.books import Books, Place
from billing.counter import receipts, shifts
from billing.counter.words import HandedTo, Receipt, Shift
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.applying import apply
from billing.settle import Transaction
from billing.versions.choice import Versions
from billing.visit.park import Park
from billing.visit.visits import Visits
from scada.config import Config, load
from scada.model.lane.words import Ending, Passage, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, StayId
from scada.model.plate import Plate
from scada.settings.money import Arrears
from scada.store.schema import metadata, open_request, stay
from tests.support.billing import ROOT, made_passage
from tests.support.tariffs import SHANGHAI, simple_tariff

START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
IN1, OUT1 = LaneName("in1"), LaneName("out1")
PLATES = ("京A12345", "沪B67890")
ENGINE = create_engine("sqlite://", poolclass=StaticPool)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("order"), st.integers(0, 1), st.just("")),
        st.tuples(st.just("paid"), st.integers(0, 9), st.just("")),
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
    max_size=16,
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
        versions = Versions((simple_tariff(),), SHANGHAI)
        self.visits = Visits(self.books, Park.of(config), config.limits, versions, arrears)
        self.number = 0
        self.orders: list[tuple[OrderId, Fen]] = []
        self.taken: list[Receipt] = []
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
        return self.visits.quote(self.conn, self.at, until, Place(OUT1), parked)

    def come(self, car: int, _: str) -> None:
        self.visits.begin(self.conn, self.at, IN1, self._passage(IN1, car), Reason.ADMITTED, "lane")

    def order(self, car: int, _: str) -> None:
        parked = self._inside(car)
        quote = None if parked is None else self._quote(parked)
        if quote is None or quote.due_fen <= 0:
            return
        name = out_trade_no(self.books.site, quote.stay, len(self.orders) + 1, self.at, SHANGHAI)
        book.add_order(self.conn, self.books, self.at, name, Place(OUT1), quote, self.at + timedelta(seconds=90))
        self.orders.append((name, quote.due_fen))

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
def test_after_every_event_columns_and_ledger_agree(played: list[tuple[str, int, str]], at_exit: str) -> None:
    with empty_books() as conn:
        site = Site(conn, at_exit=at_exit)
        for what, number in (("come", 0), ("come", 1), ("wait", 4)):
            getattr(site, what)(number, "")
        for what, number, word in played:
            getattr(site, what)(number, word)
            assert mistakes(conn, site.books.site) == [], (what, number, word)
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
