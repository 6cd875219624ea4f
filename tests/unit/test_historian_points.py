"""What becomes a point of history, and what an answer of a server means."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from scada.model.names import SiteId
from scada.model.tag import Access, Quality, TagName, TagSpec, TagValue, Value
from scada.store.historian.points import Point, from_unix_ms, unix_ms
from scada.store.historian.remote.answers import Answer, Fate, fate, wait_s
from scada.store.historian.remote.lines import line, select
from scada.store.historian.remote.sender import Delivered, deliver
from scada.store.historian.thinning import Thinner
from tests.support.store import START

UP, AMPS = TagName("out1.gate.up"), TagName("out1.gate.motor_a")
SPECS = [TagSpec(AMPS, "plc1", Access.READ, unit="A", deadband=0.5)]


def _change(
    name: TagName,
    value: Value,
    after_s: float = 0.0,
    quality: Quality = Quality.GOOD,
    source_at: datetime | None = None,
) -> tuple[TagName, TagValue]:
    return name, TagValue(value, quality, source_at, START + timedelta(seconds=after_s), after_s)


def _kept(*changes: tuple[TagName, TagValue]) -> list[float | str | None]:
    thinner = Thinner(SPECS)
    points = [point for change in changes for point in thinner.points([change])]
    return [point.value if point.text is None else point.text for point in points]


def test_every_change_of_a_state_is_kept_and_a_repetition_is_not() -> None:
    assert _kept(_change(UP, True), _change(UP, True, 1), _change(UP, False, 2), _change(UP, True, 3)) == [1, 0, 1]


def test_an_analog_value_is_kept_when_it_leaves_its_deadband() -> None:
    values = [10.0, 10.2, 10.4, 10.5, 10.6, 9.9, 10.0]
    assert _kept(*(_change(AMPS, value, at) for at, value in enumerate(values))) == [10.0, 10.5, 9.9]


def test_a_count_has_no_deadband() -> None:
    assert _kept(*(_change(AMPS, value, at) for at, value in enumerate([1, 1, 2]))) == [1, 2]


def test_an_analog_value_inside_its_deadband_is_kept_once_in_a_while() -> None:
    assert _kept(_change(AMPS, 10.0), _change(AMPS, 10.1, 899), _change(AMPS, 10.1, 900)) == [10.0, 10.1]


@pytest.mark.parametrize("quality", [Quality.COMMUNICATION, Quality.NOT_CONNECTED, Quality.FAULT])
def test_bad_quality_is_a_point_without_a_value_and_recovery_is_one_with_it(quality: Quality) -> None:
    thinner = Thinner(SPECS)
    points = thinner.points([_change(UP, True), _change(UP, True, 1, quality), _change(UP, True, 2)])
    assert [(point.value, point.status_code) for point in points] == [(1, 0), (None, quality.status_code), (1, 0)]


def test_an_old_value_keeps_its_value_and_says_that_it_is_old() -> None:
    (point,) = Thinner().points([_change(UP, True, 0, Quality.STALE)])
    assert (point.value, point.status_code) == (1.0, Quality.STALE.status_code)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, 10**400])
def test_what_is_no_number_is_not_good(value: Value) -> None:
    (point,) = Thinner().points([_change(AMPS, value)])
    assert (point.value, point.text, point.status_code) == (None, None, Quality.OUT_OF_RANGE.status_code)


def test_two_changes_in_the_same_millisecond_are_two_points_in_their_order() -> None:
    points = Thinner().points([_change(UP, value) for value in (True, False, True)])
    assert [(point.at_ms - unix_ms(START), point.value) for point in points] == [(0, 1), (1, 0), (2, 1)]


@pytest.mark.parametrize(("ahead_s", "believed"), [(0.5, True), (-200, True), (301, False), (-86400 * 365, False)])
def test_a_devices_clock_is_believed_only_if_it_is_near_ours(ahead_s: float, believed: bool) -> None:
    source_at = START + timedelta(seconds=ahead_s)
    (point,) = Thinner().points([_change(UP, True, source_at=source_at)])
    assert from_unix_ms(point.at_ms) == (source_at if believed else START)


def test_a_line_is_the_same_every_time_and_never_has_a_whole_number_as_value() -> None:
    point = Point(UP, 1700000000123, 1.0, None, 0)
    assert line(SiteId("demo"), point) == "scada,lane=out1,point=gate.up,site=demo quality=0i,value=1.0 1700000000123"


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("out1.lane.state", "lane_state"),
        ("out1.mode.now", "lane_state"),
        ("dev.plc1.round_trip_ms", "device_health"),
        ("camera.cam_in1.reads", "device_health"),
        ("display.in1.ok", "device_health"),
        ("out1.gate.verdict", "scada"),
        ("zone.lot.cars", "scada"),
    ],
)
def test_states_of_lanes_and_health_of_devices_have_measurements_of_their_own(name: str, of: str) -> None:
    site, tag = SiteId("demo"), TagName(name)
    assert line(site, Point(tag, 5, 1.0, None, 0)).startswith(f"{of},lane=")
    assert f'FROM "{of}"' in select(site, tag, 0, 1, 10)


def test_a_bad_point_has_its_quality_only() -> None:
    point = Point(UP, 5, None, None, Quality.FAULT.status_code)
    assert line(SiteId("demo"), point) == "scada,lane=out1,point=gate.up,site=demo quality=2156658688i 5"


def test_a_text_cannot_break_out_of_its_line() -> None:
    point = Point(TagName("in1.display"), 5, None, 'a"b\\c\nscada value=9.0 9', 0)
    written = line(SiteId("demo"), point)
    assert "\n" not in written
    assert r'text="a\"b\\c scada value=9.0 9"' in written


def test_no_tag_of_a_series_is_ever_empty() -> None:
    assert line(SiteId("demo"), Point(TagName("lonely"), 5, 1.0, None, 0)).startswith(
        "scada,lane=lonely,point=-,site=demo "
    )


def test_a_name_cannot_break_out_of_a_query() -> None:
    assert r"""'gate\' OR \'1\'=\'1'""" in select(SiteId("demo"), TagName("in1.gate' OR '1'='1"), 0, 1, 10)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, Fate.OUTAGE),
        (204, Fate.STORED),
        (400, Fate.HALVE),
        (413, Fate.HALVE),
        (422, Fate.HALVE),
        (401, Fate.REFUSED),
        (404, Fate.REFUSED),
        (500, Fate.BROKEN),
        (429, Fate.BUSY),
        (503, Fate.BUSY),
    ],
)
def test_each_answer_has_its_fate(status: int | None, expected: Fate) -> None:
    assert fate(Answer(status)) is expected


def test_the_wait_grows_and_ends_somewhere() -> None:
    assert [wait_s(Answer(None), tries) for tries in (1, 2, 3, 20)] == [0.25, 0.5, 1.0, 5.0]
    assert [wait_s(Answer(503), tries) for tries in (1, 4, 20)] == [0.25, 2.0, 30.0]
    assert wait_s(Answer(429, "", 12.0), 1) == 12.0
    assert wait_s(Answer(401), 1) == 30.0


@pytest.mark.parametrize("bad", [set(), {0}, {99}, {3, 4, 50}, set(range(100))])
def test_halving_finds_exactly_the_bad_lines_and_stores_all_others(bad: set[int]) -> None:
    stored: set[str] = set()

    def send(lines: Sequence[str]) -> Answer:
        if any(int(one) in bad for one in lines):
            return Answer(400, "unable to parse")
        stored.update(lines)
        return Answer(204)

    outcome = deliver([str(n) for n in range(100)], send)
    assert isinstance(outcome, Delivered)
    assert {int(dead.line) for dead in outcome.dead} == bad
    assert stored == {str(n) for n in range(100) if n not in bad}
    assert all(dead.error == "400 unable to parse" for dead in outcome.dead)


def test_an_outage_in_the_middle_of_halving_declares_no_line_dead() -> None:
    answers = iter([Answer(400), Answer(400), Answer(400), Answer(None)])
    assert deliver(["a", "b", "c", "d"], lambda _: next(answers)) == Answer(None)


def test_lines_that_break_a_server_are_halved_only_when_they_are_known_as_poison() -> None:
    def send(lines: Sequence[str]) -> Answer:
        return Answer(500, "panic") if "b" in lines else Answer(204)

    assert deliver(["a", "b", "c"], send) == Answer(500, "panic")
    outcome = deliver(["a", "b", "c"], send, poison=True)
    assert isinstance(outcome, Delivered)
    assert [dead.line for dead in outcome.dead] == ["b"]
