"""The pictures folder as a shelf: what lies there, and taking things off it; a kill at any moment does no harm."""

import os
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from lpr.evidence import beside, named
from lpr.keeping.choice import Kept
from scada.model.names import PictureId

_LEFT_OVER = timedelta(hours=1)
"""A half-written file, or one that says where plates are in a picture that is gone, is no longer waited for then."""


class Shelf:
    """All pictures on disk. Everything here blocks: it runs in a thread."""

    def __init__(self, folder: Path, unlink: Callable[[Path], None] = os.unlink) -> None:
        self._folder = folder
        self._unlink = unlink

    def all(self) -> list[Kept]:
        """Give every picture; what is no picture of ours is left alone."""
        return [kept for day in self._days() for name in os.listdir(day) if (kept := _kept(day, name)) is not None]

    def free(self) -> int:
        """Say how many bytes the disk has left."""
        place = next((path for path in (self._folder, *self._folder.parents) if path.exists()), Path("/"))
        return shutil.disk_usage(place).free

    def remove(self, pictures: Iterable[Kept]) -> int:
        """Take pictures off the shelf; give how many bytes that freed. Raises OSError."""
        freed = 0
        for kept in pictures:
            path = self._folder / kept.picture[:8] / kept.picture
            for file in (path, beside(path)):
                if file.exists():
                    self._unlink(file)
            freed += kept.size
        return freed

    def sweep(self, now: datetime) -> None:
        """Take away what a kill has left behind, and the folders of days of which nothing is kept. Raises OSError."""
        until, yesterday = (now - _LEFT_OVER).timestamp(), f"{now - timedelta(days=1):%Y%m%d}"
        for day in self._days():
            for file in [day / name for name in os.listdir(day)]:
                if self._is_left_over(file) and file.stat().st_mtime < until:
                    self._unlink(file)
            if day.name < yesterday and not os.listdir(day):
                day.rmdir()

    def _is_left_over(self, path: Path) -> bool:
        return path.suffix == ".part" or (path.suffix == ".json" and not path.with_suffix(".jpg").exists())

    def _days(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        days = [self._folder / name for name in sorted(os.listdir(self._folder)) if _is_day(name)]
        return [day for day in days if day.is_dir()]


def _is_day(name: str) -> bool:
    return len(name) == len("20260101") and name.isascii() and name.isdecimal()


def _kept(day: Path, name: str) -> Kept | None:
    """Say what a file is; None if it is no picture of ours, or has gone meanwhile."""
    of = named(PictureId(name))
    if of is None or name[:8] != day.name:
        return None
    try:
        return Kept(PictureId(name), of.at, (day / name).stat().st_size, of.passage, of.role)
    except FileNotFoundError:
        return None
