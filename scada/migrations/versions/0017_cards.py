"""Month cards as goods: cards, and the periods that were paid for."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "month_card",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("plates", sa.JSON(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("clock_zone", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_card")),
    )
    op.create_table(
        "card_period",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("card", sa.String(length=32), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("earned_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refunded_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("out_trade_no", sa.String(length=32), nullable=True),
        sa.Column("shift", sa.String(length=26), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_to", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["month_card.id"], name=op.f("fk_card_period_card")),
        sa.ForeignKeyConstraint(["out_trade_no"], ["pay_order.out_trade_no"], name=op.f("fk_card_period_out_trade_no")),
        sa.ForeignKeyConstraint(["shift"], ["till_shift.id"], name=op.f("fk_card_period_shift")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_period")),
        sa.UniqueConstraint("out_trade_no", name=op.f("uq_card_period_out_trade_no")),
    )
    op.create_index("ix_card_period_card", "card_period", ["card"])
