"""Whatever sequence of notices, queries and departures comes: nobody pays twice, and no payment opens twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, StaticPool, create_engine, select

from billing import stays
from billing.accounts import flows
from billing.accounts.balances import balance, trial
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.books import Books, Place
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.applying import apply
from billing.settle import Due, Merchant, OrderState, Settles, Transaction, close_account
from billing.tariff import Priced
from scada.model.lane.words import Ending, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, SiteId, StayId, ZoneName
from scada.store.journal import verify
from scada.store.schema import metadata, open_request, settlement, stay
from tests.support.billing import made_passage
from tests.support.tariffs import simple_tariff

START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
SITE = SiteId("demo")
US = Merchant("1900007291", "wxdaozhademo0000001")
BOOKS = Books(SITE, US)
EXIT = Place(LaneName("out1"), PassageId("out1-20260303020000-7"))
TARIFF = simple_tariff(free_entry_duration=0)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.integers(1, 3), st.just("")),
        st.tuples(
            st.just("word"),
            st.integers(0, 5),
            st.sampled_from(("paid", "paid", "paid", "other amount", "other transaction", "unpaid", "stranger")),
        ),
        st.tuples(st.just("close"), st.integers(0, 5), st.just("")),
        st.tuples(st.just("leave"), st.just(0), st.sampled_from(("QUEUE", "GOODWILL", "PAID"))),
    ),
    max_size=14,
)


ENGINE = create_engine("sqlite://", poolclass=StaticPool)


@pytest.fixture(autouse=True, scope="module")
def _tables() -> Iterator[None]:
    metadata.create_all(ENGINE)
    yield
    ENGINE.dispose()


@contextmanager
def empty_books() -> Iterator[Connection]:
    with ENGINE.connect() as conn:
        yield conn
        conn.rollback()


class Life:
    """One stay, with more orders at once than the product would ever leave open."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.at = START
        self.total = 0
        self.orders: list[tuple[OrderId, int]] = []
        self.opened = 0
        passage = made_passage(START, LaneName("in1"), "京A12345", 1)
        self.stay, _ = stays.begin(conn, SITE, START, LaneName("in1"), passage, TARIFF, ZoneName("lot"))

    def order(self, hours: int, _: str) -> None:
        self.at += timedelta(hours=hours)
        account = stays.find(self.conn, SITE, self.stay).account
        self.total += 500 * hours
        owed = self.total - account.paid_fen
        if not account.is_open or owed <= 0:
            return
        until = self.at + timedelta(seconds=90)
        priced = Priced(Fen(self.total), 60, ())
        quote: Quote = stays.add_quote(self.conn, SITE, self.at, until, EXIT, self.stay, priced, Due(Fen(owed), None))
        number = out_trade_no(SITE, self.stay, len(self.orders) + 1, self.at, ZoneInfo("UTC"))
        book.add_order(self.conn, BOOKS, self.at, number, EXIT, quote, until)
        self.orders.append((number, owed))

    def word(self, which: int, manner: str) -> None:
        if not self.orders:
            return
        number, owed = self.orders[which % len(self.orders)]
        genuine = Transaction(US.mchid, US.appid, number, "SUCCESS", f"42{number}", Fen(owed), "CNY", self.at)
        said = {
            "paid": genuine,
            "other amount": replace(genuine, amount_fen=Fen(owed + 1)),
            "other transaction": replace(genuine, transaction_id=f"43{number}"[:32]),
            "unpaid": replace(genuine, trade_state="NOTPAY"),
            "stranger": replace(genuine, out_trade_no=OrderId("XX2603030001")),
        }[manner]
        applied = apply(self.conn, BOOKS, self.at, said, "notice")
        self.opened += isinstance(applied.decision, Settles) and applied.decision.opens

    def close(self, which: int, _: str) -> None:
        if self.orders:
            book.move(self.conn, self.orders[which % len(self.orders)][0], OrderState.CLOSED)

    def leave(self, _: int, reason: str) -> None:
        account = stays.find(self.conn, SITE, self.stay).account
        if account.is_open:
            rest = Fen(max(0, self.total - account.paid_fen))
            final = close_account(account.paid_fen, rest, Reason(reason), Ending.EXIT)
            stays.close(self.conn, self.stay, self.at, Ending.EXIT, final)
            entry = flows.ended(self.stay, final, Reason(reason), Ending.EXIT, "wang")
            if entry is not None:
                post(self.conn, SITE, self.at, entry)


def rows(conn: Connection, table: Any) -> list[Any]:  # noqa: ANN401
    return list(conn.execute(select(table)).all())


@settings(max_examples=80)
@given(steps)
def test_no_sequence_of_messages_takes_more_than_is_due_or_asks_twice_for_a_gate(
    played: list[tuple[str, int, str]],
) -> None:
    with empty_books() as conn:
        life = Life(conn)
        for what, number, word in played:
            getattr(life, what)(number, word)
            check(conn, life.stay, life.total, life.opened)
        assert verify(conn) is None


def check(conn: Connection, parked: StayId, total: int, opened: int) -> None:
    settled = rows(conn, settlement)
    counted = [row for row in settled if row.amount_fen > row.surplus_fen]
    asked = rows(conn, open_request)
    [account] = [row for row in rows(conn, stay) if row.id == parked]
    assert sum(row.amount_fen - row.surplus_fen for row in counted) == account.paid_fen <= total
    assert account.arrears_fen >= 0
    assert len({row.out_trade_no for row in settled}) == len(settled)
    assert len(asked) == opened == len({row.out_trade_no for row in asked})
    assert {row.out_trade_no for row in asked} <= {row.out_trade_no for row in counted}
    agrees(conn, account, sum(row.surplus_fen for row in settled))
    if account.ending is None:
        assert len(asked) == len(counted)
    elif account.fee_fen:
        assert account.fee_fen == account.paid_fen + account.arrears_fen + account.waived_fen


def agrees(conn: Connection, parked: Any, surplus: int) -> None:  # noqa: ANN401
    assert sum(trial(conn, SITE).values()) == 0
    credit = parked.paid_fen if parked.ending is None else 0
    assert balance(conn, SITE, Account.RECEIVABLE, parked.id) == -credit
    assert balance(conn, SITE, Account.ARREARS, parked.id) == parked.arrears_fen
    assert balance(conn, SITE, Account.WECHAT) == parked.paid_fen + surplus
    assert balance(conn, SITE, Account.REFUND_PAYABLE) == -surplus
