"""The secret code by which a merchant's staff signs in: shown once, kept as a hash, ended at once.

Plain functions of a connection.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from billing.books import NOWHERE, Books
from billing.ids import new_id
from billing.vouchers import merchants
from billing.vouchers.terms import Merchant
from scada.model.names import SiteId
from scada.store.schema import merchant as merchant_table
from scada.store.schema import merchant_link as links

_SIGNS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONG: Final = 20
_GROUP: Final = 5


@dataclass(frozen=True, slots=True)
class Door:
    """An open way in: the link's id, and whose it is."""

    link: str
    merchant: Merchant


def make(conn: Connection, books: Books, at: datetime, merchant: Merchant, by: str) -> str:
    """Make a merchant's code in place of the one before, and give it: nobody can read it again."""
    _end(conn, at, merchant, by)
    code = "".join(secrets.choice(_SIGNS) for _ in range(_LONG))
    made = new_id(at)
    whose = {"site": books.site, "merchant": merchant.id, "digest": _digest(code)}
    conn.execute(links.insert().values(id=made, made_at=at, made_by=by, **whose))
    books.tell(conn, at, "money", "merchant link made", NOWHERE, merchant=merchant.id, link=made, by=by)
    return "-".join(code[start : start + _GROUP] for start in range(0, _LONG, _GROUP))


def revoke(conn: Connection, books: Books, at: datetime, merchant: Merchant, by: str) -> bool:
    """End a merchant's code and whatever was signed in by it. False if there is none."""
    if not _end(conn, at, merchant, by):
        return False
    books.tell(conn, at, "money", "merchant link ended", NOWHERE, merchant=merchant.id, by=by)
    return True


def by_code(conn: Connection, site: SiteId, code: str) -> Door | None:
    """Give the way in that a code opens, however it was typed; None for a wrong or an ended one."""
    plain = "".join(code.upper().replace("-", "").split())
    row = conn.execute(
        select(links.c.id).where(links.c.site == site, links.c.digest == _digest(plain), links.c.ended_at.is_(None))
    ).one_or_none()
    return None if row is None else by_link(conn, site, row.id)


def by_link(conn: Connection, site: SiteId, link: str, *, lock: bool = False) -> Door | None:
    """Give the way in that was opened before, if it has not been ended since; `lock` its merchant."""
    mine = (links.c.site == site) & (links.c.id == link)
    joined = links.join(merchant_table, merchant_table.c.id == links.c.merchant)
    name = conn.execute(select(merchant_table.c.name).select_from(joined).where(mine)).scalar_one_or_none()
    found = None if name is None else merchants.find(conn, site, name, lock=lock)
    still = conn.execute(select(links.c.id).where(mine, links.c.ended_at.is_(None))).one_or_none()
    return None if found is None or still is None else Door(link, found)


def _end(conn: Connection, at: datetime, merchant: Merchant, by: str) -> bool:
    mine = (links.c.merchant == merchant.id) & links.c.ended_at.is_(None)
    return conn.execute(update(links).where(mine).values(ended_at=at, ended_by=by)).rowcount == 1


def _digest(code: str) -> str:
    """Hash a code. It has 97 random bits, so that no slow hash is needed."""
    return hashlib.sha256(code.encode()).hexdigest()
