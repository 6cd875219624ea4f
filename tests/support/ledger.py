"""The double-entry books held against the columns that the product works with."""

from sqlalchemy import Connection, select

from billing.accounts.balances import by_subject, trial
from billing.accounts.chart import Account
from scada.model.names import SiteId
from scada.store.schema import stay as stays
from tests.support.store import SITE


def agrees(conn: Connection, site: SiteId = SITE) -> None:
    """Fail unless every stay owes and has paid what the ledger says."""
    rows = conn.execute(select(stays).where(stays.c.site == site)).all()
    assert sum(trial(conn, site).values()) == 0
    assert by_subject(conn, site, Account.ARREARS) == {row.id: row.arrears_fen for row in rows if row.arrears_fen}
    ahead = {row.id: -row.paid_fen - row.credit_fen for row in rows if row.ending is None}
    assert by_subject(conn, site, Account.RECEIVABLE) == {stay: amount for stay, amount in ahead.items() if amount}
    for row in rows:
        if row.ending is not None:
            assert row.fee_fen == row.paid_fen + row.credit_fen + row.arrears_fen + row.waived_fen
