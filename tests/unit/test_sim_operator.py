"""The virtual operator decides as a person at the window would."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scada.model.lane.words import Direction, Reason
from scada.model.names import LaneName
from scada.model.plate import Plate, unplated
from scada.sim.people.operator import (
    CameIn,
    Case,
    CorrectPlate,
    Decision,
    InDoubt,
    Offered,
    OpenFor,
    PickStay,
    Seen,
    decide,
)

CAME = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
SEEN = Seen(Plate("京A12345"), dead_phone=False, entered_at=CAME, leads=Direction.EXIT)
COMES = replace(SEEN, leads=Direction.ENTRY)
OPEN = OpenFor(Reason.EQUIPMENT)
PLATE = CorrectPlate(SEEN.plate)


def case(state: str = "awaiting_operator", stay: str = "") -> Case:
    return Case(LaneName("out1"), "out1-20260501080000-3", state, stay)


def at(stay: str, minutes: float, plate: str = "京A12346") -> Offered:
    return Offered(stay, Plate(plate), CAME + timedelta(minutes=minutes))


def test_he_first_says_which_plate_the_car_wears() -> None:
    assert decide(case(), SEEN, [], []) == PLATE
    assert decide(case(), COMES, [], []) == PLATE


def test_at_an_exit_he_then_picks_the_stay_that_began_when_the_driver_came() -> None:
    assert decide(case(), SEEN, [PLATE], [at("s1", -3), at("s2", 1), at("s3", 60)]) == PickStay("s2")


def test_he_never_picks_the_stay_of_a_car_with_quite_another_plate() -> None:
    assert decide(case(), SEEN, [PLATE], [at("s1", 0, "京B77777")]) == OPEN
    assert decide(case(), SEEN, [PLATE], [at("s1", 0, "京B77777"), at("s2", 3)]) == PickStay("s2")
    assert decide(case(), SEEN, [PLATE], [at("s1", 0, unplated("01KAZABCDEFGHI"))]) == PickStay("s1")


def test_a_car_without_a_stay_came_in_by_the_uncertain_entry_that_has_its_plate_or_one_like_it() -> None:
    other, mine = InDoubt(4, Plate("京B77777")), InDoubt(5, Plate("京A12346"))
    assert decide(case(), SEEN, [], [], [mine]) == CameIn(5), (
        "it is offered for the plate that was read: nothing to correct"
    )
    assert decide(case(), SEEN, [], [], [other]) == PLATE
    assert decide(case(), SEEN, [PLATE], [at("s1", 0)], [other, mine]) == CameIn(5)
    assert decide(case(), SEEN, [PLATE, CameIn(5)], [], [mine]) == OPEN
    assert decide(case(), SEEN, [PLATE], [], [other]) == OPEN
    assert decide(case(), COMES, [PLATE], [], [mine]) == OPEN


def test_with_no_stay_that_fits_he_opens_with_a_reason() -> None:
    assert decide(case(), SEEN, [PLATE], [at("s3", 60)]) == OPEN
    assert decide(case(), SEEN, [PLATE, PickStay("s2")], [at("s2", 1)]) == OPEN
    assert decide(case(), COMES, [PLATE], [at("s2", 1)]) == OPEN


def test_he_does_not_open_again_and_again() -> None:
    tried: list[Decision] = [PLATE, OPEN, OPEN, OPEN]
    assert decide(case(), COMES, tried, []) is None


def test_he_waits_while_the_lane_goes_on_by_itself() -> None:
    assert decide(case(state="awaiting_payment", stay="s1"), SEEN, [], []) is None
    assert decide(case(state="open"), SEEN, [], []) is None


def test_a_driver_whose_phone_is_dead_is_let_out_once_his_stay_is_known() -> None:
    dead = replace(SEEN, dead_phone=True)
    assert decide(case(state="awaiting_payment", stay="s1"), dead, [], []) == OPEN
    assert decide(case(stay="s1"), dead, [], []) == OPEN
    assert decide(case(), dead, [], []) == PLATE
