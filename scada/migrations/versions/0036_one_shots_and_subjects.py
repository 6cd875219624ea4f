"""A shelf until an alarm has returned has a latest time; a person of a provider is known by the provider's own word."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: shelves without a time were for once, and people so far are known by their names."""
    op.add_column("alarm", sa.Column("shelved_once", sa.Boolean(), nullable=False, server_default=sa.false()))
    alarm = sa.table("alarm", *(sa.column(name, sa.Boolean()) for name in ("shelved", "shelved_until", "shelved_once")))
    old = alarm.c.shelved & alarm.c.shelved_until.is_(None)
    op.execute(alarm.update().where(old).values(shelved_once=True))
    op.add_column("operator", sa.Column("subject", sa.String(512), nullable=False, server_default=""))
