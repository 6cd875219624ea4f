"""How an answer is judged: a table of answers for the rules, and what must never happen whatever was done."""

import pytest

from scada.model.desk.cases import Kind
from scada.model.lane.words import OPERATOR_REASONS
from scada.model.training.judge import (
    ANSWER_AWAY_S,
    ANSWER_S,
    RESOLVE_AWAY_S,
    RESOLVE_S,
    Course,
    Mark,
    Remark,
    Verdict,
    judged,
    score,
)
from scada.model.training.lessons import LESSONS, opening, settling
from scada.sim.training.plays import PLAYS

QUICK = (4.0, 30.0)


def mark(lesson: str, *deeds: str, answered: float | None = QUICK[0], ended: float | None = QUICK[1]) -> Mark:
    return judged(LESSONS[lesson], Course(answered, ended, deeds))


def test_every_lesson_can_be_played_and_stands_at_the_desk() -> None:
    assert set(PLAYS) == set(LESSONS)
    kinds = {lesson.kind for lesson in LESSONS.values()}
    assert kinds <= {kind.value for kind in Kind}
    assert kinds >= {"unread", "no_stay", "payment", "call", "admission", "fault", "resync", "tailgate"}
    assert kinds >= {"lingering", "uncertain", "left_no_stay", "money"}


@pytest.mark.parametrize("name", LESSONS)
def test_every_right_way_in_time_is_worth_all_points(name: str) -> None:
    for way in LESSONS[name].right:
        assert mark(name, *way) == Mark(Verdict.RIGHT, 100)


@pytest.mark.parametrize("name", LESSONS)
def test_every_fair_way_is_worth_less_and_says_so(name: str) -> None:
    for way in LESSONS[name].fair:
        assert mark(name, *way) == Mark(Verdict.FAIR, 75, (Remark.BETTER,))


@pytest.mark.parametrize("name", LESSONS)
def test_an_opening_for_another_reason_is_wrong(name: str) -> None:
    known = LESSONS[name].known
    for reason in OPERATOR_REASONS:
        if opening(reason.value) not in known:
            assert mark(name, opening(reason.value)).verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("lesson", "deeds", "verdict", "points"),
    [
        ("too-expensive", (), Verdict.RIGHT, 100),
        ("too-expensive", ("send-fee",), Verdict.RIGHT, 100),
        ("too-expensive", (opening("GOODWILL"),), Verdict.WRONG, 20),
        ("unread-plate", ("plate",), Verdict.RIGHT, 100),
        ("unread-plate", ("plate", "send-fee"), Verdict.RIGHT, 90),
        ("unread-plate", ("wrong-plate", "plate"), Verdict.WRONG, 20),
        ("unread-plate", ("send-fee",), Verdict.WRONG, 20),
        ("unread-plate", (), Verdict.NOTHING, 0),
        ("two-alike", ("wrong-stay",), Verdict.WRONG, 20),
        ("reverse-out", (), Verdict.NOTHING, 0),
        ("tailgater", (settling("a false alarm"),), Verdict.WRONG, 20),
        ("boom-broken", ("hold-open", "confirm-fault"), Verdict.FAIR, 75),
        ("wrong-car-paid", (opening("PAID_NOT_ARRIVED"),), Verdict.WRONG, 20),
        ("lingering-car", ("hold-open",), Verdict.WRONG, 20),
        ("uncertain-stay", (settling("inside"),), Verdict.WRONG, 20),
        ("left-without-stay", (settling("a false alarm"),), Verdict.WRONG, 20),
        ("payment-differs", ("refund", "close-money"), Verdict.WRONG, 20),
        ("payment-differs", (), Verdict.NOTHING, 0),
        ("tailgater", (settling("the debt stands"), "close-money"), Verdict.WRONG, 20),
        ("loop-stuck", ("leave-resync",), Verdict.WRONG, 20),
    ],
)
def test_deeds_are_judged_by_the_lesson(lesson: str, deeds: tuple[str, ...], verdict: Verdict, points: int) -> None:
    found = mark(lesson, *deeds)
    assert (found.verdict, found.points) == (verdict, points)


@pytest.mark.parametrize(
    ("answered", "ended", "points", "remarks"),
    [
        (ANSWER_S, RESOLVE_S, 100, ()),
        (20.0, RESOLVE_S, 90, (Remark.ANSWERED_LATE,)),
        (ANSWER_AWAY_S, RESOLVE_S, 80, (Remark.ANSWERED_LATE,)),
        (ANSWER_S, 82.5, 90, (Remark.ENDED_LATE,)),
        (ANSWER_AWAY_S + 60, RESOLVE_AWAY_S + 60, 60, (Remark.ANSWERED_LATE, Remark.ENDED_LATE)),
        (ANSWER_S, None, 0, (Remark.NOT_ENDED,)),
        (None, RESOLVE_S, 0, (Remark.NEVER_ANSWERED,)),
    ],
)
def test_time_costs_points_beyond_the_desk_s_targets(
    answered: float | None, ended: float | None, points: int, remarks: tuple[Remark, ...]
) -> None:
    found = mark("unread-plate", "plate", answered=answered, ended=ended)
    assert (found.points, found.remarks) == (points, remarks)


def test_a_score_sums_up_what_was_answered() -> None:
    answers = [
        (Course(5.0, 40.0, ("plate",)), Mark(Verdict.RIGHT, 100)),
        (Course(15.0, 60.0, ()), Mark(Verdict.WRONG, 12)),
        (Course(None, None, ()), Mark(Verdict.NOTHING, 0)),
    ]
    found = score(answers)
    assert (found.answers, found.points, found.right, found.passed) == (3, 37.3, 1, 1)
    assert (found.answered_in_time, found.ended_in_time) == (1, 1)
    assert (found.answer_mean_s, found.end_mean_s) == (10.0, 50.0)
    assert score([]).points == 0.0
