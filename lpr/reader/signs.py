"""The signs of a plate: PP-OCRv4's recogniser, read under the plate grammars (`lpr.md` §1 B step 4, §2)."""

import math
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.reader.decode import Automaton, Decoded
from lpr.reader.grammar import DOUBLE, SIGNS, SINGLE, Grammar
from lpr.reader.network import Floats, Network, as_input

_HEIGHT_PX = 48
_LEAST_WIDTH_PX = 80
"""Ten steps: a shorter picture could not hold a plate of nine signs."""
_MOST_WIDTH_PX = 640


class SignReader:
    """Reads a straightened plate."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)
        names = ["", *self._network.note("character").splitlines(), " "]
        number = {name: column for column, name in enumerate(names)}
        self._columns = [number[sign] for sign in SIGNS]
        self._single = Automaton(SINGLE)
        self._double = [(Automaton(top), Automaton(bottom)) for top, bottom in DOUBLE]

    def read(self, plate: Picture) -> Decoded | None:
        """Read a plate of one row."""
        return self._single.decode(self._probs(plate))

    def read_double(self, plate: Picture) -> Decoded | None:
        """Read a plate of two rows; they overlap so that no stroke is cut."""
        height = plate.shape[0]
        upper = self._probs(plate[: max(4, round(height * 0.42))])
        lower = self._probs(plate[round(height * 0.38) :])
        pairs = [(top.decode(upper), bottom.decode(lower)) for top, bottom in self._double]
        joined = [_joined(top, bottom) for top, bottom in pairs if top is not None and bottom is not None]
        return max(joined, key=lambda decoded: decoded.score, default=None)

    def _probs(self, line: Picture) -> Floats:
        """Give T x (1 + signs) probabilities; what is not a sign of a plate counts as blank."""
        height, width = line.shape[:2]
        wide = min(_MOST_WIDTH_PX, max(_LEAST_WIDTH_PX, math.ceil(_HEIGHT_PX * width / height)))
        scaled = cast(Picture, cv2.resize(line, (wide, _HEIGHT_PX)))
        output = self._network.run(as_input(scaled))[0][0]
        signs = output[:, self._columns]
        blank = np.maximum(1 - signs.sum(axis=1), output[:, 0])
        return np.concatenate([blank[:, None], signs], axis=1)


def _joined(top: Decoded, bottom: Decoded) -> Decoded:
    grammar = Grammar(bottom.grammar.kind, top.grammar.positions + bottom.grammar.positions)
    others = [(text + bottom.text, weight * bottom.weight) for text, weight in top.others]
    others += [(top.text + text, top.weight * weight) for text, weight in bottom.others]
    ranked = tuple(sorted(others, key=lambda other: (-other[1], other[0])))
    return Decoded(
        top.text + bottom.text, top.sign_probs + bottom.sign_probs, top.score + bottom.score, grammar, ranked
    )
