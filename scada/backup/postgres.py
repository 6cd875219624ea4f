"""PostgreSQL in a backup: pg_dump writes one state of the database, pg_restore brings it back into an empty one."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from sqlalchemy import URL, inspect, make_url

from scada.backup import BackupError
from scada.backup.facts import facts_of
from scada.backup.manifest import Facts
from scada.store.db import place, reading_engine
from scada.store.sql import postgres

DUMP: Final = "database/daozha.dump"
COUNTING_S: Final = 3600
_NEEDS: Final = "install PostgreSQL's client programs, of the server's version or later (Debian: postgresql-client)"
_OF_URL: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}


def dump(url: str, target: Path) -> Facts:
    """Dump one state of the database, and say what it holds. Raises BackupError."""
    program = _program("pg_dump")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = reading_engine(url, 1)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
            postgres.allow_time(connection, COUNTING_S)
            snapshot = str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
            facts = facts_of(connection)
            how = ("--format=custom", f"--snapshot={snapshot}", "--no-password", f"--file={target}")
            _run((program, *how), make_url(url))
    finally:
        engine.dispose()
    target.chmod(0o600)
    return facts


def load(source: Path, url: str) -> None:
    """Bring a dump back, all of it or nothing. Raises BackupError where the database is not empty."""
    program, there = _program("pg_restore"), make_url(url)
    engine = reading_engine(url, 1)
    try:
        with engine.connect() as connection:
            if inspect(connection).get_table_names():
                raise BackupError(f"{place(there)} is not empty: make a new database for it (docs/database.md)")
    finally:
        engine.dispose()
    how = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password")
    _run((program, *how, f"--dbname={there.database}", str(source)), there)


def readable(source: Path) -> None:
    """Read a dump's table of contents. Raises BackupError."""
    _run((_program("pg_restore"), "--list", str(source)), None)


def _program(name: str) -> str:
    """Find a program; Debian keeps those of each version off the path. Raises BackupError."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    found = str(kept[-1]) if kept else shutil.which(name)
    if found is None:
        raise BackupError(f"there is no {name} here: {_NEEDS}")
    return found


def _run(words: tuple[str, ...], url: URL | None) -> None:
    name = Path(words[0]).name
    try:
        done = subprocess.run(words, env=_environment(url), capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise BackupError(f"{words[0]}: {error.strerror or error}") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:300]
        remedy = f"; {_NEEDS}" if "version mismatch" in said else ""
        raise BackupError(f"{name} of {'the dump' if url is None else place(url)}: {said}{remedy}")


def _environment(url: URL | None) -> dict[str, str]:
    """Say where the database is by the environment: a command line is for everyone to read."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    if url is None:
        return ours
    told = {name: str(value) for name, value in url.query.items()}
    told |= {} if url.host is None else {"host": url.host}
    told |= {} if url.port is None else {"port": str(url.port)}
    ours |= {variable: told[name] for name, variable in _OF_URL.items() if name in told}
    ours |= {"PGUSER": url.username} if url.username else {}
    ours |= {"PGPASSWORD": str(url.password)} if url.password else {}
    return ours | ({"PGDATABASE": url.database} if url.database else {})
