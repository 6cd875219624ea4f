"""How far the tables have come: which revision they are at, and whether this program knows it."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, func, inspect, select, text

from scada.store.schema.standby import lease
from scada.store.sql.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

MIGRATIONS: Final = Path(__file__).resolve().parents[2] / "migrations"
_TABLE: Final = "alembic_version"


def settings_for(connection: Connection) -> "AlembicConfig":
    """Give what alembic needs to bring this connection's tables up to date."""
    from alembic.config import Config as AlembicConfig  # whoever only reads does not wait until it is loaded

    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def revision_of(connection: Connection) -> str | None:
    """Give the revision of the tables; None where there are none yet."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar()  # noqa: S608 - our word
    return found


def newest() -> str:
    """Give the newest revision that this program knows."""
    return max(_known())


def refuse_later(connection: Connection, where: str) -> None:
    """Raise StoreError if a later program has changed the tables: this one does not know what they mean."""
    found = revision_of(connection)
    if found is None or found in _known():
        return
    raise StoreError(
        f"{where}: these tables are of a later daozha (revision {found}); this one, {version('daozha')}, knows "
        f"them up to {newest()} and leaves them alone: start the later version, or go back with `daozha upgrade --back`"
    )


def refuse_beside_a_leader(connection: Connection, where: str) -> None:
    """Raise StoreError if tables would be changed under a server that leads now (docs/standby.md)."""
    if revision_of(connection) in (None, newest()) or not inspect(connection).has_table(lease.name):
        return
    leads = select(lease.c.holder).where(lease.c.until_at > func.clock_timestamp())
    if connection.dialect.name == "postgresql" and (holder := connection.scalar(leads)) is not None:
        raise StoreError(f"{where}: {holder} leads with these tables, which this version would change: stop it first")


def _known() -> frozenset[str]:
    return frozenset(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
