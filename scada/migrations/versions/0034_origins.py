"""It is known who vouches for a person: a password here, or an identity provider."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column: everybody so far has a password here."""
    op.add_column("operator", sa.Column("origin", sa.String(16), nullable=False, server_default=""))
