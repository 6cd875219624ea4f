"""The days of a report are found at once, however many years are in the books."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes by time; by site and time where another index of the table begins with the site.

    SQLite knows nothing of how often a value comes: by an index that begins with the site it would look for a plate's
    stays, too, and read all of the site's.
    """
    op.create_index("ix_passage_site_ended_at", "passage", ["site", "ended_at"])
    op.create_index("ix_camera_read_site_at", "camera_read", ["site", "at"])
    op.create_index("ix_settlement_settled_at", "settlement", ["settled_at"])
    op.drop_index("ix_passage_ended_at", "passage")
