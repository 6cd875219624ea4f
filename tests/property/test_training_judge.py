"""What holds of every answer, whatever was done and however quick."""

from hypothesis import given
from hypothesis import strategies as st

from scada.model.lane.words import OPERATOR_REASONS
from scada.model.training import lessons as w
from scada.model.training.judge import TIME_POINTS, Course, Verdict, judged

DEEDS = (
    *(w.opening(reason.value) for reason in OPERATOR_REASONS),
    *(w.settling(word) for word in ("the debt stands", "a false alarm", "told to the manager")),
    *(w.PLATE, w.WRONG_PLATE, w.STAY, w.WRONG_STAY, w.FEE, w.BACK, w.CASH),
    *(w.HOLD, w.LOCK, w.AUTO, w.RESYNC, w.CONFIRM),
)
lessons = st.sampled_from(list(w.LESSONS.values()))
deeds = st.lists(st.sampled_from(DEEDS), max_size=5).map(tuple)
seconds = st.none() | st.floats(0, 400)


@given(lessons, seconds, seconds, deeds)
def test_points_are_whole_and_within_a_hundred(
    lesson: w.Lesson, answered: float | None, ended: float | None, done: tuple[str, ...]
) -> None:
    found = judged(lesson, Course(answered, ended, done))
    assert isinstance(found.points, int)
    assert 0 <= found.points <= 100


@given(lessons, st.floats(0, 400), st.floats(0, 400), st.floats(0, 100), deeds)
def test_to_be_slower_never_gives_more(
    lesson: w.Lesson, answered: float, ended: float, later: float, done: tuple[str, ...]
) -> None:
    quick, slow = Course(answered, ended, done), Course(answered + later, ended + later, done)
    assert judged(lesson, slow).points <= judged(lesson, quick).points


@given(lessons, seconds, seconds, deeds, st.sampled_from(DEEDS))
def test_who_opens_for_no_reason_of_the_lesson_gets_no_more_than_for_answering(
    lesson: w.Lesson, answered: float | None, ended: float | None, done: tuple[str, ...], other: str
) -> None:
    if not w.lets_out(other) or other in lesson.known:
        return
    found = judged(lesson, Course(answered, ended, (*done, other)))
    assert found.verdict is Verdict.WRONG
    assert found.points <= TIME_POINTS


@given(lessons, seconds, seconds, deeds, st.data())
def test_the_order_of_deeds_does_not_matter(
    lesson: w.Lesson, answered: float | None, ended: float | None, done: tuple[str, ...], data: st.DataObject
) -> None:
    other = tuple(data.draw(st.permutations(done)))
    assert judged(lesson, Course(answered, ended, done)) == judged(lesson, Course(answered, ended, other))
