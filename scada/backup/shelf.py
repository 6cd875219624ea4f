"""The folder in which a site's backups lie: which there are, which is the newest, and how many stay."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from scada.backup import BackupError, manifest

_STAMP = "%Y%m%dT%H%M%SZ"


def name_of(site: str, at: datetime) -> str:
    """Name a backup."""
    return f"{site}-{at.astimezone(UTC):{_STAMP}}"


class Shelf:
    """All backups of one site in a folder. A backup is there as a whole or not at all: it is named at the end."""

    def __init__(self, folder: Path, site: str) -> None:
        self.folder = folder
        self._name = re.compile(rf"{re.escape(site)}-\d{{8}}T\d{{6}}Z")
        self._part = re.compile(rf"\.{re.escape(site)}-\d{{8}}T\d{{6}}Z\.part")

    def all(self) -> list[Path]:
        """Give the backups, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if self._name.fullmatch(path.name) and path.is_dir())

    def newest(self) -> Path | None:
        """Give the newest one that can be read."""
        for path in reversed(self.all()):
            with suppress(BackupError):
                manifest.read(path)
                return path
        return None

    def prune(self, keep: int) -> list[Path]:
        """Take away the oldest ones, so that so many stay; give those that went."""
        gone = self.all()[:-keep]
        for path in gone:
            doomed = path.with_name(f".{path.name}.part")
            path.rename(doomed)
            shutil.rmtree(doomed)
        return gone

    def sweep(self) -> None:
        """Take away what a backup that was killed has left behind."""
        for path in list(self.folder.iterdir()):
            if self._part.fullmatch(path.name):
                shutil.rmtree(path)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else make a backup here meanwhile. Raises BackupError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BackupError(f"{self.folder}: {error.strerror or error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise BackupError(f"{self.folder}: another backup is being made") from error
        finally:
            os.close(descriptor)
