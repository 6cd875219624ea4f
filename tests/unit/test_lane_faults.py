"""The abnormal paths of `lanes.md` §9 that come from barrier, loops and money."""

from dataclasses import replace

import pytest

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import OFF, Signal
from scada.model.lane.states import Fault
from scada.model.lane.timing import Policy, Timing
from scada.model.lane.words import Direction, Ending, OpenRequest, Reason, Taken
from scada.model.money import Fen
from scada.model.names import RequestId, StayId
from scada.model.plate import ReadBy
from scada.model.tag import Quality
from tests.support.lane import (
    ON,
    START,
    TIMING,
    Bench,
    at_the_boom,
    entry,
    exit_lane,
    let_in,
    quote_of,
    read_of,
)

FAULTY = Signal(on=True, quality=Quality.FAULT)
HOLDS_OPEN = Timing(policy=Policy(hold_broken_open=True))


# K, L: barrier


def test_a_barrier_that_does_not_start_loses_its_leave_and_gets_no_more_commands() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.is_admitted()
    bench.waits(TIMING.t_open_s + 0.2)
    assert isinstance(bench.state, s.Faulted)
    assert [revoked.number for revoked in bench.all(c.RevokeGate)] == [1]
    bench.operator_opens(bench.passage)
    assert len(bench.all(c.OpenGate)) == 1
    bench.leaves()
    bench.arrives(2)
    bench.waits(5)
    assert isinstance(bench.state, s.Faulted)
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    assert isinstance(bench.state, s.Identifying)


def test_a_test_opening_ends_the_fault_of_a_barrier_that_did_not_start() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.is_admitted()
    bench.waits(TIMING.t_open_s + 0.2)
    bench.leaves()
    bench.boom_rises(RiseCause.MAINTENANCE)
    bench.boom_lowers()
    assert isinstance(bench.state, s.Idle)


def stuck_half_way() -> Bench:
    """A car has paid, and the boom stops on its way up."""
    bench = at_the_boom()
    bench.pays("S1")
    bench.shows(down=OFF, rise_count=1, rise_cause=RiseCause.AUTHORISED, rise_passage=1)
    bench.waits(TIMING.t_open_s + 0.5)
    assert isinstance(bench.state, s.Faulted)
    assert bench.state.fault is Fault.MID
    return bench


def test_a_boom_that_was_told_late_has_its_time_from_where_it_began_to_rise() -> None:
    """Books that are slow to write hold the command up: 5 s on a PostgreSQL whose line is late."""
    bench = at_the_boom()
    bench.pays("S1")
    bench.waits(TIMING.t_open_s - 0.5)
    bench.shows(down=OFF, rise_count=1, rise_cause=RiseCause.AUTHORISED, rise_passage=1)
    bench.waits(1.0)
    bench.shows(up=ON)
    assert isinstance(bench.state, s.Open)
    assert not bench.all(c.RaiseAlarm)


def test_a_boom_that_was_stuck_half_way_is_believed_at_its_limit_on_an_operators_word_only() -> None:
    bench = stuck_half_way()
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    bench.shows(up=ON)
    bench.waits(10)
    assert isinstance(bench.state, s.Faulted)
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    assert isinstance(bench.state, s.Open)
    bench.passes()
    assert [(end.stay, end.reason) for end in bench.all(c.EndStay)] == [("S1", Reason.PAID)]
    assert isinstance(bench.state, s.Clearing)


@pytest.mark.parametrize("up", [OFF, ON])
def test_who_passes_a_boom_stuck_half_way_under_his_leave_ends_his_stay_and_the_fault_stays(up: Signal) -> None:
    bench = stuck_half_way()
    bench.shows(up=up)
    bench.passes()
    assert [(end.stay, end.ending) for end in bench.all(c.EndStay)] == [("S1", Ending.EXIT)]
    assert isinstance(bench.state, s.Faulted)
    assert (bench.state.fault, bench.state.authorisation) == (Fault.MID, None)
    bench.shows(close_permit=ON, up=OFF, down=ON)
    bench.waits(10)
    assert isinstance(bench.state, s.Faulted)
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    assert isinstance(bench.state, s.Idle)


def test_the_word_that_a_boom_is_whole_is_taken_while_its_car_is_under_it() -> None:
    bench = stuck_half_way()
    bench.shows(up=ON, safety=ON, close_permit=OFF)
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    assert isinstance(bench.state, s.Passing)
    assert bench.state.authorisation is not None


def test_a_boom_off_its_mount_stops_the_lane_takes_half_a_minute_of_pictures_and_needs_a_person() -> None:
    bench = at_the_boom()
    bench.shows(attached=OFF)
    assert isinstance(bench.state, s.Faulted)
    assert bench.all(c.CloseOrder)
    bench.waits(40)
    assert len([kept for kept in bench.all(c.KeepPicture) if kept.why == "boom"]) == 60
    assert not bench.all(c.HoldOpen)
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    assert isinstance(bench.state, s.Faulted)
    bench.shows(attached=ON)
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    assert isinstance(bench.state, s.Identifying)


def test_a_boom_off_its_mount_holds_the_lane_open_where_the_owner_wants_it_so() -> None:
    bench = exit_lane(HOLDS_OPEN)
    bench.shows(attached=OFF)
    assert len(bench.all(c.HoldOpen)) == 1
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.waits(40)
    assert len([kept for kept in bench.all(c.KeepPicture) if kept.why == "boom"]) == 60
    assert bench.all(c.Show)[-1].message is c.Message.OPEN_LANE
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.passes(outcome=PassageOutcome.TAILGATE)
    assert [(end.stay, end.ending) for end in bench.all(c.EndStay)] == [("S1", Ending.EXIT_OPEN_LANE)]
    bench.shows(mode=Mode.AUTO)
    assert isinstance(bench.state, s.Faulted)
    assert len(bench.all(c.HoldOpen)) == 1


def test_a_picture_of_a_broken_boom_that_was_missed_is_not_made_up_for() -> None:
    bench = exit_lane()
    bench.shows(attached=OFF)
    bench.at_s += 20
    bench.waits(0.1)
    assert len([kept for kept in bench.all(c.KeepPicture) if kept.why == "boom"]) == 2


def test_a_lane_that_is_not_in_auto_is_not_held_open_by_its_broken_boom() -> None:
    bench = exit_lane(HOLDS_OPEN)
    bench.shows(mode=Mode.LOCKED)
    bench.shows(attached=OFF)
    assert not bench.all(c.HoldOpen)


def test_a_boom_that_is_lifted_by_hand_opens_no_lane_though_a_broken_one_would() -> None:
    bench = exit_lane(HOLDS_OPEN)
    bench.shows(down=OFF, rise_count=1, rise_cause=RiseCause.UNKNOWN)
    assert isinstance(bench.state, s.Faulted)
    assert not bench.all(c.HoldOpen)


def test_a_boom_that_is_lifted_by_hand_is_unguarded_until_a_person_confirms_it() -> None:
    bench = entry()
    bench.shows(down=OFF, rise_count=1, rise_cause=RiseCause.UNKNOWN)
    assert bench.state == s.Faulted(Fault.BOOM, 0.0)
    assert "unexplained_rise" in [alarm.code for alarm in bench.all(c.RaiseAlarm)]
    bench.shows(down=ON)
    bench.hear(e.FaultConfirmed("chen", **bench.now))
    assert isinstance(bench.state, s.Idle)


def test_who_passes_a_broken_boom_is_counted_as_in_an_open_lane() -> None:
    bench = exit_lane()
    bench.shows(attached=OFF)
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.passes(outcome=PassageOutcome.TAILGATE)
    assert [(end.stay, end.ending) for end in bench.all(c.EndStay)] == [("S1", Ending.EXIT_OPEN_LANE)]
    assert not bench.all(c.AskQuote)


# M, N: loops


def test_a_loop_that_is_on_with_nobody_there_makes_the_camera_the_trigger() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    bench.waits(TIMING.t_stuck_approach_s + 1)
    bench.camera_sees_nobody()
    assert isinstance(bench.state, s.ByCamera)
    assert "approach_loop" in [alarm.code for alarm in bench.all(c.RaiseAlarm)]
    looks = len(bench.all(c.Capture))
    bench.waits(10)
    assert len(bench.all(c.Capture)) > looks + 1


def test_by_camera_a_person_confirms_the_opening_and_nobody_else_opens() -> None:
    bench = entry()
    bench.arrives(1)
    bench.shows(approach=FAULTY)
    bench.hear(e.Rejected(bench.passage, "li", "loop", **bench.now))
    typed = replace(read_of("京A12345"), by=ReadBy.OPERATOR)
    bench.hear(e.PlateCorrected(bench.passage, typed, **bench.now))
    bench.is_admitted()
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.OpenGate)
    bench.operator_opens(bench.passage)
    assert len(bench.all(c.OpenGate)) == 1


def waits_by_camera() -> Bench:
    """A car is asked to pay, and the approach loop cannot be believed any more."""
    bench = at_the_boom()
    bench.shows(approach=FAULTY)
    return bench


def test_by_camera_the_next_car_is_not_taken_for_the_one_that_was_asked_to_pay() -> None:
    bench = waits_by_camera()
    looks = len(bench.all(c.Capture))
    bench.waits(4)
    assert len(bench.all(c.Capture)) == looks + 1
    bench.camera_reads("京B22222")
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]
    bench.has_stay("S2")
    bench.owes("S2", 700, number=2)
    bench.pays("S1")
    assert isinstance(bench.state, s.AwaitingPayment)
    bench.operator_opens(bench.passage)
    bench.boom_rises()
    bench.passes()
    assert [end.stay for end in bench.all(c.EndStay)] == ["S2"]


@pytest.mark.parametrize("plate", ["京A12345", "京A12346"])
def test_by_camera_another_look_at_the_same_car_changes_nothing(plate: str) -> None:
    bench = waits_by_camera()
    bench.camera_reads(plate)
    assert isinstance(bench.state, s.AwaitingPayment)
    assert not bench.all(c.CloseOrder)


def test_by_camera_who_has_no_stay_is_called_a_person_though_the_camera_goes_on_reading_him() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayNotFound(bench.passage, (), **bench.now))
    bench.shows(approach=FAULTY)
    for _ in range(10):
        bench.waits(3)
        bench.camera_reads("京A12345")
    assert isinstance(bench.state, s.AwaitingOperator)
    assert len(bench.all(c.FindStay)) == 1


def test_by_camera_a_weak_look_and_one_against_a_persons_word_change_nothing() -> None:
    bench = waits_by_camera()
    bench.camera_reads("京B22222", confidence=0.5)
    assert isinstance(bench.state, s.AwaitingPayment)
    bench.hear(e.StayFound(bench.passage, StayId("S1"), "li", person=True, **bench.now))
    bench.owes("S1", 500)
    bench.camera_reads("京B22222")
    assert isinstance(bench.state, s.AwaitingPayment)


def test_where_the_loop_is_believed_another_plate_takes_nobodys_place() -> None:
    bench = at_the_boom()
    bench.waits(10)
    bench.camera_reads("京B22222")
    assert isinstance(bench.state, s.AwaitingPayment)


def test_the_loop_is_believed_again_once_it_has_been_off() -> None:
    bench = entry()
    bench.arrives(1)
    bench.waits(TIMING.t_stuck_approach_s + 1)
    bench.camera_sees_nobody()
    bench.shows(approach=OFF)
    bench.shows(passage_now=0, passage_last=1, outcome=PassageOutcome.BACKED_OUT)
    bench.arrives(2)
    assert isinstance(bench.state, s.Identifying)


def test_a_loop_that_its_tag_calls_stuck_stays_with_the_camera_until_it_is_off() -> None:
    bench = entry()
    bench.arrives(1)
    bench.waits(TIMING.t_stuck_approach_s + 1)
    bench.camera_sees_nobody()
    bench.shows(approach=Signal(on=True, quality=Quality.STUCK))
    bench.waits(10)
    bench.camera_sees_nobody()
    assert isinstance(bench.state, s.ByCamera)
    bench.shows(approach=OFF)
    bench.shows(passage_now=0, passage_last=1, outcome=PassageOutcome.BACKED_OUT)
    bench.arrives(2)
    assert isinstance(bench.state, s.Identifying)


def test_a_safety_loop_that_cannot_be_believed_is_an_alarm_once() -> None:
    bench = entry()
    bench.shows(safety=FAULTY)
    bench.waits(5)
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["safety_loop"]


def test_cars_that_leave_an_open_gate_and_are_never_felt_under_it_make_the_safety_loop_suspect() -> None:
    bench = entry()
    for number in range(1, 4):
        let_in(bench, number=number)
        bench.leaves()
        bench.boom_lowers()
    assert "safety_blind" in [alarm.code for alarm in bench.all(c.RaiseAlarm)]
    let_in(bench, number=4)
    bench.passes()
    assert "safety_blind" not in bench.lane.standing


def test_a_car_on_the_closing_loop_that_was_never_felt_makes_it_suspect_at_once() -> None:
    bench = let_in(entry())
    bench.shows(approach=OFF, closing=ON)
    assert [alarm.code for alarm in bench.all(c.RaiseAlarm)] == ["safety_blind"]


# R, T: what the owner has decided


def test_an_entry_without_cameras_opens_only_if_the_owner_wants_it_so() -> None:
    for wanted in (False, True):
        bench = Bench(Direction.ENTRY, replace(TIMING, policy=Policy(admit_unread=wanted)))
        bench.arrives(1)
        bench.camera_fails()
        assert bool(bench.all(c.OpenGate)) is wanted


@pytest.mark.parametrize(("due", "goes"), [(3000, True), (3001, False)])
def test_without_wechat_a_car_may_go_owing_up_to_the_cap(due: int, goes: bool) -> None:
    bench = exit_lane(Timing(policy=Policy(release_cap_fen=Fen(3000))))
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    for _ in range(2):
        bench.hear(e.Quoted(bench.passage, quote_of("S1", due), **bench.now))
        bench.hear(e.BillingFailed(bench.passage, "order", "WeChat does not answer", **bench.now))
    assert bool(bench.all(c.OpenGate)) is goes
    if goes:
        assert bench.all(c.OpenGate)[0].authorisation.reason is Reason.EQUIPMENT


# 支付分停车


def accepted(stay: str) -> OpenRequest:
    return OpenRequest(RequestId("r"), StayId(stay), None, None, Reason.ACCEPTED, "billing", START)


def waits_for_wechat() -> Bench:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.hear(e.Quoted(bench.passage, replace(quote_of("S1", 500), auto_deduct=True), **bench.now))
    return bench


def test_wechats_acceptance_opens_for_the_car_of_its_stay_only() -> None:
    bench = waits_for_wechat()
    assert isinstance(bench.state, s.AwaitingAcceptance)
    bench.hear(e.OpenRequested(accepted("S2"), **bench.now))
    assert not bench.all(c.OpenGate)
    bench.hear(e.OpenRequested(accepted("S1"), **bench.now))
    assert isinstance(bench.all(c.AnswerRequest)[-1].answer, Taken)
    assert len(bench.all(c.OpenGate)) == 1


@pytest.mark.parametrize("how", ["refused", "silent", "failed"])
def test_without_acceptance_the_driver_pays_on_the_spot(how: str) -> None:
    bench = waits_for_wechat()
    if how == "refused":
        bench.hear(e.AcceptanceRefused(bench.passage, "no money", **bench.now))
    elif how == "failed":
        bench.hear(e.BillingFailed(bench.passage, "acceptance", "away", **bench.now))
    else:
        bench.waits(TIMING.t_answer_s + 0.2)
    assert len(bench.all(c.AskOrder)) == 1
    bench.hear(e.OpenRequested(accepted("S1"), **bench.now))
    assert not bench.all(c.OpenGate)
