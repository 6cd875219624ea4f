"""SQLite: WAL, safe on disk at every commit, foreign keys on, the write lock taken at once."""

from functools import partial
from pathlib import Path
from sqlite3 import SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_IOERR
from sqlite3 import Connection as SqliteConnection
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from scada.store.sql.alike import clean_parameters
from scada.store.sql.errors import StoreFull, reason

BUSY_MS = 5000
_WRITES = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_READS = ("query_only=ON",)
_REFUSALS: Final = frozenset({SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN})
"""No room for a page, for the log's index, for the log itself."""


def build(url: URL, *, read_only: bool, size: int) -> Engine:
    """Build an engine; a writing transaction takes the write lock when it begins."""
    engine = create_engine(url, pool_size=size, max_overflow=0, hide_parameters=True)
    pragmas = (*(_READS if read_only else _WRITES), f"busy_timeout={BUSY_MS}")
    event.listen(engine, "connect", partial(_prepare, pragmas))
    event.listen(engine, "begin", partial(_begin, "BEGIN" if read_only else "BEGIN IMMEDIATE"))
    event.listen(engine, "before_cursor_execute", clean_parameters, retval=True)
    return engine


def refusal(error: DBAPIError, where: str) -> StoreFull | None:
    """Tell that the disk takes nothing; None where it is not the disk. SQLite has then undone the transaction."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return StoreFull(f"write to {where}: {reason(error)}: nothing was written") if code in _REFUSALS else None


def file_of(url: URL) -> Path | None:
    """Give the file of a database; None where it is in memory."""
    return Path(url.database) if url.database and url.database != ":memory:" else None


def make_folder(url: URL) -> None:
    """Make the folder of the file, ours alone."""
    if url.database:
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def let_tables_be_remade(engine: Engine) -> None:
    """SQLite remakes a table to change a column: what refers to the old one must not stop a migration."""
    event.listen(engine, "connect", partial(_prepare, ("foreign_keys=OFF",)))


def _prepare(pragmas: tuple[str, ...], connection: SqliteConnection, _record: object) -> None:
    """Set up a connection; the driver's own transactions are off, since they begin too late for reads."""
    connection.isolation_level = None
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin(begin: str, connection: Connection) -> None:
    connection.exec_driver_sql(begin)
