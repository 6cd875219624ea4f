"""What the plant wrote down, told as the story of one lesson."""

from datetime import UTC, datetime, timedelta

import pytest

from scada.sim.training.deeds import Asked, Row, Told, deed_of, told

AROSE = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
ASKED = Asked(frozenset({"out1"}), "京A12345", frozenset({"mine"}))


def at(seconds: float) -> datetime:
    return AROSE + timedelta(seconds=seconds)


def case(**more: object) -> Row:
    blank = {
        "lane": "out1",
        "kind": "unread",
        "opened_at": AROSE,
        "answered_at": None,
        "answered_by": None,
        "resolved_at": None,
    }
    return {**blank, **more}


def row(what: str, seconds: float = 9.0, **more: object) -> Row:
    return {"kind": "person", "actor": "zhang", "what": what, "lane": "out1", "at": at(seconds), "body": {}, **more}


def test_before_the_plant_calls_anybody_there_is_no_story() -> None:
    assert told(ASKED, [case(lane="in1")], [row("open gate")]) == Told()


def test_the_first_to_take_or_to_act_has_answered() -> None:
    taken = case(answered_at=at(6), answered_by="li", resolved_at=at(30))
    assert told(ASKED, [taken], []).course.answered_s == 6.0
    acted = told(ASKED, [taken], [row("send fee", 4.0)])
    assert (acted.course.answered_s, acted.who) == (4.0, "zhang")


def test_a_case_that_comes_again_is_not_over_before_the_last_one() -> None:
    first = case(resolved_at=at(20))
    again = case(opened_at=at(25))
    assert told(ASKED, [first, again], []).is_open
    assert told(ASKED, [first, again], []).course.ended_s is None
    assert told(ASKED, [first, {**again, "resolved_at": at(50)}], []).course.ended_s == 50.0


def test_a_paper_is_another_lesson_s_unless_the_lesson_is_about_it() -> None:
    paper = case(kind="tailgate", resolved_at=at(12))
    assert told(ASKED, [paper], []) == Told()
    assert told(Asked(frozenset({"out1"}), paper="tailgate"), [paper, case()], []).course.ended_s == 12.0


def test_a_case_about_money_is_in_no_lane() -> None:
    money = case(kind="money", lane=None, resolved_at=at(12))
    assert told(ASKED, [money], []) == Told()
    assert told(Asked(frozenset({"out1"}), paper="money"), [money], []).course.ended_s == 12.0
    assert told(Asked(frozenset({"out1"}), paper="tailgate"), [money], []) == Told()


@pytest.mark.parametrize(
    ("found", "deed"),
    [
        (row("open gate", body={"reason": "EQUIPMENT"}), "open:EQUIPMENT"),
        (row("correct plate", body={"plate": "京A12345"}), "plate"),
        (row("correct plate", body={"plate": "京A12346"}), "wrong-plate"),
        (row("pick stay", body={"stay": "mine"}), "stay"),
        (row("pick stay", body={"stay": "his"}), "wrong-stay"),
        (row("settles a case", body={"outcome": "the debt stands: seen"}), "settle:the debt stands"),
        (row("cash taken", kind="money", actor="billing"), "cash"),
        (row("confirm fault"), "confirm-fault"),
        (row("uncertain settled", body={"found": "gone"}), "settle:gone"),
        (row("money case closed", kind="money", lane=None), "close-money"),
        (row("refund wanted", kind="money", lane=None), "refund"),
        (row("takes a case"), None),
        (row("open gate", lane="in1", body={"reason": "EQUIPMENT"}), None),
        (row("signed_in", lane=None), None),
    ],
)
def test_what_a_person_did_has_a_name(found: Row, deed: str | None) -> None:
    assert deed_of(found, ASKED) == deed
