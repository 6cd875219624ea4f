"""Who has signed which version of a tariff. Its terms are signed: changed by one fen they are another version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from billing.tariff import Tariff
from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import tariff_signature as signatures

NEEDED = 2
"""So many different people sign a version before it may charge anybody."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's word for a version."""

    by: str
    at: datetime


def of_site(conn: Connection, site: SiteId) -> Mapping[str, Sequence[Signature]]:
    """Give all signatures of a site by the digest of what was signed, the oldest first."""
    found: dict[str, list[Signature]] = {}
    query = select(signatures).where(signatures.c.site == site).order_by(signatures.c.at)
    for row in conn.execute(query):
        found.setdefault(row.digest, []).append(Signature(row.by, row.at))
    return found


def sign(conn: Connection, site: SiteId, at: datetime, tariff: Tariff, by: str) -> bool:
    """Note that a person signs a version, in the journal too; False if this person has signed it before."""
    mine = (signatures.c.site == site) & (signatures.c.digest == tariff.digest) & (signatures.c.by == by)
    if conn.execute(select(signatures.c.id).where(mine)).first() is not None:
        return False
    named = {"digest": tariff.digest, "name": tariff.name, "version": tariff.version}
    conn.execute(signatures.insert().values(site=site, by=by, at=at, **named))
    write_entries(
        conn, site, at, [JournalEntry("person", by, "tariff signed", body={**named, "terms": tariff.terms()})]
    )
    return True
