"""Rights of plates; the zone and the month card of a stay; passages found by their note."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of rights and the columns that go with it."""
    _plate_right()
    op.add_column("stay", sa.Column("zone", sa.String(length=32), nullable=True))
    op.add_column("stay", sa.Column("zone_passage", sa.String(length=64), nullable=True))
    op.add_column("stay", sa.Column("card", sa.String(length=32), nullable=True))
    op.create_index("ix_passage_site_note_ended_at", "passage", ["site", "note", "ended_at"], unique=False)


def _plate_right() -> None:
    op.create_table(
        "plate_right",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("zone", sa.String(length=32), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("card", sa.String(length=32), nullable=True),
        sa.Column("spaces", sa.Integer(), server_default="1", nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plate_right")),
    )
    op.create_index("ix_plate_right_site_plate", "plate_right", ["site", "plate"], unique=False)
    op.create_index("ix_plate_right_site_card", "plate_right", ["site", "card"], unique=False)
