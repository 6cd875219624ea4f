"""A reader: a frame goes in, guesses come out. All else (window, vote, gate, matching) is outside.

Back end B reads with three files of `lpr.models`.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import cv2

from lpr.models import Models
from lpr.picture import Picture
from lpr.reader.candidate import Candidate, best_of, candidates, guess_of, is_no_plate
from lpr.reader.detect import Found, PlateDetector
from lpr.reader.guess import PlateGuess
from lpr.reader.network import Floats, pushed_out, raised, straighten
from lpr.reader.signs import SignReader
from lpr.reader.textbox import TextDetector

_PLATE_PX = {1: (168, 48), 2: (240, 120)}
"""Width and height of a straightened plate, by its rows of signs: a plate seen from the side is as wide as any."""
_FAR_SHARE = 0.6
"""A plate so much narrower than the widest one is of another car, and gets a single look."""
_CUT_SHARE = 0.16
"""So much of a plate of two rows the detector cuts off above: it was made for plates of one row."""


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
        plates = self._plates.find(frame)
        widest = max((plate.width_px for plate in plates), default=0.0)
        guesses = (self._read_plate(frame, plate, plate.width_px < _FAR_SHARE * widest) for plate in plates)
        return [guess for guess in guesses if guess is not None and not is_no_plate(guess)]

    def _read_plate(self, frame: Picture, plate: Found, is_far: bool) -> PlateGuess | None:
        tried = []
        for candidate in self._candidates(frame, plate):
            tried.append(candidate)
            if candidate.is_sure or is_far:
                break
        return guess_of(best_of(tried), plate, self.name) if tried else None

    def _candidates(self, frame: Picture, plate: Found) -> Iterator[Candidate]:
        """Look at a plate in three ways, each by another opinion of where its signs are."""
        rows = plate.layers
        yield from self._straightened(frame, pushed_out(plate.corners, 0.03, 0), rows)
        if 1 in rows:
            yield from candidates(self._signs, self._lines.cut(frame, plate.corners), (1,))
        if plate.loose is not None:
            yield from self._straightened(frame, plate.loose, rows)

    def _straightened(self, frame: Picture, corners: Floats, rows: Sequence[int]) -> Iterator[Candidate]:
        for count in rows:
            yield from candidates(self._signs, straighten(frame, corners, _PLATE_PX[count]), (count,))
            if count == 2:
                higher = straighten(frame, raised(corners, _CUT_SHARE), _PLATE_PX[2])
                yield from candidates(self._signs, higher, (2,))
