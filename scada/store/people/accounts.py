"""Who there is: everybody with the last sign-in, and what happened to an account."""

from typing import Final

from sqlalchemy import Connection, or_, select

from scada.model.names import SiteId
from scada.store.journal import JournalRow, rows_about
from scada.store.schema import journal, operator

_SIGN_INS: Final = ("signed_in", "sign_in_refused")
_CHANGES: Final = (
    "operator_added",
    "role_changed",
    "locked",
    "unlocked",
    "password_reset",
    "password_changed",
    "kicked",
    "token_made",
    "token_revoked",
)
_MOST: Final = 50


def accounts(connection: Connection, site: SiteId) -> list[dict[str, object]]:
    """Give everybody, by name."""
    shown = [column for column in operator.c if column.name not in ("site", "password_hash", "subject")]
    rows = connection.execute(select(*shown).where(operator.c.site == site).order_by(operator.c.name)).mappings()
    return [dict(row) for row in rows]


def account_log(connection: Connection, site: SiteId, name: str) -> list[JournalRow]:
    """Give a person's last sign-ins, and who changed what about the person, newest first."""
    signs = (journal.c.actor == name) & journal.c.what.in_(_SIGN_INS)
    about = journal.c.what.in_(_CHANGES) & (journal.c.body["name"].as_string() == name)
    own = (journal.c.actor == name) & (journal.c.what == "password_changed")
    return rows_about(connection, site, or_(signs, about, own), _MOST)
