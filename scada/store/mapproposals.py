"""Tag maps that somebody has brought and nobody has put to use yet: files beside the versions, each with who signed.

Like the versions they are files: what a technician wrote, byte for byte, read again by the same reader.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

_ABOUT: Final = "proposal.json"
OPEN: Final = "OPEN"
SIGNED: Final = "SIGNED"
APPLIED: Final = "APPLIED"
WITHDRAWN: Final = "WITHDRAWN"
MISTAKEN: Final = "MISTAKEN"
"""It has mistakes: nobody can sign it, a better one is brought."""
OVER: Final = (APPLIED, WITHDRAWN, MISTAKEN)
MOST: Final = 50
"""Proposals that are kept; of more, the oldest that are over go."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A map that was brought: by whom and why, who has signed it, and what became of it."""

    number: int
    at: str
    by: str
    why: str
    state: str = OPEN
    signed_by: str = ""
    signed_at: str = ""
    version: int = 0


class MapProposals:
    """Keeps them in a folder. Blocks: call it from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder_of(self, number: int) -> Path:
        """Say where the files of one lie."""
        return self._folder / f"{number:04d}"

    def all(self) -> Sequence[Brought]:
        """Give every one, newest first."""
        if not self._folder.is_dir():
            return ()
        found = (place / _ABOUT for place in self._folder.iterdir() if place.name.isdecimal())
        read = (_read(about) for about in found if about.is_file())
        return sorted(read, key=lambda one: one.number, reverse=True)

    def find(self, number: int) -> Brought | None:
        """Give one by its number."""
        about = self.folder_of(number) / _ABOUT
        return _read(about) if about.is_file() else None

    def add(self, files: Mapping[str, bytes], by: str, why: str, at: datetime) -> Brought:
        """Keep the files of one that is brought."""
        known = self.all()
        number = max((one.number for one in known), default=0) + 1
        folder = self.folder_of(number)
        folder.mkdir(parents=True, mode=0o700)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        brought = Brought(number, at.isoformat(), by, why)
        self.write(brought)
        over = [one for one in known if one.state in OVER]
        for old in over[max(0, MOST - (len(known) - len(over)) - 1) :]:
            shutil.rmtree(self.folder_of(old.number), ignore_errors=True)
        return brought

    def write(self, brought: Brought) -> None:
        """Write down how one stands."""
        path = self.folder_of(brought.number) / _ABOUT
        new = path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(brought), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)


def signed(brought: Brought, by: str, at: datetime) -> Brought:
    """Let a second person stand for it."""
    return replace(brought, state=SIGNED, signed_by=by, signed_at=at.isoformat())


def _read(about: Path) -> Brought:
    return Brought(**json.loads(about.read_text(encoding="utf-8")))
