"""The tag maps that were ever used, each with who brought it and when; one of them is the one in use.

They are files beside the database: a map is what a technician wrote, byte for byte, and is read again as such.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_ABOUT = "version.json"
_ACTIVE = "active"
_NEWLY = "newly.json"


@dataclass(frozen=True, slots=True)
class Version:
    """One map. `sha` is that of all its files; `folder` is where they lie."""

    number: int
    at: datetime
    by: str
    why: str
    sha: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Newly:
    """The version in use came into use as a new one: when, and which one it replaced."""

    number: int
    before: int
    at: datetime


class MapVersions:
    """Keeps maps in `data/maps`. Blocks: call it from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> Sequence[Version]:
        """Give every version, oldest first."""
        if not self._folder.is_dir():
            return ()
        found = (place / _ABOUT for place in self._folder.iterdir() if place.name.isdecimal())
        return sorted((_read(about) for about in found if about.is_file()), key=lambda version: version.number)

    def active(self) -> Version | None:
        """Give the version in use."""
        return self.find(self._number())

    def _number(self) -> int:
        pointer = self._folder / _ACTIVE
        return int(pointer.read_text(encoding="ascii")) if pointer.is_file() else 0

    def find(self, number: int) -> Version | None:
        """Give a version by its number."""
        return next((version for version in self.all() if version.number == number), None)

    def of(self, files: Mapping[str, bytes]) -> Version | None:
        """Give the newest version that holds exactly these files."""
        sha = digest(files)
        return next((version for version in reversed(self.all()) if version.sha == sha), None)

    def keep(self, files: Mapping[str, bytes], by: str, why: str, at: datetime) -> Version:
        """Keep files as a new version; the same files once more are the version they were."""
        if (known := self.of(files)) is not None:
            return known
        number = max((version.number for version in self.all()), default=0) + 1
        folder = self._folder / f"{number:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        version = Version(number, at, by, why, digest(files), folder)
        about = {"number": number, "at": at.isoformat(), "by": by, "why": why, "sha": version.sha}
        _replace(folder / _ABOUT, json.dumps(about, ensure_ascii=False))
        return version

    def activate(self, number: int, newly_at: datetime | None = None) -> None:
        """Say which version is in use from now on; `newly_at`: it came as a new one, and not by going back."""
        before = self._number()
        if number != before:
            told = {"number": number, "before": before, "at": newly_at.isoformat()} if newly_at else {}
            _replace(self._folder / _NEWLY, json.dumps(told))
        _replace(self._folder / _ACTIVE, str(number))

    def newly(self) -> Newly | None:
        """Say since when the version in use is, and what it replaced; nothing where one has gone back to it."""
        path = self._folder / _NEWLY
        told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return Newly(told["number"], told["before"], datetime.fromisoformat(told["at"])) if told else None


def digest(files: Mapping[str, bytes]) -> str:
    """Give the fingerprint of some files, names and contents."""
    sha = hashlib.sha256()
    for name in sorted(files):
        sha.update(f"{name}\0{len(files[name])}\0".encode())
        sha.update(files[name])
    return sha.hexdigest()


def _read(about: Path) -> Version:
    told = json.loads(about.read_text(encoding="utf-8"))
    at = datetime.fromisoformat(told["at"])
    return Version(told["number"], at, told["by"], told["why"], told["sha"], about.parent)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
