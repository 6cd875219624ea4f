"""How an order is paid, and pay-score parking: entries told to WeChat, and deductions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Call every order so far one by QR code, and make the tables."""
    op.add_column("pay_order", sa.Column("kind", sa.String(length=8), server_default="QR", nullable=False))
    op.create_table(
        "parking_session",
        sa.Column("stay", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("out_parking_no", sa.String(length=32), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False),
        sa.Column("plate_colour", sa.String(length=16), nullable=False),
        sa.Column("parking_name", sa.String(length=64), nullable=False),
        sa.Column("free_s", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("parking_id", sa.String(length=64), nullable=True),
        sa.Column("block_reason", sa.String(length=64), server_default="", nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_parking_session_stay")),
        sa.PrimaryKeyConstraint("stay", name=op.f("pk_parking_session")),
        sa.UniqueConstraint("out_parking_no", name=op.f("uq_parking_session_out_parking_no")),
    )
    op.create_index("ix_parking_session_site_state", "parking_session", ["site", "state"])
    op.create_table(
        "parking_deduction",
        sa.Column("out_trade_no", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("charged_s", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=32), nullable=False),
        sa.Column("surplus", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("advanced", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("repaid", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["out_trade_no"], ["pay_order.out_trade_no"], name=op.f("fk_parking_deduction_out_trade_no")
        ),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_parking_deduction_stay")),
        sa.PrimaryKeyConstraint("out_trade_no", name=op.f("pk_parking_deduction")),
    )
    op.create_index("ix_parking_deduction_stay", "parking_deduction", ["stay"])
