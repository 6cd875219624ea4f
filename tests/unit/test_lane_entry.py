"""The entry's road, row by row (`lanes.md` §6)."""

from dataclasses import replace

import pytest

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import Message
from scada.model.lane.image import DARK, OFF, UNKNOWN
from scada.model.lane.words import Reason
from scada.model.plate import ReadBy
from tests.support.lane import ON, TIMING, Bench, entry, read_of


def admitted() -> Bench:
    bench = entry()
    bench.arrives(7)
    bench.camera_reads("京A12345")
    bench.is_admitted()
    return bench


def opened() -> Bench:
    bench = admitted()
    bench.plc_accepts()
    bench.boom_rises()
    return bench


def test_a_car_comes_in_from_loop_to_lowered_boom() -> None:
    bench = opened()
    passage = bench.passage
    assert isinstance(bench.state, s.Open)
    bench.passes()
    bench.boom_lowers()
    assert isinstance(bench.state, s.Idle)
    assert [command.number for command in bench.all(c.OpenGate)] == [7]
    [begun] = bench.all(c.BeginStay)
    assert begun.passage.id == passage
    assert begun.passage.read is not None
    assert begun.passage.read.text == "京A12345"
    assert [record.outcome for record in bench.all(c.RecordPassage)] == [PassageOutcome.FORWARD]
    assert not bench.all(c.RaiseAlarm)


def test_nothing_is_asked_before_the_camera_has_answered() -> None:
    bench = entry()
    bench.arrives(1)
    assert bench.all(c.Capture) == [c.Capture(bench.passage)]
    assert not bench.all(c.AskAdmission)


@pytest.mark.parametrize(("confidence", "agreeing"), [(0.79, 5), (0.99, 1)])
def test_a_weak_read_admits_nobody_and_asks_the_driver(confidence: float, agreeing: int) -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345", confidence, agreeing)
    assert isinstance(bench.state, s.AwaitingDriver)
    shown = bench.all(c.Show)[-1]
    assert shown.message is Message.SCAN_PLATE
    assert shown.claim


def test_an_unread_plate_is_tried_again_and_then_typed_by_the_driver() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    bench.waits(3.5)
    assert len(bench.all(c.Capture)) == 2
    typed = replace(read_of("京A12345"), by=ReadBy.DRIVER)
    bench.hear(e.PlateCorrected(bench.passage, typed, **bench.now))
    bench.is_admitted()
    assert isinstance(bench.state, s.Opening)


def test_a_later_burst_that_reads_the_plate_ends_the_waiting() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    bench.waits(3.5)
    bench.camera_reads("京A12345")
    assert isinstance(bench.state, s.Deciding)


def test_a_camera_that_never_answers_leads_to_the_driver_and_then_to_a_person() -> None:
    bench = entry()
    bench.arrives(1)
    bench.waits(TIMING.t_read_s + 1.2)
    assert isinstance(bench.state, s.AwaitingDriver)
    bench.waits(TIMING.t_help_s + 0.2)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert [case.why for case in bench.all(c.OpenCase)] == ["the camera does not answer"]


def test_a_case_is_closed_when_its_car_backs_away() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    bench.waits(TIMING.t_help_s + 1)
    passage = bench.passage
    bench.leaves()
    assert bench.all(c.CloseCase) == [c.CloseCase(passage, "idle")]


def test_backing_out_before_the_boom_rose_leaves_nothing_behind() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.leaves()
    assert isinstance(bench.state, s.Idle)
    assert not bench.all(c.OpenGate)
    assert not bench.all(c.BeginStay)
    assert [record.outcome for record in bench.all(c.RecordPassage)] == [PassageOutcome.BACKED_OUT]


def test_backing_out_after_the_boom_rose_begins_no_stay() -> None:
    bench = opened()
    bench.leaves()
    assert isinstance(bench.state, s.Closing)
    bench.boom_lowers()
    assert isinstance(bench.state, s.Idle)
    assert not bench.all(c.BeginStay)


def test_an_answer_for_the_car_that_left_opens_nothing_for_the_next() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    gone = bench.passage
    bench.leaves()
    bench.arrives(2)
    bench.hear(e.Admitted(gone, **bench.now))
    assert not bench.all(c.OpenGate)
    assert isinstance(bench.state, s.Identifying)


def test_a_follower_is_not_let_in_by_its_leaders_leave() -> None:
    bench = opened()
    bench.passes(follower=8)
    assert isinstance(bench.state, s.Clearing)
    assert len(bench.all(c.BeginStay)) == 1
    bench.boom_lowers()
    assert isinstance(bench.state, s.Identifying)
    assert bench.lane.live is not None
    assert bench.lane.live.number == 8
    assert len(bench.all(c.OpenGate)) == 1


def test_a_tailgater_whom_no_camera_reads_is_uncertain_and_not_forgotten() -> None:
    bench = opened()
    bench.passes(follower=8)
    bench.passes(outcome=PassageOutcome.TAILGATE)
    assert len(bench.all(c.BeginStay)) == 1
    bench.waits(10)
    records = [(record.outcome, record.note) for record in bench.all(c.RecordPassage)]
    assert records == [(PassageOutcome.FORWARD, ""), (PassageOutcome.TAILGATE, "UNCERTAIN")]
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["tailgate"]


def test_no_command_goes_out_while_the_car_is_in_doubt() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.shows(approach=OFF)
    bench.is_admitted()
    assert isinstance(bench.state, s.Authorised)
    assert not bench.all(c.OpenGate)
    bench.shows(approach=ON)
    assert len(bench.all(c.OpenGate)) == 1


@pytest.mark.parametrize("hindrance", [{"mode": Mode.LOCKED}, {"claimed": False}, {"approach": UNKNOWN}])
def test_no_command_goes_out_without_auto_claim_and_a_certain_car(hindrance: dict[str, object]) -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.shows(**hindrance)
    bench.is_admitted()
    assert not bench.all(c.OpenGate)


def test_a_leave_that_could_not_be_used_is_decided_anew() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.shows(claimed=False)
    bench.is_admitted()
    bench.waits(TIMING.t_authorised_s + 0.2)
    assert isinstance(bench.state, s.Deciding)
    assert len(bench.all(c.AskAdmission)) == 2


def test_a_refusal_of_the_plc_goes_to_a_person_with_its_reason() -> None:
    bench = admitted()
    bench.hear(e.CommandRefused(bench.passage, "wrong passage", **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert "wrong passage" in bench.state.why


def test_a_command_that_never_reached_the_plc_is_given_once_more_and_then_a_person_decides() -> None:
    bench = admitted()
    bench.hear(e.CommandRefused(bench.passage, "no answer", lost=True, **bench.now))
    assert isinstance(bench.state, s.Opening)
    assert [sent.number for sent in bench.all(c.OpenGate)] == [7, 7]
    assert bench.all(c.OpenCase) == []
    bench.hear(e.CommandRefused(bench.passage, "no answer", lost=True, **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert len(bench.all(c.OpenGate)) == 2


def test_a_lost_command_is_given_again_only_while_the_lane_is_held_and_its_car_is_there() -> None:
    bench = admitted()
    bench.shows(claimed=False)
    bench.hear(e.CommandRefused(bench.passage, "no answer", lost=True, **bench.now))
    bench.waits(3)
    assert len(bench.all(c.OpenGate)) == 1
    bench.leaves()
    bench.shows(claimed=True)
    bench.waits(3)
    assert len(bench.all(c.OpenGate)) == 1


def test_a_barrier_is_not_at_fault_for_a_command_that_turns_out_to_have_been_lost() -> None:
    bench = admitted()
    bench.waits(TIMING.t_open_s + 0.5)
    assert isinstance(bench.state, s.Faulted)
    bench.hear(e.CommandRefused(bench.passage, "no answer", lost=True, **bench.now))
    assert isinstance(bench.state, s.Opening)
    bench.waits(TIMING.t_open_s + 0.5)
    bench.hear(e.CommandRefused(bench.passage, "no answer", lost=True, **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert len(bench.all(c.OpenGate)) == 2


def test_a_plc_that_is_seen_again_is_heard_before_its_barrier_is_said_not_to_start() -> None:
    bench = admitted()
    bench.shows(alive=False)
    bench.waits(2 * TIMING.t_open_s)
    bench.shows(alive=True)
    bench.waits(TIMING.t_open_s - 0.5)
    assert isinstance(bench.state, s.Opening)
    assert bench.all(c.RaiseAlarm) == []
    bench.waits(1)
    assert isinstance(bench.state, s.Faulted)


def test_a_command_that_nobody_can_vouch_for_is_not_sent_again() -> None:
    bench = admitted()
    bench.hear(e.CommandUnknown(bench.passage, "the PLC restarted", **bench.now))
    bench.waits(TIMING.t_open_s + 1)
    assert len(bench.all(c.OpenGate)) == 1
    assert isinstance(bench.state, s.Faulted)


@pytest.mark.parametrize(("down", "fault"), [(ON, s.Fault.NO_START), (OFF, s.Fault.MID)])
def test_a_boom_that_does_not_arrive_is_a_fault_and_stops_the_commanding(down: object, fault: s.Fault) -> None:
    bench = admitted()
    bench.shows(down=down)
    bench.waits(TIMING.t_open_s + 0.5)
    assert isinstance(bench.state, s.Faulted)
    assert bench.state.fault is fault
    assert len(bench.all(c.OpenGate)) == 1
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["barrier"]


def test_a_boom_that_arrives_late_still_lets_its_car_in() -> None:
    bench = admitted()
    bench.waits(TIMING.t_open_s + 0.5)
    bench.boom_rises()
    bench.passes()
    assert len(bench.all(c.BeginStay)) == 1


def test_a_boom_that_does_not_come_down_leaves_the_revenue_unguarded() -> None:
    bench = opened()
    bench.passes()
    bench.shows(close_permit=ON)
    bench.waits(TIMING.t_close_s + 2)
    assert isinstance(bench.state, s.Faulted)
    assert bench.state.fault is s.Fault.NOT_CLOSED


def test_a_car_that_stops_under_the_boom_is_told_once() -> None:
    bench = opened()
    bench.shows(safety=ON)
    bench.waits(TIMING.t_under_s + 5)
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["stopped_under_boom"]


def test_a_car_that_lingers_gets_a_case_and_the_boom_stays_up() -> None:
    bench = opened()
    bench.waits(2 * TIMING.t_pass_s + 1)
    assert isinstance(bench.state, s.Open)
    assert len(bench.all(c.OpenCase)) == 1


def test_a_car_from_the_wrong_side_begins_nothing() -> None:
    bench = entry()
    bench.shows(safety=ON, passage_now=3)
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["wrong_way"]
    bench.shows(approach=ON)
    assert not bench.all(c.Capture)
    bench.shows(approach=OFF, safety=OFF, passage_now=0, passage_last=3, outcome=PassageOutcome.WRONG_WAY)
    assert not bench.all(c.Capture)
    assert isinstance(bench.state, s.Idle)


def test_every_rise_is_recorded_once_and_an_unexplained_one_is_an_alarm() -> None:
    bench = entry()
    bench.boom_rises(RiseCause.UNKNOWN)
    [rise] = bench.all(c.RecordRise)
    assert (rise.cause, rise.passage) == (RiseCause.UNKNOWN, None)
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["unexplained_rise"]


def test_rises_that_no_image_showed_are_still_counted() -> None:
    bench = opened()
    bench.shows(rise_count=4, rise_cause=RiseCause.REOPEN)
    assert [rise.count for rise in bench.all(c.RecordRise)] == [1, 2, 3, 4]


def test_the_first_image_is_a_baseline_and_no_event() -> None:
    bench = Bench(entry().lane.direction)
    bench.lane = replace(bench.lane, image=DARK, rises=None)
    bench.shows(rise_count=900)
    assert not bench.all(c.RecordRise)


def test_without_a_link_the_lane_waits_and_says_so() -> None:
    bench = admitted()
    bench.shows(**{name: getattr(DARK, name) for name in ("alive", "approach", "safety", "up", "down", "claimed")})
    bench.waits(60)
    assert isinstance(bench.state, s.Opening)
    assert bench.all(c.Show)[-1].message is Message.OUT_OF_ORDER


def restarted(rises: int | None = None, last: int | None = None) -> Bench:
    """An entry whose server has just been started anew, with what its books hold."""
    bench = entry()
    bench.lane = replace(bench.lane, image=DARK, rises=rises, last=last)
    return bench


def test_a_car_found_under_the_boom_after_a_restart_is_uncertain() -> None:
    bench = restarted()
    bench.shows(approach=ON, safety=ON, up=ON, down=OFF, passage_now=5)
    assert isinstance(bench.state, s.Passing)
    bench.shows(approach=OFF, safety=OFF, passage_now=0, passage_last=5, outcome=PassageOutcome.FORWARD)
    assert not bench.all(c.BeginStay)
    assert [record.note for record in bench.all(c.RecordPassage)] == ["UNCERTAIN"]


def test_what_passed_while_nobody_watched_is_on_record_as_uncertain_and_alarms() -> None:
    bench = restarted(rises=3, last=4)
    bench.shows(passage_last=6, outcome=PassageOutcome.FORWARD, rise_count=5, rise_cause=RiseCause.AUTHORISED)
    records = bench.all(c.RecordPassage)
    assert [(record.passage.number, record.outcome, record.note) for record in records] == [
        (5, PassageOutcome.UNCERTAIN, "UNCERTAIN"),
        (6, PassageOutcome.FORWARD, "UNCERTAIN"),
    ]
    assert [(rise.count, rise.cause) for rise in bench.all(c.RecordRise)] == [
        (4, RiseCause.UNKNOWN),
        (5, RiseCause.AUTHORISED),
    ]
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["unseen_rises", "unseen_passages"]
    assert not bench.all(c.BeginStay)


def test_a_rise_whose_cause_a_restarted_plc_has_forgotten_is_unknown_and_alarms() -> None:
    bench = restarted(rises=3, last=4)
    bench.shows(passage_last=4, outcome=PassageOutcome.FORWARD, rise_count=4, rise_cause=RiseCause.NONE)
    assert [(rise.count, rise.cause) for rise in bench.all(c.RecordRise)] == [(4, RiseCause.UNKNOWN)]
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["unseen_rises"]


def test_a_rise_that_the_plc_counts_without_a_cause_is_unknown_and_alarms() -> None:
    bench = entry()
    bench.boom_rises(RiseCause.NONE)
    assert [rise.cause for rise in bench.all(c.RecordRise)] == [RiseCause.UNKNOWN]
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["unexplained_rise"]
    assert not isinstance(bench.state, s.Faulted)


def test_a_restart_during_which_nothing_happened_tells_nothing() -> None:
    bench = restarted(rises=3, last=4)
    bench.shows(passage_last=4, outcome=PassageOutcome.FORWARD, rise_count=3, rise_cause=RiseCause.AUTHORISED)
    bench.shows(approach=ON, passage_now=5)
    assert not bench.all(c.RecordPassage)
    assert not bench.all(c.RecordRise)
    assert not bench.all(c.RaiseAlarm)


def test_a_car_that_still_stands_there_is_none_that_passed_unseen() -> None:
    bench = restarted(rises=3, last=4)
    bench.shows(approach=ON, passage_now=6, passage_last=5, outcome=PassageOutcome.BACKED_OUT, rise_count=3)
    assert [record.passage.number for record in bench.all(c.RecordPassage)] == [5]
    assert bench.lane.live is not None
    assert bench.lane.last == 6


def test_a_plc_that_counts_from_the_start_again_is_a_new_baseline() -> None:
    bench = restarted(rises=900, last=700)
    bench.shows(passage_last=2, rise_count=1)
    assert not bench.all(c.RecordPassage)
    assert not bench.all(c.RecordRise)
    assert (bench.lane.rises, bench.lane.last) == (1, 2)


def test_a_long_absence_is_told_in_one_alarm_and_does_not_flood_the_books() -> None:
    bench = restarted(rises=0, last=0)
    bench.shows(passage_last=5000, outcome=PassageOutcome.FORWARD, rise_count=5000, rise_cause=RiseCause.AUTHORISED)
    assert len(bench.all(c.RecordPassage)) <= 101
    assert len(bench.all(c.RecordRise)) <= 101
    assert "5000" in bench.all(c.RaiseAlarm)[-1].text


def test_a_boom_that_is_up_for_this_car_already_is_not_commanded_again_after_a_restart() -> None:
    bench = restarted(rises=1, last=4)
    bench.shows(
        approach=ON, up=ON, down=OFF, passage_now=5, rise_count=2, rise_cause=RiseCause.AUTHORISED, rise_passage=5
    )
    bench.camera_reads("京A12345")
    bench.is_admitted()
    assert isinstance(bench.state, s.Open)
    assert not bench.all(c.OpenGate)
    bench.passes()
    assert len(bench.all(c.BeginStay)) == 1


def test_a_boom_that_is_up_for_the_car_before_is_no_leave_for_this_one() -> None:
    bench = restarted(rises=1, last=4)
    bench.shows(
        approach=ON, up=ON, down=OFF, passage_now=5, rise_count=1, rise_cause=RiseCause.AUTHORISED, rise_passage=4
    )
    bench.camera_reads("京A12345")
    bench.is_admitted()
    assert len(bench.all(c.OpenGate)) == 1


def test_an_operator_opens_for_the_car_that_stands_there() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    bench.operator_opens(bench.passage, Reason.VISITOR)
    [opening] = bench.all(c.OpenGate)
    assert (opening.authorisation.by, opening.authorisation.reason) == ("li", Reason.VISITOR)


def test_a_driver_who_is_sent_back_is_not_let_in_by_a_late_read() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    bench.hear(e.Rejected(bench.passage, "li", "full", **bench.now))
    assert bench.all(c.Show)[-1].message is Message.BACK_OUT
    bench.camera_reads("京A12345")
    assert isinstance(bench.state, s.AwaitingDriver)


def test_billing_is_asked_once_more_and_then_a_person() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.waits(TIMING.t_answer_s + 0.2)
    assert len(bench.all(c.AskAdmission)) == 2
    bench.hear(e.BillingFailed(bench.passage, "admission", "no database", **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert "no database" in bench.state.why


def test_a_car_without_a_plate_that_a_person_lets_in_has_a_stay_all_the_same() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    bench.operator_opens(bench.passage, Reason.VISITOR)
    bench.boom_rises()
    bench.passes()
    assert len(bench.all(c.BeginStay)) == 1
    assert [record.note for record in bench.all(c.RecordPassage)] == ["NO_PLATE"]
