"""Calls for help from lanes."""

from sqlalchemy import Column, Index, Integer, String, Table

from scada.store.schema.base import Utc, metadata

help_call = Table(
    "help_call",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("lane", String(32), nullable=False),
    Column("passage", String(64)),
    Column("by", String(16), nullable=False),
    Column("presses", Integer, nullable=False),
    Column("called_at", Utc, nullable=False),
    Column("answered_at", Utc),
    Column("answered_by", String(64)),
    Column("ended_at", Utc),
    Column("outcome", String(200)),
)
"""Every call for a person: from a lane's button or a driver's page, when it was answered, by whom, and how it ended."""
Index("ix_help_call_site_called_at", help_call.c.site, help_call.c.called_at)
