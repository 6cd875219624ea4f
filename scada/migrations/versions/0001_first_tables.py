"""The first tables: journal, operators, stays, passages, rises, money, openings and cases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, each before those that refer to it."""
    _case_file()
    _intent()
    _journal()
    _notice()
    _open_request()
    _operator()
    _passage()
    _rise()
    _stay()
    _quote()
    _pay_order()
    _settlement()


def _case_file() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("passage", sa.String(length=64), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
    )
    op.create_index(op.f("ix_case_file_passage"), "case_file", ["passage"], unique=False)


def _intent() -> None:
    op.create_table(
        "intent",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("passage", sa.String(length=64), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tick", sa.Integer(), nullable=False),
        sa.Column("ttl_ms", sa.Integer(), nullable=False),
        sa.Column("boot", sa.Integer(), nullable=False),
        sa.Column("block", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=200), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
    )
    op.create_index("uq_intent_lane_seq", "intent", ["site", "lane", "seq"], unique=True)


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=True),
        sa.Column("passage", sa.String(length=64), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_journal")),
        sa.UniqueConstraint("hash", name=op.f("uq_journal_hash")),
    )
    op.create_index(op.f("ix_journal_at"), "journal", ["at"], unique=False)
    op.create_index(op.f("ix_journal_passage"), "journal", ["passage"], unique=False)


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=24), nullable=False),
        sa.Column("out_trade_no", sa.String(length=32), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )


def _open_request() -> None:
    op.create_table(
        "open_request",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=True),
        sa.Column("out_trade_no", sa.String(length=32), nullable=True),
        sa.Column("passage", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=200), server_default="", nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_request")),
    )


def _operator() -> None:
    op.create_table(
        "operator",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_operator")),
    )


def _passage() -> None:
    op.create_table(
        "passage",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=True),
        sa.Column("read_by", sa.String(length=16), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("picture", sa.String(length=120), nullable=True),
        sa.Column("stay", sa.String(length=26), nullable=True),
        sa.Column("note", sa.String(length=64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passage")),
    )
    op.create_index(op.f("ix_passage_ended_at"), "passage", ["ended_at"], unique=False)
    op.create_index(op.f("ix_passage_lane"), "passage", ["lane"], unique=False)


def _rise() -> None:
    op.create_table(
        "rise",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("passage", sa.String(length=64), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rise")),
    )


def _stay() -> None:
    op.create_table(
        "stay",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("plate", sa.String(length=16), nullable=False),
        sa.Column("plate_kind", sa.String(length=24), nullable=False),
        sa.Column("plate_colour", sa.String(length=16), nullable=False),
        sa.Column("entry_lane", sa.String(length=32), nullable=False),
        sa.Column("entry_passage", sa.String(length=64), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_picture", sa.String(length=120), nullable=True),
        sa.Column("tariff", sa.String(length=64), nullable=False),
        sa.Column("tariff_terms", sa.JSON(), nullable=False),
        sa.Column("ending", sa.String(length=16), nullable=True),
        sa.Column("exit_lane", sa.String(length=32), nullable=True),
        sa.Column("exit_passage", sa.String(length=64), nullable=True),
        sa.Column("exited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exit_picture", sa.String(length=120), nullable=True),
        sa.Column("exit_reason", sa.String(length=24), nullable=True),
        sa.Column("fee_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("paid_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("arrears_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waived_fen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("paid_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stay")),
        sa.UniqueConstraint("entry_passage", name=op.f("uq_stay_entry_passage")),
    )
    op.create_index(op.f("ix_stay_entered_at"), "stay", ["entered_at"], unique=False)
    op.create_index(op.f("ix_stay_exited_at"), "stay", ["exited_at"], unique=False)
    op.create_index(
        "ix_stay_open_plate",
        "stay",
        ["site", "plate"],
        unique=True,
        sqlite_where=sa.text("ending IS NULL"),
        postgresql_where=sa.text("ending IS NULL"),
    )
    op.create_index(op.f("ix_stay_plate"), "stay", ["plate"], unique=False)


def _quote() -> None:
    op.create_table(
        "quote",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=True),
        sa.Column("passage", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("total_fen", sa.Integer(), nullable=False),
        sa.Column("due_fen", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_quote_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
    )
    op.create_index(op.f("ix_quote_stay"), "quote", ["stay"], unique=False)


def _pay_order() -> None:
    op.create_table(
        "pay_order",
        sa.Column("out_trade_no", sa.String(length=32), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=False),
        sa.Column("quote", sa.String(length=26), nullable=False),
        sa.Column("lane", sa.String(length=32), nullable=True),
        sa.Column("passage", sa.String(length=64), nullable=True),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code_url", sa.String(length=512), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.String(length=32), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asks", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["quote"], ["quote.id"], name=op.f("fk_pay_order_quote")),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_pay_order_stay")),
        sa.PrimaryKeyConstraint("out_trade_no", name=op.f("pk_pay_order")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_pay_order_transaction_id")),
    )
    op.create_index(op.f("ix_pay_order_state"), "pay_order", ["state"], unique=False)
    op.create_index(op.f("ix_pay_order_stay"), "pay_order", ["stay"], unique=False)


def _settlement() -> None:
    op.create_table(
        "settlement",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("out_trade_no", sa.String(length=32), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=False),
        sa.Column("transaction_id", sa.String(length=32), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("surplus", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["out_trade_no"], ["pay_order.out_trade_no"], name=op.f("fk_settlement_out_trade_no")),
        sa.ForeignKeyConstraint(["stay"], ["stay.id"], name=op.f("fk_settlement_stay")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
        sa.UniqueConstraint("out_trade_no", name=op.f("uq_settlement_out_trade_no")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_settlement_transaction_id")),
    )
    op.create_index(op.f("ix_settlement_stay"), "settlement", ["stay"], unique=False)
