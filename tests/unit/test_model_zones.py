"""Zones: what is counted where, and which zones cannot be."""

from scada.model.names import ZoneName
from scada.model.zones import Zone, ZoneCount, Zones
from tests.support.rights import CELLAR, LOT, ROOF, STAFF, ZONES


def test_a_car_in_a_nested_lot_counts_in_the_zone_around_it_too() -> None:
    counts = ZONES.counts({LOT: 3, ROOF: 2, CELLAR: 1, STAFF: 4}, {ROOF: 1})
    assert {name: count.cars for name, count in counts.items()} == {LOT: 6, ROOF: 2, CELLAR: 1, STAFF: 4}
    assert counts[ROOF] == ZoneCount(2, 20, 0, 1)


def test_free_spaces_are_never_below_nothing() -> None:
    assert [ZoneCount(cars, 5).free for cars in (0, 5, 7)] == [5, 0, 0]
    assert ZoneCount(7).free is None
    assert ZoneCount(10**6).has_room(card=False)


def test_only_a_month_card_may_use_what_is_reserved() -> None:
    at_limit = ZoneCount(90, 100, 10)
    assert (at_limit.has_room(card=False), at_limit.has_room(card=True)) == (False, True)


def test_a_car_of_no_known_zone_counts_in_the_first_one() -> None:
    assert [ZONES.known(name) for name in ("roof", "gone", None)] == [ROOF, LOT, LOT]


def test_zones_in_a_circle_are_wrong_and_do_not_hang() -> None:
    one, other = ZoneName("one"), ZoneName("other")
    zones = Zones((Zone(one, 1, parent=other), Zone(other, 1, parent=one)))
    assert [(wrong.zone, wrong.what) for wrong in zones.wrong()] == [
        (one, "lies inside itself"),
        (other, "lies inside itself"),
    ]
    assert zones.around(one) == (one, other)
