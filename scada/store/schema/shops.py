"""How the staff of merchants signs in."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, text

from scada.store.schema.base import Utc, metadata

merchant_link = Table(
    "merchant_link",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("merchant", String(26), ForeignKey("merchant.id"), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("made_at", Utc, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("ended_at", Utc),
    Column("ended_by", String(64)),
)
"""A secret code by which a merchant's staff signs in, as its hash. One of a merchant is open; ended rows stay."""
Index(
    "ix_merchant_link_open",
    merchant_link.c.merchant,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
