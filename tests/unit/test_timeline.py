"""The signals of a past passage on one time line."""

from datetime import UTC, datetime, timedelta

import pytest

from scada.model.timeline import Change, held, joined, of_box, of_step, tracks

T0 = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def signal(on: bool, quality: str = "GOOD") -> dict[str, object]:
    return {"on": on, "quality": quality}


def test_a_step_that_begins_something_tells_every_signal_and_then_what_changed_at_the_time_of_the_event() -> None:
    body = {
        "before": {"image": {"approach": signal(False), "mode": "AUTO", "inner_side": False, "rise_count": 4}},
        "event": {"is": "ImageSeen", "at": at(0.2).isoformat(), "image": {"approach": signal(True)}},
    }
    assert list(of_step(at(0.3), body)) == [
        Change(at(0.2), {"loop.approach": False, "mode.now": 1, "passage.side": 1}),
        Change(at(0.2), {"loop.approach": True}),
    ]


def test_a_signal_that_could_not_be_believed_is_unknown_and_not_off() -> None:
    [change] = of_step(at(1), {"event": {"image": {"safety": signal(False, "COMMUNICATION"), "up": {"on": True}}}})
    assert change.values == {"loop.safety": None, "gate.up": True}


@pytest.mark.parametrize("body", [{}, {"event": {"is": "TimePassed"}}, {"event": None, "before": 3}])
def test_a_step_without_an_image_tells_no_signal(body: dict[str, object]) -> None:
    assert list(of_step(T0, body)) == []


def test_a_black_box_begins_with_how_things_stood_and_tells_its_own_lane_only() -> None:
    rows: list[dict[str, object]] = [
        {"black_box": 1, "lane": "in1"},
        {"image": {"in1.loop.safety": [False, "GOOD"], "in1.light.red": [True, "GOOD"], "in1.count.open": [7, "GOOD"]}},
        {"at": at(1).isoformat(), "read": {"in1.loop.safety": [True, "GOOD"], "out1.loop.safety": [True, "GOOD"]}},
        {"at": at(2).isoformat(), "write": "in1.cmd"},
        {"at": at(3).isoformat(), "read": {"in1.loop.safety": [True, "STALE"]}},
    ]
    assert of_box("in1", rows) == [
        Change(at(1), {"loop.safety": True, "light.red": True}),
        Change(at(3), {"loop.safety": None}),
    ]


def test_where_a_black_box_was_kept_it_alone_tells_what_it_knows() -> None:
    steps = [Change(at(0), {"loop.approach": True, "mode.now": 1}), Change(at(5), {"loop.approach": False})]
    steps.append(Change(at(4.4), {"loop.approach": False, "mode.now": 2}))
    box = [Change(at(4), {"loop.approach": True}), Change(at(4.3), {"loop.approach": False}), Change(at(4.6), {})]
    lines = tracks(joined(steps, [box, []]), T0, at(-2), at(10))
    assert lines == {"loop.approach": [(0, True), (4300, False)], "mode.now": [(0, 1), (4400, 2)]}


def test_a_line_begins_with_what_held_and_ends_with_the_replay() -> None:
    changes = [Change(at(-60), {"beam": False}), Change(at(1), {"beam": True}), Change(at(20), {"beam": False})]
    line = tracks(changes, T0, at(-2), at(10))["beam"]
    assert line == [(-2000, False), (1000, True)]
    assert [held(line, ms) for ms in (-2001, -2000, 999, 1000, 99_999)] == [None, False, False, True, True]


def test_on_and_one_are_not_the_same_and_of_two_values_at_one_time_the_last_holds() -> None:
    changes = [Change(at(0), {"beam": False}), Change(at(0), {"beam": True}), Change(at(1), {"beam": 1})]
    assert tracks(changes, T0, T0, at(2))["beam"] == [(0, True), (1000, 1)]
