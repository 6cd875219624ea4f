"""What a driver's phone is told of his car at the boom, from the loop to the lowered boom."""

from scada.model.lane import events as e
from scada.model.lane.image import OFF
from scada.model.lane.stage import Stage, stage_of, told_of
from scada.model.names import StayId
from tests.support.lane import ON, Bench, at_the_boom, entry, exit_lane


def said(bench: Bench) -> tuple[Stage, bool, int]:
    told = told_of(bench.lane)
    return told.stage, told.paid, told.due_fen


def test_a_driver_who_pays_at_the_exit_is_told_each_step_of_it() -> None:
    bench = exit_lane()
    bench.arrives(1)
    assert said(bench) == (Stage.WAIT, False, 0)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    assert said(bench) == (Stage.WAIT, False, 0)
    bench.owes("S1", 500)
    assert said(bench) == (Stage.ASKS, False, 500)
    bench.pays("S1")
    assert said(bench) == (Stage.OPENS, True, 0)
    bench.plc_accepts()
    bench.boom_rises()
    assert said(bench) == (Stage.OPEN, True, 0)
    bench.shows(safety=ON)
    assert said(bench)[0] is Stage.PASSES
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=0, passage_last=1)
    assert bench.lane.live is None


def test_a_driver_whose_plate_was_not_read_is_asked_and_one_who_is_sent_back_is_asked_no_more() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    assert said(bench) == (Stage.ASKS, False, 0)
    bench.hear(e.Rejected(bench.passage, "too high", "li", **bench.now))
    assert said(bench) == (Stage.BACK, False, 0)


def test_an_opening_that_a_person_gave_is_no_payment() -> None:
    bench = at_the_boom()
    bench.operator_opens(bench.passage)
    assert said(bench) == (Stage.OPENS, False, 0)


def test_a_car_that_a_person_must_look_at_is_told_so() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayFound(bench.passage, StayId("S1"), "camera", "another colour", **bench.now))
    assert stage_of(bench.state) is Stage.PERSON
