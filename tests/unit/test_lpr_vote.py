"""From frames to one plate (`lpr.md` §5, `lanes.md` §6 Identifying)."""

from dataclasses import replace

import pytest

from lpr.vote import Ballot, Candidate, ballot_of, decide, distance, inside, nearest, vote
from scada.model.names import PictureId
from scada.model.plate import Alternative, Plate, PlateColour, PlateRead, PlateUnread
from tests.support.lpr import ballot, guess

PICTURE = PictureId("20250101T120000000-0123456789ab.jpg")
GATE, AGREEING = 0.8, 2


def best_of(*ballots: Ballot) -> Candidate:
    """Vote, and give the winner."""
    outcome = vote(ballots)
    assert outcome is not None
    return outcome.best


def test_the_largest_sum_of_products_wins_not_the_majority() -> None:
    outcome = vote([ballot("京A12345", 0.6), ballot("京A12345", 0.6), ballot("京A1234S", 0.97)])
    assert outcome is not None
    assert (outcome.best.text, outcome.best.agreeing) == ("京A1234S", 1)
    assert outcome.alternatives[0].text == "京A12345"
    assert 0 < outcome.alternatives[0].probability < 0.5


def test_the_confidence_is_the_best_minimum_of_the_winner() -> None:
    weak = ballot("京A12345", 0.99, 0.99, 0.99, 0.99, 0.99, 0.99, 0.7)
    best = best_of(weak, ballot("京A12345", 0.95))
    assert (best.confidence, best.agreeing) == (0.95, 2)


def test_the_frames_of_two_cameras_are_counted_in_one_vote() -> None:
    best = best_of(
        ballot("京A12345", 0.6, eye="front"),
        ballot("京A1234S", 0.9, eye="front"),
        ballot("京A12345", 0.85, eye="rear", x=50, width=300),
        ballot("京A12345", 0.85, eye="rear", x=60, width=300),
    )
    assert (best.text, best.agreeing, best.eye) == ("京A12345", 3, "rear")
    assert best.total == pytest.approx(0.6**7 + 2 * 0.85**7)


def test_what_a_look_may_show_besides_counts_for_a_string_that_was_read_first_elsewhere() -> None:
    doubtful = replace(ballot("京A12345", 0.92), others=(Alternative(Plate("京A1234S"), 0.35),))
    two = [doubtful, doubtful, ballot("京A1234S", 0.93)]
    assert best_of(*two).text == "京A1234S"
    assert best_of(*two).total == pytest.approx(0.93**7 + 0.7)
    assert best_of(*two).agreeing == 1
    assert best_of(doubtful, doubtful).text == "京A12345"
    outcome = vote([doubtful])
    assert outcome is not None
    assert outcome.alternatives[0].probability == pytest.approx(0.35 / (0.35 + 0.92**7))


def test_another_cars_reads_do_not_mix_with_this_cars() -> None:
    best = best_of(ballot("京A12345", 0.9), ballot("京A12345", 0.9), ballot("沪B67890", 0.99))
    assert (best.text, best.agreeing) == ("京A12345", 2)


@pytest.mark.parametrize("far", [{"x": 1200.0}, {"y": 1300.0}])
def test_the_same_text_far_away_is_another_car(far: dict[str, float]) -> None:
    here, there = guess("京A12345", 0.9, x=100, width=80), guess("京A12345", 0.9, **{"x": 100, "width": 80, **far})
    assert best_of(ballot_of("cam", here), ballot_of("cam", there)).agreeing == 1


def test_the_colour_is_what_most_of_the_weight_says() -> None:
    green = [replace(ballot("京A12345", 0.7), colour=PlateColour.GREEN)] * 2
    unseen = [replace(ballot("京A12345", 0.99), colour=PlateColour.UNKNOWN)] * 3
    assert best_of(ballot("京A12345", 0.95), *green, *unseen).colour is PlateColour.BLUE
    assert best_of(*green, *unseen).colour is PlateColour.GREEN
    assert best_of(*unseen).colour is PlateColour.UNKNOWN


def test_a_string_no_plate_is_known_to_have_needs_twice_the_looks() -> None:
    looks = [ballot("京ABCD12", 0.99)] * 3
    assert not sure(*looks)
    assert sure(*looks, looks[0])


def sure(*ballots: Ballot) -> bool:
    """Say whether the outcome may be acted on."""
    outcome = vote(ballots)
    return outcome is not None and outcome.is_sure(GATE, AGREEING)


# What was seen before the car stood on the loop


def test_frames_from_before_the_loop_support_what_is_seen_after_it() -> None:
    early = ballot("京A12345", 0.95, early=True)
    assert not sure(ballot("京A12345", 0.85))
    assert sure(early, ballot("京A12345", 0.85))
    assert best_of(early, ballot("京A12345", 0.85)).confidence == 0.95


@pytest.mark.parametrize("leader", ["沪B67890", "京A12346"])
def test_the_car_before_never_lends_its_plate_to_the_one_behind(leader: str) -> None:
    """Its frames are many and clear; the follower's plate is seen once, weakly, even with one sign of difference."""
    before = [ballot(leader, 0.99, early=True)] * 5
    assert vote(before) is None
    assert best_of(*before, ballot("京A12345", 0.5)).text == "京A12345"
    assert not sure(*before, ballot("京A12345", 0.5))


# Two plates


def test_two_plates_that_would_both_do_are_unread() -> None:
    """Two cars stand in view, or two cameras look at two cars: whose loop it is nobody can tell."""
    one = [ballot("京A12345", 0.95, eye="front")] * 3
    other = [ballot("沪B67890", 0.94, eye="rear")] * 3
    assert sure(*one)
    assert not sure(*one, *other)
    answer = decide([*one, *other], 6, PICTURE, GATE, AGREEING)
    assert isinstance(answer, PlateUnread)
    assert answer.why == "two plates were read, one as well as the other"
    assert answer.guess is not None
    assert [other.text for other in answer.guess.alternatives] == ["沪B67890"]


def test_a_second_plate_that_is_read_half_as_well_does_not_disturb() -> None:
    one = [ballot("京A12345", 0.95)] * 6
    assert sure(*one, *[ballot("沪B67890", 0.9)] * 2)
    assert sure(*one, *[ballot("沪B67890", 0.5)] * 9)


# When it is enough


def test_a_vote_is_settled_at_a_sum_of_two_with_one_clear_frame() -> None:
    def settled(*ballots: Ballot) -> bool:
        outcome = vote(ballots)
        return outcome is not None and outcome.is_settled(GATE, AGREEING)

    clear, fair = ballot("京A12345", 0.99), ballot("京A12345", 0.88)
    assert not settled(clear, clear)
    assert settled(clear, clear, clear)
    assert settled(clear, clear, fair)
    assert not settled(*[fair] * 9)


@pytest.mark.parametrize(
    ("ballots", "frames", "why"),
    [
        ([], 0, "no fresh frame"),
        ([], 2, "no plate seen"),
        ([ballot("京A12345", 0.9, early=True)] * 3, 2, "no plate seen"),
        ([ballot("京A12345", 0.7)] * 5, 5, "a sign is too faint: 0.70 of 0.80"),
        ([ballot("京A12345", 0.99)], 3, "too few frames agree: 1 of 3"),
    ],
)
def test_a_plate_that_is_not_sure_is_unread_and_says_why(ballots: list[Ballot], frames: int, why: str) -> None:
    answer = decide(ballots, frames, PICTURE, GATE, AGREEING)
    assert isinstance(answer, PlateUnread)
    assert (answer.why, answer.picture, answer.frames) == (why, PICTURE, frames)


def test_two_agreeing_frames_over_the_gate_are_a_read() -> None:
    answer = decide([ballot("京A12345", 0.85), ballot("京A12345", 0.7)], 3, PICTURE, GATE, AGREEING)
    assert isinstance(answer, PlateRead)
    assert (answer.text, answer.confidence, answer.agreeing, answer.frames) == ("京A12345", 0.85, 2, 3)
    assert answer.picture == PICTURE


def test_an_unread_plate_carries_its_weak_guess() -> None:
    answer = decide([ballot("京A12345", 0.5)], 1, None, GATE, AGREEING)
    assert isinstance(answer, PlateUnread)
    assert answer.guess is not None
    assert answer.guess.text == "京A12345"


def test_the_nearest_car_counts_not_the_surest() -> None:
    neighbour = guess("沪B67890", 1.0, x=1000, width=90)
    ours = guess("京A12345", 0.9, width=200)
    assert nearest([neighbour, ours], (), 60) is ours


def test_of_plates_as_wide_the_one_nearer_to_the_camera_counts() -> None:
    behind, ours = guess("京A12345", 1.0, y=400, width=200), guess("京A12346", 0.9, y=500, width=170)
    assert nearest([behind, ours], (), 60) is ours


def test_of_plates_at_one_place_the_surer_counts() -> None:
    surer = guess("京A12346", 0.9, width=190)
    assert nearest([guess("京A12345", 0.5, width=200), surer], (), 60) is surer


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
