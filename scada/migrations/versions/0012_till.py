"""Cash: people's tills, and what was taken for stays."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _tills()
    op.create_table(
        "cash_payment",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shift", sa.String(length=26), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=False),
        sa.Column("quote", sa.String(length=26), nullable=True),
        sa.Column("lane", sa.String(length=32), nullable=True),
        sa.Column("passage", sa.String(length=64), nullable=True),
        sa.Column("request", sa.String(length=26), nullable=True),
        sa.Column("due_fen", sa.Integer(), nullable=False),
        sa.Column("given_fen", sa.Integer(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("older", sa.JSON(), nullable=False),
        sa.Column("before_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.String(length=64), nullable=True),
        sa.Column("void_second", sa.String(length=64), nullable=True),
        sa.Column("void_why", sa.String(length=200), nullable=True),
        sa.CheckConstraint("due_fen > 0 AND given_fen >= due_fen", name=op.f("ck_cash_payment_covers")),
        sa.ForeignKeyConstraint(["quote"], ["quote.id"], name=op.f("fk_cash_payment_quote")),
        sa.ForeignKeyConstraint(["request"], ["open_request.id"], name=op.f("fk_cash_payment_request")),
        sa.ForeignKeyConstraint(["shift"], ["till_shift.id"], name=op.f("fk_cash_payment_shift")),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_cash_payment_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_payment")),
        sa.UniqueConstraint("site", "year", "number", name=op.f("uq_cash_payment_site_year_number")),
    )
    for column in ("shift", "stay"):
        op.create_index(f"ix_cash_payment_{column}", "cash_payment", [column])


def _tills() -> None:
    op.create_table(
        "till_shift",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("operator", sa.String(length=64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("float_fen", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_fen", sa.Integer(), nullable=True),
        sa.Column("counted_fen", sa.Integer(), nullable=True),
        sa.Column("handed_to", sa.String(length=8), nullable=True),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_shift")),
    )
    op.create_index("ix_till_shift_opened_at", "till_shift", ["opened_at"])
    op.create_index(
        "ix_till_shift_open",
        "till_shift",
        ["site", "operator"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
