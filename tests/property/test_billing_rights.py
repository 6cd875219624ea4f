"""What no set of rights may ever do, on random plates, rights, counts and stays."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.rights import Arrival, Cover, Inside, Right, RightKind, Visit, admission, cover, is_special
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.names import ZoneName
from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead, ReadBy
from scada.model.zones import ZoneCount
from tests.support.rights import CELLAR, LIMIT, LOT, NOW, ROOF, STAFF, ZONES

HOUR = timedelta(hours=1)
moments = st.integers(-200, 200).map(lambda hours: NOW + hours * HOUR)
names = st.sampled_from((LOT, ROOF, CELLAR, STAFF))
rights = st.builds(
    Right,
    kind=st.sampled_from(RightKind),
    since=moments,
    until=st.none() | moments,
    zone=st.none() | names,
    card=st.just("card-1"),
    spaces=st.integers(1, 3),
    others=st.integers(0, 3),
)
sets = st.lists(rights, max_size=4).map(tuple)
plates = st.sampled_from([Plate(text) for text in ("京A12345", "WJ京1234A", "京A1234应急", "粤BD12345")])
kinds, colours = st.sampled_from(PlateKind), st.sampled_from(PlateColour)
reads = st.builds(
    PlateRead, plates, kinds, colours, st.just(0.99), st.just(3), st.just(3), st.none(), by=st.sampled_from(ReadBy)
)
insides = st.builds(Inside, kinds, colours, names, st.integers(0, 20_000).map(Fen))


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    known = ZONES.find(draw(names))
    count = ZoneCount(draw(st.integers(0, 120)), known.spaces, known.reserved)
    held, inside = draw(sets), draw(st.none() | insides)
    return Arrival(draw(reads), NOW, known.name, count, held, inside, booked=draw(st.booleans()))


def holding(car: Arrival, kind: RightKind) -> bool:
    return any(right.kind is kind and right.holds(NOW) and right.zone in (None, car.zone) for right in car.rights)


@given(arrivals())
def test_who_is_barred_never_comes_in(car: Arrival) -> None:
    if holding(car, RightKind.BLACK) or holding(car, RightKind.LOCKED):
        assert admission(car, ZONES, LIMIT).reason is None


@given(arrivals())
def test_a_car_that_adds_to_a_full_zone_is_a_special_one_or_on_the_white_list(car: Arrival) -> None:
    said = admission(replace(car, inside=None), ZONES, LIMIT)
    spaces = car.count.spaces
    assert spaces is not None
    if car.count.cars >= spaces - car.count.reserved and said.reason is Reason.ADMITTED:
        raise AssertionError("a temporary car took a space that was not there")
    if car.count.cars >= spaces and said.reason is not None:
        assert said.reason in (Reason.SPECIAL, Reason.WHITE_LIST)


@given(arrivals())
def test_typing_a_plate_gives_no_right_and_no_place_of_a_car_inside(car: Arrival) -> None:
    typed = replace(car, read=replace(car.read, by=ReadBy.DRIVER))
    assert admission(typed, ZONES, LIMIT).reason in (None, Reason.ADMITTED)
    if typed.inside is not None:
        assert admission(typed, ZONES, LIMIT).reason is None


@given(arrivals())
def test_a_refusal_says_why_and_who_is_let_in_waits_for_nobody(car: Arrival) -> None:
    said = admission(car, ZONES, LIMIT)
    assert bool(said.why) == (said.reason is None)
    assert not (said.again and said.person)
    if said.reason is not None:
        assert (said.again, said.person) == (False, False)


@given(arrivals(), st.integers(0, 120))
def test_with_fewer_cars_inside_nobody_is_refused_who_was_let_in(car: Arrival, fewer: int) -> None:
    emptier = replace(car, count=replace(car.count, cars=min(car.count.cars, fewer)))
    if admission(car, ZONES, LIMIT).reason is not None:
        assert admission(emptier, ZONES, LIMIT) == admission(car, ZONES, LIMIT)


@given(arrivals())
def test_a_nested_lot_is_reached_only_by_a_car_that_is_in_the_zone_around(car: Arrival) -> None:
    parent = ZONES.find(car.zone).parent
    if parent is not None and admission(car, ZONES, LIMIT).reason is not None:
        assert car.inside is not None
        assert parent in ZONES.around(car.inside.zone)


@given(plates, kinds, st.integers(0, 200), names, st.sampled_from(["", "card-1"]), sets)
def test_a_stay_is_charged_from_its_entry_or_from_the_end_of_its_card(
    plate: Plate, kind: PlateKind, hours: int, zone: ZoneName, card: str, held: tuple[Right, ...]
) -> None:
    visit = Visit(plate, kind, NOW - hours * HOUR, zone, card)
    let_off = cover(visit, held, ZONES, NOW)
    assert visit.entered_at <= let_off.charged_from <= NOW
    if not card and let_off.reason is None:
        assert let_off.charged_from == visit.entered_at
    if not held and not is_special(plate, kind):
        assert let_off == Cover(None, visit.entered_at)
