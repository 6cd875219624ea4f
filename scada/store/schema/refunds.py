"""What goes back to those who paid."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from scada.store.schema.base import Utc, metadata

refund = Table(
    "refund",
    metadata,
    Column("out_refund_no", String(64), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("out_trade_no", String(32), ForeignKey("pay_order.out_trade_no"), nullable=False, index=True),
    Column("stay", String(26), ForeignKey("stay.id"), index=True),
    Column("amount_fen", Integer, nullable=False),
    Column("total_fen", Integer, nullable=False),
    Column("reason", String(24), nullable=False),
    Column("note", String(200), nullable=False, server_default=""),
    Column("by", String(64), nullable=False),
    Column("second", String(64)),
    Column("state", String(16), nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("next_at", Utc, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("sent_at", Utc),
    Column("refund_id", String(64)),
    Column("said", String(64), nullable=False, server_default=""),
    Column("ended_at", Utc),
    CheckConstraint("amount_fen > 0 AND amount_fen <= total_fen", name="part"),
)
"""Money that goes back, under one number for ever. States: WANTED, SENT, PROCESSING, ABNORMAL, SUCCESS, CLOSED.

`total_fen` is the order's; `next_at` is when it is asked for next, `tries` how often it was since its state changed;
`said` is WeChat's last word, `refund_id` its own number; `second` stood for it beside `by`.
`stay` is null where the order was for a demand.
"""
Index("ix_refund_site_state_next_at", refund.c.site, refund.c.state, refund.c.next_at)
