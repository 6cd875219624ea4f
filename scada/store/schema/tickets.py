"""Tickets of cars without a plate."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from scada.store.schema.base import Utc, metadata

ticket = Table(
    "ticket",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("passage", String(64), nullable=False, unique=True),
    Column("stay", String(26), ForeignKey("stay.id"), unique=True),
    Column("code", String(4), nullable=False),
    Column("openid", String(128)),
    Column("made_at", Utc, nullable=False),
    Column("used_at", Utc),
)
"""By what a driver whose car has no plate is known at the exit: his phone, or its code on another one.

One for a passage. `stay` is null until that passage is complete, and for ever where the car backed out; the code is
that of no other car inside. `used_at` is when its stay was first claimed at an exit.
"""
Index("ix_ticket_site_code", ticket.c.site, ticket.c.code)
