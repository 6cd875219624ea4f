"""Cash: the tills of people, each in shifts, and what was taken for stays."""

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text

from scada.store.schema.base import Utc, metadata

till_shift = Table(
    "till_shift",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("operator", String(64), nullable=False),
    Column("opened_at", Utc, nullable=False, index=True),
    Column("float_fen", Integer, nullable=False),
    Column("closed_at", Utc),
    Column("expected_fen", Integer),
    Column("counted_fen", Integer),
    Column("handed_to", String(8)),
    Column("taken_by", String(64)),
    Column("note", String(200), nullable=False, server_default=""),
)
"""One person's till from opening to hand-over. `float_fen` is the change it began with; `taken_by` counted it, too."""
Index(
    "ix_till_shift_open",
    till_shift.c.site,
    till_shift.c.operator,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)

cash_payment = Table(
    "cash_payment",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("shift", String(26), ForeignKey("till_shift.id"), nullable=False, index=True),
    Column("operator", String(64), nullable=False),
    Column("stay", String(26), ForeignKey("stay.id"), nullable=False, index=True),
    Column("quote", String(26), ForeignKey("quote.id")),
    Column("lane", String(32)),
    Column("passage", String(64)),
    Column("request", String(26), ForeignKey("open_request.id")),
    Column("due_fen", Integer, nullable=False),
    Column("given_fen", Integer, nullable=False),
    Column("paid_at", Utc, nullable=False),
    Column("older", JSON, nullable=False),
    Column("before_until", Utc),
    Column("voided_at", Utc),
    Column("voided_by", String(64)),
    Column("void_second", String(64)),
    Column("void_why", String(200)),
    UniqueConstraint("site", "year", "number"),
    CheckConstraint("due_fen > 0 AND given_fen >= due_fen", name="covers"),
)
"""Cash taken for a stay, with its receipt: `number` leaves no gap in a year. Without a quote it was for arrears.

`older`: debts of earlier stays that it paid besides, each stay with its amount. `before_until` is the credit that
the stay had before. A payment taken back keeps its row and its number.
"""
