"""One reading of one plate, the choice between several, and the guess it becomes: common to all back ends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lpr.reader.colour import colour_of
from lpr.reader.decode import Decoded
from lpr.reader.detect import Found
from lpr.reader.grammar import colour_by_text, kind_of
from lpr.reader.guess import Corners, PlateGuess
from lpr.reader.network import Picture
from lpr.reader.signs import SignReader
from scada.model.plate import Plate, PlateColour

SURE_SIGN = 0.9
"""The first candidate whose every sign is as sure as this ends the search (measured: a third less work)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was read in one straightened picture of a plate, as so many rows."""

    decoded: Decoded
    picture: Picture
    layers: int

    @property
    def mean_prob(self) -> float:
        """The mean sign."""
        return sum(self.decoded.sign_probs) / len(self.decoded.sign_probs)

    @property
    def is_sure(self) -> bool:
        """Say whether nothing better need be looked for."""
        return min(self.decoded.sign_probs) >= SURE_SIGN


def candidates(signs: SignReader, picture: Picture | None, layers: Sequence[int]) -> Iterator[Candidate]:
    """Read a straightened plate as so many rows of signs, each of `layers` in turn."""
    if picture is None:
        return
    for rows in layers:
        decoded = signs.read_double(picture) if rows == 2 else signs.read(picture)
        if decoded is not None:
            yield Candidate(decoded, picture, rows)


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """Choose by the mean sign, first among readings with as many rows; then the likelier path tells how many."""
    rows = {candidate.layers for candidate in candidates}
    champions = [
        max((one for one in candidates if one.layers == count), key=lambda one: one.mean_prob) for count in rows
    ]
    return max(champions, key=lambda champion: champion.decoded.score)


def guess_of(
    best: Candidate, plate: Found, back_end: str, seen: Callable[[Picture], PlateColour] = colour_of
) -> PlateGuess:
    """Say in plain values what was read on a plate; `seen` judges its ground."""
    text = Plate(best.decoded.text)
    kind = kind_of(text, best.decoded.grammar.kind)
    return PlateGuess(
        text=text,
        sign_probs=tuple(float(np.nan_to_num(prob)) for prob in best.decoded.sign_probs),
        score=float(best.decoded.score),
        kind=kind,
        colour=colour_by_text(kind, text, seen(best.picture)),
        layers=best.layers,
        corners=_corners(plate),
        width_px=plate.width_px,
        detection=plate.score,
        back_end=back_end,
    )


def _corners(plate: Found) -> Corners:
    one, two, three, four = ((float(x), float(y)) for x, y in plate.corners)
    return one, two, three, four
