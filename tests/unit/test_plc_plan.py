"""Reads are few, and only what changed is decoded."""

import pytest

from plc.map.addresses import Area, Register
from plc.plan import Block, BlockPlan, Point, Scaling, coalesce
from plc.registers import Kind, Order, payload
from scada.model.tag import Quality, TagName, TagUpdate


def point(name: str, start: int, kind: Kind = Kind.U16, bit: int | None = None, **other: object) -> Point:
    area = other.pop("area", Area.HOLDING)
    return Point(TagName(name), Register(area, start, bit), kind, **other)  # type: ignore[arg-type]


def spans(blocks: tuple[Block, ...]) -> list[tuple[int, int]]:
    return [(block.start, block.count) for block in blocks]


def test_reads_run_over_holes_up_to_the_gap_and_no_further() -> None:
    points = [point("a", 0), point("b", 9, Kind.U32), point("c", 20)]
    assert spans(coalesce(points, 8, 125)) == [(0, 11), (20, 1)]
    assert spans(coalesce(points, 9, 125)) == [(0, 21)]
    assert spans(coalesce(points, 0, 125)) == [(0, 1), (9, 2), (20, 1)]


def test_a_read_is_never_longer_than_the_device_allows() -> None:
    points = [point(f"a{at}", at) for at in range(300)]
    assert spans(coalesce(points, 8, 125)) == [(0, 125), (125, 125), (250, 50)]


def test_areas_are_never_mixed() -> None:
    points = [point("a", 0), point("b", 1, area=Area.INPUT), point("c", 2, Kind.BOOL, area=Area.COIL)]
    assert len(coalesce(points, 50, 125)) == 3


def plan_of(*points: Point) -> BlockPlan:
    (block,) = coalesce(points, 125, 125)
    return BlockPlan(block)


def test_the_first_payload_tells_every_tag_and_the_same_again_tells_none() -> None:
    plan = plan_of(point("a", 0), point("b", 1))
    assert plan.decode(payload([1, 2])) == [
        TagUpdate(TagName("a"), 1, Quality.GOOD),
        TagUpdate(TagName("b"), 2, Quality.GOOD),
    ]
    assert plan.decode(payload([1, 2])) == []


def test_only_tags_whose_values_changed_are_told() -> None:
    plan = plan_of(point("a", 0, Kind.BOOL, 0), point("b", 0, Kind.BOOL, 15), point("c", 1, Kind.U32), point("d", 3))
    plan.decode(payload([0, 0, 0, 7]))
    assert [update.name for update in plan.decode(payload([0, 0, 1, 7]))] == ["c"]
    assert [update.name for update in plan.decode(payload([0x8000, 0, 1, 8]))] == ["b", "d"]


def test_after_a_reconnect_everything_is_told_again() -> None:
    plan = plan_of(point("a", 0))
    plan.decode(payload([1]))
    plan.forget()
    assert len(plan.decode(payload([1]))) == 1


@pytest.mark.parametrize(
    ("bit", "word", "on"), [(0, 1, True), (7, 0x80, True), (8, 0x100, True), (15, 0x8000, True), (3, 0xFFF7, False)]
)
def test_a_bit_is_counted_from_the_low_end_of_its_register(bit: int, word: int, on: bool) -> None:
    (update,) = plan_of(point("a", 0, Kind.BOOL, bit)).decode(payload([word]))
    assert update.value is on


def test_a_normally_closed_contact_is_turned_round() -> None:
    scaling = Scaling(invert=True)
    plan = plan_of(
        point("a", 5, Kind.BOOL, area=Area.DISCRETE, scaling=scaling), point("b", 6, Kind.BOOL, area=Area.DISCRETE)
    )
    assert [update.value for update in plan.decode(bytes([0b11]))] == [False, True]


def test_numbers_are_scaled_ordered_and_held_against_their_range() -> None:
    plan = plan_of(
        point("amps", 0, scaling=Scaling(scale=0.01, hi=6)),
        point("count", 1, Kind.U32, order=Order.CDAB),
        point("name", 3, Kind.STRING, length=2),
    )
    amps, count, name = plan.decode(payload([700, 2, 1, 0x6162, 0x6300]))
    assert (amps.value, amps.quality) == (7.0, Quality.OUT_OF_RANGE)
    assert (count.value, name.value) == (65538, "abc")


def test_a_payload_of_another_length_is_no_payload() -> None:
    with pytest.raises(ValueError, match="2 bytes for 2 addresses"):
        plan_of(point("a", 0), point("b", 1)).decode(b"\0\0")


def test_what_is_no_finite_number_is_no_value() -> None:
    plan = plan_of(point("a", 0, Kind.F32), point("b", 2, Kind.F32))
    a, b = plan.decode(payload([0x7FC0, 0, 0x7F80, 0]))
    assert (a.value, a.quality) == (b.value, b.quality) == (None, Quality.OUT_OF_RANGE)
