"""The decoder is exact and never gives a string that is no plate."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.reader.decode import Automaton, Floats
from lpr.reader.grammar import SIGNS, SINGLE, Grammar, allows, parse
from scada.model.plate import PlateKind

SMALL = (
    Grammar(PlateKind.ORDINARY, ("京津", "AB", "AB")),
    Grammar(PlateKind.NEW_ENERGY, ("京", "A")),
    Grammar(PlateKind.ORDINARY, ("B", "B", "B")),
)
LETTERS = "京津AB"
COLUMNS = [0, *(1 + SIGNS.index(sign) for sign in LETTERS)]
WHOLE = Automaton(SINGLE)
seeds = st.integers(0, 2**32 - 1)


def probabilities(seed: int, steps: int, sharpness: float = 0.05) -> Floats:
    """Make the output of a recogniser that has seen nothing in particular."""
    return np.random.default_rng(seed).dirichlet(np.full(1 + len(SIGNS), sharpness), size=steps).astype(np.float32)


def spell(text: str, certainty: float = 0.99) -> Floats:
    """Make the output for a text, a blank after every sign."""
    rows = np.full((2 * len(text), 1 + len(SIGNS)), (1 - certainty) / len(SIGNS), np.float32)
    for number, sign in enumerate(text):
        rows[2 * number, 1 + SIGNS.index(sign)] = certainty
        rows[2 * number + 1, 0] = certainty
    return rows


def best_by_trying_all(probs: Floats) -> tuple[float, str] | None:
    """Try every path there is."""
    logs = np.log(probs + 1e-8)
    best: tuple[float, str] | None = None
    for path in itertools.product(COLUMNS, repeat=len(probs)):
        kept = [column for number, column in enumerate(path) if column and (number == 0 or path[number - 1] != column)]
        text = "".join(SIGNS[column - 1] for column in kept)
        if any(allows(grammar, text) for grammar in SMALL):
            score = float(sum(logs[step, column] for step, column in enumerate(path)))
            best = max(best or (score, text), (score, text))
    return best


@given(seed=seeds, steps=st.integers(1, 6))
def test_the_decoder_finds_what_trying_every_path_finds(seed: int, steps: int) -> None:
    probs = probabilities(seed, steps)
    probs[:, COLUMNS] += probabilities(seed + 1, steps, 0.4)[:, : len(COLUMNS)]
    expected, decoded = best_by_trying_all(probs), Automaton(SMALL).decode(probs)
    assert (decoded is None) == (expected is None)
    if decoded is not None and expected is not None:
        assert decoded.score == pytest.approx(expected[0], abs=1e-3)
        assert any(allows(grammar, decoded.text) for grammar in SMALL)


@given(seed=seeds, steps=st.integers(7, 40), sharpness=st.sampled_from((0.01, 0.1, 1.0)))
def test_an_impossible_string_is_never_read(seed: int, steps: int, sharpness: float) -> None:
    decoded = WHOLE.decode(probabilities(seed, steps, sharpness))
    assert decoded is not None
    assert parse(decoded.text) is not None
    assert allows(decoded.grammar, decoded.text)
    assert len(decoded.sign_probs) == len(decoded.text)
    assert all(0 <= prob <= 1 for prob in decoded.sign_probs)


@given(steps=st.integers(0, 6))
def test_a_picture_too_narrow_for_any_plate_gives_nothing(steps: int) -> None:
    assert WHOLE.decode(probabilities(1, steps)) is None


@pytest.mark.parametrize(
    "text", ["京A11111", "粤BD12345", "粤BDD1234", "WJ0112345", "使112233", "京X1234应急", "津AAAA88"]
)
def test_a_clear_text_is_read_as_it_is_doubled_signs_too(text: str) -> None:
    decoded = WHOLE.decode(spell(text))
    assert decoded is not None
    assert decoded.text == text
    assert min(decoded.sign_probs) == pytest.approx(0.99)


def test_a_doubled_sign_needs_a_blank_between() -> None:
    rows = spell("京A12345")
    held = np.repeat(rows, [2, 1] * 7, axis=0)
    decoded = WHOLE.decode(held)
    assert decoded is not None
    assert decoded.text == "京A12345"


def test_not_a_number_counts_as_nothing() -> None:
    rows = spell("京A12345")
    rows[3, 5] = np.nan
    decoded = WHOLE.decode(rows)
    assert decoded is not None
    assert decoded.text == "京A12345"
