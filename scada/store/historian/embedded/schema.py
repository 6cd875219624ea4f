"""The tables of the embedded history.

`tag` says how a tag goes from point to point; `point` holds what is new, as plain rows; `chunk` what is older, packed,
a tag's chunks never overlapping; `rollup` a tag's day (UTC): its 24 hours, or one record for the whole when the hours
are no longer kept. `dirty` are the hours whose rollup is still to be reckoned, `times` how often they were touched
since; `unmarked` the tags of a file from before there were rollups.
"""

import sqlite3

from scada.store.historian.files import telling, transaction

SCHEMA = """
CREATE TABLE IF NOT EXISTS tag (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (site, name)
) STRICT;
CREATE TABLE IF NOT EXISTS point (
    tag_id INTEGER NOT NULL REFERENCES tag (id),
    ts INTEGER NOT NULL,
    value REAL,
    text TEXT,
    quality INTEGER NOT NULL,
    PRIMARY KEY (tag_id, ts)
) WITHOUT ROWID, STRICT;
"""
_SECOND = """
CREATE TABLE chunk (
    id INTEGER PRIMARY KEY,
    tag_id INTEGER NOT NULL REFERENCES tag (id),
    first_ts INTEGER NOT NULL,
    last_ts INTEGER NOT NULL,
    points INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX chunk_by_time ON chunk (tag_id, first_ts, last_ts, points);
CREATE TABLE rollup (
    tag_id INTEGER NOT NULL REFERENCES tag (id),
    day INTEGER NOT NULL,
    hours INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (tag_id, day)
) WITHOUT ROWID, STRICT;
CREATE TABLE dirty (
    tag_id INTEGER NOT NULL REFERENCES tag (id),
    hour INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (tag_id, hour)
) WITHOUT ROWID, STRICT;
ALTER TABLE tag ADD COLUMN curve TEXT NOT NULL DEFAULT 'step';
CREATE TABLE unmarked (tag_id INTEGER PRIMARY KEY REFERENCES tag (id)) STRICT;
INSERT INTO unmarked SELECT id FROM tag;
"""
VERSION = 2
_LOG_PAGES = 4000
"""Pages of the log, 16 MB, before they go into the file: the last page of every tag is then written less often."""

_CACHE_KIB = 8192
"""Of a connection that writes: the pages that the tags are at stay in memory."""


def bring_up(connection: sqlite3.Connection) -> None:
    """Give a new file its tables, and an old one those it lacks; its points stay where they are. Raises StoreError."""
    with transaction(connection, "bring the history up to date"):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version < VERSION:
            for statement in _SECOND.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={VERSION}")


def gather(connection: sqlite3.Connection) -> None:
    """Let a connection that writes hold more in the log and in memory than SQLite would. Raises StoreError."""
    with telling("set up the history's log"):
        connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}").fetchall()
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
