"""A car that comes back within minutes goes on with its old stay."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a stay goes on with."""
    op.add_column("stay", sa.Column("goes_on", sa.JSON(), nullable=True))
