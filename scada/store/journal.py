"""The journal: everything that happened, each row sealed by a hash over itself and the row before.

The journal is written inside the transaction of the thing it tells of (`lanes.md` §3, invariant 10).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from scada.clock import Clock
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.store.db import Database
from scada.store.retention.seals import KIND, LEAST, WHAT, Record, SealCheck, canonical, seal
from scada.store.schema import journal
from scada.store.sql.alike import storable

START = "0" * 64
"""What stands as `previous` in the first row."""
_LAST = select(journal.c.n, journal.c.hash).order_by(journal.c.n.desc()).limit(1)
_NEXT = journal.insert()


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row of the journal as people and programs read it."""

    n: int
    at: datetime
    kind: str
    actor: str
    what: str
    lane: LaneName | None
    passage: PassageId | None
    body: dict[str, object]


class SqlJournal:
    """The journal of one site; implements `scada.ports.Journal`."""

    def __init__(self, db: Database, site: SiteId, clock: Clock) -> None:
        self._db = db
        self._site = site
        self._clock = clock

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        """Append in order; returns when they are on disk."""
        at = self._clock.now()
        await self._db.write(lambda connection: write_entries(connection, self._site, at, entries))


def write_entries(connection: Connection, site: SiteId, at: datetime, entries: Sequence[JournalEntry]) -> None:
    """Append entries inside the caller's transaction. Raises TypeError or ValueError if a body is not JSON."""
    n, previous = _last(connection)
    rows = []
    for entry in entries:
        n += 1
        row = _row(n, site, at, entry, previous)
        previous = str(row["hash"])
        rows.append(row)
    if rows:
        connection.execute(_NEXT, rows)


def verify(connection: Connection, key: bytes | None = None) -> int | None:
    """Walk the whole chain; give the number of the first row that was changed, moved or taken out.

    With the site's key it is checked, too, that nobody else made plates in old rows unreadable.
    """
    previous, expected = START, 1
    seals = SealCheck(_records(connection), key)
    query = select(journal).order_by(journal.c.n).execution_options(yield_per=1000)
    with connection.execute(query) as rows:
        for row in rows:
            if row.n != expected or row.previous != previous or not seals.holds(row._asdict()):
                return expected
            previous, expected = row.hash, expected + 1
    return None if seals.is_done else expected


def _records(connection: Connection) -> list[Record]:
    """Give the records of rows whose plates were made unreadable."""
    query = select(journal.c.n, journal.c.at, journal.c.body).where(journal.c.kind == KIND, journal.c.what == WHAT)
    return [
        Record(_is_due(connection, n, at, body["last"]), body["first"], body["last"], body["digest"], body["mac"])
        for n, at, body in connection.execute(query).all()
    ]


def _is_due(connection: Connection, record: int, at: datetime, last: int) -> bool:
    """Say whether the rows up to `last` came before one that was old enough when their record was made."""
    old = (journal.c.n >= last) & (journal.c.n < record) & (journal.c.at <= at - LEAST)
    return connection.execute(select(journal.c.n).where(old).order_by(journal.c.n).limit(1)).first() is not None


def recent(
    connection: Connection, limit: int, lane: LaneName | None = None, kind: str | None = None
) -> list[JournalRow]:
    """Give the last rows, newest first; of one lane and of one kind if they are named."""
    query = select(journal).order_by(journal.c.n.desc()).limit(limit)
    if lane is not None:
        query = query.where(journal.c.lane == lane)
    if kind is not None:
        query = query.where(journal.c.kind == kind)
    return [told(row) for row in connection.execute(query).mappings()]


def rows_between(
    connection: Connection, site: SiteId, since: datetime, until: datetime, kinds: Sequence[str], most: int
) -> list[JournalRow]:
    """Give the newest rows of some kinds in a range, newest first, `most` of them at most."""
    there = (journal.c.site == site) & journal.c.kind.in_(kinds) & (journal.c.at >= since) & (journal.c.at < until)
    query = select(journal).where(there).order_by(journal.c.at.desc(), journal.c.n.desc()).limit(most)
    return [told(row) for row in connection.execute(query).mappings()]


def rows_of_people(connection: Connection, site: SiteId, what: Sequence[str], after: int) -> list[JournalRow]:
    """Give what people did of these kinds after row `after`, oldest first."""
    mine = (journal.c.n > after) & (journal.c.site == site) & (journal.c.kind == "person")
    query = select(journal).where(mine & journal.c.what.in_(what)).order_by(journal.c.n)
    return [told(row) for row in connection.execute(query).mappings()]


def rows_about(connection: Connection, site: SiteId, which: ColumnElement[bool], most: int) -> list[JournalRow]:
    """Give the last rows of people that are `which`, newest first."""
    mine = (journal.c.site == site) & (journal.c.kind == "person") & which
    query = select(journal).where(mine).order_by(journal.c.n.desc()).limit(most)
    return [told(row) for row in connection.execute(query).mappings()]


def last_number(connection: Connection) -> int:
    """Give the number of the last row, 0 if there is none."""
    return _last(connection)[0]


def first_of(
    connection: Connection, site: SiteId, passage: PassageId, kinds: Sequence[str], actor: str
) -> JournalRow | None:
    """Give the first row of one actor about a passage."""
    mine = (journal.c.site == site) & (journal.c.passage == passage) & (journal.c.actor == actor)
    query = select(journal).where(mine & journal.c.kind.in_(kinds)).order_by(journal.c.n).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else told(row)


def rows_before(
    connection: Connection, site: SiteId, lane: LaneName, kinds: Sequence[str], actor: str, most: int
) -> Iterator[JournalRow]:
    """Give one actor's rows about a lane, newest first, `most` of them at most."""
    mine = (journal.c.site == site) & (journal.c.lane == lane) & (journal.c.actor == actor)
    query = select(journal).where(mine & journal.c.kind.in_(kinds)).order_by(journal.c.n.desc())
    with connection.execute(query.limit(most).execution_options(yield_per=50)) as rows:
        for row in rows.mappings():
            yield told(row)


def rows_of_lane(
    connection: Connection, site: SiteId, lane: LaneName, kinds: Sequence[str], actor: str, since: int
) -> Iterator[JournalRow]:
    """Give one actor's rows about a lane, oldest first, from row `since` on."""
    mine = (journal.c.site == site) & (journal.c.lane == lane) & (journal.c.actor == actor)
    query = select(journal).where(mine & journal.c.kind.in_(kinds) & (journal.c.n >= since)).order_by(journal.c.n)
    with connection.execute(query.execution_options(yield_per=200)) as rows:
        for row in rows.mappings():
            yield told(row)


def told(row: RowMapping) -> JournalRow:
    """Give a row of the table as it is read."""
    return JournalRow(**{part.name: row[part.name] for part in fields(JournalRow)})


def _row(n: int, site: SiteId, at: datetime, entry: JournalEntry, previous: str) -> dict[str, object]:
    row: dict[str, object] = {
        "n": n,
        "site": site,
        "at": at,
        "kind": entry.kind,
        "actor": storable(entry.actor),
        "what": storable(entry.what),
        "lane": entry.lane,
        "passage": entry.passage,
        "body": json.loads(canonical(entry.body)),
        "previous": previous,
    }
    row["hash"] = seal(row)
    return row


def _last(connection: Connection) -> tuple[int, str]:
    row = connection.execute(_LAST).first()
    return (row.n, row.hash) if row is not None else (0, START)
