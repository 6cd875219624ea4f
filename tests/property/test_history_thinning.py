"""What thinning may lose: an analog value by its deadband, and nothing else of any tag."""

from bisect import bisect_right
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scada.model.tag import Access, Quality, Shape, TagName, TagSpec, TagValue, Value
from scada.store.historian.points import Point, unix_ms
from scada.store.historian.thinning import Rules, Thinner
from tests.support.store import START

DEADBAND = 0.5
AMPS = TagSpec(TagName("out1.gate.motor_a"), "plc1", Access.READ, deadband=DEADBAND, is_analog=True)
COUNT = TagSpec(TagName("zone.site.cars"), "", Access.READ, shape=Shape.WHOLE, deadband=3.0, is_analog=True)
EVERYTHING = Rules(again_ms=60_000, swinging=("*",))

QUALITIES = st.sampled_from([Quality.GOOD] * 8 + [Quality.COMMUNICATION, Quality.STALE])
COURSES = st.lists(
    st.tuples(st.integers(1, 20_000), st.integers(-40, 40).map(lambda n: n / 8), QUALITIES), min_size=1, max_size=60
)


def _thinned(spec: TagSpec, rules: Rules, course: list[tuple[int, Value, Quality]]) -> tuple[list[Point], list[Point]]:
    """Give what came and what was kept, the rest at the end included."""
    thinner = Thinner([spec], rules)
    came, kept, after_ms = list[Point](), list[Point](), 0
    for step_ms, value, quality in course:
        after_ms += step_ms
        change = (spec.name, TagValue(value, quality, None, START + timedelta(milliseconds=after_ms), 0.0))
        came += Thinner().points([change])
        kept += thinner.points([change])
    return came, kept + thinner.rest()


@given(COURSES)
def test_a_line_between_kept_points_is_never_further_from_the_truth_than_the_deadband(
    course: list[tuple[int, Value, Quality]],
) -> None:
    came, kept = _thinned(AMPS, EVERYTHING, course)
    times = [point.at_ms for point in kept]
    assert times == sorted(set(times))
    assert set(kept) <= set(came)
    for point in came:
        place = bisect_right(times, point.at_ms)
        before = kept[place - 1]
        following = kept[place] if place < len(kept) else None
        assert before.status_code == point.status_code
        if point.value is None or before.value is None:
            assert point.value is before.value
            continue
        drawn = before.value
        if following is not None and following.value is not None and following.status_code == point.status_code:
            share = (point.at_ms - before.at_ms) / (following.at_ms - before.at_ms)
            drawn += (following.value - before.value) * share
            assert abs(drawn - point.value) <= DEADBAND + 1e-9


@given(COURSES)
def test_a_step_is_never_further_from_the_truth_than_the_deadband(course: list[tuple[int, Value, Quality]]) -> None:
    came, kept = _thinned(AMPS, Rules(again_ms=60_000), course)
    for point in came:
        before = [one for one in kept if one.at_ms <= point.at_ms][-1]
        assert before.status_code == point.status_code
        if point.value is not None:
            assert before.value is not None
            assert abs(before.value - point.value) <= DEADBAND


@given(st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 5), QUALITIES), min_size=1, max_size=60))
def test_of_a_count_every_change_is_kept_whatever_the_rules(course: list[tuple[int, Value, Quality]]) -> None:
    came, kept = _thinned(COUNT, Rules(60_000, 5_000, ("*",)), course)
    told = [came[0], *(now for was, now in pairwise(came) if _differ(was, now))]
    assert kept == told


def _differ(one: Point, other: Point) -> bool:
    return (one.value, one.status_code) != (other.value, other.status_code)


def test_what_stands_still_is_told_again_and_a_ramp_is_two_points() -> None:
    ramp: list[tuple[int, Value, Quality]] = [(1000, float(second), Quality.GOOD) for second in range(50)]
    _, kept = _thinned(AMPS, EVERYTHING, ramp)
    assert [point.value for point in kept] == [0.0, 49.0]
    still: list[tuple[int, Value, Quality]] = [(30_000, 5.0, Quality.GOOD)] * 5
    _, kept = _thinned(AMPS, Rules(again_ms=60_000), still)
    assert [point.at_ms - unix_ms(START) for point in kept] == [30_000, 90_000, 150_000]


def test_what_moves_faster_than_the_least_interval_is_told_when_that_is_over() -> None:
    thinner = Thinner([AMPS], Rules(again_ms=900_000, least_ms=1000))

    def at(after_ms: int, name: TagName, value: float) -> list[float | None]:
        change = (name, TagValue(value, Quality.GOOD, None, START + timedelta(milliseconds=after_ms), 0.0))
        return [point.value for point in thinner.points([change])]

    assert at(0, AMPS.name, 1.0) == [1.0]
    assert at(300, AMPS.name, 3.0) == []
    assert at(600, AMPS.name, 9.0) == []
    assert at(1200, TagName("out1.gate.up"), 7.0) == [7.0, 9.0]


def test_after_a_stop_every_tag_begins_with_the_gap_since() -> None:
    off_ms = unix_ms(START)
    thinner = Thinner([AMPS], off_ms=off_ms)
    change = (AMPS.name, TagValue(1.0, Quality.GOOD, None, START + timedelta(seconds=5), 0.0))
    gap, point = thinner.points([change])
    assert (gap.at_ms, gap.value) == (off_ms, None)
    assert gap.status_code & 0x80000000
    assert (point.value, thinner.points([change])) == (1.0, [])
