"""Putting a backup back: all of it under a passing name, checked, and named when it is whole."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from scada.backup import BackupError, manifest, postgres, signature
from scada.backup.copying import Pace, copy_file, keep_folder
from scada.backup.manifest import Entry, Manifest
from scada.config import Config, ConfigError, load
from scada.lockfile import is_held
from scada.store.db import migrate
from scada.store.restored import Restored, put_back
from scada.store.sql.place import FILE, file_url

SITE = "site"
"""Where the configuration and what it names are laid down, below the data folder."""


@dataclass(frozen=True, slots=True)
class Back:
    """What was put back: the data folder, the configuration in it, and what has to be brought by hand."""

    folder: Path
    config: Path
    told: Manifest
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restore:
    """One backup to be put back into a new data folder, and with PostgreSQL into the empty database of `url`.

    `key` is whose backup it must be; None: a person takes it as it is. `is_whole`: a person says that nothing has
    happened at the site since the backup was taken.
    """

    backup: Path
    to: Path
    at: datetime
    key: Ed25519PublicKey | None
    url: str | None = None
    is_whole: bool = False
    pace: Pace = field(default_factory=Pace)

    def run(self) -> Back:
        """Put it back. Raises BackupError; then nothing of it is left but what PostgreSQL had taken already."""
        if self.key is not None:
            signature.check(self.backup, self.key)
        told = manifest.read(self.backup)
        self._object(told)
        part = self.to.with_name(f".{self.to.name}.restoring")
        shutil.rmtree(part, ignore_errors=True)
        try:
            if faults := list(lay_down(self.backup, told, part, self.pace)):
                raise BackupError(f"{self.backup} is damaged: {'; '.join(faults[:3])}")
            config = config_of(part)
            url = bring_tables(self.backup, told, part, self.url)
            self._settle(url, config, told)
            keep_all(part)
            self._make_room()
            part.rename(self.to)
            keep_folder(self.to.parent)
        except OSError as error:
            raise BackupError(f"{part}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return Back(self.to, self.to / SITE / config.name, told, told.left_out)

    def _object(self, told: Manifest) -> None:
        """Refuse to put anything over a site, and what cannot be."""
        if is_held(self.to):
            raise BackupError(f"a plant runs on {self.to}: stop it, and restore into a new folder")
        if self.to.exists() and (not self.to.is_dir() or any(self.to.iterdir())):
            raise BackupError(f"{self.to} is there and not empty: move it away first, or name another folder")
        if told.database.kind == "postgresql" and self.url is None:
            raise BackupError("this backup is of PostgreSQL: name the URL file of an empty database with --database")
        if told.database.kind == "sqlite" and self.url is not None:
            raise BackupError("this backup is of SQLite: its tables lie in the data folder, leave --database out")

    def _settle(self, url: str, config: "SavedConfig", told: Manifest) -> None:
        """Bring the tables up to date, and write down that they are not the newest there ever were."""
        migrate(url)
        site = config.config
        put_back(
            url,
            Restored(site.site_id, self.backup.name, told.taken_at, self.at, site.site.zone_info, self.is_whole),
        )
        if told.database.kind == "sqlite":
            _without_wal(Path(str(url.removeprefix("sqlite:///"))))

    def _make_room(self) -> None:
        if self.to.is_dir():
            self.to.rmdir()


@dataclass(frozen=True, slots=True)
class SavedConfig:
    """The configuration of a backup, and its file below `site`."""

    config: Config
    name: str


def lay_down(backup: Path, told: Manifest, target: Path, pace: Pace) -> Iterator[str]:
    """Copy all files of a backup to where they belong, and say of each that is not as it was written down."""
    target.mkdir(mode=0o700, parents=True)
    for entry in told.entries:
        place = target / _place(entry)
        try:
            if _has_link(backup, entry):
                yield f"{entry.path}: a link leads there, and no backup has any"
                continue
            found = copy_file(backup / entry.path, place, entry.path, pace)
        except OSError as error:
            yield f"{entry.path}: {error.strerror or error}"
            continue
        if (found.size, found.sha256) != (entry.size, entry.sha256):
            yield f"{entry.path}: {found.size} bytes that are not the {entry.size} of the manifest"
        place.chmod(entry.mode)


def _has_link(backup: Path, entry: Entry) -> bool:
    """Say whether a file of a backup, or a folder on the way to it, is a link: it could lead to any file here."""
    parts = PurePosixPath(entry.path).parts
    return any(backup.joinpath(*parts[:deep]).is_symlink() for deep in range(1, len(parts) + 1))


def _place(entry: Entry) -> Path:
    """Say where a file of a backup belongs in the data folder."""
    top, *rest = PurePosixPath(entry.path).parts
    match top:
        case "data" | "secrets":
            return Path(*rest)
        case _:
            return Path(top, *rest)


def config_of(folder: Path) -> SavedConfig:
    """Read the configuration that was laid down. Raises BackupError."""
    for file in sorted((folder / SITE).glob("*.toml")):
        try:
            return SavedConfig(load(file), file.name)
        except ConfigError:
            continue
    raise BackupError(f"{folder / SITE}: there is no configuration that this daozha can read")


def bring_tables(backup: Path, told: Manifest, folder: Path, url: str | None) -> str:
    """Give the URL of the tables in a folder that was laid down; PostgreSQL's are loaded first. Raises BackupError."""
    if told.database.kind == "postgresql":
        dump = folder / postgres.DUMP
        if url is None:
            raise BackupError(f"{backup}: PostgreSQL's tables need a database")
        postgres.load(dump, url)
        dump.unlink()
        dump.parent.rmdir()
        return url
    return file_url(folder)


def _without_wal(path: Path) -> None:
    """Let all of a SQLite file be in the file itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def keep_all(folder: Path) -> None:
    """Let every name below a folder reach the disk."""
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        path.chmod(0o700)
        keep_folder(path)


def tables_of(folder: Path) -> list[Path]:
    """Give the SQLite files below a folder."""
    return sorted(path for path in folder.rglob("*.db") if path.name != FILE or path.parent == folder)
