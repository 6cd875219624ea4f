"""Alarms have states that survive a restart, and a book of all that happened to them."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alarm",
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("id", sa.String(96), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("place", sa.String(32), nullable=False),
        sa.Column("lane", sa.String(32)),
        sa.Column("priority", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("active", "unacked", "latched", "shelved")),
        sa.Column("shelved_until", sa.DateTime(timezone=True)),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("suppressed", "out_of_service")),
        sa.Column("since", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True)),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.Column("passage", sa.String(64), nullable=False),
        sa.Column("is_first", sa.Boolean, nullable=False),
        sa.Column("acked_by", sa.String(64), nullable=False),
        sa.Column("acked_at", sa.DateTime(timezone=True)),
        sa.Column("comment", sa.String(200), nullable=False),
        sa.Column("comment_by", sa.String(64), nullable=False),
        sa.Column("shelved_by", sa.String(64), nullable=False),
        sa.Column("shelved_why", sa.String(200), nullable=False),
        sa.Column("taken_out_by", sa.String(64), nullable=False),
        sa.Column("work_order", sa.String(64), nullable=False),
        sa.Column("source_n", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("site", "id", name=op.f("pk_alarm")),
    )
    op.create_table(
        "alarm_event",
        sa.Column("n", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alarm", sa.String(96), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("lane", sa.String(32)),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("announced", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_alarm_event")),
    )
    op.create_index("ix_alarm_event_site_at", "alarm_event", ["site", "at"])
    op.create_index("ix_alarm_event_site_alarm", "alarm_event", ["site", "alarm"])
