"""People for whom an identity provider vouches: known by the provider's own word, `iss` and `sub`, whatever their name.

A name at a provider may be given to somebody else, and may be changed. Here an account keeps the name that it was made
with, since the journal knows it by that.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from scada.model.names import SiteId
from scada.store.journal import write_entries
from scada.store.people.entries import changed, entered, is_name, is_taken
from scada.store.schema import operator


@dataclass(frozen=True, slots=True)
class Outside:
    """Somebody at the door: who it is, the name and the role that the provider gives today, and from where.

    `signs_in`: it is a sign-in, and not only a password given once more.
    """

    site: SiteId
    subject: str
    name: str
    role: str
    origin: str
    address: str
    signs_in: bool = True


@dataclass(frozen=True, slots=True)
class NotLetIn:
    """Why not."""

    why: str


def enter(connection: Connection, who: Outside, unmatchable: str, at: datetime) -> str | NotLetIn:
    """Let somebody in with the role of today, and give the name of the account; a new one has no password here."""
    row = _known(connection, who)
    name = who.name if row is None else str(row["name"])
    if why := _why_not(connection, who, row):
        if row is not None:
            write_entries(connection, who.site, at, [entered(name, "sign_in_refused", who.address)])
        return NotLetIn(why)
    if row is None:
        made = {"name": name, "site": who.site, "role": who.role, "must_change": False, "made_at": at}
        connection.execute(operator.insert().values(**made, password_hash=unmatchable, origin=who.origin))
        entry = changed(who.origin, "operator_added", name, {}, {"role": who.role}, "")
        write_entries(connection, who.site, at, [entry])
    elif row["role"] != who.role:
        entry = changed(who.origin, "role_changed", name, {"role": row["role"]}, {"role": who.role}, "")
        write_entries(connection, who.site, at, [entry])
    values = {"role": who.role, "subject": who.subject, **({"signed_in_at": at} if who.signs_in else {})}
    connection.execute(update(operator).where(operator.c.name == name).values(**values))
    if who.signs_in:
        write_entries(connection, who.site, at, [entered(name, "signed_in", who.address)])
    return name


def _known(connection: Connection, who: Outside) -> RowMapping | None:
    """Find the account of somebody: by the provider's word; one from before that was kept, by its name, for once."""
    theirs = select(operator).where(operator.c.origin == who.origin)
    row = connection.execute(theirs.where(operator.c.subject == who.subject)).mappings().first()
    old = theirs.where(operator.c.name == who.name, operator.c.subject == "")
    return row or connection.execute(old).mappings().first()


def _why_not(connection: Connection, who: Outside, row: RowMapping | None) -> str:
    if row is not None:
        return "the account is locked" if row["locked_at"] is not None else ""
    if not is_name(who.name):
        return "the name cannot be used here"
    return "the name is taken here" if is_taken(connection, who.name) else ""
