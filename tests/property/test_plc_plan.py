"""A block decoded in columns says what its tags say one by one, and tells those whose values changed."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from plc.map.addresses import Area, Register
from plc.plan import BlockPlan, Point, Scaling, coalesce
from plc.registers import CODES, Kind, Order, straight, text_of, text_order, words_of
from scada.model.tag import Quality, TagName, TagUpdate

WORDS = 40
SCALINGS = [Scaling(), Scaling(scale=0.5, offset=-3.0), Scaling(lo=0.0, hi=1000.0), Scaling(scale=2.0, hi=9.0)]


@st.composite
def points(draw: st.DrawFn) -> list[Point]:
    area = draw(st.sampled_from(list(Area)))
    kinds = [Kind.BOOL] if area.is_bits else [Kind.BOOL, Kind.STRING, *CODES]
    found = []
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(kinds))
        length = draw(st.integers(1, 4)) if kind is Kind.STRING else 0
        start = draw(st.integers(0, WORDS - (1 if area.is_bits else words_of(kind, length))))
        bit = draw(st.integers(0, 15)) if kind is Kind.BOOL and not area.is_bits else None
        scaling = draw(st.sampled_from(SCALINGS)) if kind in CODES else Scaling(invert=draw(st.booleans()))
        order = draw(st.sampled_from(list(Order)))
        found.append(Point(TagName(f"t{number}"), Register(area, start, bit), kind, order, scaling, length))
    return found


def one(point: Point, start: int, payload: bytes) -> TagUpdate:
    """Decode one tag as plainly as can be."""
    at = point.place.start - start
    if point.place.area.is_bits:
        on = bool(int.from_bytes(payload, "little") >> at & 1)
        return TagUpdate(point.name, on is not point.scaling.invert, Quality.GOOD)
    raw = payload[2 * at : 2 * (at + point.size)]
    if point.kind is Kind.BOOL:
        on = bool(int.from_bytes(raw, "big") >> (point.place.bit or 0) & 1)
        return TagUpdate(point.name, on is not point.scaling.invert, Quality.GOOD)
    if point.kind is Kind.STRING:
        return TagUpdate(point.name, text_of(straight(raw, text_order(point.order))), Quality.GOOD)
    (number,) = struct.unpack(f">{CODES[point.kind]}", straight(raw, point.order))
    return TagUpdate(point.name, *point.scaling.value(number))


@given(points(), st.data())
def test_columns_say_what_each_tag_says(points: list[Point], data: st.DataObject) -> None:
    for block in coalesce(points, WORDS, 125):
        plan = BlockPlan(block)
        known: dict[TagName, TagUpdate] = {}
        for _ in range(3):
            payload = data.draw(st.binary(min_size=plan.size, max_size=plan.size))
            now = {point.name: one(point, block.start, payload) for point in block.points}
            told = {update.name: update for update in plan.decode(payload)}
            assert told == {name: update for name, update in now.items() if known.get(name) != update}
            assert all(not isinstance(update.value, float) or math.isfinite(update.value) for update in now.values())
            known = now
