"""The decoder is exact and never gives a string that is no plate."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lpr.reader.candidate import Candidate, best_of
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
NOTHING = np.zeros((4, 4, 3), np.uint8)
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


@given(seed=seeds, steps=st.integers(7, 40), sharpness=st.sampled_from((0.01, 0.1, 1.0)))
def test_the_next_strings_are_possible_ordered_and_each_told_once(seed: int, steps: int, sharpness: float) -> None:
    decoded = WHOLE.decode(probabilities(seed, steps, sharpness))
    assert decoded is not None
    texts = [text for text, _ in decoded.others]
    assert len({decoded.text, *texts}) == 1 + len(texts)
    assert all(allows(decoded.grammar, text) for text in texts)
    assert [weight for _, weight in decoded.others] == sorted((weight for _, weight in decoded.others), reverse=True)
    assert all(0 <= weight <= 1 for _, weight in decoded.others)


def test_the_next_string_has_the_sign_that_is_next_likely() -> None:
    rows = spell("京A12345", 0.9)
    rows[8, 1 + SIGNS.index("B")] = 0.08
    rows[12, 1 + SIGNS.index("S")] = 0.05
    decoded = WHOLE.decode(rows)
    assert decoded is not None
    assert [text for text, _ in decoded.others] == ["京A12B45", "京A1234S"]
    assert decoded.others[0][1] == pytest.approx(0.9**6 * 0.08, rel=1e-3)


looks = st.lists(st.tuples(seeds, st.sampled_from((0.01, 0.05, 0.1))), min_size=1, max_size=4)


@given(drawn=looks)
def test_several_looks_give_one_possible_string_no_surer_than_the_surest(drawn: list[tuple[int, float]]) -> None:
    decoded = [WHOLE.decode(probabilities(seed, 16, sharpness)) for seed, sharpness in drawn]
    tried = [Candidate(one, NOTHING, 1) for one in decoded if one is not None]
    best = best_of(tried).decoded
    assert parse(best.text) is not None
    assert best.text in {one.decoded.text for one in tried}
    agreeing = [one.decoded for one in tried if one.decoded.text == best.text]
    for place, prob in enumerate(best.sign_probs):
        assert 0 <= prob <= max(one.sign_probs[place] for one in agreeing) + 1e-9
    texts = [text for text, _ in best.others]
    assert len({best.text, *texts}) == 1 + len(texts)
    assert all(parse(text) is not None for text in texts)
    assert [weight for _, weight in best.others] == sorted((weight for _, weight in best.others), reverse=True)


def test_looks_that_contradict_each_other_make_the_sign_doubtful_and_no_other() -> None:
    one, other = (WHOLE.decode(spell(text)) for text in ("京A12345", "京A1234S"))
    assert one is not None
    assert other is not None
    best = best_of([Candidate(one, NOTHING, 1), Candidate(one, NOTHING, 1), Candidate(other, NOTHING, 1)]).decoded
    assert best.text == "京A12345"
    assert best.sign_probs[:6] == pytest.approx([0.99] * 6)
    assert best.sign_probs[6] == pytest.approx(0.99 * 2 / 3)
    assert best.others[0][0] == "京A1234S"
    assert best.others[0][1] == pytest.approx(0.99**7 / 3)


def test_a_look_that_saw_nothing_takes_nothing_away() -> None:
    clear, dark = WHOLE.decode(spell("京A12345")), WHOLE.decode(np.zeros((20, 1 + len(SIGNS)), np.float32))
    assert clear is not None
    assert dark is not None
    best = best_of([Candidate(dark, NOTHING, 1), Candidate(clear, NOTHING, 1)]).decoded
    assert (best.text, best.sign_probs) == (clear.text, clear.sign_probs)
    assert best_of([Candidate(dark, NOTHING, 1)]).decoded.sign_probs == dark.sign_probs
