"""WeChat's bills day by day, their rows, and what people wrote on money cases."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COUNTS = ("agreed", "only_ours", "only_theirs", "differ", "waiting", "others")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "bill_day",
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(length=200), server_default="", nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("told_at", "fetched_at", "done_at")),
        sa.Column("sha1", sa.String(length=40), server_default="", nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in ("tries", "rows", *_COUNTS)),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("came_fen", "went_fen", "fee_millifen", "agreed_fen", "others_fen")
        ),
        sa.Column("balance_fen", sa.BigInteger()),
        sa.PrimaryKeyConstraint("site", "day", "kind", name=op.f("pk_bill_day")),
    )
    op.create_table(
        "bill_row",
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        *(sa.Column(name, sa.String(length=64), nullable=False) for name in ("number", "out_trade_no", "wechat_id")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("amount_fen", "settled_fen", "fee_millifen")),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("site", "day", "line", name=op.f("pk_bill_row")),
    )
    op.create_index("ix_bill_row_site_what_number", "bill_row", ["site", "what", "number"])
    op.create_table(
        "case_note",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=96), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
    )
    op.create_index("ix_case_note_site_ref", "case_note", ["site", "ref"])
