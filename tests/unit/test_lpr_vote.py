"""From frames to one plate (`lpr.md` §5, `lanes.md` §6 Identifying)."""

import pytest

from lpr.vote import decide, distance, inside, nearest, vote
from scada.model.names import PictureId
from scada.model.plate import PlateRead, PlateUnread
from tests.support.lpr import guess

PICTURE = PictureId("20250101T120000000-0123456789ab.jpg")
GATE, AGREEING = 0.8, 2


def test_the_largest_sum_of_products_wins_not_the_majority() -> None:
    outcome = vote([guess("京A12345", 0.6), guess("京A12345", 0.6), guess("京A1234S", 0.97)])
    assert outcome is not None
    assert (outcome.best.text, outcome.agreeing, outcome.frames) == ("京A1234S", 1, 3)
    assert outcome.alternatives[0].text == "京A12345"
    assert 0 < outcome.alternatives[0].probability < 0.5


def test_the_confidence_is_the_best_minimum_of_the_winner() -> None:
    weak = guess("京A12345", 0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.7)
    outcome = vote([weak, guess("京A12345", 0.95), None])
    assert outcome is not None
    assert (outcome.confidence, outcome.best_frame, outcome.agreeing, outcome.frames) == (0.95, 1, 2, 3)


def test_another_cars_reads_do_not_mix_with_this_cars() -> None:
    frames = [guess("京A12345", 0.9), guess("京A12345", 0.9), guess("沪B67890", 0.99)]
    outcome = vote(frames)
    assert outcome is not None
    assert (outcome.best.text, outcome.agreeing) == ("京A12345", 2)


@pytest.mark.parametrize("far", [{"x": 1200.0}, {"y": 1300.0}])
def test_the_same_text_far_away_is_another_car(far: dict[str, float]) -> None:
    outcome = vote([guess("京A12345", 0.9, x=100, width=80), guess("京A12345", 0.9, **{"x": 100, "width": 80, **far})])
    assert outcome is not None
    assert outcome.agreeing == 1


def test_a_string_no_plate_is_known_to_have_needs_twice_the_frames() -> None:
    frames = [guess("京ABCD12", 0.99)] * 3
    outcome = vote(frames)
    assert outcome is not None
    assert not outcome.is_sure(GATE, AGREEING)
    again = vote([*frames, frames[0]])
    assert again is not None
    assert again.is_sure(GATE, AGREEING)


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        ([], "no fresh frame"),
        ([None, None], "no plate seen"),
        ([guess("京A12345", 0.7)] * 5, "a sign is too faint: 0.70 of 0.80"),
        ([guess("京A12345", 0.99), None, None], "too few frames agree: 1 of 3"),
    ],
)
def test_a_plate_that_is_not_sure_is_unread_and_says_why(frames: list[None], why: str) -> None:
    answer = decide(frames, PICTURE, GATE, AGREEING)
    assert isinstance(answer, PlateUnread)
    assert (answer.why, answer.picture, answer.frames) == (why, PICTURE, len(frames))


def test_two_agreeing_frames_over_the_gate_are_a_read() -> None:
    answer = decide([None, guess("京A12345", 0.85), guess("京A12345", 0.7)], PICTURE, GATE, AGREEING)
    assert isinstance(answer, PlateRead)
    assert (answer.text, answer.confidence, answer.agreeing, answer.frames) == ("京A12345", 0.85, 2, 3)


def test_an_unread_plate_carries_its_weak_guess() -> None:
    answer = decide([guess("京A12345", 0.5)], None, GATE, AGREEING)
    assert isinstance(answer, PlateUnread)
    assert answer.guess is not None
    assert answer.guess.text == "京A12345"


def test_the_nearest_car_counts_not_the_surest() -> None:
    neighbour = guess("沪B67890", 1.0, x=1000, width=90)
    ours = guess("京A12345", 0.9, width=200)
    assert nearest([neighbour, ours], (), 60) is ours


def test_of_plates_as_near_the_surer_counts() -> None:
    assert nearest([guess("京A12345", 0.5, width=200), guess("京A12346", 0.9, width=190)], (), 60) == guess(
        "京A12346", 0.9, width=190
    )


def test_plates_outside_the_lane_or_too_small_do_not_count() -> None:
    region = ((0.0, 0.0), (500.0, 0.0), (500.0, 720.0), (0.0, 720.0))
    assert nearest([guess("京A12345", 0.9, x=640)], region, 60) is None
    assert nearest([guess("京A12345", 0.9, x=300)], region, 60) is not None
    assert nearest([guess("京A12345", 0.9, width=50)], (), 60) is None
    assert nearest([], (), 60) is None


@pytest.mark.parametrize(
    ("point", "is_inside"), [((5.0, 5.0), True), ((1.0, 8.0), False), ((-1.0, 5.0), False), ((8.0, 2.0), True)]
)
def test_a_point_is_inside_a_polygon_or_not(point: tuple[float, float], is_inside: bool) -> None:
    triangle = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0))
    assert inside(point, triangle) is is_inside


@pytest.mark.parametrize(
    ("one", "other", "signs"),
    [
        ("", "", 0),
        ("京A1", "京A1", 0),
        ("京A1", "京B1", 1),
        ("京A12", "京A2", 1),
        ("京A12", "沪B12", 2),
        ("", "京A", 2),
        ("京A", "", 2),
        ("京A1", "A1", 1),
    ],
)
def test_the_distance_counts_signs(one: str, other: str, signs: int) -> None:
    assert distance(one, other) == signs
