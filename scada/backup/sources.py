"""What of a site belongs into a backup: everything that cannot be made anew."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from scada.config import Config

_MADE_ANEW: Final = frozenset({"run", "site"})
"""Folders with what a start makes (sockets, cookie keys, the lock), and what a restore laid down of the configuration:
what of that is in use is taken by its own name."""
_PASSING: Final = ("-wal", "-shm", "-journal", ".part", ".new", ".tmp", ".lock", ".ballast")
"""How files end that are half written, locks, or room that is held free for need."""
_UNTIL: Final = ".until"
_SECRET_FOLDERS: Final = frozenset({"keys", "units", "wechat"})
_SECRET_SUFFIXES: Final = (".key",)


class Kind(Enum):
    """How a file is taken into a backup."""

    DATABASE = "database"
    """A SQLite file in use: a consistent state of it is copied."""
    PICTURE = "picture"
    """Never changed once it is there: what the last backup has is not copied again."""
    SECRET = "secret"  # noqa: S105 - the word, not one
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the site, and where it lies in a backup."""

    path: Path
    place: str
    kind: Kind


def of_data(config: Config) -> Iterator[Source]:
    """Give the files of the data folder, databases first: what they name must be in the backup, too."""
    secret = frozenset(config.secret(name) for name in secret_files(config))
    found = [_source(path, config.data, secret) for path in _files(config.data)]
    yield from sorted(found, key=_turn)


def _turn(source: Source) -> tuple[bool, str, bool]:
    """Say when a file's turn is: until when history was recorded is read just before its points are."""
    is_until = source.path.suffix == _UNTIL
    return source.kind is not Kind.DATABASE and not is_until, source.place.rpartition(".")[0], not is_until


def of_site(config: Config, file: Path) -> Iterator[Source]:
    """Give the configuration and what it names: tag maps, tariffs, texts of displays."""
    tags, named = config.tags, [config.tags.map, config.tags.devices]
    named += [lane.template for lane in tags.lanes]
    named += [config.display_texts.file] if config.display_texts else []
    named += [config.serve.modbus.map] if config.serve and config.serve.modbus else []
    paths = {file.resolve(), *(config.beside(name) for name in named), *_files(config.beside(config.tariff.folder))}
    for path in sorted(paths):
        if path.is_file():
            yield Source(path, f"site/{_within(path, config.folder)}", Kind.FILE)


def links_of(config: Config) -> list[str]:
    """Name what in the data folder is a link: it leads elsewhere, and is not taken."""
    found = (Path(place) / name for place, folders, names in os.walk(config.data) for name in (*folders, *names))
    return sorted(f"data/{path.relative_to(config.data).as_posix()}" for path in found if path.is_symlink())


def secret_files(config: Config) -> list[str]:
    """Name the secrets that a configuration knows: all that ends with `_file`, relative to the data folder."""
    return list(_secrets_in(config.model_dump()))


def _secrets_in(told: object) -> Iterator[str]:
    if isinstance(told, Mapping):
        yield from (value for key, value in told.items() if key.endswith("_file") and isinstance(value, str))
        told = tuple(told.values())
    for value in told if isinstance(told, list | tuple) else ():
        yield from _secrets_in(value)


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if Path(place) != folder or name not in _MADE_ANEW)
        for name in sorted(names):
            path = Path(place) / name
            if not name.endswith(_PASSING) and path.is_file() and not path.is_symlink():
                yield path


def _source(path: Path, data: Path, secret: frozenset[Path]) -> Source:
    within = path.relative_to(data)
    kind = _kind(within, is_named=path in secret)
    return Source(path, f"{'secrets' if kind is Kind.SECRET else 'data'}/{within.as_posix()}", kind)


def _kind(within: Path, *, is_named: bool) -> Kind:
    top, parts = within.parts[0], within.parts
    if is_named or top in _SECRET_FOLDERS or within.suffix in _SECRET_SUFFIXES:
        return Kind.SECRET
    if top == "opcua" and (within.name == "own.pem" or "logins" in parts):
        return Kind.SECRET
    if parts[:2] == ("sim", "wechat"):
        return Kind.SECRET
    if within.suffix == ".db":
        return Kind.DATABASE
    return Kind.PICTURE if top == "pictures" else Kind.FILE


def _within(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return f"elsewhere{path.as_posix()}"
