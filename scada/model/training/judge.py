"""What an answer is worth: judged by what the plant has written down, and by nothing that anybody says of himself.

A hundred points: sixty for the right deed, twenty each for answering and for ending within the targets of the desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean
from typing import Final

from scada.model.training.lessons import (
    CLOSE_MONEY,
    HOLD,
    REFUND,
    RESYNC,
    WRONG_PLATE,
    WRONG_STAY,
    Lesson,
    lets_out,
    settles,
)

ANSWER_S, RESOLVE_S = 10.0, 45.0
"""The targets of `operations.md` §2."""
ANSWER_AWAY_S, RESOLVE_AWAY_S = 30.0, 120.0
"""So late an answer, or an end, is worth nothing."""
DEED_POINTS, FAIR_POINTS, TIME_POINTS = 60, 35, 20
NEEDLESS_POINTS: Final = 10
"""What is taken off for deeds that belonged to no way of the lesson."""
PASS_POINTS: Final = 60
_HARMFUL: Final = frozenset((WRONG_PLATE, WRONG_STAY, HOLD, RESYNC, REFUND, CLOSE_MONEY))


class Verdict(Enum):
    """What the deeds were."""

    RIGHT = "right"
    FAIR = "fair"
    WRONG = "wrong"
    NOTHING = "nothing"


class Remark(Enum):
    """What there is to say of it."""

    NEVER_ANSWERED = "never-answered"
    ANSWERED_LATE = "answered-late"
    ENDED_LATE = "ended-late"
    NOT_ENDED = "not-ended"
    NEEDLESS = "needless"
    WRONG_DEED = "wrong-deed"
    BETTER = "better"


@dataclass(frozen=True, slots=True)
class Course:
    """What the plant wrote down of one case: seconds after it arose, and what was done, in order."""

    answered_s: float | None = None
    ended_s: float | None = None
    deeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """What the answer was worth."""

    verdict: Verdict
    points: int
    remarks: tuple[Remark, ...] = ()


def judged(lesson: Lesson, course: Course) -> Mark:
    """Judge one answer."""
    verdict, needless = _verdict(lesson, course)
    remarks = _remarks(verdict, course, needless=needless)
    if verdict is Verdict.NOTHING:
        return Mark(verdict, 0, remarks)
    answer = TIME_POINTS * _share(course.answered_s, ANSWER_S, ANSWER_AWAY_S)
    if verdict is Verdict.WRONG:
        return Mark(verdict, round(answer), remarks)
    deed = DEED_POINTS if verdict is Verdict.RIGHT else FAIR_POINTS
    end = TIME_POINTS * _share(course.ended_s, RESOLVE_S, RESOLVE_AWAY_S)
    return Mark(verdict, round(deed + answer + end) - (NEEDLESS_POINTS if needless else 0), remarks)


def _verdict(lesson: Lesson, course: Course) -> tuple[Verdict, bool]:
    """Say what the deeds were, and whether some of them were for nothing."""
    done = frozenset(course.deeds)
    if any(_is_wrong(deed, lesson) for deed in done):
        return Verdict.WRONG, False
    if course.ended_s is None or course.answered_s is None:
        return Verdict.NOTHING, False
    # the fullest way that was gone; of two the right one, which comes first
    gone = max((way for way in (*lesson.right, *lesson.fair) if way <= done), key=len, default=None)
    if gone is None:
        return (Verdict.WRONG if done else Verdict.NOTHING), False
    return (Verdict.RIGHT if gone in lesson.right else Verdict.FAIR), bool(done - gone)


def _is_wrong(deed: str, lesson: Lesson) -> bool:
    """Say whether a deed does harm here: it opens, settles or gives a car what is not its own."""
    harms = lets_out(deed) or settles(deed) or deed in _HARMFUL
    return harms and deed not in lesson.known


def _remarks(verdict: Verdict, course: Course, *, needless: bool) -> tuple[Remark, ...]:
    answered, ended = course.answered_s, course.ended_s
    told = {
        Remark.NEVER_ANSWERED: answered is None,
        Remark.ANSWERED_LATE: answered is not None and answered > ANSWER_S,
        Remark.ENDED_LATE: ended is not None and ended > RESOLVE_S,
        Remark.NOT_ENDED: ended is None,
        Remark.NEEDLESS: needless,
        Remark.WRONG_DEED: verdict is Verdict.WRONG,
        Remark.BETTER: verdict is Verdict.FAIR,
    }
    return tuple(remark for remark, is_so in told.items() if is_so)


def _share(seconds: float | None, whole_s: float, away_s: float) -> float:
    """Give the share of the points that are left after so long."""
    if seconds is None:
        return 0.0
    return min(1.0, max(0.0, (away_s - seconds) / (away_s - whole_s)))


@dataclass(frozen=True, slots=True)
class Score:
    """What somebody's answers come to."""

    answers: int
    points: float
    right: int
    passed: int
    answered_in_time: int
    ended_in_time: int
    answer_mean_s: float | None
    end_mean_s: float | None


def score(answers: Sequence[tuple[Course, Mark]]) -> Score:
    """Sum answers up."""
    answered = [course.answered_s for course, _ in answers if course.answered_s is not None]
    ended = [course.ended_s for course, _ in answers if course.ended_s is not None]
    return Score(
        answers=len(answers),
        points=round(fmean(mark.points for _, mark in answers), 1) if answers else 0.0,
        right=sum(mark.verdict is Verdict.RIGHT for _, mark in answers),
        passed=sum(mark.points >= PASS_POINTS for _, mark in answers),
        answered_in_time=sum(after <= ANSWER_S for after in answered),
        ended_in_time=sum(after <= RESOLVE_S for after in ended),
        answer_mean_s=round(fmean(answered), 1) if answered else None,
        end_mean_s=round(fmean(ended), 1) if ended else None,
    )
