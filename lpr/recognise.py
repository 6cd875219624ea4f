"""A reader: a frame goes in, guesses come out. All else (window, vote, gate, matching) is outside.

Back end B reads with the three files of `lpr.models`. `python -m lpr.recognise IMAGE...` reads pictures.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import cv2

from lpr.models import ModelError, Models, find
from lpr.reader.candidate import Candidate, best_of, candidates, guess_of
from lpr.reader.detect import Found, PlateDetector
from lpr.reader.guess import PlateGuess
from lpr.reader.network import Picture, straighten
from lpr.reader.signs import SignReader
from lpr.reader.textbox import TextDetector
from lpr.source import load_picture


class Reader(Protocol):
    """The seam between a back end and everything else."""

    @property
    def name(self) -> str:
        """The back end's name."""

    def read(self, frame: Picture) -> list[PlateGuess]:
        """Read every plate of a frame, the surest detection first."""


class WheelReader:
    """Back end B: plate detector, text detector and recogniser out of two wheels, with our own code."""

    name = "B"

    def __init__(self, models: Models) -> None:
        cv2.setNumThreads(1)
        self._plates = PlateDetector(models.detector)
        self._lines = TextDetector(models.text_detector)
        self._signs = SignReader(models.recogniser)

    def read(self, frame: Picture) -> list[PlateGuess]:
        """Read every plate of a frame."""
        guesses = (self._read_plate(frame, plate) for plate in self._plates.find(frame))
        return [guess for guess in guesses if guess is not None]

    def _read_plate(self, frame: Picture, plate: Found) -> PlateGuess | None:
        tried = []
        for candidate in self._candidates(frame, plate):
            if candidate.is_sure:
                return guess_of(candidate, plate, self.name)
            tried.append(candidate)
        return guess_of(best_of(tried), plate, self.name) if tried else None

    def _candidates(self, frame: Picture, plate: Found) -> Iterator[Candidate]:
        for corners in (plate.corners, plate.pushed_out(0.06)):
            yield from candidates(self._signs, straighten(frame, corners), plate.layers)
        for corners in self._lines.find(frame, plate):
            yield from candidates(self._signs, straighten(frame, corners), (1,))


def report(path: Path, guesses: Sequence[PlateGuess]) -> dict[str, object]:
    """Give what was read in one picture as JSON values, the surest plate first."""
    ranked = sorted(guesses, key=lambda guess: guess.weight, reverse=True)
    plates = [
        {
            "plate": guess.text,
            "confidence": round(guess.min_prob, 4),
            "kind": guess.kind.value,
            "colour": guess.colour.value,
            "width_px": round(guess.width_px),
            "corners": [[round(x), round(y)] for x, y in guess.corners],
        }
        for guess in ranked
    ]
    return {"file": str(path), "plates": plates}


def main(arguments: Sequence[str]) -> int:
    """`python -m lpr.recognise IMAGE... [--json]`: 0 if a plate was read, 1 if none, 2 if it could not be tried."""
    paths = [Path(word) for word in arguments if word != "--json"]
    if not paths:
        sys.stderr.write("usage: python -m lpr.recognise IMAGE... [--json]\n")
        return 2
    try:
        reader = WheelReader(find())
        reports = [_report_file(reader, path) for path in paths]
    except (ModelError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    lines = [json.dumps(reports, ensure_ascii=False)] if "--json" in arguments else [_line(one) for one in reports]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if any(one["plates"] for one in reports) else 1


def _report_file(reader: Reader, path: Path) -> dict[str, object]:
    frame = load_picture(path)
    return report(path, [] if frame is None else reader.read(frame))


def _line(one: dict[str, object]) -> str:
    plates = one["plates"]
    assert isinstance(plates, list)  # noqa: S101 - our own report
    words = [f"{plate['plate']} {plate['confidence']:.2f} {plate['colour']}" for plate in plates]
    return f"{one['file']}: {', '.join(words) or 'no plate'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
