"""Which way a tidal lane leads at a time of the day."""

from datetime import time

import pytest

from scada.model.lane.tide import Tide, open_ways
from scada.model.lane.words import BOTH_WAYS, Direction

DAY = (Tide(time(15), Direction.EXIT), Tide(time(6), Direction.ENTRY))


@pytest.mark.parametrize(
    ("at", "way"),
    [
        (time(6), Direction.ENTRY),
        (time(14, 59), Direction.ENTRY),
        (time(15), Direction.EXIT),
        (time(23, 59), Direction.EXIT),
        (time(0), Direction.EXIT),
        (time(5, 59), Direction.EXIT),
    ],
)
def test_a_tide_holds_until_the_next_one_also_over_midnight(at: time, way: Direction) -> None:
    assert open_ways(DAY, at) == {way}


def test_a_lane_without_tides_leads_both_ways() -> None:
    assert open_ways((), time(12)) == BOTH_WAYS
