"""What people keep of trends, and the sheets by which a lane was accepted."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table

from scada.store.schema.base import Utc, metadata

trend_view = Table(
    "trend_view",
    metadata,
    Column("site", String(32), primary_key=True),
    Column("person", String(64), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("content", JSON, nullable=False),
    Column("at", Utc, nullable=False),
)
"""Trends that a person has kept for himself: panes of tags, and how long a range."""

acceptance_sheet = Table(
    "acceptance_sheet",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("at", Utc, nullable=False),
    Column("first", String(64), nullable=False),
    Column("second", String(64), nullable=False),
    Column("content", JSON, nullable=False),
)
"""A lane's acceptance, signed by two: what was measured, and what was looked at and by which answer. Never changed."""
Index("ix_acceptance_sheet_site_lane", acceptance_sheet.c.site, acceptance_sheet.c.lane)
