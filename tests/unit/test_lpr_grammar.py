"""The forms of plates (`lpr.md` §3)."""

import pytest

from lpr.reader.grammar import DOUBLE, SIGNS, SINGLE, colour_by_text, is_suspicious, kind_of, parse
from scada.model.plate import Plate, PlateColour, PlateKind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("京PL3N67", PlateKind.ORDINARY),
        ("豫O12345", PlateKind.ORDINARY),
        ("粤BD12345", PlateKind.NEW_ENERGY),
        ("粤B12345D", PlateKind.NEW_ENERGY),
        ("京A1234警", PlateKind.POLICE),
        ("川A1234学", PlateKind.LEARNER),
        ("冀B123A挂", PlateKind.TRAILER),
        ("沪A1234领", PlateKind.CONSULATE),
        ("粤Z1234港", PlateKind.HONG_KONG_MACAU),
        ("粤ZF123澳", PlateKind.HONG_KONG_MACAU),
        ("使123456", PlateKind.EMBASSY),
        ("WJ京1234", PlateKind.ARMED_POLICE),
        ("WJ112345", PlateKind.ARMED_POLICE),
        ("WJ0112345", PlateKind.ARMED_POLICE),
        ("VA12345", PlateKind.MILITARY),
        ("民航A1234", PlateKind.AVIATION),
        ("京A1234试", PlateKind.UNKNOWN),
        ("京X1234应急", PlateKind.UNKNOWN),
    ],
)
def test_each_kind_of_plate_is_known(text: str, kind: PlateKind) -> None:
    assert parse(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "京",
        "A12345",
        "京112345",
        "京AI2345",
        "京AO2345",
        "京A1234港",
        "粤B1234澳",
        "京AL12345",
        "京ADI1234",
        "使12345",
    ],
)
def test_no_other_text_is_a_plate(text: str) -> None:
    assert parse(text) is None


def test_every_sign_has_one_number() -> None:
    assert len(set(SIGNS)) == len(SIGNS)
    positions = [signs for grammar in SINGLE for signs in grammar.positions]
    positions += [signs for pair in DOUBLE for forms in pair for form in forms for signs in form.positions]
    assert set("".join(positions)) <= set(SIGNS)


@pytest.mark.parametrize(
    ("text", "suspicious"), [("京A12345", False), ("京AB1C23", False), ("京AB1CD3", True), ("京ABCDEF", True)]
)
def test_more_than_two_letters_after_the_city_are_suspicious(text: str, suspicious: bool) -> None:
    assert is_suspicious(Plate(text), PlateKind.ORDINARY) is suspicious


def test_letters_of_a_new_energy_plate_are_not_suspicious() -> None:
    assert not is_suspicious(Plate("京ADL1234"), PlateKind.NEW_ENERGY)


@pytest.mark.parametrize(
    ("text", "seen", "colour"),
    [
        ("粤BD12345", PlateColour.BLUE, PlateColour.GREEN),
        ("粤B12345D", PlateColour.GREEN, PlateColour.LIMEGREEN),
        ("京A1234警", PlateColour.BLUE, PlateColour.WHITE),
        ("使123456", PlateColour.UNKNOWN, PlateColour.BLACK),
        ("京A12345", PlateColour.YELLOW, PlateColour.YELLOW),
        ("京A12345", PlateColour.UNKNOWN, PlateColour.UNKNOWN),
    ],
)
def test_the_text_overrules_the_colour_seen(text: str, seen: PlateColour, colour: PlateColour) -> None:
    kind = parse(text)
    assert kind is not None
    assert colour_by_text(kind, Plate(text), seen) is colour


def test_the_last_sign_refines_the_kind() -> None:
    assert kind_of("京A1234警") is PlateKind.POLICE
    assert kind_of("京A12345", PlateKind.NEW_ENERGY) is PlateKind.NEW_ENERGY
