"""Plates that phones have proved, what was pushed to them, invoices asked for; and who paid an order."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "plate_binding",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False),
        sa.Column("proof", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plate_binding")),
    )
    op.create_index(
        "ix_plate_binding_open",
        "plate_binding",
        ["site", "openid", "plate"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_plate_binding_site_plate", "plate_binding", ["site", "plate"])
    op.create_table(
        "phone_push",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("said", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_push")),
    )
    op.create_index("ix_phone_push_site_at", "phone_push", ["site", "at"])
    op.create_table(
        "invoice_request",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("out_trade_no", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("tax_number", sa.String(length=20), nullable=False),
        sa.Column("mail", sa.String(length=100), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["out_trade_no"], ["pay_order.out_trade_no"], name=op.f("fk_invoice_request_out_trade_no")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_request")),
        sa.UniqueConstraint("out_trade_no", name=op.f("uq_invoice_request_out_trade_no")),
    )
