"""Making a backup while the site runs: written under a passing name, and named when all of it is on disk."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scada.backup import BackupError, manifest, postgres, signature
from scada.backup.copying import Pace, copy_database, copy_file, entry_of, keep_folder, link_file
from scada.backup.facts import facts_of
from scada.backup.manifest import Entry, Facts, Manifest
from scada.backup.shelf import Shelf, name_of
from scada.backup.sources import Kind, Source, links_of, of_data, of_site
from scada.config import Config
from scada.store.db import connected, database_url
from scada.store.sql.place import FILE, file_url


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is there, how many of its files an earlier one has, too, and which ones went."""

    folder: Path
    manifest: Manifest
    linked: int
    pruned: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """One backup to be made. `file` is the configuration's; `key` signs it."""

    config: Config
    file: Path
    shelf: Shelf
    at: datetime
    keep: int
    key: Ed25519PrivateKey
    with_secrets: bool = False
    pace: Pace = field(default_factory=Pace)

    def make(self) -> Made:
        """Make it. Raises BackupError; then nothing of it is left."""
        self._object()
        target = self.shelf.folder / name_of(self.config.site.id, self.at)
        part = target.with_name(f".{target.name}.part")
        with self.shelf.alone():
            self.shelf.sweep()
            if target.exists():
                raise BackupError(f"{target} is there already")
            try:
                made, linked = self._write(part, self._before())
                part.rename(target)
                keep_folder(self.shelf.folder)
                return Made(target, made, linked, tuple(self.shelf.prune(self.keep)))
            except OSError as error:
                raise BackupError(f"{part}: {error.strerror or error}") from error
            finally:
                shutil.rmtree(part, ignore_errors=True)

    def _before(self) -> Path | None:
        """Give the backup whose pictures may be shared: one that is our own, since its hashes are signed anew."""
        newest = self.shelf.newest()
        return newest if newest is not None and signature.is_ours(newest, self.key.public_key()) else None

    def _write(self, part: Path, before: Path | None) -> tuple[Manifest, int]:
        part.mkdir(mode=0o700)
        url, pictures = database_url(self.config), _Pictures.of(before)
        dumped = None if url == file_url(self.config.data) else postgres.dump(url, part / postgres.DUMP)
        entries = [] if dumped is None else [entry_of(part / postgres.DUMP, postgres.DUMP, 0o600, self.pace)]
        entries += self._copies(part, pictures)
        facts = self._facts(part) if dumped is None else dumped
        told = Manifest(
            site=self.config.site.id,
            taken_at=self.at,
            version=version("daozha"),
            database=facts,
            entries=tuple(sorted(entries, key=lambda entry: entry.path)),
            left_out=tuple(self._left_out()),
        )
        _keep(part, told, self.key)
        return told, pictures.linked

    def _copies(self, part: Path, pictures: "_Pictures") -> Iterator[Entry]:
        for source in (*of_data(self.config), *of_site(self.config, self.file)):
            if source.kind is Kind.SECRET and not self.with_secrets:
                continue
            try:
                yield self._copy(source, part / source.place, pictures)
            except FileNotFoundError:
                continue  # the site took it away meanwhile: its time was over

    def _copy(self, source: Source, target: Path, pictures: "_Pictures") -> Entry:
        match source.kind:
            case Kind.DATABASE:
                copy_database(source.path, target, self.pace)
                return entry_of(target, source.place, source.path.stat().st_mode & 0o777, self.pace)
            case Kind.PICTURE if (entry := pictures.link(source, target)) is not None:
                return entry
            case _:
                return copy_file(source.path, target, source.place, self.pace)

    def _facts(self, part: Path) -> Facts:
        """Look into the copy: it is one state, and to count in it disturbs nobody."""
        copied = part / "data" / FILE
        if not copied.is_file():
            raise BackupError(f"{self.config.data / FILE} is not there: has this site ever run?")
        with connected(f"sqlite:///{copied}") as connection:
            facts = facts_of(connection)
        for name in (f"{copied}-wal", f"{copied}-shm"):
            Path(name).unlink(missing_ok=True)
        return facts

    def _object(self) -> None:
        """Refuse what would take backups away, or put them into one another."""
        if self.keep < 1:
            raise BackupError(f"to keep {self.keep} backups leaves none: keep 1 at least")
        if self.shelf.folder.resolve().is_relative_to(self.config.data.resolve()):
            raise BackupError(f"{self.shelf.folder} lies in the data folder: each backup would hold all others")

    def _left_out(self) -> Iterator[str]:
        yield from links_of(self.config)
        if not self.with_secrets:
            yield from (source.place for source in of_data(self.config) if source.kind is Kind.SECRET)


class _Pictures:
    """The pictures of the backup before: they never change, so that both may have one file."""

    def __init__(self, folder: Path | None, entries: dict[str, Entry]) -> None:
        self._folder = folder
        self._entries = entries
        self.linked = 0

    @classmethod
    def of(cls, before: Path | None) -> "_Pictures":
        told = () if before is None else manifest.read(before).entries
        return cls(before, {entry.path: entry for entry in told if entry.path.startswith("data/pictures/")})

    def link(self, source: Source, target: Path) -> Entry | None:
        """Take a picture from the backup before; None where that has not got it."""
        entry = self._entries.get(source.place)
        if self._folder is None or entry is None or source.path.stat().st_size != entry.size:
            return None
        if not link_file(self._folder / source.place, target):
            return None
        self.linked += 1
        return entry


def _keep(part: Path, told: Manifest, key: Ed25519PrivateKey) -> None:
    """Write the manifest and its signature, and let all names reach the disk."""
    written = told.model_dump_json(indent=1).encode()
    for name, content in ((manifest.NAME, written), (signature.SIGNATURE, signature.sign(key, written))):
        with (part / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        (part / name).chmod(0o600)
    for folder in (part, *(path for path in part.rglob("*") if path.is_dir())):
        folder.chmod(0o700)
        keep_folder(folder)
