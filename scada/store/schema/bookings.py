"""Visitors whom hosts announce, and when they came."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, text

from scada.store.schema.base import Utc, metadata

booking = Table(
    "booking",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("host", String(26), ForeignKey("merchant.id"), nullable=False),
    Column("plate", String(16), nullable=False),
    Column("since", Utc, nullable=False),
    Column("until", Utc, nullable=False),
    Column("pays", String(8), nullable=False),
    Column("value", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("note", String(64), nullable=False, server_default=""),
    Column("made_at", Utc, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("withdrawn_at", Utc),
    Column("withdrawn_by", String(64)),
)
"""A visitor who may come between `since` and `until`, `entries` times (0: any). `pays`: none, full, minutes, money."""
Index("ix_booking_site_plate", booking.c.site, booking.c.plate, booking.c.until)
Index("ix_booking_host", booking.c.host, booking.c.made_at)

booking_visit = Table(
    "booking_visit",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("booking", String(26), ForeignKey("booking.id"), nullable=False, index=True),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False),
    Column("voucher", String(26), ForeignKey("voucher.id"), unique=True),
    Column("at", Utc, nullable=False),
    Column("undone_at", Utc),
)
"""A stay that a booking counts for.

`voucher` is the host's, good for this stay alone. `undone_at`: it counts no more,
since its car reversed out or the booking was withdrawn in time.
"""
Index(
    "ix_booking_visit_stay",
    booking_visit.c.stay,
    unique=True,
    sqlite_where=text("undone_at IS NULL"),
    postgresql_where=text("undone_at IS NULL"),
)
