"""Pictures kept as evidence: JPEG files in one folder, a sub-folder a day, written whole or not at all."""

import os
import re
import secrets
from datetime import datetime
from pathlib import Path

from scada.model.names import PictureId
from scada.ports import PictureError

_NAME = re.compile(r"\d{8}T\d{9}-[0-9a-f]{12}\.jpg")
_MOST_BYTES = 4 * 1024 * 1024


class PictureStore:
    """The pictures folder. An id carries its day, so that old days can be removed as folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, jpeg: bytes, at: datetime) -> PictureId:
        """Write a picture to disk and give its id. Raises PictureError."""
        name = PictureId(f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}-{secrets.token_hex(6)}.jpg")
        path = self._path(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
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

    def _path(self, picture: PictureId) -> Path:
        if not _NAME.fullmatch(picture):
            raise PictureError(f"{picture[:60]!r} is not a picture's id")
        return self._folder / picture[:8] / picture


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
