"""What the accounts hold: sums of postings, never a number of its own."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import BigInteger, Connection, cast, func, select

from billing.accounts.chart import Account
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings

_SUM = cast(func.coalesce(func.sum(postings.c.amount_fen), 0), BigInteger)
_JOINED = postings.join(entries, entries.c.id == postings.c.entry)


def balance(conn: Connection, site: SiteId, account: Account, subject: str | None = None) -> Fen:
    """Give what an account holds now, of one subject or of all; a debit is above zero."""
    query = select(_SUM).select_from(_JOINED).where(entries.c.site == site, postings.c.account == account.value)
    if subject is not None:
        query = query.where(postings.c.subject == subject)
    return Fen(int(conn.execute(query).scalar_one()))


def by_subject(conn: Connection, site: SiteId, account: Account) -> Mapping[str, Fen]:
    """Give what each subject of an account holds now, those with nothing left out."""
    query = (
        select(postings.c.subject, _SUM.label("sum"))
        .select_from(_JOINED)
        .where(entries.c.site == site, postings.c.account == account.value)
        .group_by(postings.c.subject)
    )
    return {row.subject: Fen(int(row.sum)) for row in conn.execute(query) if row.sum}


def trial(conn: Connection, site: SiteId, until: datetime | None = None) -> Mapping[Account, Fen]:
    """Give the trial balance, of what was posted before `until` if that is given; its sum is zero."""
    query = select(postings.c.account, _SUM.label("sum")).select_from(_JOINED).where(entries.c.site == site)
    if until is not None:
        query = query.where(entries.c.at < until)
    found = conn.execute(query.group_by(postings.c.account))
    return {Account(row.account): Fen(int(row.sum)) for row in found}
