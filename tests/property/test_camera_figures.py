"""Figures and alarms of cameras: what must always and never be, whatever the cameras do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scada.model.camera.alarms import DELAYS, Code, Delay, Judged, Memories, Memory, beyond, delayed, judge
from scada.model.camera.figures import SceneFigures
from scada.model.camera.reading import MOST, ReadFigures, ReadRow, corrected_rows, read_figures, unread_share
from scada.model.names import LaneName, PassageId
from scada.model.plate import Plate

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
NONE_READ = ReadFigures(0, None, None, None, None, None)
GOOD = SceneFigures(25.0, 0.1, 0, 120.0, 0.0, 0.0, 1.0, 1.0, 0.95, 0.001)


def row(passage: int, why: str = "", sure: float | None = 0.9, ago_s: float = 0, corrected: bool = False) -> ReadRow:
    at = NOW - timedelta(seconds=ago_s)
    plate = None if sure is None else Plate("京A12345")
    return ReadRow(
        "cam", LaneName("in1"), PassageId(f"in1-{passage}"), at, "entry", why, plate, sure, 5, None, corrected
    )


ROWS = st.lists(
    st.builds(
        row,
        st.integers(1, 20),
        st.sampled_from(("", "no plate seen")),
        st.none() | st.floats(0, 1),
        st.floats(0, 100_000),
        st.booleans(),
    ),
    max_size=60,
)


@given(ROWS)
def test_every_share_is_a_share_and_percentiles_are_in_order(rows: list[ReadRow]) -> None:
    found = read_figures(rows, NOW)
    for share in (found.read_rate, found.under_gate, found.corrected, found.confidence_p10, found.confidence_p50):
        assert share is None or 0 <= share <= 1
    assert found.passages <= min(MOST, 20)
    if found.confidence_p10 is not None and found.confidence_p50 is not None:
        assert found.confidence_p10 <= found.confidence_p50


@given(ROWS)
def test_looking_again_at_the_same_car_never_lowers_the_read_rate(rows: list[ReadRow]) -> None:
    once = read_figures(rows, NOW)
    again = read_figures(
        [*rows, *(row(20 if not rows else int(one.passage[4:]), "no plate seen", None) for one in rows)], NOW
    )
    fresh = [one for one in rows if NOW - one.at <= timedelta(hours=24)]
    if len(fresh) == len(rows):
        assert again.read_rate == once.read_rate


def test_a_passage_that_was_read_at_the_third_look_was_read() -> None:
    rows = [
        row(1, "no plate seen", None),
        row(1, "a sign is too faint", 0.5),
        row(1, "", 0.9),
        row(2, "no plate seen", None),
    ]
    found = read_figures(rows, NOW)
    assert (found.passages, found.read_rate, found.under_gate, found.confidence_p50) == (2, 0.5, 0.0, 0.9)


def test_what_a_person_corrects_is_no_read_to_be_proud_of() -> None:
    assert read_figures([row(1, corrected=True), row(2)], NOW).corrected == 0.5
    rows = [row(1), row(1, "no plate seen", None), row(2)]
    assert corrected_rows(rows, PassageId("in1-1"), Plate("京B12345")) == [rows[0]]
    assert corrected_rows(rows, PassageId("in1-1"), Plate("京A12345")) == []


@pytest.mark.parametrize(("loops", "plates", "share"), [(0, 0, None), (10, 9, 0.1), (4, 6, 0.0), (5, 0, 1.0)])
def test_the_unread_share_is_of_what_the_loops_have_seen(loops: int, plates: int, share: float | None) -> None:
    assert unread_share(loops, plates) == pytest.approx(share)


LEVELS = st.lists(st.tuples(st.sampled_from((True, False, None)), st.floats(0.1, 20)), max_size=80)


@given(LEVELS, st.floats(0, 60), st.floats(0, 60))
def test_no_alarm_turns_before_its_condition_has_stood_for_its_delay(
    seen: list[tuple[bool | None, float]], on_s: float, off_s: float
) -> None:
    since: tuple[bool | None, float] = (None, 0.0)
    memory, now_s = Memory(), 0.0
    for level, step_s in seen:
        now_s += step_s
        if level != since[0]:
            since = (level, now_s)
        after = delayed(memory, level, Delay(on_s, off_s), now_s)
        if after.active != memory.active:
            assert after.active == level
            assert now_s - since[1] >= (on_s if after.active else off_s) - 1e-6
        memory = after


def stand(memories: Memories, scene: SceneFigures, for_s: int, trouble: str = "", now_s: float = 0) -> list[Judged]:
    found = []
    for second in range(for_s):
        found.append(judge(memories, trouble, scene, NONE_READ, now_s + second))
        memories = found[-1].memories
    return found


BAD = {
    Code.BLOCKED: SceneFigures(25.0, 0.1, 0, 60.0, 0.0, 0.0, 0.1, 0.05, 0.0, None),
    Code.MOVED: SceneFigures(25.0, 0.1, 0, 120.0, 0.0, 0.0, 1.0, 1.0, 0.1, 0.06),
    Code.FOCUS: SceneFigures(25.0, 0.1, 0, 120.0, 0.0, 0.0, 0.3, 0.9, 0.9, 0.0),
    Code.DARK: SceneFigures(25.0, 0.1, 0, 5.0, 0.95, 0.0, None, None, None, None),
    Code.GLARE: SceneFigures(25.0, 0.1, 0, 240.0, 0.0, 0.6, None, None, None, None),
    Code.UNKEPT: SceneFigures(25.0, 0.1, unkept="no space left"),
}


@pytest.mark.parametrize("code", BAD)
def test_each_trouble_is_one_alarm_raised_once_and_over_once(code: Code) -> None:
    found = stand({}, BAD[code], 700)
    assert [raised for look in found for raised in look.raised] == [code]
    assert found[-1].standing == (code,)
    mended = stand(found[-1].memories, GOOD, 200, now_s=700)
    assert [over for look in mended for over in look.over] == [code]
    assert mended[-1].standing == ()


def test_headlights_and_a_parked_lorry_raise_nothing() -> None:
    memories: Memories = {}
    for start, scene, for_s in ((0, BAD[Code.GLARE], 60), (60, GOOD, 5), (65, BAD[Code.MOVED], 300), (365, GOOD, 5)):
        found = stand(memories, scene, for_s, now_s=start)
        memories = found[-1].memories
        assert [raised for look in found for raised in look.raised] == []


def test_of_a_camera_that_gives_no_picture_only_that_is_told_and_what_stood_goes_on() -> None:
    blind = stand({}, BAD[Code.BLOCKED], 200)[-1].memories
    gone = stand(blind, SceneFigures(), 60, trouble="no frame", now_s=200)
    assert gone[-1].standing == (Code.GONE, Code.BLOCKED)
    assert [raised for look in gone for raised in look.raised] == [Code.GONE]


def test_too_few_passages_are_no_rate_and_enough_are() -> None:
    few, many = ReadFigures(29, 0.5, 0.1, 0.8, 0.9, 0.2), ReadFigures(30, 0.5, 0.1, 0.8, 0.9, 0.2)
    later = DELAYS[Code.READ_RATE].on_s
    for read, standing in ((few, ()), (many, (Code.READ_RATE, Code.MISREADS))):
        begun = judge({}, "", GOOD, read, 0)
        assert judge(begun.memories, "", GOOD, read, later).standing == standing


@given(st.none() | st.floats(0, 1), st.sampled_from(((0.5, 0.7), (0.4, 0.25))))
def test_between_its_limits_a_value_is_neither_good_nor_bad(value: float | None, limits: tuple[float, float]) -> None:
    on, off = limits
    level = beyond(value, on, off)
    if value is None or min(limits) < value < max(limits):
        assert level is None
    else:
        assert level is not None or value in limits
