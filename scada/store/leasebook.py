"""The lease of a site and its servers in PostgreSQL. Every call is one short transaction, and blocks.

It does not queue with those who write: a lease is renewed while a report's long transaction runs. Times are the
database's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Float,
    Row,
    Select,
    cast,
    extract,
    func,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from scada.model.lease import Lease, Server, Terms
from scada.store.db import place
from scada.store.schema.standby import lease as table
from scada.store.schema.standby import server
from scada.store.sql.fence import Fence

T = TypeVar("T")

CALL_S: Final = 2.0
"""How long one call may take; then its line is cut."""
ALIVE: Final = 2.0
"""A server that has not been seen for so many lengths of the lease is not there."""
_NOW: Final = func.clock_timestamp(type_=DateTime(timezone=True))
_END_THE_DEPOSED: Final = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = :name AND datname = current_database() AND usename = current_user"
)
_CALLED: Final = text("SELECT set_config('application_name', :name, true)")


@dataclass(frozen=True, slots=True)
class Renewed:
    """The lease holds on. `heir`: who shall have it, if somebody asked; `alive`: the other servers that are there."""

    heir: str | None
    alive: tuple[Server, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A server as the table has it."""

    server: Server
    seen_s: float
    said: str


class LeaseBook:
    """The way to the lease's row."""

    def __init__(self, url: str, site: str, terms: Terms) -> None:
        from scada.store.sql import postgres

        limits = {"connect_timeout": "2", "options": postgres.limits(CALL_S / 2, CALL_S / 2)}
        self._url = make_url(url).update_query_dict(limits)
        self._engine = postgres.build(self._url, read_only=False, size=1, queues=False)
        self._site, self._terms = site, terms
        self._mine = table.c.site == site

    def close(self) -> None:
        """Close the connection."""
        self._engine.dispose()

    def has_tables(self) -> bool:
        """Say whether the tables are there. Raises StoreError."""
        return self._do(lambda conn: inspect(conn).has_table(table.name) and inspect(conn).has_table(server.name))

    def look(self, me: Server | None = None, said: str = "") -> Lease | None:
        """Give the lease; leave word that this server is there. Raises StoreError."""

        def work(conn: Connection) -> Lease | None:
            if me is not None:
                self._sign(conn, me, said)
            return _lease(conn.execute(self._query()).first())

        return self._do(work)

    def take(self, me: Server, seen: Lease | None) -> int | None:
        """Take the lease as it was seen; its new number, or None where another was quicker. Raises StoreError.

        What the one before has under way in the database is ended first: it may stand still in the middle of it.
        """
        if seen is not None:
            name = Fence(self._site, seen.epoch).name
            self._do(lambda conn: conn.execute(_END_THE_DEPOSED, {"name": name}).all())
        return self._do(lambda conn: self._take(conn, me, seen))

    def renew(self, me: Server, epoch: int) -> Renewed | None:
        """Hold the lease on; None where it has ended or is another's. Raises StoreError."""

        def work(conn: Connection) -> Renewed | None:
            self._as_leader(conn, epoch)
            change = update(table).where(self._mine & (table.c.epoch == epoch) & (table.c.until_at > _NOW))
            values = {"beat": table.c.beat + 1, "until_at": self._until(), "keys": me.keys}
            row = conn.execute(change.values(values).returning(table.c.heir)).first()
            if row is None:
                return None
            self._sign(conn, me, "")
            return Renewed(row.heir, tuple(one.server for one in self._alive(conn) if one.server.id != me.id))

        return self._do(work)

    def release(self, epoch: int) -> bool:
        """Give the lease up; False where it is not held any more. Raises StoreError."""
        change = update(table).where(self._mine & (table.c.epoch == epoch) & (table.c.until_at > _NOW))

        def work(conn: Connection) -> bool:
            self._as_leader(conn, epoch)
            return conn.execute(change.values(until_at=_NOW)).rowcount == 1

        return self._do(work)

    def name_heir(self, name: str, epoch: int) -> bool:
        """Ask the leader to hand over; False where it leads no more. Raises StoreError."""
        change = update(table).where(self._mine & (table.c.epoch == epoch) & (table.c.until_at > _NOW))
        return self._do(lambda conn: conn.execute(change.values(heir=name)).rowcount == 1)

    def servers(self) -> list[Known]:
        """Give the servers that are there. Raises StoreError."""
        return self._do(self._alive)

    def _take(self, conn: Connection, me: Server, seen: Lease | None) -> int | None:
        values = {
            "holder": me.name,
            "holder_id": me.id,
            "since_at": _NOW,
            "until_at": self._until(),
            "heir": None,
            "beat": 0,
        }
        if seen is None:
            first = insert(table).values(site=self._site, epoch=1, **values)
            return conn.execute(first.on_conflict_do_nothing().returning(table.c.epoch)).scalar()
        row = conn.execute(select(table.c.epoch, table.c.beat).where(self._mine).with_for_update()).first()
        if row is None or (row.epoch, row.beat) != (seen.epoch, seen.beat):
            return None
        change = update(table).where(self._mine).values(epoch=seen.epoch + 1, **values)
        return conn.execute(change.returning(table.c.epoch)).scalar()

    def _as_leader(self, conn: Connection, epoch: int) -> None:
        """Bear the leader's name in this transaction, which locks the lease: whoever follows can have it ended."""
        conn.execute(_CALLED, {"name": Fence(self._site, epoch).name})

    def _sign(self, conn: Connection, me: Server, said: str) -> None:
        now = {"name": me.name, "seen_at": _NOW, "keys": me.keys, "files": me.files, "said": said[:200]}
        row = insert(server).values(site=self._site, id=me.id, **now)
        conn.execute(row.on_conflict_do_update(index_elements=["site", "id"], set_=now))

    def _alive(self, conn: Connection) -> list[Known]:
        age = cast(extract("epoch", _NOW - server.c.seen_at), Float).label("age")
        query = select(server, age).where(server.c.site == self._site).order_by(age)
        limit_s = ALIVE * self._terms.length_s
        return [
            Known(Server(row.name, row.id, row.keys, row.files), row.age, row.said)
            for row in conn.execute(query)
            if row.age <= limit_s
        ]

    def _query(self) -> Select[Any]:
        left = cast(extract("epoch", table.c.until_at - _NOW), Float).label("left_s")
        return select(table, left).where(self._mine)

    def _until(self) -> ColumnElement[Any]:
        return _NOW + timedelta(seconds=self._terms.length_s)

    def _do(self, work: Callable[[Connection], T]) -> T:
        from scada.store.sql import postgres

        return postgres.in_transaction(self._engine, work, place(self._url), CALL_S)


def _lease(row: Row[tuple[object, ...]] | None) -> Lease | None:
    if row is None:
        return None
    return Lease(row.holder, row.holder_id, row.epoch, row.beat, row.left_s, row.heir, row.keys)
