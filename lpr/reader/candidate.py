"""One reading of one plate, the choice between several, and the guess it becomes: common to all back ends."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lpr.picture import Picture
from lpr.reader.colour import colour_of
from lpr.reader.decode import Decoded
from lpr.reader.detect import Found
from lpr.reader.grammar import colour_by_text, is_suspicious, kind_of
from lpr.reader.guess import Corners, PlateGuess
from lpr.reader.signs import SignReader
from scada.model.plate import Alternative, Plate, PlateColour

SURE_SIGN = 0.95
"""The first candidate whose every sign is as sure as this ends the search: what is wrong then, stays wrong."""
_MOST_OTHERS = 5
_NO_SIGN = 0.05


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
    """Choose the string with the largest sum of weights over all looks at a plate.

    A sign is as sure as in the look that saw it best, times the share of all weight that agrees on it: looks that
    contradict each other make a read doubtful.
    """
    sums: dict[str, float] = {}
    for one in candidates:
        for text, weight in ((one.decoded.text, one.decoded.weight), *one.decoded.others):
            sums[text] = sums.get(text, 0.0) + weight
    read = {one.decoded.text for one in candidates}
    text = max(read, key=lambda text: (sums[text], text))
    agreeing = [one for one in candidates if one.decoded.text == text]
    best = max(agreeing, key=lambda one: min(one.decoded.sign_probs))
    signs = zip(*(one.decoded.sign_probs for one in agreeing), strict=True)
    probs = tuple(max(sign) * share for sign, share in zip(signs, _shares(text, candidates), strict=True))
    others = [(other, weight / len(candidates)) for other, weight in sums.items() if other != text]
    ranked = tuple(sorted(others, key=lambda other: (-other[1], other[0]))[:_MOST_OTHERS])
    return replace(best, decoded=replace(best.decoded, sign_probs=probs, others=ranked))


def _shares(text: str, candidates: Sequence[Candidate]) -> list[float]:
    """Give for each sign the share of the candidates' weight that has it there."""
    total = sum(one.decoded.weight for one in candidates)
    if not total:
        return [1.0] * len(text)
    same_length = [one.decoded for one in candidates if len(one.decoded.text) == len(text)]
    return [
        sum(decoded.weight for decoded in same_length if decoded.text[place] == sign) / total
        for place, sign in enumerate(text)
    ]


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
        alternatives=tuple(Alternative(Plate(other), float(weight)) for other, weight in best.decoded.others),
    )


def is_no_plate(guess: PlateGuess) -> bool:
    """Say whether there is no plate: not one certain sign, and letters upon letters or no plate seen."""
    return guess.min_prob < _NO_SIGN and (guess.detection == 0 or is_suspicious(guess.text, guess.kind))


def _corners(plate: Found) -> Corners:
    one, two, three, four = ((float(x), float(y)) for x, y in plate.corners)
    return one, two, three, four
