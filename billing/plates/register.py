"""The register of rights: what holds for which plate, in the database, each change with its journal row."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, or_, select, update

from billing.ids import new_id
from billing.rights import Entry, Right, RightKind
from scada.model.names import SiteId, StayId, ZoneName
from scada.model.plate import Plate
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import passage as passages
from scada.store.schema import plate_right as rights
from scada.store.schema import stay as stays

_OF_PLATE = select(rights).where(rights.c.site == bindparam("of"), rights.c.plate == bindparam("under"))
"""Made once: every car that comes asks it."""


def rights_of(conn: Connection, site: SiteId, plate: Plate) -> tuple[Right, ...]:
    """Give all that ever held for a plate, or will."""
    rows = conn.execute(_OF_PLATE, {"of": site, "under": plate}).all()
    return tuple(_right(conn, site, row) for row in rows)


def entries(conn: Connection, site: SiteId, at: datetime) -> tuple[Entry, ...]:
    """Give the lines that hold now or will, by plate."""
    query = select(rights).where(rights.c.site == site, _not_over(at)).order_by(rights.c.plate, rights.c.valid_from)
    return tuple(
        Entry(
            plate=Plate(row.plate),
            kind=RightKind(row.kind),
            since=row.valid_from,
            until=row.valid_until,
            zone=None if row.zone is None else ZoneName(row.zone),
            card=row.card or "",
            spaces=row.spaces if row.card else None,
            note=row.note,
        )
        for row in conn.execute(query)
    )


def add(conn: Connection, site: SiteId, at: datetime, new: Sequence[Entry], by: str, reason: str = "") -> None:
    """Write lines into the register; the spaces that a line names become those of its whole card."""
    cards = _spaces(conn, site) | {entry.card: entry.spaces for entry in new if entry.card and entry.spaces}
    rows = [
        {
            "id": new_id(at),
            "site": site,
            "plate": entry.plate,
            "kind": entry.kind.value,
            "zone": entry.zone,
            "valid_from": entry.since,
            "valid_until": entry.until,
            "card": _card(entry),
            "spaces": cards.get(entry.card, 1),
            "note": entry.note,
            "made_by": by,
            "made_at": at,
        }
        for entry in new
    ]
    conn.execute(rights.insert(), rows)
    for card in {entry.card for entry in new if entry.card and entry.spaces}:
        mine = (rights.c.site == site) & (rights.c.card == card)
        conn.execute(update(rights).where(mine).values(spaces=cards[card]))
    write_entries(conn, site, at, [_told(by, "right added", _body(entry), reason) for entry in new])


def remove(
    conn: Connection,
    site: SiteId,
    at: datetime,
    plate: Plate,
    kind: RightKind,
    zone: ZoneName | None,
    by: str,
    reason: str = "",
) -> int:
    """End what holds for a plate and strike what would; gives how many lines that were."""
    mine = (rights.c.site == site) & (rights.c.plate == plate) & (rights.c.kind == kind.value)
    mine &= rights.c.zone.is_(None) if zone is None else rights.c.zone == zone
    struck = conn.execute(delete(rights).where(mine, rights.c.valid_from >= at)).rowcount
    ended = conn.execute(update(rights).where(mine, _not_over(at)).values(valid_until=at)).rowcount
    if struck + ended:
        body: dict[str, object] = {"plate": plate, "kind": kind.value, "zone": zone}
        write_entries(conn, site, at, [_told(by, "right removed", body, reason)])
    return struck + ended


def fake_exits(conn: Connection, site: SiteId, plate: Plate, stay: StayId, since: datetime) -> int:
    """Count how often the car of a stay, or one of its plate, was let out and backed away."""
    query = select(func.count()).select_from(passages)
    noted = (passages.c.site == site) & (passages.c.note == "FAKE_EXIT") & (passages.c.ended_at >= since)
    return conn.execute(query.where(noted, or_(passages.c.plate == plate, passages.c.stay == stay))).scalar_one()


def _not_over(at: datetime) -> ColumnElement[bool]:
    return or_(rights.c.valid_until.is_(None), rights.c.valid_until > at)


def _card(entry: Entry) -> str | None:
    """A month card that names no group is the plate's own."""
    return (entry.card or entry.plate) if entry.kind is RightKind.MONTH else None


def _spaces(conn: Connection, site: SiteId) -> dict[str, int]:
    query = select(rights.c.card, rights.c.spaces).where(rights.c.site == site, rights.c.card.is_not(None))
    return {row.card: row.spaces for row in conn.execute(query.distinct())}


def _right(conn: Connection, site: SiteId, row: Row[tuple[object, ...]]) -> Right:
    return Right(
        kind=RightKind(row.kind),
        since=row.valid_from,
        until=row.valid_until,
        zone=None if row.zone is None else ZoneName(row.zone),
        card=row.card or "",
        spaces=row.spaces,
        others=_others(conn, site, row.card, row.plate) if row.card else 0,
    )


def _others(conn: Connection, site: SiteId, card: str, plate: str) -> int:
    """Count the other cars that take a space of a card now; the plate's own stay ends when it comes in again."""
    query = select(func.count()).select_from(stays).where(stays.c.site == site, stays.c.ending.is_(None))
    return conn.execute(query.where(stays.c.card == card, stays.c.plate != plate)).scalar_one()


def _told(by: str, what: str, body: dict[str, object], reason: str) -> JournalEntry:
    return JournalEntry("person", by, what, body={**body, **({"reason": reason} if reason else {})})


def _body(entry: Entry) -> dict[str, object]:
    return {
        "plate": entry.plate,
        "kind": entry.kind.value,
        "zone": entry.zone,
        "from": entry.since.isoformat(),
        "until": None if entry.until is None else entry.until.isoformat(),
        "card": _card(entry),
        "spaces": entry.spaces,
        "note": entry.note,
    }
