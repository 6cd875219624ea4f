"""However many years are in the books: what a report tells of some days is found by those days.

SQLite keeps no statistics here, so that what it does with a query is known before there are any rows.
"""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event

from scada.config import load
from scada.model.reports import REPORTS, Listed
from scada.reports.documents.asked import Asked, days_asked, made
from tests.support.monthbooks import Month, Shape
from tests.support.store import give_tables

CONFIG = load(Path(__file__).parents[2] / "config.toml")
SHAPE = Shape(first=date(2026, 4, 1), days=2, cars_a_day=6, cards=1)
GROWING = ("journal", "passage", "rise", "intent", "stay", "camera_read", "ledger_entry", "settlement", "gate_cycle")
"""Tables that get rows with every car."""
BY_THE_WHOLE = re.compile(
    rf"^(SCAN ({'|'.join(GROWING)})\b(?! USING INDEX ix_journal_at)|SEARCH .*\(site=\?\)( LEFT-JOIN)?$)"
)
"""Plans that read a table, or a site's part of it, from its first day to its last."""
SMALL = re.compile(
    r"(cash_payment|voucher|booking|till_shift|help_call|mode_period|lane_fault|case_file|desk_case|report_run)\b"
)
"""Tables of which a site has few rows: by the whole is soon enough."""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    give_tables(url := f"sqlite:///{tmp_path_factory.mktemp('plans') / 'books.db'}")
    engine = create_engine(url)
    with engine.begin() as connection:
        Month(SHAPE).write(connection)
        yield connection
    engine.dispose()


def plans(books: Connection, listed: Listed) -> list[str]:
    """Make a report, and give what SQLite does with each query: one step a line."""
    asked: list[tuple[str, Any]] = []
    event.listen(books.engine, "before_cursor_execute", hear := lambda *told: asked.append((told[2], told[3])))
    last = date(2026, 4, 2)
    days = days_asked(books, CONFIG, date(2026, 4, 1), last, last)
    made(books, listed, Asked(CONFIG, days, days.until))
    event.remove(books.engine, "before_cursor_execute", hear)
    raw = books.connection.dbapi_connection
    assert isinstance(raw, SqliteConnection)
    steps = [raw.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall() for query, values in asked]
    return [step[3] for query in steps for step in query]


@pytest.mark.parametrize("listed", REPORTS, ids=lambda one: one.name)
def test_no_report_reads_years_to_tell_of_days(books: Connection, listed: Listed) -> None:
    wrong = [step for step in plans(books, listed) if BY_THE_WHOLE.search(step) and not SMALL.search(step)]
    assert wrong == []
