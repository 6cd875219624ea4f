"""Reminders of month cards that end soon."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "card_reminder",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("card", sa.String(length=32), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("said", sa.String(length=64), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["card"], ["month_card.id"], name=op.f("fk_card_reminder_card")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_reminder")),
        sa.UniqueConstraint("card", "until", "days", "openid", name=op.f("uq_card_reminder_card_until_days_openid")),
    )
