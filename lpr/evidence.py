"""Pictures kept as evidence: JPEG files in one folder, a sub-folder a day, written whole or not at all.

A picture's name says when it was taken, of which passage it is and what it shows. Where plates are in it stands in a
small file beside it, so that they can be covered for whoever need not see them.
"""

import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lpr.keeping.cover import covered
from lpr.reader.guess import Corners
from scada.model.names import PassageId, PictureId
from scada.ports import PictureError

_PASSAGE = r"[a-z][a-z0-9_-]{0,30}-\d{14}-\d{1,10}"
_NAME = re.compile(
    rf"(?P<at>\d{{8}}T\d{{9}})-(?:(?P<passage>{_PASSAGE})-(?P<role>entry|exit|case)-)?[0-9a-f]{{12}}\.jpg"
)
_MOST_BYTES = 4 * 1024 * 1024
CASE = "case"
"""The role of a picture that was kept because something happened; the others are the ways of the cars."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a picture's name says; one from before names said more has no passage and no role."""

    at: datetime
    passage: PassageId | None
    role: str


def named(picture: PictureId) -> Named | None:
    """Read a picture's name; None if it is none."""
    found = _NAME.fullmatch(picture)
    if found is None:
        return None
    try:
        at = datetime.strptime(f"{found['at']}000", "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    passage = found["passage"]
    return Named(at, None if passage is None else PassageId(passage), found["role"] or "")


class PictureStore:
    """The pictures folder. An id carries its day, so that old days can be removed as folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(
        self,
        jpeg: bytes,
        at: datetime,
        passage: str = "",
        role: str = "",
        plates: Sequence[Corners] | None = None,
    ) -> PictureId:
        """Write a picture and give its id; `plates` None: nobody knows where plates are. Raises PictureError."""
        of = f"-{passage}-{role}" if passage and role else ""
        name = PictureId(f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}{of}-{secrets.token_hex(6)}.jpg")
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if plates is not None:
                beside(path).write_text(json.dumps({"plates": _rounded(plates)}), encoding="ascii")
            _write_whole(path, jpeg)
        except OSError as error:
            raise PictureError(f"keep picture {path}: {error}") from error
        return name

    def read(self, picture: PictureId) -> bytes:
        """Give a picture's JPEG. Raises PictureError; no id leads out of the folder."""
        path = self._path(picture)
        try:
            with path.open("rb") as content:
                return content.read(_MOST_BYTES)
        except OSError as error:
            raise PictureError(f"read picture {picture}: {error.strerror}") from error

    def covered(self, picture: PictureId) -> bytes:
        """Give a picture in which no plate can be read. Raises PictureError."""
        return covered(self.read(picture), self.plates(picture))

    def passage(self, picture: PictureId) -> PassageId | None:
        """Say of which passage a picture is, if its name does."""
        name = named(picture)
        return None if name is None else name.passage

    def plates(self, picture: PictureId) -> tuple[Corners, ...] | None:
        """Say where plates are in a picture; None if nobody knows. Raises PictureError if it is no picture's id."""
        try:
            told = json.loads(beside(self._path(picture)).read_text(encoding="ascii"))
            return tuple(_corners(plate) for plate in told["plates"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, picture: PictureId) -> Path:
        if named(picture) is None:
            raise PictureError(f"{picture[:60]!r} is not a picture's id")
        return self._folder / picture[:8] / picture


def beside(path: Path) -> Path:
    """Give the file that says where plates are in a picture."""
    return path.with_suffix(".json")


def _rounded(plates: Sequence[Corners]) -> list[list[list[int]]]:
    return [[[round(x), round(y)] for x, y in plate] for plate in plates]


def _corners(plate: list[list[float]]) -> Corners:
    (a, b, c, d) = ((float(x), float(y)) for x, y in plate)
    return a, b, c, d


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
