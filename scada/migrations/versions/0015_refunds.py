"""Refunds, wanted for every surplus so far; why an order shall be closed."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_OWED = """
    INSERT INTO refund (out_refund_no, site, out_trade_no, stay, amount_fen, total_fen, reason, note, "by", state,
        made_at, next_at, tries, said)
    SELECT 'R' || out_trade_no || 'A', site, out_trade_no, stay, amount_fen, amount_fen, 'SURPLUS', '', 'billing',
        'WANTED', settled_at, settled_at, 0, '' FROM settlement WHERE surplus_fen > 0
"""
_ENDED = """
    UPDATE pay_order SET closing = 'the stay has ended' WHERE state IN ('CREATING', 'OPEN', 'UNKNOWN')
    AND stay IN (SELECT id FROM stay WHERE ending IS NOT NULL)
"""


def upgrade() -> None:
    """Make the table and the columns; what waited for a refund gets one, what waited for a close is closed."""
    op.add_column("pay_order", sa.Column("closing", sa.String(length=64), server_default="", nullable=False))
    op.add_column("settlement", sa.Column("surplus_fen", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE settlement SET surplus_fen = amount_fen WHERE surplus")
    op.drop_column("settlement", "surplus")
    op.create_table(
        "refund",
        sa.Column("out_refund_no", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("out_trade_no", sa.String(length=32), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=True),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("second", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refund_id", sa.String(length=64), nullable=True),
        sa.Column("said", sa.String(length=64), server_default="", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0 AND amount_fen <= total_fen", name=op.f("ck_refund_part")),
        sa.ForeignKeyConstraint(["out_trade_no"], ["pay_order.out_trade_no"], name=op.f("fk_refund_out_trade_no")),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_refund_stay")),
        sa.PrimaryKeyConstraint("out_refund_no", name=op.f("pk_refund")),
    )
    op.create_index("ix_refund_out_trade_no", "refund", ["out_trade_no"])
    op.create_index("ix_refund_stay", "refund", ["stay"])
    op.create_index("ix_refund_site_state_next_at", "refund", ["site", "state", "next_at"])
    op.execute(_OWED)
    op.execute(_ENDED)
