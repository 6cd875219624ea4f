"""Back end C: HyperLPR3's detectors, the small one first and the large one where it is not sure, with our recogniser.

Their package is not imported; their files are networks like any other (`lpr.md` §1 C).
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from lpr.backend import Calibration
from lpr.backend.y5fu import ColourClassifier, Seen, Y5fuDetector
from lpr.models import CLASSIFIER, RECOGNISER, Y5FU_320, Y5FU_640, ModelError
from lpr.picture import Picture
from lpr.reader.candidate import best_of, candidates, guess_of, is_no_plate
from lpr.reader.colour import colour_of
from lpr.reader.detect import CLOSE_PX, Found
from lpr.reader.guess import PlateGuess
from lpr.reader.network import NetworkError, straighten
from lpr.reader.signs import SignReader
from scada.model.plate import PlateColour

SURE = 0.85
"""A frame whose surest plate has every sign above this is not looked at again with the large detector."""
_SAME_PLACE_WIDTHS = 0.5


def start(files: Mapping[str, Path], _calibration: Calibration) -> "LadderReader":
    """Open the networks that are there. Raises ModelError."""
    large, classifier = files.get(Y5FU_640.name), files.get(CLASSIFIER.name)
    try:
        return LadderReader(
            Y5fuDetector(files[Y5FU_320.name], 320),
            Y5fuDetector(large, 640) if large else None,
            SignReader(files[RECOGNISER.name]),
            ColourClassifier(classifier) if classifier else None,
        )
    except NetworkError as error:
        raise ModelError(str(error)) from error


class LadderReader:
    """Reads with the small detector, and with the large one too unless that was sure."""

    name = "C"

    def __init__(
        self, small: Y5fuDetector, large: Y5fuDetector | None, signs: SignReader, classifier: ColourClassifier | None
    ) -> None:
        cv2.setNumThreads(1)
        self._small = small
        self._large = large
        self._signs = signs
        self._classifier = classifier

    def read(self, frame: Picture) -> list[PlateGuess]:
        """Read every plate of a frame."""
        guesses = self._read_with(self._small, frame)
        if self._large is not None and max((guess.min_prob for guess in guesses), default=0.0) < SURE:
            guesses = merged(guesses, self._read_with(self._large, frame))
        if not guesses and max(frame.shape[:2]) <= CLOSE_PX:
            guesses = self._read_all(frame, [whole(frame)])
        return guesses

    def _read_with(self, detector: Y5fuDetector, frame: Picture) -> list[PlateGuess]:
        return self._read_all(frame, detector.find(frame))

    def _read_all(self, frame: Picture, plates: Sequence[Seen]) -> list[PlateGuess]:
        guesses = (self._read_plate(frame, seen) for seen in plates)
        return [guess for guess in guesses if guess is not None and not is_no_plate(guess)]

    def _read_plate(self, frame: Picture, seen: Seen) -> PlateGuess | None:
        tried = list(candidates(self._signs, straighten(frame, seen.plate.corners), (seen.layers,)))
        return guess_of(best_of(tried), seen.plate, self.name, self._colour) if tried else None

    def _colour(self, plate: Picture) -> PlateColour:
        """Judge by the hue; where there is none, as at night, by the classifier."""
        seen = colour_of(plate)
        return self._classifier.judge(plate) if seen is PlateColour.UNKNOWN and self._classifier else seen


def whole(picture: Picture) -> Seen:
    """Take a small picture in which no plate is seen for a plate, cut out by somebody else."""
    height, width = picture.shape[:2]
    plate = Found(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32), 0.0)
    return Seen(plate, plate.layers[0])


def merged(small: Sequence[PlateGuess], large: Sequence[PlateGuess]) -> list[PlateGuess]:
    """Give each plate once, as it was read with the surer weakest sign, the surest detection first."""
    kept = list(small)
    for guess in large:
        twin = next((number for number, one in enumerate(kept) if _same_place(one, guess)), None)
        if twin is None:
            kept.append(guess)
        elif guess.min_prob > kept[twin].min_prob:
            kept[twin] = guess
    return sorted(kept, key=lambda guess: -guess.detection)


def _same_place(one: PlateGuess, other: PlateGuess) -> bool:
    return math.dist(one.centre, other.centre) < _SAME_PLACE_WIDTHS * max(one.width_px, other.width_px)
