"""The abnormal paths of `lanes.md` §9 that come from modes: open and locked lanes, both ways, who stays."""

import pytest

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import OFF, Signal
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction, Ending, Reason
from scada.model.names import LaneName
from tests.support.lane import (
    ON,
    TIMING,
    Bench,
    at_the_boom,
    entry,
    exit_lane,
    let_in,
    let_out,
    notes,
)

# U, V, W: open lanes


@pytest.mark.parametrize(("mode", "reason"), [(Mode.HOLD_OPEN, Reason.OPEN_LANE), (Mode.FIRE, Reason.FIRE)])
def test_an_open_lane_reads_counts_and_ends_stays_without_a_price(mode: Mode, reason: Reason) -> None:
    bench = exit_lane()
    bench.shows(mode=mode, down=OFF, up=ON)
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.passes()
    ended = [(end.stay, end.ending, end.reason) for end in bench.all(c.EndStay)]
    assert ended == [("S1", Ending.EXIT_OPEN_LANE, reason)]
    assert notes(bench) == [reason.value]
    assert not bench.all(c.AskQuote)
    assert not bench.all(c.OpenGate)


def test_an_open_entry_begins_stays_though_its_camera_answers_late() -> None:
    bench = entry()
    bench.shows(mode=Mode.HOLD_OPEN, down=OFF, up=ON)
    bench.arrives(1)
    passage = bench.passage
    bench.passes()
    assert not bench.all(c.BeginStay)
    bench.camera_reads_of(passage, "京A12345")
    assert [begin.reason for begin in bench.all(c.BeginStay)] == [Reason.OPEN_LANE]


def test_an_unread_car_in_an_open_lane_is_uncertain() -> None:
    bench = entry()
    bench.shows(mode=Mode.HOLD_OPEN, down=OFF, up=ON)
    bench.arrives(1)
    bench.passes()
    bench.waits(10)
    assert notes(bench) == ["UNCERTAIN"]


def test_holding_open_closes_the_order_that_is_out_and_ends_by_deciding_anew() -> None:
    bench = at_the_boom()
    bench.shows(mode=Mode.HOLD_OPEN, down=OFF, up=ON)
    assert isinstance(bench.state, s.Watching)
    assert bench.all(c.CloseOrder)
    bench.shows(mode=Mode.AUTO)
    assert isinstance(bench.state, s.Identifying)


def test_a_passage_under_way_with_leave_is_finished_when_the_lane_is_held_open() -> None:
    bench = let_out(exit_lane())
    bench.shows(safety=ON)
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    assert [end.ending for end in bench.all(c.EndStay)] == [Ending.EXIT]


@pytest.mark.parametrize("cause", [RiseCause.BUTTON, RiseCause.HANDSET])
def test_who_leaves_by_the_push_button_is_paired_with_its_passage_and_an_alarm(cause: RiseCause) -> None:
    bench = at_the_boom()
    passage = bench.passage
    bench.boom_rises(cause)
    alarm = next(alarm for alarm in bench.all(c.RaiseAlarm) if alarm.code == "unexplained_rise")
    assert alarm.passage == passage
    bench.passes()
    assert [(end.ending, end.by) for end in bench.all(c.EndStay)] == [(Ending.EXIT_OPEN_LANE, cause.name.lower())]


def test_no_car_is_begun_with_in_a_locked_lane_and_the_display_says_so() -> None:
    bench = entry()
    bench.shows(mode=Mode.LOCKED)
    bench.arrives(1)
    assert isinstance(bench.state, s.Idle)
    assert bench.all(c.Show)[-1].message is c.Message.CLOSED
    bench.shows(mode=Mode.AUTO)
    assert isinstance(bench.state, s.Identifying)


def test_a_locked_lane_gives_no_leave_and_asks_again_until_it_is_free() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.shows(mode=Mode.LOCKED)
    bench.is_admitted()
    assert isinstance(bench.state, s.AwaitingDriver)
    bench.shows(mode=Mode.AUTO)
    bench.waits(TIMING.t_again_s + 0.2)
    bench.is_admitted()
    assert len(bench.all(c.OpenGate)) == 1


def test_what_a_locked_exit_would_have_let_out_is_priced_again() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.shows(mode=Mode.LOCKED)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert isinstance(bench.state, s.AwaitingOperator)
    bench.shows(mode=Mode.AUTO)
    asked = len(bench.all(c.AskQuote))
    bench.waits(TIMING.t_again_s + 0.2)
    assert len(bench.all(c.AskQuote)) == asked + 1
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 1


def test_who_waits_before_a_boom_that_the_plc_keeps_up_after_hold_open_is_asked_for_his_money_like_anybody() -> None:
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN, down=OFF, up=ON)
    bench.shows(mode=Mode.AUTO)
    assert isinstance(bench.state, s.Closing)
    bench.arrives(1)
    bench.waits(5)
    assert isinstance(bench.state, s.Identifying | s.AwaitingDriver)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 500)
    bench.pays("S1")
    assert [opening.number for opening in bench.all(c.OpenGate)] == [1]
    assert isinstance(bench.state, s.Open)


def stands_half_way(**more: Signal) -> Bench:
    """The boom is on its way down when the PLC stops it there, as after its restart, and a car waits before it."""
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN, down=OFF, up=ON)
    bench.shows(mode=Mode.AUTO, up=OFF, **more)
    assert isinstance(bench.state, s.Closing)
    bench.arrives(1)
    return bench


def test_who_waits_before_a_boom_that_the_plc_leaves_half_way_is_asked_for_his_money_like_anybody() -> None:
    bench = stands_half_way()
    bench.waits(TIMING.t_close_s - 0.5)
    assert isinstance(bench.state, s.Closing)
    bench.waits(1)
    assert isinstance(bench.state, s.Identifying | s.AwaitingDriver)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 500)
    bench.pays("S1")
    assert [opening.number for opening in bench.all(c.OpenGate)] == [1]
    bench.shows(up=ON, rise_count=bench.image.rise_count + 1, rise_cause=RiseCause.AUTHORISED, rise_passage=1)
    assert isinstance(bench.state, s.Open)
    assert not [alarm for alarm in bench.all(c.RaiseAlarm) if alarm.code == "barrier"]


def test_a_drive_that_has_failed_half_way_is_a_fault_whoever_waits() -> None:
    bench = stands_half_way(drive_fault=ON)
    bench.waits(TIMING.t_close_s + 1)
    assert isinstance(bench.state, s.Faulted)
    assert bench.state.fault is s.Fault.NOT_CLOSED


def test_a_boom_that_stays_half_way_with_nobody_before_it_is_a_fault() -> None:
    bench = stands_half_way()
    bench.shows(approach=OFF, passage_now=0)
    bench.waits(TIMING.t_close_s + 1)
    assert isinstance(bench.state, s.Faulted)


# Lanes that work both ways


def both_ways() -> Bench:
    bench = entry()
    bench.lane = Lane(LaneName("gate"), Direction.ENTRY, image=bench.image, rises=0, two_way=True)
    return bench


def test_a_two_way_lane_lets_in_from_the_outer_side_and_out_from_the_inner() -> None:
    bench = let_in(both_ways())
    bench.passes()
    bench.boom_lowers()
    assert len(bench.all(c.BeginStay)) == 1
    bench.shows(closing=ON, inner_side=True, passage_now=2)
    bench.camera_reads("京A12345")
    assert [found.passage for found in bench.all(c.FindStay)] == [bench.passage]


def test_a_car_against_the_tide_is_sent_back_until_the_tide_turns() -> None:
    bench = both_ways()
    bench.hear(e.TideTurned(frozenset({Direction.EXIT}), "li", **bench.now))
    bench.arrives(1)
    assert bench.all(c.Show)[-1].message is c.Message.OTHER_WAY
    assert not bench.all(c.Capture)
    bench.hear(e.TideTurned(frozenset({Direction.ENTRY}), "li", **bench.now))
    assert isinstance(bench.state, s.Identifying)


# Lingering


def test_who_does_not_go_is_asked_to_and_then_is_a_case_and_the_boom_stays_up() -> None:
    bench = let_out(exit_lane())
    bench.waits(TIMING.t_pass_s + 1)
    assert bench.all(c.Show)[-1].message is c.Message.PLEASE_GO
    bench.camera_reads("京B22222")
    assert [conflict.read.text for conflict in bench.all(c.NoteConflict)] == ["京B22222"]
    bench.waits(TIMING.t_pass_s + 1)
    assert [case.why for case in bench.all(c.OpenCase)] == ["the gate is up and nobody passes"]
    assert isinstance(bench.state, s.Open)


def test_who_is_under_the_boom_when_the_lane_is_no_longer_held_open_is_not_taken_for_the_car_behind_him() -> None:
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN, down=OFF, up=ON, rise_count=1, rise_cause=RiseCause.HOLD_OPEN)
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=2)
    bench.shows(mode=Mode.AUTO)
    assert isinstance(bench.state, s.Passing)
    bench.camera_reads("京B99999")
    bench.shows(safety=OFF, passage_now=2, passage_next=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    assert [(end.stay, end.ending) for end in bench.all(c.EndStay)] == [("S1", Ending.EXIT_OPEN_LANE)]


def test_a_link_that_is_lost_for_a_while_forgets_neither_the_car_nor_what_it_owes() -> None:
    bench = at_the_boom()
    passage = bench.passage
    bench.shows(alive=False)
    bench.waits(20)
    bench.shows(alive=True)
    assert bench.passage == passage
    bench.pays("S1")
    assert [command.authorisation.passage for command in bench.all(c.OpenGate)] == [passage]
    assert not bench.all(c.RecordPassage)
