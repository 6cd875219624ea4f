"""The catalogue of labelled photographs (`lpr.md` §9)."""

import csv
from dataclasses import dataclass
from pathlib import Path

from scada.model.plate import Plate, normal_form

_DOUBTFUL = frozenset(("photos/easypr-0603.jpg", "photos/easypr-0561.jpg"))
"""One is cut off, the other's label is doubtful."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photograph, as a path below the photos folder, and the plate on it."""

    photo: str
    plate: Plate


def catalogue(folder: Path) -> list[Labelled]:
    """List the whole photographs of a folder with a `labels.csv`, in its order; empty if there is none."""
    labels = folder / "labels.csv"
    if not labels.is_file():
        return []
    with labels.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["file"].startswith("photos/")]
    known = [row for row in rows if row["file"] not in _DOUBTFUL and (folder / row["file"]).is_file()]
    return [Labelled(row["file"], normal_form(row["plate"])) for row in known]
