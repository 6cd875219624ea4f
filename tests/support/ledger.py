"""The double-entry books held against the columns that the product works with."""

from sqlalchemy import Connection

from billing.accounts.audit import mistakes
from scada.model.names import SiteId
from tests.support.store import SITE


def agrees(conn: Connection, site: SiteId = SITE) -> None:
    """Fail unless the ledger and the columns say the same."""
    assert mistakes(conn, site) == []
