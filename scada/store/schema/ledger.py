"""The double-entry books, and the cases that a person must decide.

Triggers, made by the migration on both databases, let nobody write what does not balance, add to a sealed
entry, change one or take one back.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    event,
)

from scada.store.schema.base import Utc, metadata

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("at", Utc, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("ref", String(96), nullable=False),
    Column("stay", String(26), index=True),
    Column("out_trade_no", String(32), index=True),
    Column("by", String(64), nullable=False),
    Column("note", String(200), nullable=False, server_default=""),
    UniqueConstraint("site", "ref"),
)
"""One event of money; it seals its postings. `ref` names the event: it is posted once."""
Index("ix_ledger_entry_site_at", ledger_entry.c.site, ledger_entry.c.at)

ledger_posting = Table(
    "ledger_posting",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column(
        "entry",
        String(26),
        ForeignKey("ledger_entry.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("account", String(32), nullable=False),
    Column("subject", String(96), nullable=False, server_default=""),
    Column("amount_fen", BigInteger, nullable=False),
    CheckConstraint("amount_fen <> 0", name="moves"),
)
"""One side of an entry: debit above zero, credit below. The sides of an entry sum to zero."""
Index("ix_ledger_posting_account_subject", ledger_posting.c.account, ledger_posting.c.subject)

money_case = Table(
    "money_case",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("site", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("ref", String(96), nullable=False),
    Column("what", String(200), nullable=False),
    Column("body", JSON, nullable=False),
    Column("opened_at", Utc, nullable=False),
    Column("owner", String(64)),
    Column("closed_at", Utc),
    Column("closed_by", String(64)),
    Column("outcome", String(200)),
    UniqueConstraint("site", "ref"),
)
"""What a person must decide about money. `owner` null: nobody has taken it yet."""
Index("ix_money_case_site_closed_at", money_case.c.site, money_case.c.closed_at)

_UNBALANCED: Final = (
    "(SELECT count(*) FROM ledger_posting WHERE entry = NEW.id) < 2"
    " OR (SELECT sum(amount_fen) FROM ledger_posting WHERE entry = NEW.id) <> 0"
)
_SEALED: Final = "EXISTS (SELECT 1 FROM ledger_entry WHERE id = NEW.entry)"
_RULES: Final = (
    ("ledger_entry", "balances", "INSERT", _UNBALANCED, "an entry of the ledger does not sum to zero"),
    ("ledger_posting", "sealed", "INSERT", _SEALED, "an entry of the ledger is sealed"),
    *(
        (table, f"no_{change.lower()}", change, "", "the ledger is append-only")
        for table in ("ledger_entry", "ledger_posting")
        for change in ("UPDATE", "DELETE")
    ),
)
_TRUNCATE: Final = tuple(
    (table, "no_truncate", "TRUNCATE", "", "the ledger is append-only") for table in ("ledger_entry", "ledger_posting")
)
"""SQLite knows no such thing."""


def triggers(dialect: str) -> tuple[str, ...]:
    """Give the statements that make the ledger's triggers on a database. Raises ValueError for one without any."""
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_{name} BEFORE {change} ON {table}"
            f"{f' WHEN {when}' if when else ''} BEGIN SELECT RAISE(ABORT, '{says}'); END"
            for table, name, change, when, says in _RULES
        )
    if dialect == "postgresql":
        return tuple(statement for rule in (*_RULES, *_TRUNCATE) for statement in _postgresql(*rule))
    raise ValueError(f"no triggers for {dialect}")


def _postgresql(table: str, name: str, change: str, when: str, says: str) -> tuple[str, str]:
    body = f"RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation';"
    if when:
        body = f"IF {when} THEN {body} END IF; RETURN NEW;"
    function, each = f"{table}_{name}", "STATEMENT" if change == "TRUNCATE" else "ROW"
    return (
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
        f"CREATE TRIGGER {function} BEFORE {change} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
    )


@event.listens_for(ledger_posting, "after_create")
def _make_triggers(_table: Table, connection: Connection, **_how: object) -> None:
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)
