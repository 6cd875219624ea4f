"""Whose stay a plate is (`lanes.md` §10)."""

from datetime import UTC, datetime, timedelta

import pytest

from lpr.match import Match, match
from scada.model.names import LaneName, StayId
from scada.model.plate import Plate
from scada.ports import OpenStay

START = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)


def stays(*plates: str) -> list[OpenStay]:
    """Open one stay a plate, a minute apart."""
    return [
        OpenStay(StayId(f"s{number}"), Plate(plate), START + timedelta(minutes=number), LaneName("in1"), None)
        for number, plate in enumerate(plates)
    ]


def near_plates(found: Match) -> list[str]:
    return [stay.plate for stay in found.near]


def test_the_same_plate_is_an_exact_match_and_nothing_else_is_offered() -> None:
    found = match(Plate("京A12345"), stays("京A12346", "京A12345", "京B12345"))
    assert found.exact is not None
    assert found.exact.plate == "京A12345"
    assert found.near == ()


@pytest.mark.parametrize(
    ("read", "stored"),
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
def test_one_wrong_or_lost_sign_is_near(read: str, stored: str) -> None:
    found = match(Plate(read), stays("沪C99999", stored))
    assert found.exact is None
    assert near_plates(found) == [stored]


@pytest.mark.parametrize(
    ("read", "stored"),
    [
        ("京A12345", "京A12354"),
        ("京A12345", "京B12346"),
        ("12345", "京A12345"),
        ("京A1234", "京A12345"),
        ("京A12345", "粤BD12345"),
        ("WJ0112345", "WJ112345"),
    ],
)
def test_two_signs_or_a_part_of_a_plate_are_not_near(read: str, stored: str) -> None:
    assert match(Plate(read), stays(stored)) == Match(None, ())


def test_likely_confusions_come_first_and_of_equals_the_latest() -> None:
    found = match(Plate("京A1234D"), stays("京A1234F", "沪A1234D", "京A12340", "京A1234G"))
    assert near_plates(found) == ["京A12340", "沪A1234D", "京A1234G", "京A1234F"]


def test_two_stays_under_one_plate_are_for_a_person_to_decide() -> None:
    found = match(Plate("京A12345"), stays("京A12345", "京A12345"))
    assert found.exact is None
    assert [stay.id for stay in found.near] == ["s1", "s0"]


def test_an_empty_car_park_matches_nobody() -> None:
    assert match(Plate("京A12345"), []) == Match(None, ())
