"""The tables of the embedded history."""

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
