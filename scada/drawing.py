"""The site's own drawing behind the plan of its car park: a picture beside config.toml."""

from pathlib import Path
from typing import Final

MOST_DRAWN: Final = 2_000_000
"""Bytes; a larger picture is not shown."""


class NoDrawing(Exception):
    """There is none to show."""


def drawing_at(path: Path | None) -> Path:
    """Give the file if it can be shown. Raises NoDrawing."""
    if path is None:
        raise NoDrawing("this site has no drawing")
    if not path.is_file() or path.stat().st_size > MOST_DRAWN:
        raise NoDrawing("the drawing is not there, or is larger than 2 MB")
    return path
