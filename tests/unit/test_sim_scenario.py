"""Who comes to the virtual car park."""

import pytest

from scada.model.names import LaneName
from scada.model.plate import Plate, is_plausible
from scada.sim.road import Habit
from scada.sim.scenario import Casting, Pace, Photo, Visit, is_near

PACE = Pace(every_s=6.0, dwell_min=(4.0, 180.0), median_min=45.0, speed=60.0)
LANES = (LaneName("in1"), LaneName("out1"))


def visits(scenario: str, seed: int, count: int, photos: tuple[Photo, ...] = ()) -> list[Visit]:
    casting = Casting(scenario, seed, PACE, LANES, photos)
    drawn: list[Visit] = []
    for _ in range(count):
        drawn.append(casting.next([visit.plate for visit in drawn]))
    return drawn


@pytest.mark.parametrize("scenario", ["normal", "paths"])
def test_the_same_seed_gives_the_same_visits(scenario: str) -> None:
    assert visits(scenario, 1, 50) == visits(scenario, 1, 50)
    assert visits(scenario, 1, 50) != visits(scenario, 2, 50)


def test_no_two_cars_have_plates_that_a_reader_may_mistake_for_each_other() -> None:
    plates = [visit.plate for visit in visits("normal", 3, 400)]
    assert not [(one, other) for index, one in enumerate(plates) for other in plates[:index] if is_near(one, other)]


def test_drawn_plates_are_valid_and_of_both_kinds() -> None:
    plates = [visit.plate for visit in visits("normal", 4, 200)]
    assert all(is_plausible(plate) and "I" not in plate and "O" not in plate for plate in plates)
    assert {len(plate) for plate in plates} == {7, 8}


def test_photographs_are_shown_while_there_are_any_that_nobody_inside_resembles() -> None:
    photos = tuple(Photo(f"photos/{number}.jpg", Plate(f"京A{number}{number}{number}00")) for number in range(3))
    drawn = visits("normal", 5, 5, photos)
    assert {visit.photo for visit in drawn[:3]} == {photo.file for photo in photos}
    assert [visit.photo for visit in drawn[3:]] == [None, None]


def test_the_normal_scenario_is_plain() -> None:
    for visit in visits("normal", 6, 100):
        assert visit.car.entry.habit is visit.car.exit.habit is Habit.NORMAL
        assert not any((visit.car.entry.dirty, visit.car.exit.dirty, visit.person.dead_phone))


def test_the_paths_scenario_shows_every_abnormal_path_within_its_first_dozen() -> None:
    drawn = visits("paths", 1, 12)
    habits = {visit.car.entry.habit for visit in drawn}, {visit.car.exit.habit for visit in drawn}
    lawful = {Habit.NORMAL, Habit.FOLLOWS_CLOSE, Habit.BACKS_OUT_BEFORE, Habit.BACKS_OUT_AFTER}
    assert habits == (lawful, lawful)
    assert any(visit.car.entry.dirty and visit.car.entry.habit is Habit.NORMAL for visit in drawn)
    assert any(visit.car.exit.dirty for visit in drawn)
    assert any(visit.person.pays_for_absent for visit in drawn)


def test_an_unknown_scenario_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="known are normal, paths"):
        visits("rush", 1, 1)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("京A12345", "京A12345", True),
        ("京A12345", "京A12346", True),
        ("京A12345", "京A12354", False),
        ("京AD12345", "京AD1234", True),
        ("京AD12345", "京A12345", True),
        ("京AD12345", "京A1234", False),
    ],
)
def test_plates_are_near_when_one_sign_differs_or_is_dropped(one: str, other: str, near: bool) -> None:
    assert is_near(Plate(one), Plate(other)) is near
    assert is_near(Plate(other), Plate(one)) is near
