"""The double-entry books, opened with what the stays and payments so far say; and money cases."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UNBALANCED = (
    "(SELECT count(*) FROM ledger_posting WHERE entry = NEW.id) < 2"
    " OR (SELECT sum(amount_fen) FROM ledger_posting WHERE entry = NEW.id) <> 0"
)
_SEALED = "EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.entry)"
_RULES = (
    ("ledger_entry", "balances", "INSERT", _UNBALANCED, "an entry of the ledger does not sum to zero"),
    ("ledger_posting", "sealed", "INSERT", _SEALED, "an entry of the ledger is sealed"),
    ("ledger_entry", "no_update", "UPDATE", "", "the ledger is append-only"),
    ("ledger_entry", "no_delete", "DELETE", "", "the ledger is append-only"),
    ("ledger_posting", "no_update", "UPDATE", "", "the ledger is append-only"),
    ("ledger_posting", "no_delete", "DELETE", "", "the ledger is append-only"),
)
_TRUNCATE = (
    ("ledger_entry", "no_truncate", "TRUNCATE", "", "the ledger is append-only"),
    ("ledger_posting", "no_truncate", "TRUNCATE", "", "the ledger is append-only"),
)
_OPEN_STAYS = """
    SELECT id, site, exited_at, entered_at, ending, fee_fen, paid_fen, arrears_fen, waived_fen FROM stay
    WHERE fee_fen <> 0 OR paid_fen <> 0
"""
_SURPLUS = "SELECT id, site, out_trade_no, stay, amount_fen, settled_at FROM settlement WHERE surplus"


def upgrade() -> None:
    """Make the tables and their triggers, then open the books."""
    _tables()
    dialect = op.get_bind().dialect.name
    for rule in _RULES if dialect == "sqlite" else (*_RULES, *_TRUNCATE):
        for statement in _sqlite(*rule) if dialect == "sqlite" else _postgresql(*rule):
            op.execute(statement)
    _open_books()


def _tables() -> None:
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=96), nullable=False),
        sa.Column("stay", sa.String(length=26), nullable=True),
        sa.Column("out_trade_no", sa.String(length=32), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("site", "ref", name=op.f("uq_ledger_entry_site_ref")),
    )
    op.create_index("ix_ledger_entry_site_at", "ledger_entry", ["site", "at"])
    op.create_index("ix_ledger_entry_stay", "ledger_entry", ["stay"])
    op.create_index("ix_ledger_entry_out_trade_no", "ledger_entry", ["out_trade_no"])
    op.create_table(
        "ledger_posting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("entry", sa.String(length=26), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=96), server_default="", nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_ledger_posting_moves")),
        sa.ForeignKeyConstraint(
            ["entry"],
            ["ledger_entry.id"],
            name=op.f("fk_ledger_posting_entry"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_posting")),
    )
    op.create_index("ix_ledger_posting_entry", "ledger_posting", ["entry"])
    op.create_index("ix_ledger_posting_account_subject", "ledger_posting", ["account", "subject"])
    op.create_table(
        "money_case",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=96), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_case")),
        sa.UniqueConstraint("site", "ref", name=op.f("uq_money_case_site_ref")),
    )
    op.create_index("ix_money_case_site_closed_at", "money_case", ["site", "closed_at"])


def _sqlite(table: str, name: str, change: str, when: str, says: str) -> tuple[str, ...]:
    condition = f" WHEN {when}" if when else ""
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {change} ON {table}{condition} BEGIN SELECT RAISE(ABORT, '{says}'); END",
    )


def _postgresql(table: str, name: str, change: str, when: str, says: str) -> tuple[str, ...]:
    body = f"RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation';"
    if when:
        body = f"IF {when} THEN {body} END IF; RETURN NEW;"
    function, each = f"{table}_{name}", "STATEMENT" if change == "TRUNCATE" else "ROW"
    return (
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {function} BEFORE {change} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
    )


def _open_books() -> None:
    """Post one opening entry a stay and one a surplus payment; each takes the id of its row."""
    conn = op.get_bind()
    for row in conn.execute(sa.text(_OPEN_STAYS)).all():
        rest = row.fee_fen - row.paid_fen - row.arrears_fen - row.waived_fen if row.ending else -row.paid_fen
        sides = [
            ("clearing:wechat", "", row.paid_fen),
            ("receivable:stay", row.id, rest),
            *((("arrears", row.id, row.arrears_fen), ("discount", "before", row.waived_fen)) if row.ending else ()),
            *((("revenue:parking", "", -row.fee_fen),) if row.ending else ()),
        ]
        _opening(row.id, row.site, row.exited_at or row.entered_at, f"opening:{row.id}", row.id, None, sides)
    for row in conn.execute(sa.text(_SURPLUS)).all():
        owed = f"R{row.out_trade_no}A"
        sides = [("clearing:wechat", "", row.amount_fen), ("refund_payable", owed, -row.amount_fen)]
        _opening(row.id, row.site, row.settled_at, f"paid:{row.out_trade_no}", row.stay, row.out_trade_no, sides)


def _opening(
    name: str, site: str, at: object, ref: str, stay: str, order: str | None, sides: list[tuple[str, str, int]]
) -> None:
    moved = [(account, subject, amount) for account, subject, amount in sides if amount]
    if not moved:
        return
    conn = op.get_bind()
    for account, subject, amount in moved:
        conn.execute(
            sa.text("INSERT INTO ledger_posting (entry, account, subject, amount_fen) VALUES (:e, :a, :s, :f)"),
            {"e": name, "a": account, "s": subject, "f": amount},
        )
    conn.execute(
        sa.text(
            'INSERT INTO ledger_entry (id, site, at, kind, ref, stay, out_trade_no, "by")'
            " VALUES (:id, :site, :at, 'opening', :ref, :stay, :order, 'migration')"
        ),
        {"id": name, "site": site, "at": at, "ref": ref, "stay": stay, "order": order},
    )
