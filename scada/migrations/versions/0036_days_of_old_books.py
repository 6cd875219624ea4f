"""The days of a report are found at once, however many years are in the books."""

from alembic import op

revision = "0036"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes: a site's rows by time. Those by time alone are not needed beside them."""
    op.create_index("ix_passage_site_ended_at", "passage", ["site", "ended_at"])
    op.create_index("ix_stay_site_entered_at", "stay", ["site", "entered_at"])
    op.create_index("ix_stay_site_exited_at", "stay", ["site", "exited_at"])
    op.create_index("ix_camera_read_site_at", "camera_read", ["site", "at"])
    op.create_index("ix_settlement_site_settled_at", "settlement", ["site", "settled_at"])
    op.drop_index("ix_passage_ended_at", "passage")
    op.drop_index("ix_stay_entered_at", "stay")
    op.drop_index("ix_stay_exited_at", "stay")
