"""What a drive through a lane tells: order, times, doubts, and the waits that it speaks for."""

import pytest

from scada.model.acceptance import ITEMS, Answer, Seen, facts, why_not_signed
from scada.model.health import Cycle, LoopHour, gate_health, loop_health, spread
from scada.model.lane.learning import Edge, learn, proposals
from tests.support.store import START

ON, OFF = True, False
DRIVE = [
    Edge(0.0, "loop.approach", ON),
    Edge(3.0, "gate.down", OFF),
    Edge(4.5, "gate.up", ON),
    Edge(6.0, "loop.safety", ON),
    Edge(6.5, "loop.approach", OFF),
    Edge(8.0, "loop.safety", OFF),
    Edge(9.0, "gate.up", OFF),
    Edge(11.0, "gate.down", ON),
]


def test_a_drive_tells_its_times_in_whatever_order_its_edges_come() -> None:
    drive = learn(DRIVE[::-1])
    assert [edge.at_s for edge in drive.edges] == sorted(edge.at_s for edge in DRIVE)
    assert (drive.transit_s, drive.gap_s, drive.open_s, drive.close_s) == (6.0, -0.5, 1.5, 2.0)
    assert (drive.pass_s, drive.under_s, drive.doubts) == (3.5, 2.0, ())
    assert drive.on_s == {"loop.approach": 6.5, "loop.safety": 2.0}


@pytest.mark.parametrize(
    ("edges", "doubt"),
    [
        ([], "the approach loop did not turn"),
        ([one for one in DRIVE if one.contact != "gate.up"], "the boom was not seen up"),
        ([*DRIVE, Edge(-1.0, "loop.safety", ON)], "the safety loop turned before the approach loop"),
        ([Edge(4.0, "loop.safety", ON), *DRIVE], "a car was on the safety loop before the boom was up"),
        ([*DRIVE[:5], Edge(7.0, "gate.up", OFF), DRIVE[5]], "the boom came down before the safety loop was free"),
    ],
)
def test_what_does_not_fit_is_told(edges: list[Edge], doubt: str) -> None:
    assert any(one.startswith(doubt) for one in learn(edges).doubts)


def test_waits_are_proposed_from_the_longest_drive_with_what_is_set_beside() -> None:
    slow = [Edge(2 * edge.at_s, edge.contact, edge.on) for edge in DRIVE]
    found = {one.key: one for one in proposals([learn(DRIVE), learn(slow)], {"t_open_s": 6.0, "t_close_s": 3.0})}
    assert (found["t_open_s"].seen_s, found["t_open_s"].proposed_s, found["t_open_s"].differs) == (3.0, 5.5, False)
    assert (found["t_close_s"].proposed_s, found["t_close_s"].differs) == (7.0, True)
    assert "t_pass_s" not in found
    assert proposals([learn([])], {"t_open_s": 6.0}) == ()


def test_how_times_lie() -> None:
    assert spread([]) is None
    lies = spread([float(n) for n in range(1, 101)])
    assert lies is not None
    assert (lies.count, lies.p50, lies.p99, lies.longest) == (100, 50.0, 99.0, 100.0)


def test_a_boom_that_grows_slow_and_does_not_start_is_to_be_looked_at() -> None:
    days = [START.date().replace(day=day) for day in (1, 2, 3, 4)]
    times = (1000, 1010, 990, 1300)
    cycles = [Cycle(day, ms, 2000) for day, ms in zip(days, times, strict=True) for _ in range(3)]
    health = gate_health(cycles, ["NO_START"], [40.0, 60.0])
    assert health.open_drift == pytest.approx(0.3)
    assert health.close_drift == 0.0
    assert health.look == ("opening takes longer than it did", "the boom did not start")
    assert gate_health([], [], []).open_drift is None


def test_a_loop_is_held_against_the_cameras() -> None:
    good = LoopHour(edges=40, on_s=60.0, cars=20)
    assert loop_health([good]).look == ()
    assert loop_health([good]).on_s == 3.0
    assert loop_health([good, LoopHour(0, 0.0, 15)]).look == (
        "the loop misses cars that the cameras see",
        "cars were seen in hours in which the loop was silent",
    )
    assert loop_health([LoopHour(100, 60.0, 20)]).look == ("the loop turns on without a car",)
    assert loop_health([LoopHour(4, 60.0, 1)]).look == ()


def test_a_sheet_is_signed_when_all_is_answered_and_what_failed_is_explained() -> None:
    passed = {item.key: Answer(item.key, "passed", "") for item in ITEMS}
    assert why_not_signed(passed) == ""
    assert why_not_signed({}).startswith("not answered")
    assert why_not_signed({**passed, "fire": Answer("fire", "failed", "")}) == "what is not passed needs a note"
    assert why_not_signed({**passed, "fire": Answer("fire", "none", "no fire panel here")}) == ""
    told = facts(Seen(None, 3, 4, 1, 2, {"BUTTON": 5}))
    assert told["limits"] == {"times seen up": 3, "times seen down": 4}
    assert (told["safety_loop"], told["handsets"]["rises by BUTTON"]) == ({}, 5)
