"""What waits for a person is on record with who answered and who resolved it; shifts are handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "desk_case",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("ref", sa.String(96), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("lane", sa.String(32)),
        sa.Column("passage", sa.String(64)),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("answered_by", sa.String(64)),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("resolved_by", sa.String(64)),
        sa.Column("outcome", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_case")),
    )
    op.create_index("ix_desk_case_site_opened_at", "desk_case", ["site", "opened_at"])
    op.create_index("ix_desk_case_site_ref", "desk_case", ["site", "ref"])
    still_open = sa.text("resolved_at IS NULL")
    op.create_index(
        "ix_desk_case_open",
        "desk_case",
        ["site", "ref"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "desk_shift",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("site", sa.String(32), nullable=False),
        sa.Column("operator", sa.String(64), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("taken_by", sa.String(64)),
        sa.Column("note", sa.String(500), nullable=False, server_default=""),
        sa.Column("sheet", sa.JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_shift")),
    )
    op.create_index("ix_desk_shift_began_at", "desk_shift", ["began_at"])
    running = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_desk_shift_open",
        "desk_shift",
        ["site", "operator"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )
