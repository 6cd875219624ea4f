"""Who sees whole plates, and what is covered of an answer: one rule for pages, programs and sockets."""

import json
from datetime import UTC, datetime

import pytest

from scada.model.covering import COVER_THEMSELVES, covered, named_in, plate_covered, sees_plates, tag_covered
from scada.model.rights import RIGHTS, SEE_PLATES, Role, may

AT = datetime(2026, 11, 26, tzinfo=UTC)


def sees(role: Role, verb: str) -> bool:
    return sees_plates(lambda right: may(role.value, right), verb)


@pytest.mark.parametrize(
    "verb", ["open_stays", "recent_stays", "journal", "audit", "desk_cases", "cases", "stay_money"]
)
def test_whoever_works_with_the_cars_sees_plates_and_nobody_else(verb: str) -> None:
    assert [role for role in Role if sees(role, verb)] == [Role.OPERATOR, Role.ADMINISTRATOR]


@pytest.mark.parametrize("verb", ["cards", "rights", "bookings", "arrears", "bindings"])
def test_whoever_answers_for_an_agreement_sees_the_plate_that_it_names(verb: str) -> None:
    assert sees(Role.MANAGER, verb)
    assert not sees(Role.AUDITOR, verb)
    assert not sees(Role.TECHNICIAN, verb)


def test_what_the_rule_speaks_of_is_a_right() -> None:
    assert SEE_PLATES in RIGHTS
    assert set(RIGHTS) >= COVER_THEMSELVES


def test_plates_are_covered_wherever_they_stand_in_an_answer() -> None:
    told = {
        "plate": "京A12345",
        "plates": ["粤BD12345", "VA12345"],
        "body": {"text": "京A12345 of li", "before": {"new_plate": "WJ12345"}},
        "rows": [("out1", {"name": "out1.plate.text", "value": "VA12345"})],
        "at": AT,
        "n": 3,
        "none": None,
    }
    assert covered(told) == {
        "plate": "京A•••45",
        "plates": ["粤B•••45", "VA•••45"],
        "body": {"text": "京A•••45 of li", "before": {"new_plate": "WJ•••45"}},
        "rows": [["out1", {"name": "out1.plate.text", "value": "VA•••45"}]],
        "at": AT,
        "n": 3,
        "none": None,
    }


@pytest.mark.parametrize("text", ["DB12345", "HR40001", "9j/4AAQWJ1234", "in1-20260303020000-1", "无牌7", "已结清"])
def test_what_is_no_plate_stays_as_it_is(text: str) -> None:
    assert covered({"address": text, "words": [text]}) == {"address": text, "words": [text]}


@pytest.mark.parametrize("text", ["", "京A", "无牌20260303", "#0123456789abcde", "京A•••45"])
def test_a_car_without_a_plate_has_none_to_cover_and_nothing_is_covered_twice(text: str) -> None:
    assert plate_covered(text) == text


def test_a_plate_that_was_named_by_who_asks_is_no_news_to_him() -> None:
    named = named_in({"plate": "京a·12345", "limit": 5, "plates": ["粤BD12345"]})
    rows = [{"plate": "京A12345"}, {"plate": "京A12346"}, {"plates": ["粤BD12345"]}]
    assert covered(rows, named) == [{"plate": "京A12345"}, {"plate": "京A•••46"}, {"plates": ["粤BD12345"]}]


def test_the_tags_that_hold_a_plate_are_covered_and_all_others_are_told() -> None:
    shown = json.dumps({"message": "PAY", "plate": "VA12345", "due_fen": 500}, ensure_ascii=False)
    assert tag_covered("out1.plate.text", "VA12345") == "VA•••45"
    assert json.loads(str(tag_covered("out1.display", shown))) == {"message": "PAY", "plate": "VA•••45", "due_fen": 500}
    assert tag_covered("out1.alarm", "OWES: 京A12345 left") == "OWES: 京A•••45 left"
    assert tag_covered("out1.display", "no json") == "no json"
    assert tag_covered("out1.lane.state", "idle") == "idle"
    assert tag_covered("site.stays_open", 5) == 5
    assert tag_covered("out1.plate.confidence", 0.98) == 0.98
