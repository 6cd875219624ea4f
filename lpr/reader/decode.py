"""The likeliest plate in the recogniser's output: CTC under the plate grammars, exact (`lpr.md` §2).

All forms run side by side as one automaton. State `(k, c)` emits sign c at position k, state
`(k, -)` is blank after k signs. The direct step `(k-1, c') -> (k, c)` needs c' != c, so the best two
signs of each position are enough to be exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lpr.reader.grammar import SIGNS, Grammar

Floats = NDArray[np.float32]
_TINY = 1e-8
_NEVER = np.float32(-1e9)
_MOST_OTHERS = 5
_LEAST_OTHER = 0.01
"""A sign less likely than this is not worth telling."""
_SIGN_NUMBER = {sign: number for number, sign in enumerate(SIGNS)}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The best string of one picture, its sign probabilities, its form and the log of its path.

    `others` are the strings that stand next to it, best first: one sign is the next likely one that the form allows
    there. Each has its weight, the product of its sign probabilities.
    """

    text: str
    sign_probs: tuple[float, ...]
    score: float
    grammar: Grammar
    others: tuple[tuple[str, float], ...] = ()

    @property
    def weight(self) -> float:
        """The product of the sign probabilities."""
        return math.prod(self.sign_probs)


class _Trace(NamedTuple):
    """One step's back-pointers. `came`: 0 stayed, 1 from blank, 2 directly from the position before."""

    came: NDArray[np.int8]
    blank_from_sign: NDArray[np.bool_]
    best: NDArray[np.intp]
    second: NDArray[np.intp]


class Automaton:
    """Several forms, laid end to end on one axis of positions."""

    def __init__(self, grammars: Sequence[Grammar]) -> None:
        self._grammars = tuple(grammars)
        lengths = [len(grammar.positions) for grammar in self._grammars]
        self._last = np.cumsum(lengths) - 1
        self._first = self._last - np.array(lengths) + 1
        allowed = [signs for grammar in self._grammars for signs in grammar.positions]
        self._mask = np.full((len(allowed), len(SIGNS)), _NEVER, np.float32)
        for position, signs in enumerate(allowed):
            self._mask[position, [_SIGN_NUMBER[sign] for sign in signs]] = 0
        self._rows = np.arange(len(allowed))

    def decode(self, probs: Floats) -> Decoded | None:
        """Give the likeliest string of T x (1 + signs) probabilities, blank first; None if T is too short for all."""
        probs = np.nan_to_num(probs)
        logs = np.log(probs + _TINY).astype(np.float32)
        signs, blanks, traces = self._forward(logs)
        best = signs.max(axis=1)
        ends = np.maximum(best, blanks)[self._last]
        winner = int(ends.argmax())
        if ends[winner] <= _NEVER / 2:
            return None
        last = int(self._last[winner])
        state = -1 if blanks[last] >= best[last] else int(signs[last].argmax())
        path = self._back(traces, last, state)
        return self._read(path, probs, float(ends[winner]), winner)

    def _forward(self, logs: Floats) -> tuple[Floats, Floats, list[_Trace]]:
        signs = np.full(self._mask.shape, _NEVER, np.float32)
        blanks = np.full(len(signs), _NEVER, np.float32)
        nothing_yet = np.float32(0)
        traces = []
        for row in logs:
            signs, blanks, trace = self._step(signs, blanks, nothing_yet, row)
            nothing_yet += row[0]
            traces.append(trace)
        return signs, blanks, traces

    def _step(
        self, signs: Floats, blanks: Floats, nothing_yet: np.float32, row: Floats
    ) -> tuple[Floats, Floats, _Trace]:
        rows, first = self._rows, self._first
        best = signs.argmax(axis=1)
        best_score = signs[rows, best]
        others = signs.copy()
        others[rows, best] = _NEVER
        second = others.argmax(axis=1)

        from_blank = np.empty_like(blanks)
        from_blank[1:] = blanks[:-1]
        from_blank[first] = nothing_yet
        direct = np.empty_like(signs)
        direct[1:] = best_score[:-1, None]
        direct[rows[1:], best[:-1]] = others[rows[:-1], second[:-1]]
        direct[first] = _NEVER

        came = (from_blank[:, None] > signs).astype(np.int8)
        entered = np.maximum(signs, from_blank[:, None])
        came[direct > entered] = 2
        new_signs = np.maximum(np.maximum(entered, direct) + row[1:] + self._mask, _NEVER)
        blank_from_sign = best_score > blanks
        new_blanks = np.maximum(np.maximum(blanks, best_score) + row[0], _NEVER)
        return new_signs, new_blanks, _Trace(came, blank_from_sign, best, second)

    def _back(self, traces: list[_Trace], position: int, state: int) -> list[tuple[int, int]]:
        """Walk back from the end; gives (position, sign number) a step, sign -1 for blank, position -1 at the start."""
        starts = {int(number) for number in self._first}
        path = []
        for trace in reversed(traces):
            path.append((position, state))
            if position < 0:
                continue
            if state < 0:
                state = int(trace.best[position]) if trace.blank_from_sign[position] else -1
                continue
            came = int(trace.came[position, state])
            if came == 0:
                continue
            position, sign = (-1 if position in starts else position - 1), state
            state = -1
            if came == 2:
                best = int(trace.best[position])
                state = best if best != sign else int(trace.second[position])
        return path[::-1]

    def _read(self, path: list[tuple[int, int]], probs: Floats, score: float, winner: int) -> Decoded:
        steps: dict[int, list[int]] = {}
        signs: dict[int, int] = {}
        for step, (position, sign) in enumerate(path):
            if sign >= 0:
                steps.setdefault(position, []).append(step)
                signs[position] = sign
        seen = np.stack([probs[steps[position], 1:].max(axis=0) for position in sorted(steps)])
        allowed = self._mask[sorted(steps)] == 0
        chosen = [signs[position] for position in sorted(steps)]
        sign_probs = tuple(float(row[sign]) for row, sign in zip(seen, chosen, strict=True))
        others = _others(np.where(allowed, seen, 0), chosen, sign_probs)
        return Decoded(_text(chosen), sign_probs, score, self._grammars[winner], others)


def _text(signs: Sequence[int]) -> str:
    return "".join(SIGNS[sign] for sign in signs)


def _others(seen: Floats, chosen: list[int], sign_probs: tuple[float, ...]) -> tuple[tuple[str, float], ...]:
    """Put the likeliest other signs into one place at a time."""
    seen[np.arange(len(chosen)), chosen] = 0
    found = []
    for place, sign in zip(*np.nonzero(seen >= _LEAST_OTHER), strict=True):
        rest = math.prod(prob for number, prob in enumerate(sign_probs) if number != place)
        text = _text([*chosen[:place], int(sign), *chosen[place + 1 :]])
        found.append((text, rest * float(seen[place, sign])))
    return tuple(sorted(found, key=lambda other: (-other[1], other[0]))[:_MOST_OTHERS])
