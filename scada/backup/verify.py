"""Proving a backup by putting it back: into a folder that is thrown away, with everything looked through there."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from billing.accounts.audit import mistakes
from scada.backup import BackupError, manifest, postgres, signature
from scada.backup.copying import Pace
from scada.backup.facts import differences, facts_of
from scada.backup.manifest import Manifest
from scada.backup.restore import bring_tables, config_of, lay_down, tables_of
from scada.config import Config
from scada.secretfile import known_key
from scada.store.db import connected, migrate
from scada.store.journal import verify as verify_chain


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and what is not as it must be."""

    told: Manifest
    looked: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(slots=True)
class Trial:
    """One backup to be proved. `url`: an empty database for one of PostgreSQL; without it its dump is only read.

    `key` is whose backup it must be; None: a person takes it as it is.
    """

    backup: Path
    key: Ed25519PublicKey | None
    scratch: Path | None = None
    url: str | None = None
    pace: Pace = field(default_factory=Pace)
    looked: list[str] = field(default_factory=list)

    def run(self) -> Verdict:
        """Put the backup back into a scratch folder and look it through. Raises BackupError if it cannot be tried."""
        if self.key is not None:
            signature.check(self.backup, self.key)
            self.looked.append(f"the signature of {signature.fingerprint(self.key)}")
        told = manifest.read(self.backup)
        folder = Path(tempfile.mkdtemp(prefix="daozha-verify-", dir=self.scratch))
        try:
            faults = tuple(self._faults(told, folder / "data"))
        except OSError as error:
            raise BackupError(f"{folder}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return Verdict(told, tuple(self.looked), faults)

    def _faults(self, told: Manifest, folder: Path) -> Iterator[str]:
        damaged = list(lay_down(self.backup, told, folder, self.pace))
        self.looked.append(f"{len(told.entries)} files against their SHA-256")
        yield from damaged
        if damaged:
            return
        config = config_of(folder).config
        for path in tables_of(folder):
            yield from self._integrity(path)
        if told.database.kind == "postgresql" and self.url is None:
            postgres.readable(folder / postgres.DUMP)
            self.looked.append("the dump's table of contents; for all of it name an empty database with --database")
            return
        yield from self._tables(told, folder, config)

    def _integrity(self, path: Path) -> Iterator[str]:
        self.looked.append(f"{path.name}: SQLite's integrity check")
        try:
            with closing(sqlite3.connect(path)) as connection:
                said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        except sqlite3.Error as error:
            said = [str(error)]
        yield from (f"{path.name}: {one}" for one in said if one != "ok")

    def _tables(self, told: Manifest, folder: Path, config: Config) -> Iterator[str]:
        url = bring_tables(self.backup, told, folder, self.url)
        with connected(url) as connection:
            yield from differences(told.database, facts_of(connection))
        self.looked.append(f"{sum(told.database.rows.values())} rows of {len(told.database.rows)} tables")
        migrate(url)
        with connected(url) as connection:
            broken = verify_chain(connection, known_key(folder / "keys" / "plates.key"))
            if broken is not None:
                yield f"the journal's chain is broken at entry {broken}"
            self.looked.append(f"the journal's chain to entry {told.database.journal_n}")
            yield from mistakes(connection, config.site_id)
            self.looked.append("the double-entry books, every sum anew")
