"""Drivers' phones: which plates a phone has proved to be its own, what was pushed to it, invoices it asks for."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, text

from scada.store.schema.base import Utc, metadata

plate_binding = Table(
    "plate_binding",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("openid", String(128), nullable=False),
    Column("plate", String(16), nullable=False),
    Column("proof", String(16), nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("ended_why", String(64), nullable=False, server_default=""),
)
"""A plate that a WeChat user proved to drive: BOOM, he stood there with it; PAID, he paid for it. Ended rows stay."""
Index(
    "ix_plate_binding_open",
    plate_binding.c.site,
    plate_binding.c.openid,
    plate_binding.c.plate,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
Index("ix_plate_binding_site_plate", plate_binding.c.site, plate_binding.c.plate)

phone_push = Table(
    "phone_push",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("openid", String(128), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("stay", String(26)),
    Column("at", Utc, nullable=False),
    Column("state", String(16), nullable=False),
    Column("said", String(64), nullable=False, server_default=""),
)
"""Every message that was pushed to a phone, and what WeChat said of it: SENT, REFUSED or UNKNOWN. Never sent twice."""
Index("ix_phone_push_site_at", phone_push.c.site, phone_push.c.at)

invoice_request = Table(
    "invoice_request",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("out_trade_no", String(32), ForeignKey("pay_order.out_trade_no"), nullable=False, unique=True),
    Column("title", String(100), nullable=False),
    Column("tax_number", String(20), nullable=False),
    Column("mail", String(100), nullable=False),
    Column("amount_fen", Integer, nullable=False),
    Column("asked_at", Utc, nullable=False),
    Column("done_at", Utc),
    Column("done_by", String(64)),
)
"""An invoice that the payer of an order asks for: to whom, and where to send it. Once an order."""
