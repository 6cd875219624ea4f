"""Merchants and their vouchers; what vouchers let a stay off."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "merchant",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("manner", sa.String(length=16), nullable=False),
        sa.Column("most", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("limit_fen", "per_plate", "per_day")),
        sa.Column("stackable", sa.Boolean(), nullable=False),
        sa.Column("pays_percent", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant")),
        sa.UniqueConstraint("site", "name", name=op.f("uq_merchant_site_name")),
    )
    op.create_table(
        "merchant_invoice",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("merchant", sa.String(length=26), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("vouchers", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_merchant_invoice_merchant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merchant_invoice")),
    )
    op.create_index("ix_merchant_invoice_merchant", "merchant_invoice", ["merchant"])
    _vouchers()
    op.add_column("stay", sa.Column("credit_fen", sa.Integer(), server_default="0", nullable=False))
    op.add_column("quote", sa.Column("credit_fen", sa.Integer(), server_default="0", nullable=False))
    op.add_column("quote", sa.Column("credits", sa.JSON(), nullable=True))


def _vouchers() -> None:
    op.create_table(
        "voucher",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("merchant", sa.String(length=26), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=True),
        sa.Column("plate", sa.String(length=16), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("ticket", sa.String(length=64), server_default="", nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("pays_percent", sa.Integer(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.String(length=64), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=True),
        sa.Column("quote", sa.String(length=26), nullable=True),
        sa.Column("amount_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invoice", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["merchant"], ["merchant.id"], name=op.f("fk_voucher_merchant")),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_voucher_stay")),
        sa.ForeignKeyConstraint(["quote"], ["quote.id"], name=op.f("fk_voucher_quote")),
        sa.ForeignKeyConstraint(["invoice"], ["merchant_invoice.id"], name=op.f("fk_voucher_invoice")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher")),
        sa.UniqueConstraint("code", name=op.f("uq_voucher_code")),
    )
    op.create_index("ix_voucher_stay", "voucher", ["stay"])
    op.create_index("ix_voucher_site_plate", "voucher", ["site", "plate"])
    op.create_index("ix_voucher_merchant_state", "voucher", ["merchant", "state"])
