"""What is to be paid that is no stay's quote: old debts, cards, merchants; old debts asked for with a stay."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ONE_SUBJECT = "(stay IS NULL) = (quote IS NULL) AND (quote IS NULL) <> (demand IS NULL)"


def upgrade() -> None:
    """Make the table of demands; an order pays a quote or one of them."""
    op.create_table(
        "demand",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand")),
    )
    op.create_index("ix_demand_about", "demand", ["about"])
    with op.batch_alter_table("pay_order") as orders:
        orders.alter_column("stay", existing_type=sa.String(length=26), nullable=True)
        orders.alter_column("quote", existing_type=sa.String(length=26), nullable=True)
        orders.add_column(sa.Column("demand", sa.String(length=26), nullable=True))
        orders.create_foreign_key(op.f("fk_pay_order_demand"), "demand", ["demand"], ["id"])
        orders.create_index("ix_pay_order_demand", ["demand"])
        orders.create_check_constraint(op.f("ck_pay_order_one_subject"), _ONE_SUBJECT)
    with op.batch_alter_table("settlement") as settlements:
        settlements.alter_column("stay", existing_type=sa.String(length=26), nullable=True)
        settlements.add_column(sa.Column("older_fen", sa.Integer(), server_default="0", nullable=False))
    op.add_column("quote", sa.Column("older_fen", sa.Integer(), server_default="0", nullable=False))
    op.add_column("quote", sa.Column("older", sa.JSON(), nullable=True))
