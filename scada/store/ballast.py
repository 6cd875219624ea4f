"""Room on disk that is kept for need: a file of nothing beside what must go on being written.

On a full disk SQLite refuses even to delete: it has to write that down first. Throwing the ballast off gives a file
that cannot grow the room to go on, or to shrink.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MEGABYTE = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """Give what is free on the disk of a folder. Raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Ballast:
    """A file of zeros beside another one."""

    def __init__(self, path: Path, size: int, free: Callable[[Path], int] = free_bytes) -> None:
        self._path = path
        self._size = size
        self._free = free

    @property
    def is_there(self) -> bool:
        """Say whether there is something to throw off."""
        return self._path.exists()

    def drop(self) -> bool:
        """Throw it off; say whether that gave room."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def take(self, spare: int) -> None:
        """Make it again as soon as `spare` bytes stay free beside it; a disk that refuses is asked again later."""
        if self.is_there or not self._size:
            return
        try:
            if self._free(self._path.parent) < self._size + spare:
                return
            with self._path.open("xb", buffering=0) as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
