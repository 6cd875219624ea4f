"""Whose stay a plate is (`lanes.md` §10)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lpr.match import OTHER_CAR, Match, match, ranked
from lpr.reader.grammar import parse
from scada.model.appearance import NO_LOOK, Appearance, likeness, written
from scada.model.names import LaneName, StayId
from scada.model.plate import Alternative, Plate, PlateColour, PlateKind, PlateRead
from scada.ports import OpenStay

START = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)


def look(paint: int, shape: int) -> Appearance:
    """Make a look of one colour whose edges lie in every third cell from one on."""
    colours = [1.0 if number == paint else 0.0 for number in range(16)]
    edges = [1.0 if number % 3 == shape else 0.0 for number in range(48)]
    return written(colours, edges)


RED_VAN, BLUE_CAR = look(0, 0), look(8, 1)


def read(text: str, colour: PlateColour = PlateColour.UNKNOWN, appearance: Appearance = NO_LOOK) -> PlateRead:
    kind = parse(text) or PlateKind.UNKNOWN
    return PlateRead(Plate(text), kind, colour, 0.9, 3, 3, None, appearance=appearance)


def stays(*plates: str, colour: PlateColour = PlateColour.UNKNOWN) -> list[OpenStay]:
    """Open one stay a plate, a minute apart."""
    return [
        OpenStay(
            StayId(f"s{number}"),
            Plate(plate),
            START + timedelta(minutes=number),
            LaneName("in1"),
            None,
            parse(plate) or PlateKind.UNKNOWN,
            colour,
        )
        for number, plate in enumerate(plates)
    ]


def near_plates(found: Match) -> list[str]:
    return [one.stay.plate for one in found.near]


def test_the_same_plate_is_an_exact_match_and_nothing_else_is_offered() -> None:
    found = match(read("京A12345"), stays("京A12346", "京A12345", "京B12345"))
    assert found.exact is not None
    assert found.exact.plate == "京A12345"
    assert found.near == ()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("京A1234D", "京A12340"),
        ("京A12348", "京A1234B"),
        ("京A12347", "京A12345"),
        ("皖A12345", "陕A12345"),
        ("苏D51712", "苏ED51712"),
        ("粤BD1234", "粤BD12345"),
        ("粤BD12345", "粤B12345"),
    ],
)
def test_one_wrong_or_lost_sign_is_near(text: str, stored: str) -> None:
    found = match(read(text), stays("沪C99999", stored))
    assert found.exact is None
    assert near_plates(found) == [stored]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("京A12345", "京A12354"),
        ("京A12345", "京B12346"),
        ("12345", "京A12345"),
        ("京A1234", "京A12345"),
        ("京A12345", "粤BD12345"),
        ("WJ0112345", "WJ112345"),
        ("京A1234学", "京A12345"),
        ("京A1234警", "京A1234学"),
    ],
)
def test_two_signs_a_part_of_a_plate_or_another_kind_are_not_near(text: str, stored: str) -> None:
    assert match(read(text), stays(stored)) == Match(None, ())


@pytest.mark.parametrize(
    ("text", "seen", "stored", "known", "is_near"),
    [
        ("京A12345", PlateColour.BLUE, "京A12346", PlateColour.BLUE, True),
        ("京A12345", PlateColour.BLUE, "京A12346", PlateColour.UNKNOWN, True),
        ("京A12345", PlateColour.BLUE, "京A12346", PlateColour.YELLOW, False),
        ("粤BD12345", PlateColour.GREEN, "粤BD12346", PlateColour.LIMEGREEN, True),
        ("粤BD1234", PlateColour.GREEN, "粤BD12345", PlateColour.GREEN, True),
        ("粤BD1234", PlateColour.UNKNOWN, "粤BD12345", PlateColour.GREEN, True),
        ("粤BD1234", PlateColour.BLUE, "粤BD12345", PlateColour.GREEN, False),
        ("粤BD1234", PlateColour.BLUE, "粤BD12345", PlateColour.UNKNOWN, False),
        ("粤BD12345", PlateColour.GREEN, "粤B12345", PlateColour.BLUE, False),
    ],
)
def test_colour_speaks_against_a_near_plate_a_blue_one_has_lost_no_sign_of_a_green_one(
    text: str, seen: PlateColour, stored: str, known: PlateColour, is_near: bool
) -> None:
    assert bool(match(read(text, seen), stays(stored, colour=known)).near) is is_near


def test_likely_confusions_come_first_and_of_equals_the_latest() -> None:
    found = match(read("京A1234D"), stays("京A1234F", "沪A1234D", "京A12340", "京A1234K", "京A1234G"))
    assert near_plates(found) == ["京A12340", "京A1234K", "沪A1234D", "京A1234G", "京A1234F"]


def test_what_some_frames_have_read_comes_first() -> None:
    seen = replace(read("京A1234D"), alternatives=(Alternative(Plate("京A1234F"), 0.4),))
    assert near_plates(match(seen, stays("京A1234F", "京A1234G"))) == ["京A1234F", "京A1234G"]


def test_two_stays_under_one_plate_are_for_a_person_to_decide() -> None:
    found = match(read("京A12345"), stays("京A12345", "京A12345"))
    assert found.exact is None
    assert [one.stay.id for one in found.near] == ["s1", "s0"]


def test_an_empty_car_park_matches_nobody() -> None:
    assert match(read("京A12345"), []) == Match(None, ())


# What the car looks like


def looking(found: Iterable[OpenStay], *looks: Appearance) -> list[OpenStay]:
    return [replace(stay, appearance=one) for stay, one in zip(found, looks, strict=True)]


def test_of_near_stays_the_car_that_looks_alike_comes_first_and_there_are_still_two() -> None:
    near = looking(stays("京A12346", "京A12347"), RED_VAN, BLUE_CAR)
    found = match(read("京A12345", appearance=RED_VAN), near)
    assert near_plates(found) == ["京A12346", "京A12347"]
    assert [one.likeness for one in found.near] == [pytest.approx(1.0), pytest.approx(0.0)]
    assert found.doubt == ""


def test_the_looks_never_outweigh_a_sign_of_no_likeness() -> None:
    near = looking(stays("京A12340", "京A1234K", "京A12349"), BLUE_CAR, BLUE_CAR, RED_VAN)
    assert near_plates(match(read("京A1234D", appearance=RED_VAN), near))[0] == "京A12340"


def test_an_only_near_stay_whose_car_looks_different_is_not_offered() -> None:
    near = looking(stays("京A12346"), BLUE_CAR)
    assert match(read("京A12345", appearance=RED_VAN), near).doubt
    assert not match(read("京A12346", appearance=RED_VAN), near).doubt
    assert not match(read("京A12345"), near).doubt
    assert not match(read("京A12345", appearance=RED_VAN), stays("京A12346")).doubt


def test_the_looks_never_make_a_stay_near() -> None:
    alike = looking(stays("沪C99999"), RED_VAN)
    assert match(read("京A12345", appearance=RED_VAN), alike) == Match(None, ())


def test_a_person_is_shown_all_stays_the_near_ones_first_then_those_that_look_alike() -> None:
    parked = looking(stays("沪C11111", "沪C22222", "京A12346", "沪C33333"), BLUE_CAR, RED_VAN, BLUE_CAR, NO_LOOK)
    shown = ranked(read("京A12345", appearance=RED_VAN), parked)
    assert [stay.plate for stay, _ in shown] == ["京A12346", "沪C22222", "沪C33333", "沪C11111"]
    assert [None if alike is None else round(alike, 1) for _, alike in shown] == [0.0, 1.0, None, 0.0]
    assert ranked(read("沪C33333"), parked)[0][0].plate == "沪C33333"


@pytest.mark.parametrize("broken", ["", "zz", "00", "f" * 200])
def test_what_is_no_look_says_nothing(broken: str) -> None:
    assert likeness(Appearance(broken), RED_VAN) is None
    assert likeness(RED_VAN, Appearance(broken)) is None


def test_a_car_without_any_edge_or_colour_is_like_nothing() -> None:
    assert likeness(written([0.0] * 16, [0.0] * 48), RED_VAN) == 0.0
    assert OTHER_CAR > 0.0
