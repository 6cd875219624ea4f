"""The double-entry books: an entry balances by its making, and the database lets nobody spoil what is written."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from billing.accounts import flows
from billing.accounts.balances import balance, by_subject, trial
from billing.accounts.book import post
from billing.accounts.chart import Account, Entry, Posting, transfer
from billing.books import Books
from billing.cases import close_case, open_case
from billing.settle import Final, Merchant
from scada.model.lane.words import Ending, Reason
from scada.model.money import Fen
from scada.model.names import OrderId, SiteId, StayId
from scada.store.db import writing_engine
from tests.support.store import made_database

pytestmark = pytest.mark.usefixtures("any_database")

SITE = SiteId("demo")
AT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
STAY, ORDER = StayId("S1"), OrderId("D1")
amounts = st.integers(0, 10_000_000).map(Fen)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    engine = writing_engine(made_database(tmp_path))
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def cash(ref: str = "cash:1", amount: int = 500) -> Entry:
    return Entry("cash", ref, transfer(Account.CASH, Account.RECEIVABLE, Fen(amount), to="wang", out_of=STAY), STAY)


@pytest.mark.parametrize("sides", [(500, -400), (500,), (), (0, 0), (500, -500, 0)])
def test_an_entry_that_does_not_balance_is_not_made(sides: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="does not balance"):
        Entry("cash", "cash:1", tuple(Posting(Account.CASH, Fen(side)) for side in sides))


@given(amounts, amounts, amounts)
def test_whatever_a_payment_is_for_its_entry_balances(credit: Fen, arrears: Fen, surplus: Fen) -> None:
    if credit + arrears + surplus:
        entry = flows.paid(STAY, ORDER, credit, arrears, surplus, "RD1A")
        assert entry.postings[0] == Posting(Account.WECHAT, Fen(credit + arrears + surplus))


@given(amounts, amounts, st.sampled_from(Reason), st.sampled_from(Ending))
def test_a_stay_that_has_ended_owes_nothing_but_its_arrears(
    paid: Fen, rest: Fen, reason: Reason, ending: Ending
) -> None:
    for final in (Final(Fen(paid + rest), rest, Fen(0)), Final(Fen(paid + rest), Fen(0), rest)):
        entry = flows.ended(STAY, final, reason, ending, "wang")
        sides = () if entry is None else entry.postings
        assert sum(side.amount_fen for side in sides if side.account is Account.RECEIVABLE) == paid
        assert sum(side.amount_fen for side in sides if side.account is Account.PARKING) == -(paid + rest)


def test_an_event_is_posted_once(conn: Connection) -> None:
    assert post(conn, SITE, AT, cash())
    assert not post(conn, SITE, AT, cash(amount=900))
    assert balance(conn, SITE, Account.CASH, "wang") == 500


def test_balances_are_sums_of_what_was_posted(conn: Connection) -> None:
    post(conn, SITE, AT, cash())
    post(conn, SITE, AT + timedelta(hours=1), flows.paid(STAY, ORDER, Fen(0), Fen(0), Fen(700), "RD1A"))
    assert balance(conn, SITE, Account.RECEIVABLE) == -500
    assert by_subject(conn, SITE, Account.REFUND_PAYABLE) == {"RD1A": -700}
    assert trial(conn, SITE, until=AT + timedelta(minutes=1)) == {Account.CASH: 500, Account.RECEIVABLE: -500}
    assert sum(trial(conn, SITE).values()) == 0
    assert balance(conn, SiteId("other"), Account.CASH) == 0


ENTRY = "INSERT INTO ledger_entry (id, site, at, kind, ref, \"by\") VALUES ('E1', 'demo', '2026-03-03', 'x', 'x', 'x')"
SIDE = "INSERT INTO ledger_posting (entry, account, amount_fen) VALUES ('E1', 'cash', {})"


@pytest.mark.parametrize(
    "statements",
    [
        (SIDE.format(500), SIDE.format(-400), ENTRY),
        (SIDE.format(500), ENTRY),
        (ENTRY,),
        (SIDE.format(500), SIDE.format(-500), ENTRY, SIDE.format(5)),
        (SIDE.format(0),),
        ("UPDATE ledger_posting SET amount_fen = amount_fen * 2",),
        ("UPDATE ledger_entry SET note = 'another'",),
        ("DELETE FROM ledger_posting",),
        ("DELETE FROM ledger_entry",),
    ],
)
def test_the_database_takes_nothing_that_spoils_the_books(conn: Connection, statements: tuple[str, ...]) -> None:
    post(conn, SITE, AT, cash())
    with pytest.raises(IntegrityError):
        run(conn, statements)


def run(conn: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        conn.execute(text(statement))


def test_a_posting_without_its_entry_is_not_committed(conn: Connection) -> None:
    conn.execute(text(SIDE.format(500)))
    conn.execute(text(SIDE.format(-500)))
    with pytest.raises(IntegrityError):
        conn.commit()


@pytest.mark.parametrize("statement", ["TRUNCATE ledger_entry CASCADE", "TRUNCATE ledger_posting"])
def test_nobody_empties_the_books_at_one_stroke(conn: Connection, any_database: str, statement: str) -> None:
    post(conn, SITE, AT, cash())
    conn.commit()
    emptied = statement if any_database == "postgresql" else "DELETE FROM ledger_entry"
    with pytest.raises(IntegrityError, match="append-only"):
        conn.execute(text(emptied))


def test_a_case_is_opened_once_and_closed_by_somebody(conn: Connection) -> None:
    books = Books(SITE, Merchant("1", "wx1"))
    assert open_case(conn, books, AT, "refund", "refund:R1", "a refund came back", "li", amount_fen=500)
    assert not open_case(conn, books, AT, "refund", "refund:R1", "a refund came back")
    assert close_case(conn, books, AT, "refund:R1", "li", "paid back in cash")
    assert not close_case(conn, books, AT, "refund:R1", "li", "again")
