"""Back end A: the package hyperlpr3, as it comes, behind a guard (`lpr.md` §1 A).

To import it is dangerous: it asks the network for its files, in clear and without a limit, whenever a folder in the
home is missing. So it is imported here only, when all four files are there and verified, with a home of ours in which
that folder stands. One a process: it is not thread-safe. It gives a mean for a plate and nothing for a sign.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from lpr.backend import Calibration
from lpr.models import OFFICIAL, Y5FU_320, ModelError
from lpr.picture import Picture
from lpr.reader.grammar import DOUBLE, Grammar, allows, colour_by_text, kind_of, parse
from lpr.reader.guess import PlateGuess
from scada.model.plate import Plate, PlateColour, PlateKind

_KNOWN_VERSION = "0.1.3"
_HOMES = ("HOME", "HOMEPATH")
_ONNX_RUNTIME, _SMALL_DETECTOR, _ERRORS_ONLY = 0, 0, 3
_YELLOW_DOUBLE = 9
_COLOURS = {
    0: PlateColour.BLUE,
    1: PlateColour.YELLOW,
    2: PlateColour.WHITE,
    3: PlateColour.GREEN,
    4: PlateColour.BLACK,
    _YELLOW_DOUBLE: PlateColour.YELLOW,
}
_one = threading.Lock()
"""Held by the catcher of this process, for as long as the process lives."""

Catcher = Callable[[Picture], Sequence[Sequence[Any]]]


def start(files: Mapping[str, Path], calibration: Calibration) -> "OfficialReader":
    """Import the package and open its networks. Raises ModelError."""
    version = _version()
    if version != _KNOWN_VERSION:
        raise ModelError(f"the package hyperlpr3 is {version}; only {_KNOWN_VERSION} is known not to fetch anything")
    if not _one.acquire(blocking=False):
        raise ModelError("HyperLPR3 reads in this process already: it is not thread-safe")
    try:
        return OfficialReader(_catcher(files[Y5FU_320.name].parents[len(OFFICIAL.parts)]), calibration)
    except BaseException:
        _one.release()
        raise


class OfficialReader:
    """Reads with HyperLPR3 as it comes."""

    name = "A"

    def __init__(self, catcher: Catcher, calibration: Calibration) -> None:
        self._catcher = catcher
        self._calibration = tuple(calibration)

    def read(self, frame: Picture) -> list[PlateGuess]:
        """Read every plate of a frame; a frame that the package stumbles over has none."""
        try:
            found = self._catcher(frame)
        except (cv2.error, ValueError, IndexError, AssertionError):
            return []
        guesses = (self._guess(*result) for result in found)
        return [guess for guess in guesses if guess is not None]

    def _guess(self, text: str, mean: float, code: int, box: Sequence[float]) -> PlateGuess | None:
        """Put a result into our words; a string that is no plate is none."""
        form = _form(text)
        if form is None:
            return None
        kind, layers = form
        left, top, right, bottom = (float(side) for side in box)
        reported = min(1.0, max(0.0, float(np.nan_to_num(mean))))
        return PlateGuess(
            text=Plate(text),
            sign_probs=(),
            score=0.0,
            kind=kind,
            colour=colour_by_text(kind, Plate(text), _colour(text, code)),
            layers=2 if code == _YELLOW_DOUBLE else layers,
            corners=((left, top), (right, top), (right, bottom), (left, bottom)),
            width_px=right - left,
            detection=0.0,
            back_end=self.name,
            reported=reported,
            calibrated=worth(reported, self._calibration),
        )


def worth(mean: float, calibration: Calibration) -> float:
    """Say what a mean is worth at this site: nothing below the first point, and nothing without any."""
    if not calibration or mean < calibration[0][0]:
        return 0.0
    return float(np.interp(mean, [point for point, _ in calibration], [confidence for _, confidence in calibration]))


def _version() -> str:
    try:
        return metadata.version("hyperlpr3")
    except metadata.PackageNotFoundError:
        return "not installed"


def _catcher(folder: Path) -> Catcher:
    try:
        with TemporaryDirectory(prefix="hyperlpr3-") as home:
            (Path(home) / ".hyperlpr3" / OFFICIAL).mkdir(parents=True)
            with _at_home_in(home):
                from hyperlpr3 import LicensePlateCatcher  # type: ignore[import-untyped]  # never where no file is
        catcher: Catcher = LicensePlateCatcher(_ONNX_RUNTIME, str(folder), _SMALL_DETECTOR, _ERRORS_ONLY)
    except (ImportError, OSError, KeyError) as error:
        raise ModelError(f"the package hyperlpr3 does not start: {error!r}") from error
    return catcher


@contextmanager
def _at_home_in(folder: str) -> Iterator[None]:
    """Let the package find a home of ours, also where the service has none."""
    before = {name: os.environ.get(name) for name in _HOMES}
    os.environ.update(dict.fromkeys(_HOMES, folder))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _form(text: str) -> tuple[PlateKind, int] | None:
    """Give the kind of a text and its rows of signs, or None if no plate bears it."""
    single = parse(text)
    if single is not None:
        return single, 1
    for tops, bottoms in DOUBLE:
        for top in tops:
            for bottom in bottoms:
                if allows(Grammar(bottom.kind, top.positions + bottom.positions), text):
                    return kind_of(text, bottom.kind), 2
    return None


def _colour(text: str, code: int) -> PlateColour:
    """Take the package's colour where it has looked: any 学 is blue to it, and any eight signs are green."""
    return PlateColour.UNKNOWN if "学" in text or len(text) == 8 else _COLOURS.get(code, PlateColour.UNKNOWN)
