"""Back end B on drawn sets: all kinds of plates (`lpr.md` §3, §9). The long form is tests/soak/drawn.py."""

from collections.abc import Iterable

import pytest

from lpr.models import find
from lpr.recognise import WheelReader
from lpr.sim.drawing.scene import draw_scene
from lpr.sim.drawing.styles import Style
from lpr.sim.sets import ON_BLACK, TWO_ROWS, Sample, covered, kinds, none
from lpr.vote import nearest
from scada.model.plate import Plate

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
    wrong = misses(reader, kinds(12, 32, TWO_ROWS))
    assert len(wrong) <= 32 * 0.05, wrong


@pytest.mark.parametrize(
    ("plate", "seed", "style"),
    [
        ("青L7373挂", 1065822737, Style.TRAILER),
        ("宁CVM645", 375666488, Style.YELLOW_REAR),
        ("琼T5820S", 228973140, Style.YELLOW_REAR),
    ],
)
def test_the_upper_row_is_read_where_the_detector_cuts_it_off(
    reader: WheelReader, plate: str, seed: int, style: Style
) -> None:
    guess = nearest(reader.read(draw_scene(Plate(plate), seed, style)), (), 0)
    assert guess is not None
    assert guess.text == plate
    assert guess.min_prob > 0.5


def test_plates_on_black_are_read(reader: WheelReader) -> None:
    wrong = misses(reader, kinds(13, 32, ON_BLACK))
    assert len(wrong) <= 32 * 0.05, wrong


def test_nothing_is_read_surely_where_there_is_no_plate_or_where_its_signs_are_covered(reader: WheelReader) -> None:
    for sample in (*none(14, 6), *covered(15, 6)):
        assert [guess.text for guess in reader.read(sample.picture) if guess.min_prob >= GATE] == [], sample.seen
