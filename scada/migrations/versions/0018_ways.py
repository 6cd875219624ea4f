"""By which way an order is paid, and by whom where that is known."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; every order so far was a QR code."""
    with op.batch_alter_table("pay_order") as table:
        table.add_column(sa.Column("way", sa.String(length=8), server_default="QR", nullable=False))
        table.add_column(sa.Column("payer", sa.String(length=128), server_default="", nullable=False))
