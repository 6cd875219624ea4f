"""Visitors whom hosts announce, and when they came."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and a merchant's terms as a host."""
    op.add_column("merchant", sa.Column("may_book", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in ("book_open", "book_per_day", "book_month_fen"):
        op.add_column("merchant", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "booking",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=26), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pays", sa.String(length=8), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=64), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["host"], ["merchant.id"], name=op.f("fk_booking_host")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
    )
    op.create_index("ix_booking_site_plate", "booking", ["site", "plate", "until"])
    op.create_index("ix_booking_host", "booking", ["host", "made_at"])
    op.create_table(
        "booking_visit",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("booking", sa.String(length=26), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=False),
        sa.Column("voucher", sa.String(length=26), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["booking"], ["booking.id"], name=op.f("fk_booking_visit_booking")),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_booking_visit_stay")),
        sa.ForeignKeyConstraint(["voucher"], ["voucher.id"], name=op.f("fk_booking_visit_voucher")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_visit")),
        sa.UniqueConstraint("voucher", name=op.f("uq_booking_visit_voucher")),
    )
    op.create_index(op.f("ix_booking_visit_booking"), "booking_visit", ["booking"])
    op.create_index(
        "ix_booking_visit_stay",
        "booking_visit",
        ["stay"],
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    )
