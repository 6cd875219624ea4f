"""Travel times of booms, faults of barriers, and what reports look things up by."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_INDICES = (
    ("ix_rise_site_at", "rise", ["site", "at"]),
    ("ix_journal_site_kind_at", "journal", ["site", "kind", "at"]),
    ("ix_intent_site_made_at", "intent", ["site", "made_at"]),
    ("ix_open_request_site_made_at", "open_request", ["site", "made_at"]),
    ("ix_stay_exit_passage", "stay", ["exit_passage"]),
)


def upgrade() -> None:
    """Make the tables and the indices."""
    op.create_table(
        "gate_cycle",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("open_ms", sa.Integer(), nullable=False),
        sa.Column("close_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_cycle")),
    )
    op.create_index("ix_gate_cycle_site_at", "gate_cycle", ["site", "at"])
    op.create_table(
        "lane_fault",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("fault", sa.String(length=16), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane_fault")),
    )
    op.create_index("ix_lane_fault_site_lane_began_at", "lane_fault", ["site", "lane", "began_at"])
    for name, table, columns in _INDICES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Drop them."""
    for name, table, _ in _INDICES:
        op.drop_index(name, table)
    op.drop_table("lane_fault")
    op.drop_table("gate_cycle")
