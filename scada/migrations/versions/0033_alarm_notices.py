"""What people are told of alarms waits in an outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alarm_notice",
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("alarm", sa.String(96), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule", sa.String(31), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("delivered", sa.JSON, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("site", "alarm", "since", "rule", name=op.f("pk_alarm_notice")),
    )
    op.create_index("ix_alarm_notice_site_state_due_at", "alarm_notice", ["site", "state", "due_at"])
