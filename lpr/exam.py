"""Pictures read one by one: what a lane would act on in each, and how often that is right where the plate is known."""

import csv
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lpr.reader.grammar import is_suspicious
from lpr.reader.guess import PlateGuess
from lpr.recognise import Reader
from lpr.source import load_picture
from lpr.vote import nearest
from scada.model.plate import Plate, normal_form


class LabelsError(Exception):
    """A file of labels cannot be used."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture to read: what it is called, where it is, and its plate if that is known."""

    file: str
    path: Path
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read in a picture. `trouble`: why it could not be looked at, empty if it could."""

    sheet: Sheet
    guess: PlateGuess | None
    ms: float
    trouble: str = ""

    @property
    def is_exact(self) -> bool:
        """The plate that is known was read."""
        return self.guess is not None and self.guess.text == self.sheet.plate

    def is_accepted(self, gate: float) -> bool:
        """Say whether a lane would act on this one look: sure enough, and no string that no plate is known to have."""
        guess = self.guess
        return guess is not None and guess.min_prob >= gate and not is_suspicious(guess.text, guess.kind)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often the plates were right. `exact` and `accepted_exact` speak of the pictures whose plate is known."""

    n: int
    known: int
    exact: int
    accepted: int
    accepted_exact: int
    ms_p50: float


def labelled(labels: Path) -> list[Sheet]:
    """List the pictures of a CSV file with the columns `file` (relative to it) and `plate`. Raises LabelsError."""
    try:
        with labels.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"{labels}: {error}") from error
    missing = {"file", "plate"} - set(rows[0]) if rows else set()
    if missing or not rows:
        raise LabelsError(f"{labels}: {'no column ' + ', '.join(sorted(missing)) if rows else 'no rows'}")
    nameless = next((line for line, row in enumerate(rows, 2) if not row["file"]), None)
    if nameless is not None:
        raise LabelsError(f"{labels}: row {nameless} names no file")
    return [Sheet(row["file"], labels.parent / row["file"], normal_form(row["plate"] or "")) for row in rows]


def chosen(images: Sequence[Path], known: Sequence[Sheet]) -> list[Sheet]:
    """Give the pictures that are asked for, each with its plate if it is known; all known ones if none is asked for."""
    if not images:
        return list(known)
    plates: Mapping[Path, Plate | None] = {sheet.path.resolve(): sheet.plate for sheet in known}
    return [Sheet(str(image), image, plates.get(image.resolve())) for image in images]


def examine(reader: Reader, sheets: Sequence[Sheet]) -> Iterator[Answer]:
    """Read the pictures one by one. `ms` is time of this core, spent on reading alone."""
    for sheet in sheets:
        try:
            frame = load_picture(sheet.path)
        except (OSError, ValueError) as error:
            yield Answer(sheet, None, 0.0, str(error))
            continue
        if frame is None:
            yield Answer(sheet, None, 0.0, f"{sheet.path}: no picture, or one that is cut off")
            continue
        began = time.process_time()
        guess = nearest(reader.read(frame), (), 0)
        yield Answer(sheet, guess, (time.process_time() - began) * 1000)


def tally(answers: Sequence[Answer], gate: float) -> Tally:
    """Count. A picture that could not be looked at is one that was not read."""
    accepted = [one for one in answers if one.is_accepted(gate)]
    return Tally(
        n=len(answers),
        known=sum(one.sheet.plate is not None for one in answers),
        exact=sum(one.is_exact for one in answers),
        accepted=len(accepted),
        accepted_exact=sum(one.is_exact for one in accepted),
        ms_p50=statistics.median([one.ms for one in answers if not one.trouble] or [0.0]),
    )
