"""Where zones and lanes stand on the drawing of a car park."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scada.model.names import ZoneName
from scada.model.plan import Box, Point, Way, bounds, laid_out, placed
from scada.model.zones import Zone, Zones

LOT, ROOF, CELLAR = ZoneName("lot"), ZoneName("roof"), ZoneName("cellar")
SQUARE = (Point(20, 20), Point(60, 20), Point(60, 80), Point(20, 80))


def test_one_zone_fills_the_drawing_and_its_lanes_stand_in_on_the_left_out_on_the_right() -> None:
    outlines = laid_out(Zones((Zone(LOT),)), {})
    box = bounds(outlines[LOT])
    ways = [Way("in1", LOT, "entry"), Way("in2", LOT, "entry"), Way("out1", LOT, "exit"), Way("two", LOT, "both")]
    at = placed(ways, outlines, {})
    assert (at["in1"].x, at["in2"].x, at["out1"].x) == (box.left, box.left, box.right)
    assert box.top < at["in1"].y < at["in2"].y < box.bottom
    assert at["two"] == Point((box.left + box.right) / 2, box.bottom)


def test_what_is_drawn_stands_where_it_is_drawn_and_the_rest_finds_its_place() -> None:
    zones = Zones((Zone(LOT), Zone(ROOF, parent=LOT)))
    outlines = laid_out(zones, {LOT: SQUARE})
    assert outlines[LOT] == SQUARE
    inner = bounds(outlines[ROOF])
    assert (inner.left > 20, inner.right < 60, inner.top > 40, inner.bottom < 80) == (True, True, True, True)
    assert placed([Way("in1", ROOF, "entry")], outlines, {"in1": Point(3, 4)}) == {"in1": Point(3, 4)}


@given(st.integers(1, 6), st.integers(0, 5))
def test_no_two_neighbours_lie_on_one_another_and_nested_lots_lie_inside(outer: int, nested: int) -> None:
    zones = [Zone(ZoneName(f"z{n}")) for n in range(outer)]
    zones += [Zone(ZoneName(f"n{n}"), parent=ZoneName("z0")) for n in range(nested)]
    boxes = {name: bounds(outline) for name, outline in laid_out(Zones(tuple(zones)), {}).items()}
    rows = [[boxes[f"z{n}"] for n in range(outer)], [boxes[f"n{n}"] for n in range(nested)]]
    assert all(left.right < right.left for row in rows for left, right in pairwise(row))
    parent = boxes["z0"]
    assert all(_is_inside(boxes[f"n{n}"], parent) for n in range(nested))
    assert all(0 <= box.left < box.right <= 100 and 0 <= box.top < box.bottom <= 100 for box in boxes.values())


def _is_inside(box: Box, parent: Box) -> bool:
    across = parent.left < box.left < box.right < parent.right
    return across and parent.top < box.top < box.bottom < parent.bottom
