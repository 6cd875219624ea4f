"""Tickets of cars without a plate."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ticket",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("passage", sa.String(length=64), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=True),
        sa.Column("code", sa.String(length=4), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_ticket_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("passage", name=op.f("uq_ticket_passage")),
        sa.UniqueConstraint("stay", name=op.f("uq_ticket_stay")),
    )
    op.create_index("ix_ticket_site_code", "ticket", ["site", "code"])
