"""How much of a disk history may take: a budget, a part that stays free, and a ballast to throw off in need.

On a full disk SQLite refuses even to delete: it has to write that down first. The ballast is a file of nothing; taking
it away gives a queue that cannot grow the room to shrink.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from scada.store.db import StoreError

T = TypeVar("T")

MEGABYTE = 1024 * 1024


log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """What may wait on disk, what of the disk stays free for the rest of the plant, and the ballast."""

    budget_bytes: int = 2048 * MEGABYTE
    free_bytes: int = 512 * MEGABYTE
    ballast_bytes: int = 8 * MEGABYTE

    def allowed(self, held: int, free: int) -> int:
        """Give the bytes that may wait now: less than the budget where the disk itself runs full."""
        short = self.free_bytes - free
        return max(0, min(self.budget_bytes, held - short)) if short > 0 else self.budget_bytes

    def is_over(self, event_bytes: int) -> bool:
        """Say whether events alone fill the budget: nothing is left that may be thinned."""
        return event_bytes > self.budget_bytes

    def refuses(self, event_bytes: int, free: int) -> str:
        """Say why nothing more may be written; empty if it may."""
        if free < self.free_bytes // 2:
            return f"only {free // MEGABYTE} MB of the disk are free"
        if event_bytes > 2 * self.budget_bytes:
            return "events alone fill twice the budget"
        return ""


LIMITS = Limits()


def free_bytes(folder: Path) -> int:
    """Give what is free on the disk of a folder. Raises OSError."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def in_need(work: Callable[[], T], ballast: "Ballast") -> T:
    """Do what needs room on disk; where there is none, throw the ballast off and do it once more. Raises StoreError."""
    try:
        return work()
    except StoreError:
        if not ballast.drop():
            raise
        log.error("history's disk is full: the ballast is thrown off")
        return work()


class Ballast:
    """A file of zeros beside the queue."""

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
