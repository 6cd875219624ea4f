"""What a folder, a zip or a wheel offers under the names of our files; nothing is opened yet."""

import os
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from lpr.models import FILES, ModelError

MOST_BYTES = 64 * 2**20
"""None of the files has a fourth of it."""
_MOST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Offer:
    """One file that is offered; `origin` is its name there, `trouble` says why it is not even opened."""

    name: str
    origin: str
    open: Callable[[], IO[bytes]]
    trouble: str = ""


@contextmanager
def offers_of(source: Path) -> Iterator[Mapping[str, list[Offer]]]:
    """Find what a folder or archive offers under our names. Raises ModelError."""
    found: defaultdict[str, list[Offer]] = defaultdict(list)
    try:
        if source.is_dir():
            for offer in _in_folder(source):
                found[offer.name].append(offer)
            yield found
            return
        archive = zipfile.ZipFile(source)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ModelError(f"look into {source}: {error}; name a folder, a zip or a wheel") from error
    with archive:
        for offer in _in_archive(archive):
            found[offer.name].append(offer)
        yield found


def _in_folder(source: Path) -> Iterator[Offer]:
    names, seen = {file.name for file in FILES}, 0
    for folder, _, files in os.walk(source):
        seen += len(files)
        if seen > _MOST_ENTRIES:
            raise ModelError(f"look into {source}: more than {_MOST_ENTRIES} files; name the folder they lie in")
        for name in sorted(names.intersection(files)):
            path = Path(folder, name)
            yield Offer(name, str(path.relative_to(source)), partial(_opened, path), _irregular(path))


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


def _irregular(path: Path) -> str:
    return "" if path.is_file() else "is no file"


def _in_archive(archive: zipfile.ZipFile) -> Iterator[Offer]:
    names = {file.name for file in FILES}
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.name in names and not entry.is_dir():
            yield Offer(path.name, entry.filename, partial(archive.open, entry), _suspect(entry, path))


def _suspect(entry: zipfile.ZipInfo, path: PurePosixPath) -> str:
    """Say why an entry is not even opened."""
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        return "its name leads out of the archive"
    if entry.flag_bits & 1:
        return "is encrypted"
    return f"is larger than {MOST_BYTES // 2**20} MB" if entry.file_size > MOST_BYTES else ""
