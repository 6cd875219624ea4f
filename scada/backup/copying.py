"""Copying in small steps with pauses, so that no lane waits for a disk that a backup keeps busy."""

import hashlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from scada.backup import BackupError
from scada.backup.manifest import Entry

STEP: Final = 1 << 20
"""Bytes between two pauses."""
LEAST_S: Final = 0.005
MOST_S: Final = 0.25


class Pace:
    """Rests after every step for as long as the step took, so that half of the disk's time is left to the site."""

    def __init__(self, wait: Callable[[float], None] = sleep) -> None:
        self._wait = wait
        self._since = monotonic()

    def rest(self) -> None:
        """Rest."""
        self._wait(min(max(monotonic() - self._since, LEAST_S), MOST_S))
        self._since = monotonic()


def copy_file(source: Path, target: Path, place: str, pace: Pace) -> Entry:
    """Copy a file, byte for byte as far as it is long now. Raises OSError."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    running, size = hashlib.sha256(), 0
    with source.open("rb") as old, target.open("xb") as new:
        mode = os.fstat(old.fileno()).st_mode & 0o777
        left = os.fstat(old.fileno()).st_size
        while left > 0 and (part := old.read(min(STEP, left))):
            running.update(part)
            new.write(part)
            size, left = size + len(part), left - len(part)
            new.flush()
            os.fdatasync(new.fileno())
            pace.rest()
    target.chmod(0o600)
    return Entry(path=place, size=size, sha256=running.hexdigest(), mode=mode)


def link_file(before: Path, target: Path) -> bool:
    """Let the file of an earlier backup be this one's, too; false where the disk cannot."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):
        os.link(before, target)
        return True
    return False


def copy_database(source: Path, target: Path, pace: Pace) -> None:
    """Copy one state of a SQLite file that others write to meanwhile. Raises BackupError.

    The state is held by a transaction that reads: without it, SQLite would begin anew at every write of the site. What
    was copied reaches the disk bit by bit: all at once it would hold up the site's own commits.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    def rest(_status: int, _left: int, _all: int) -> None:
        os.fdatasync(descriptor)
        pace.rest()

    try:
        with (
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
            closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, isolation_level=None)) as live,
        ):
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4096"):
                copy.execute(f"PRAGMA {pragma}")
            live.execute("BEGIN")
            page = int(live.execute("PRAGMA page_size").fetchone()[0])
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(copy, pages=STEP // page, progress=rest)
    except sqlite3.Error as error:
        raise BackupError(f"copy {source}: {error}") from error
    finally:
        os.close(descriptor)


def entry_of(path: Path, place: str, mode: int, pace: Pace) -> Entry:
    """Describe a file that is there already. Raises OSError."""
    running, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while part := file.read(STEP):
            running.update(part)
            size += len(part)
            pace.rest()
        os.fsync(file.fileno())
    return Entry(path=place, size=size, sha256=running.hexdigest(), mode=mode)


def keep_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
