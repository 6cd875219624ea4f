"""Restores of backups, nights in which what is old was taken out, and reports that are sent by themselves."""

from sqlalchemy import JSON, Boolean, Column, Date, Integer, String, Table

from scada.store.schema.base import Utc, metadata

restore_mark = Table(
    "restore_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("backup", String(120), nullable=False),
    Column("taken_at", Utc, nullable=False),
    Column("restored_at", Utc, nullable=False),
    Column("journal_n", Integer, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("receipts_after", Integer, nullable=False),
)
"""A backup was put back: of what happened between `taken_at` and `restored_at` these tables know nothing.

`journal_n` is its own row in the journal. `is_whole`: a person said that nothing happened in between.
`receipts_after`: cash receipts are numbered above it in every year that had begun by then.
"""

retention_run = Table(
    "retention_run",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("began_at", Utc, nullable=False),
    Column("done_at", Utc),
    Column("counts", JSON, nullable=False),
)
"""A night of the retention job, by the site's day; `done_at` is null until it has come through. `counts`: what went."""

report_run = Table(
    "report_run",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("schedule", String(31), primary_key=True),
    Column("first", Date, primary_key=True),
    Column("last", Date, nullable=False),
    Column("state", String(8), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Utc, nullable=False),
    Column("begun", JSON, nullable=False, server_default="[]"),
    Column("delivered", JSON, nullable=False),
    Column("why", String(300), nullable=False),
    Column("planned_at", Utc, nullable=False),
    Column("done_at", Utc),
)
"""The reports of one schedule for one period. States: WAITING, DONE, GIVEN_UP, UNKNOWN.

`begun`: to whom a mail was on its way, written before each; who stands there and has nothing delivered may have it.
`delivered`: who has them already, an address or `folder`; written after each, so that nobody gets them twice. A try
begins by setting `next_at` forward: whoever else looks meanwhile leaves the row alone.
"""
