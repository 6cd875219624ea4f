"""What the car of a stay looked like when it came in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("stay", sa.Column("entry_look", sa.String(length=128), nullable=True))
