"""What must never happen when a plate is matched to a stay."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lpr.match import match
from lpr.reader.grammar import parse
from lpr.vote import distance
from scada.model.appearance import Appearance, likeness, written
from scada.model.names import LaneName, StayId
from scada.model.plate import Alternative, Plate, PlateColour, PlateKind, PlateRead
from scada.ports import OpenStay

START = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)
signs = st.sampled_from("0D8B6G1T")
plates = st.builds(
    lambda head, tail: Plate(head + "".join(tail)),
    st.sampled_from(("京A", "皖A", "粤BD")),
    st.lists(signs, min_size=4, max_size=6),
)
looks = st.builds(
    written,
    st.lists(st.floats(0, 1), min_size=16, max_size=16),
    st.lists(st.floats(0, 1), min_size=48, max_size=48),
) | st.just(Appearance(""))
colours = st.sampled_from((PlateColour.BLUE, PlateColour.GREEN, PlateColour.YELLOW, PlateColour.UNKNOWN))
cars = st.tuples(plates, colours, looks)


def read_of(plate: Plate, colour: PlateColour, look: Appearance) -> PlateRead:
    kind = parse(plate) or PlateKind.UNKNOWN
    said = (Alternative(plate, 0.5),)
    return PlateRead(plate, kind, colour, 0.9, 2, 2, None, said, appearance=look)


def stay_of(number: int, plate: Plate, colour: PlateColour, look: Appearance) -> OpenStay:
    kind = parse(plate) or PlateKind.UNKNOWN
    at = START + timedelta(minutes=number)
    return OpenStay(StayId(f"s{number}"), plate, at, LaneName("in1"), None, kind, colour, look)


@given(car=cars, parked=st.lists(cars, max_size=8))
def test_a_match_is_exact_or_one_sign_away_and_never_a_part(
    car: tuple[Plate, PlateColour, Appearance], parked: list[tuple[Plate, PlateColour, Appearance]]
) -> None:
    stays = [stay_of(number, *one) for number, one in enumerate(parked)]
    found = match(read_of(*car), stays)
    same = [stay for stay in stays if stay.plate == car[0]]
    assert (found.exact is not None) == (len(same) == 1)
    if found.exact is not None:
        assert found.exact.plate == car[0]
        assert found.near == ()
    for one in found.near:
        assert distance(car[0], one.stay.plate) <= 1
        lost = abs(len(car[0]) - len(one.stay.plate))
        assert lost == 0 or max(len(car[0]), len(one.stay.plate)) == 8


@given(car=cars, parked=st.lists(cars, max_size=8))
def test_what_cars_look_like_adds_and_takes_away_no_stay(
    car: tuple[Plate, PlateColour, Appearance], parked: list[tuple[Plate, PlateColour, Appearance]]
) -> None:
    blind = [stay_of(number, plate, colour, Appearance("")) for number, (plate, colour, _) in enumerate(parked)]
    seeing = [stay_of(number, *one) for number, one in enumerate(parked)]
    without, with_looks = match(read_of(car[0], car[1], Appearance("")), blind), match(read_of(*car), seeing)
    assert {one.stay.id for one in without.near} == {one.stay.id for one in with_looks.near}
    assert (without.exact is None) == (with_looks.exact is None)


@given(one=cars, other=cars)
def test_nearness_goes_both_ways(
    one: tuple[Plate, PlateColour, Appearance], other: tuple[Plate, PlateColour, Appearance]
) -> None:
    there, back = match(read_of(*one), [stay_of(0, *other)]), match(read_of(*other), [stay_of(0, *one)])
    assert (there.exact is None, len(there.near)) == (back.exact is None, len(back.near))
    assert [near.cost for near in there.near] == [near.cost for near in back.near]


@given(one=looks, other=looks)
def test_likeness_is_a_share_and_goes_both_ways(one: Appearance, other: Appearance) -> None:
    alike = likeness(one, other)
    assert alike == likeness(other, one)
    assert alike is None or -1e-9 <= alike <= 1 + 1e-9


@given(car=cars, parked=st.lists(cars, max_size=8), data=st.data())
def test_the_order_of_the_stays_does_not_matter(
    car: tuple[Plate, PlateColour, Appearance],
    parked: list[tuple[Plate, PlateColour, Appearance]],
    data: st.DataObject,
) -> None:
    stays = [stay_of(number, *one) for number, one in enumerate(parked)]
    assert match(read_of(*car), data.draw(st.permutations(stays))) == match(read_of(*car), stays)
