"""To whom a mail with reports is on its way is written down before it goes."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of the mails so far none is on its way."""
    op.add_column("report_run", sa.Column("begun", sa.JSON, nullable=False, server_default="[]"))
