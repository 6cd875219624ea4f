"""What a database holds at one moment: to be written down with a backup, and looked for after a restore."""

from typing import Literal

from sqlalchemy import Connection, inspect

from scada.backup.manifest import Facts


def facts_of(connection: Connection) -> Facts:
    """Count the rows of all tables, and give the revision and the head of the journal's chain."""
    names = sorted(set(inspect(connection).get_table_names()) - {"alembic_version"})
    quote = connection.dialect.identifier_preparer.quote
    rows = {
        name: int(connection.exec_driver_sql(f"SELECT count(*) FROM {quote(name)}").scalar_one())  # noqa: S608
        for name in names
    }
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    head = connection.exec_driver_sql("SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1").first()
    kind: Literal["sqlite", "postgresql"] = "sqlite" if connection.dialect.name == "sqlite" else "postgresql"
    return Facts(
        kind=kind,
        revision=str(revision),
        rows=rows,
        journal_n=0 if head is None else int(head.n),
        journal_hash="" if head is None else str(head.hash),
    )


def differences(wanted: Facts, found: Facts) -> list[str]:
    """Say what is not as it was written down."""
    told = [
        f"table {name}: {wanted.rows.get(name, 'none')} rows written down, {found.rows.get(name, 'none')} found"
        for name in sorted({*wanted.rows, *found.rows})
        if wanted.rows.get(name) != found.rows.get(name)
    ]
    if wanted.revision != found.revision:
        told.append(f"tables of revision {wanted.revision} written down, {found.revision} found")
    if (wanted.journal_n, wanted.journal_hash) != (found.journal_n, found.journal_hash):
        told.append(f"the journal's chain ends at {wanted.journal_n} written down, at {found.journal_n} found")
    return told
