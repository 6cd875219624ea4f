"""Back end B on drawn sets: all kinds of plates (`lpr.md` §3, §9). The long form is tests/soak/drawn.py."""

from collections.abc import Iterable

import pytest

from lpr.models import find
from lpr.recognise import WheelReader
from lpr.sim.sets import ON_BLACK, TWO_ROWS, Sample, covered, kinds, none
from lpr.vote import nearest

GATE = 0.8


@pytest.fixture(scope="module")
def reader() -> WheelReader:
    return WheelReader(find())


def misses(reader: WheelReader, samples: Iterable[Sample]) -> list[str]:
    """Read a set and give what was not read as it is."""
    wrong = []
    for sample in samples:
        guess = nearest(reader.read(sample.picture), (), 0)
        if guess is None or guess.text != sample.plate:
            wrong.append(f"{sample.plate} as {guess.text if guess else 'nothing'}")
    return wrong


def test_two_of_every_kind_of_plate_are_read(reader: WheelReader) -> None:
    wrong = misses(reader, kinds(11, 42))
    assert len(wrong) <= 42 * 0.02, wrong


def test_plates_of_two_rows_are_read(reader: WheelReader) -> None:
    wrong = misses(reader, kinds(12, 40, TWO_ROWS))
    assert len(wrong) <= 40 * 0.05, wrong


def test_plates_on_black_are_read(reader: WheelReader) -> None:
    wrong = misses(reader, kinds(13, 40, ON_BLACK))
    assert len(wrong) <= 40 * 0.05, wrong


def test_nothing_is_read_surely_where_there_is_no_plate_or_where_its_signs_are_covered(reader: WheelReader) -> None:
    for sample in (*none(14, 9), *covered(15, 9)):
        assert [guess.text for guess in reader.read(sample.picture) if guess.min_prob >= GATE] == [], sample.seen
