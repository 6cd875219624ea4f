"""The back ends that can read plates: one list, which of them can start here and why not, and the choice.

`auto` starts the first of C and B that can start. A is started only when it is named: it has nothing but a mean
confidence, which passes no gate before a site has found what it is worth (docs/decisions/0030-…).
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lpr.models import (
    CLASSIFIER,
    DETECTOR,
    OFFICIAL_RECOGNISER,
    RECOGNISER,
    TEXT_DETECTOR,
    Y5FU_320,
    Y5FU_640,
    Bad,
    Good,
    ModelError,
    ModelFile,
    state_of,
)

if TYPE_CHECKING:
    from lpr.recognise import Reader

AUTO = "auto"
IN_ORDER = ("C", "B")
"""What `auto` tries; back end A has to be named."""
Calibration = Sequence[tuple[float, float]]
"""What a mean is worth at a site: points of (mean, confidence), both rising; none: nothing."""
Start = Callable[[Mapping[str, Path], Calibration], "Reader"]


@dataclass(frozen=True, slots=True)
class BackEnd:
    """One way of reading: the files it cannot do without, those that make it better, and where its code is."""

    name: str
    what: str
    needs: tuple[ModelFile, ...]
    better_with: tuple[ModelFile, ...]
    start: str


BACK_ENDS: tuple[BackEnd, ...] = (
    BackEnd(
        "C",
        "HyperLPR3's detectors, our recogniser and grammar",
        (Y5FU_320, RECOGNISER),
        (Y5FU_640, CLASSIFIER),
        "lpr.backend.ladder:start",
    ),
    BackEnd(
        "B",
        "the default, from the package registry",
        (DETECTOR, TEXT_DETECTOR, RECOGNISER),
        (),
        "lpr.backend.wheels:start",
    ),
    BackEnd(
        "A",
        "HyperLPR3 as it comes",
        (Y5FU_320, Y5FU_640, CLASSIFIER, OFFICIAL_RECOGNISER),
        (),
        "lpr.backend.official:start",
    ),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A back end that does not read here, and why."""

    back_end: str
    why: str

    def __str__(self) -> str:
        """Say it in a line."""
        return f"not {self.back_end}: {self.why}"


@dataclass(frozen=True, slots=True)
class Able:
    """A back end whose files are there; `without` says what it would be better with."""

    back_end: BackEnd
    files: tuple[Good, ...]
    without: tuple[Bad, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """The reader that was started, the files it reads with, and who was refused before it."""

    reader: "Reader"
    by: Able
    refused: tuple[Refusal, ...]

    def __str__(self) -> str:
        """Say in a line which back end reads, with which files, and why not a better one."""
        return described(self.by, self.refused)


def described(able: Able, refused: Sequence[Refusal]) -> str:
    """Say in a line which back end reads, with which files, and why not a better one."""
    files = ", ".join(f"{good.file.name} {good.sha256[:8]}" for good in able.files)
    lacking = [f"without {bad.file.name}, which {bad.why}" for bad in able.without]
    return "; ".join([f"{able.back_end.name}: {files}", *lacking, *map(str, refused)])


def look(back_end: BackEnd, folder: Path | None = None) -> Able | Refusal:
    """Say whether a back end's files are all there and fit. Starts nothing."""
    states = [state_of(file, folder) for file in back_end.needs]
    wrong = [state for state in states if isinstance(state, Bad)]
    if wrong:
        remedies = dict.fromkeys(bad.file.remedy for bad in wrong)
        return Refusal(back_end.name, ", ".join([*(f"{bad.file.name} {bad.why}" for bad in wrong), *remedies]))
    good = [state for state in states if isinstance(state, Good)]
    extra = [state_of(file, folder) for file in back_end.better_with]
    good += [state for state in extra if isinstance(state, Good)]
    return Able(back_end, tuple(good), tuple(state for state in extra if isinstance(state, Bad)))


def outlook(wanted: str = AUTO, folder: Path | None = None) -> tuple[Able | None, tuple[Refusal, ...]]:
    """Say which back end would read, if any, and who is refused before it."""
    refused: list[Refusal] = []
    for back_end in _in_turn(wanted):
        found = look(back_end, folder)
        if isinstance(found, Able):
            return found, tuple(refused)
        refused.append(found)
    return None, tuple(refused)


def open_reader(wanted: str = AUTO, calibration: Calibration = (), folder: Path | None = None) -> Opened:
    """Start the first back end that can start. Raises ModelError with every reason if none can."""
    refused: list[Refusal] = []
    for back_end in _in_turn(wanted):
        found = look(back_end, folder)
        if isinstance(found, Able):
            try:
                return Opened(_start(found, calibration), found, tuple(refused))
            except ModelError as error:
                found = Refusal(back_end.name, str(error))
        refused.append(found)
    raise ModelError("no plate reader can start: " + "; ".join(map(str, refused)))


def _in_turn(wanted: str) -> list[BackEnd]:
    by_name = {back_end.name: back_end for back_end in BACK_ENDS}
    names = IN_ORDER if wanted == AUTO else (wanted,)
    if wanted != AUTO and wanted not in by_name:
        raise ModelError(f"there is no back end {wanted!r}: choose {AUTO} or one of {', '.join(sorted(by_name))}")
    return [by_name[name] for name in names]


def _start(able: Able, calibration: Calibration) -> "Reader":
    module, _, function = able.back_end.start.partition(":")
    start: Start = getattr(importlib.import_module(module), function)
    return start({good.file.name: good.path for good in able.files}, calibration)
