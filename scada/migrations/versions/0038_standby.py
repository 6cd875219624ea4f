"""Which of several servers leads, and which servers there are."""

import sqlalchemy as sa
from alembic import op

from scada.store.schema.base import Utc

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "lease",
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(63), nullable=False),
        sa.Column("holder_id", sa.String(32), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("beat", sa.Integer, nullable=False),
        sa.Column("since_at", Utc, nullable=False),
        sa.Column("until_at", Utc, nullable=False),
        sa.Column("heir", sa.String(63)),
        sa.Column("keys", sa.String(64), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("site", name="pk_lease"),
    )
    op.create_table(
        "server",
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("seen_at", Utc, nullable=False),
        sa.Column("keys", sa.String(64), nullable=False),
        sa.Column("files", sa.String(64), nullable=False),
        sa.Column("said", sa.String(200), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("site", "id", name="pk_server"),
    )
