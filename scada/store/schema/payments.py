"""Orders at WeChat, what was paid, and the notices that said so."""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from scada.store.schema.base import Utc, metadata

demand = Table(
    "demand",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("about", String(64), nullable=False, index=True),
    Column("amount_fen", Integer, nullable=False),
    Column("parts", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("valid_until", Utc, nullable=False),
    Column("paid_at", Utc),
)
"""What somebody shall pay that is no stay's quote. Kinds: ARREARS, of a plate; CARD; MERCHANT, a top-up.

`about` is whose it is, `parts` what it is made of. States: OPEN, PAID, VOID: another one was paid in its place.
"""

pay_order = Table(
    "pay_order",
    metadata,
    Column("out_trade_no", String(32), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("stay", String(26), ForeignKey("stay.id"), index=True),
    Column("quote", String(26), ForeignKey("quote.id")),
    Column("demand", String(26), ForeignKey("demand.id"), index=True),
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
    Column("closing", String(64), nullable=False, server_default=""),
    Column("way", String(8), nullable=False, server_default="QR"),
    Column("payer", String(128), nullable=False, server_default=""),
    CheckConstraint("(stay IS NULL) = (quote IS NULL) AND (quote IS NULL) <> (demand IS NULL)", name="one_subject"),
)
"""One request to pay one quote of a stay, or one demand, at WeChat. States: `billing.settle.OrderState`.

`kind`: QR (a code on a display), CODE (a payer's code at a scanner), PARKING (WeChat deducts by itself).
`closing` says why it shall be closed, if it shall.
"""

settlement = Table(
    "settlement",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("out_trade_no", String(32), ForeignKey("pay_order.out_trade_no"), nullable=False, unique=True),
    Column("stay", String(26), ForeignKey("stay.id"), index=True),
    Column("transaction_id", String(32), nullable=False, unique=True),
    Column("amount_fen", Integer, nullable=False),
    Column("surplus_fen", Integer, nullable=False, server_default="0"),
    Column("older_fen", Integer, nullable=False, server_default="0"),
    Column("source", String(16), nullable=False),
    Column("paid_at", Utc, nullable=False),
    Column("settled_at", Utc, nullable=False),
)
"""Our record that an order was paid. `surplus_fen` of it was more than was owed, and goes back as a `refund`.

`older_fen` of it cleared what earlier stays of the plate owed. `stay` is null where a demand was paid.
"""
Index("ix_settlement_settled_at", settlement.c.settled_at)

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
