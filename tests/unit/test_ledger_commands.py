"""`daozha ledger` and `daozha till`: the books looked through, summed up and told, for people and programs."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Connection, text

from billing import stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.books import Books, Place
from billing.counter import receipts, shifts
from billing.counter.words import HandedTo, Receipt, Shift
from billing.settle import Due, close_account
from billing.tariff import Priced
from scada.__main__ import main
from scada.config import load
from scada.model.lane.words import Ending, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, StayId, ZoneName
from scada.store.db import writing_engine
from scada.store.schema import journal
from tests.support.billing import made_passage
from tests.support.house import site_beside
from tests.support.store import give_tables
from tests.support.tariffs import SHANGHAI, simple_tariff

AT = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
OUT1 = LaneName("out1")
Out = pytest.CaptureFixture[str]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A stay that was paid in cash and left, one that left owing, and a till that was counted a yuan short."""
    file = site_beside(tmp_path, ("# data = ", 'data = "data"  # '))
    url = f"sqlite:///{tmp_path / 'data' / 'daozha.db'}"
    give_tables(url)
    engine = writing_engine(url)
    with engine.begin() as conn:
        books = Books.of(load(file))
        shift = shifts.begin(conn, books, AT, "wang", Fen(10_000))
        assert isinstance(shift, Shift)
        paid, owing = parked(conn, books, "京A12345", 1), parked(conn, books, "沪B67890", 2)
        pay(conn, books, shift, paid)
        for stay, reason in ((paid, Reason.PAID), (owing, Reason.QUEUE)):
            leave(conn, books, stay, reason)
        shifts.end(conn, books, AT + timedelta(hours=3), "wang", Fen(11_400), HandedTo.SAFE, "li", "a coin")
    engine.dispose()
    return file


def parked(conn: Connection, books: Books, plate: str, number: int) -> StayId:
    passage = made_passage(AT, LaneName("in1"), plate, number)
    return stays.begin(conn, books.site, AT, LaneName("in1"), passage, simple_tariff(), ZoneName("lot"))[0]


def pay(conn: Connection, books: Books, shift: Shift, stay: StayId) -> None:
    at, until, place = AT + timedelta(hours=2), AT + timedelta(hours=3), Place(OUT1, made_passage(AT, OUT1, None, 7).id)
    owed = Due(Fen(1500), None)
    quote = stays.add_quote(conn, books.site, at, until, place, stay, Priced(Fen(1500), 120, ()), owed)
    account = stays.find(conn, books.site, stay).account
    taken = receipts.take(conn, books, at, SHANGHAI, shift, place, quote, account, Fen(2000))
    assert isinstance(taken, Receipt)


def leave(conn: Connection, books: Books, stay: StayId, reason: Reason) -> None:
    account = stays.find(conn, books.site, stay).account
    final = close_account(account.paid_fen, Fen(1500 - account.paid_fen), reason, Ending.EXIT)
    stays.close(conn, stay, AT + timedelta(hours=2), Ending.EXIT, final)
    entry = flows.ended(stay, final, reason, Ending.EXIT, "lane")
    assert entry is not None
    post(conn, books.site, AT + timedelta(hours=2), entry)


def run(site: Path, *words: str) -> int:
    command, *rest = words
    return main(["ledger", command, *rest, "--config", str(site)])


def told(capsys: Out) -> Any:  # noqa: ANN401
    return json.loads(capsys.readouterr().out)


def spoil(site: Path, *statements: str) -> None:
    engine = writing_engine(f"sqlite:///{site.parent / 'data' / 'daozha.db'}")
    with engine.begin() as conn:
        for statement in statements:
            conn.execute(text(statement))
    engine.dispose()


def test_books_that_agree_are_told_so(site: Path, capsys: Out) -> None:
    assert run(site, "check") == 0
    assert capsys.readouterr().out == "the books agree\n"


@pytest.mark.parametrize(
    ("statement", "mistake"),
    [
        ("UPDATE stay SET paid_fen = paid_fen + 1 WHERE paid_fen > 0", "its fee is 1500 fen, but 1501 paid"),
        ("UPDATE stay SET arrears_fen = 0, fee_fen = 0", "the ledger holds 1500 fen, the column says 0"),
        ("UPDATE stay SET ending = NULL WHERE paid_fen > 0", "the ledger holds 0 fen, the column says -1500"),
        ("UPDATE stay SET credit_fen = 1 WHERE paid_fen > 0", "1500 paid, 1 by vouchers"),
        ("UPDATE till_shift SET closed_at = NULL", "till of wang: the ledger holds 0 fen, the column says 11500"),
        ("DROP TRIGGER ledger_posting_no_update; UPDATE ledger_posting SET amount_fen = 7 WHERE id = 1", "sum to"),
        ("DROP TRIGGER ledger_entry_no_delete; DELETE FROM ledger_entry WHERE kind = 'cash'", "belongs to no entry"),
    ],
)
def test_whatever_was_changed_behind_the_books_is_found(site: Path, capsys: Out, statement: str, mistake: str) -> None:
    spoil(site, "PRAGMA defer_foreign_keys = ON")
    engine = writing_engine(f"sqlite:///{site.parent / 'data' / 'daozha.db'}")
    with engine.connect() as conn:
        conn.exec_driver_sql("COMMIT")
        conn.exec_driver_sql("PRAGMA foreign_keys = OFF")
        for one in statement.split("; "):
            conn.exec_driver_sql(one)
        conn.exec_driver_sql("BEGIN")
    engine.dispose()
    assert run(site, "check", "--json") == 1
    assert mistake in " ".join(told(capsys)["mistakes"])


def test_the_trial_balance_tells_each_account_now_and_at_the_end_of_a_day(site: Path, capsys: Out) -> None:
    assert run(site, "balances", "--json") == 0
    held = told(capsys)["balances_fen"]
    assert held == {
        "receivable:stay": 0, "arrears": 1500, "cash": 0, "cash:safe": 1400, "revenue:parking": -3000,
        "cash_difference": 100,
    }  # fmt: skip
    assert sum(held.values()) == 0
    assert run(site, "balances", "--at", "2026-04-30", "--json") == 0
    assert told(capsys)["balances_fen"] == {}
    assert run(site, "balances") == 0
    assert "30.00" in capsys.readouterr().out


def test_a_statement_tells_every_posting_with_its_balance(site: Path, capsys: Out) -> None:
    assert run(site, "account", "cash", "--subject", "wang", "--json") == 0
    found = told(capsys)
    assert [line["amount_fen"] for line in found["lines"]] == [10_000, 1500, -100, -11_400]
    assert [line["balance_fen"] for line in found["lines"]] == [10_000, 11_500, 11_400, 0]
    assert run(site, "account", "cash:safe") == 0
    assert "114.00" in capsys.readouterr().out
    assert run(site, "account", "nothing") == 2


def test_a_stay_s_money_is_told_and_a_plate_is_asked_for_with_a_purpose_that_is_written_down(
    site: Path, capsys: Out
) -> None:
    assert run(site, "stay", "京A12345", "--json") == 2
    assert "purpose" in capsys.readouterr().err
    assert run(site, "stay", "京A12345", "--purpose", "he asks why", "--by", "li", "--json") == 0
    [found] = told(capsys)["stays"]
    assert [one["due_fen"] for one in found["quotes"]] == [1500]
    assert [(one["number"], one["given_fen"]) for one in found["cash"]] == [(1, 2000)]
    assert {one["kind"] for one in found["entries"]} == {"cash", "ended"}
    assert run(site, "stay", found["stay"]["id"]) == 0
    assert "fee_fen 1500" in capsys.readouterr().out
    assert run(site, "stay", "nobody") == 1
    engine = writing_engine(f"sqlite:///{site.parent / 'data' / 'daozha.db'}")
    with engine.connect() as conn:
        asked = conn.execute(journal.select().where(journal.c.what == "plate query")).one()
    engine.dispose()
    assert (asked.actor, asked.body["purpose"]) == ("li", "he asks why")


def test_a_month_is_written_for_an_accountant(site: Path, capsys: Out, tmp_path: Path) -> None:
    assert run(site, "export", "2026-05") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 12
    debits, credits = (sum(float(row[side] or 0) for row in rows) for side in ("debit", "credit"))
    assert debits == credits == 100 + 15 + 15 + 15 + 1 + 114
    path = tmp_path / "may.xlsx"
    assert run(site, "export", "2026-05", "--output", str(path)) == 0
    sheet = load_workbook(path)["2026-05"]
    assert (sheet.max_row, sheet.cell(2, 7).value) == (13, 100)
    assert run(site, "export", "2026-06") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_tills_of_a_day_are_told(site: Path, capsys: Out) -> None:
    days = ("--from", "2026-05-01", "--to", "2026-05-01", "--config", str(site))
    assert main(["till", *days, "--json"]) == 0
    [shift] = told(capsys)["tills"]
    names = ("operator", "float_fen", "stays", "stays_fen", "expected_fen", "counted_fen", "difference_fen", "taken_by")
    assert [shift[name] for name in names] == ["wang", 10_000, 1, 1500, 11_500, 11_400, -100, "li"]
    assert main(["till", *days, "--operator", "nobody", "--json"]) == 0
    assert told(capsys)["tills"] == []
    assert main(["report", "till", *days, "--json"]) == 0
    [cashier] = told(capsys)["cashiers"]
    assert (cashier["operator"], cashier["shifts"], cashier["difference_fen"]) == ("wang", 1, -100)
    assert main(["till", *days]) == 0
    assert "114.00" in capsys.readouterr().out
