"""Orders at WeChat, what was paid, and the notices that said so."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table

from scada.store.schema.base import Utc, metadata

pay_order = Table(
    "pay_order",
    metadata,
    Column("out_trade_no", String(32), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False, index=True),
    Column("quote", String(26), ForeignKey("quote.id"), nullable=False),
    Column("lane", String(32)),
    Column("passage", String(64)),
    Column("amount_fen", Integer, nullable=False),
    Column("kind", String(8), nullable=False, server_default="QR"),
    Column("state", String(16), nullable=False, index=True),
    Column("code_url", String(512)),
    Column("expires_at", Utc, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("transaction_id", String(32), unique=True),
    Column("paid_at", Utc),
    Column("asked_at", Utc),
    Column("asks", Integer, nullable=False, server_default="0"),
)
"""One request to pay one quote at WeChat. States: `billing.settle.OrderState`.

`kind`: QR (a code on a display), CODE (a payer's code at a scanner), PARKING (WeChat deducts by itself).
"""

settlement = Table(
    "settlement",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("out_trade_no", String(32), ForeignKey("pay_order.out_trade_no"), nullable=False, unique=True),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False, index=True),
    Column("transaction_id", String(32), nullable=False, unique=True),
    Column("amount_fen", Integer, nullable=False),
    Column("surplus", Boolean, nullable=False),
    Column("source", String(16), nullable=False),
    Column("paid_at", Utc, nullable=False),
    Column("settled_at", Utc, nullable=False),
)
"""Our record that an order was paid. `surplus`: the stay was already paid; a refund is owed."""

notice = Table(
    "notice",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("verdict", String(24), nullable=False),
    Column("out_trade_no", String(32)),
    Column("received_at", Utc, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""WeChat's verified notices as they came, by their own id: the same one twice is applied once."""
