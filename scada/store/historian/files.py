"""SQLite files of history: each its own file, safe at every commit, never mixed with the truth."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scada.store.db import StoreError

BUSY_S = 5.0
_KEPT = 2
"""Connections for reading that stay open; who asks beyond them opens one of his own."""


def open_file(path: Path, schema: str) -> sqlite3.Connection:
    """Open a file for writing, make it and its tables if they are missing. Raises StoreError."""
    with telling(f"open {path}"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(schema)
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for one reading. Raises StoreError."""
    with telling(f"read {path}"):
        connection = _open_to_read(path)
        try:
            yield connection
        finally:
            connection.close()


class Shelf:
    """Connections for reading that are used again: to open one costs more than most questions.

    A file that another one has taken the place of, by a restore, is opened anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: deque[tuple[tuple[int, int], sqlite3.Connection]] = deque()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for one reading, from any thread. Raises StoreError."""
        with telling(f"read {self._path}"):
            found = self._path.stat()
            file = (found.st_dev, found.st_ino)
            connection = self._taken(file) or _open_to_read(self._path)
            try:
                yield connection
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            except BaseException:
                connection.close()
                raise
            if len(self._kept) < _KEPT:
                self._kept.append((file, connection))
            else:
                connection.close()

    def close(self) -> None:
        """Close what lies here."""
        while self._kept:
            self._kept.pop()[1].close()

    def _taken(self, file: tuple[int, int]) -> sqlite3.Connection | None:
        with suppress(IndexError):
            known, connection = self._kept.pop()
            if known == file:
                return connection
            connection.close()
        return None


def _open_to_read(path: Path) -> sqlite3.Connection:
    asked = f"{path.as_uri()}?mode=ro"
    return sqlite3.connect(asked, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


@contextmanager
def transaction(connection: sqlite3.Connection, what: str) -> Iterator[sqlite3.Connection]:
    """Run one transaction: all of it is on disk afterwards, or nothing. Raises StoreError."""
    with telling(what):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Turn what SQLite and the file system raise into StoreError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{what}: {error}") from error
