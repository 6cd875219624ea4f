"""A site that took money before it kept double-entry books finds all of it in them after the migration."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, text

from billing.accounts.balances import by_subject, trial
from billing.accounts.chart import Account
from scada.model.names import SiteId
from scada.store.db import migrate, writing_engine
from scada.store.sql.revisions import MIGRATIONS
from tests.support.store import empty_database

pytestmark = pytest.mark.usefixtures("any_database")

AT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
STAYS = (
    # id, ending, fee, paid, arrears, waived
    ("open-unpaid", None, 0, 0, 0, 0),
    ("open-paid", None, 0, 500, 0, 0),
    ("left-paid", "EXIT", 500, 500, 0, 0),
    ("left-owing", "EXIT", 900, 200, 700, 0),
    ("let-off", "EXIT", 300, 0, 0, 300),
)


def test_what_was_taken_before_stands_in_the_opened_books(tmp_path: Path) -> None:
    url = empty_database(tmp_path)
    engine = writing_engine(url)
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as conn:
        settings.attributes["connection"] = conn
        command.upgrade(settings, "0007")
        for name, ending, fee, paid, arrears, waived in STAYS:
            conn.execute(
                text(
                    "INSERT INTO stay (id, site, plate, plate_kind, plate_colour, entry_lane, entry_passage,"
                    " entered_at, tariff, tariff_terms, ending, exited_at, fee_fen, paid_fen, arrears_fen, waived_fen)"
                    " VALUES (:id, 'demo', :id, 'ordinary', 'BLUE', 'in1', :id, :at, 't', '{}', :ending, :left,"
                    " :fee, :paid, :arrears, :waived)"
                ),
                {"id": name, "at": AT.replace(tzinfo=None), "ending": ending, "fee": fee, "paid": paid}
                | {"left": (AT + timedelta(hours=1)).replace(tzinfo=None) if ending else None}
                | {"arrears": arrears, "waived": waived},
            )
        _paid_twice(conn)
        _left_an_order_open(conn)
        conn.commit()
    migrate(url)
    with engine.connect() as conn:
        site = SiteId("demo")
        assert by_subject(conn, site, Account.RECEIVABLE) == {"open-paid": -500}
        assert by_subject(conn, site, Account.ARREARS) == {"left-owing": 700}
        assert by_subject(conn, site, Account.REFUND_PAYABLE) == {"RD1A": -500}
        found = trial(conn, site)
        back = conn.execute(text("SELECT out_refund_no, amount_fen, total_fen, reason, state FROM refund")).all()
        closing = conn.execute(text("SELECT closing FROM pay_order WHERE out_trade_no = 'D2'")).scalar()
    engine.dispose()
    assert back == [("RD1A", 500, 500, "SURPLUS", "WANTED")]
    assert closing == "the stay has ended"
    assert found[Account.WECHAT] == 500 + 500 + 200 + 500
    assert found[Account.PARKING] == -(500 + 900 + 300)
    assert found[Account.DISCOUNT] == 300
    assert sum(found.values()) == 0


def _left_an_order_open(conn: Connection) -> None:
    """An order of a car that left while WeChat could not be reached."""
    conn.execute(
        text(
            "INSERT INTO pay_order (out_trade_no, site, stay, quote, amount_fen, state, expires_at, made_at)"
            " VALUES ('D2', 'demo', 'left-owing', 'q', 500, 'OPEN', :at, :at)"
        ),
        {"at": AT.replace(tzinfo=None)},
    )


def _paid_twice(conn: Connection) -> None:
    """The second payment of a stay that was paid already."""
    at = AT.replace(tzinfo=None)
    conn.execute(
        text(
            "INSERT INTO quote (id, site, stay, made_at, valid_until, total_fen, due_fen, lines)"
            " VALUES ('q', 'demo', 'left-paid', :at, :at, 500, 500, '[]')"
        ),
        {"at": at},
    )
    conn.execute(
        text(
            "INSERT INTO pay_order (out_trade_no, site, stay, quote, amount_fen, state, expires_at, made_at)"
            " VALUES ('D1', 'demo', 'left-paid', 'q', 500, 'PAID', :at, :at)"
        ),
        {"at": at},
    )
    conn.execute(
        text(
            "INSERT INTO settlement (id, site, out_trade_no, stay, transaction_id, amount_fen, surplus, source,"
            " paid_at, settled_at) VALUES ('s', 'demo', 'D1', 'left-paid', 'T1', 500, true, 'query', :at, :at)"
        ),
        {"at": at},
    )
