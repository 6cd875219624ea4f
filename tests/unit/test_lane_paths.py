"""The abnormal paths of `lanes.md` §9 as the lane decides them: followers, roll-backs, doubts, faults, open lanes."""

from dataclasses import replace

import pytest

from scada.model.handshake import PassageOutcome
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import OFF, Signal
from scada.model.lane.words import Ending, Reason, Refused
from scada.model.names import StayId
from scada.model.tag import Quality
from tests.support.lane import (
    ON,
    TIMING,
    Bench,
    entry,
    exit_lane,
    let_in,
    let_out,
    notes,
    order_of,
    quote_of,
)

FAULTY = Signal(on=True, quality=Quality.FAULT)


def followed(bench: Bench, number: int = 2) -> None:
    """Another car comes up behind the one under the boom."""
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=number)


def slips_through(bench: Bench, leader: int = 1, number: int = 2) -> None:
    """The leader has gone, the follower goes through under the boom that is still up."""
    bench.shows(safety=OFF, passage_now=number, passage_next=0, passage_last=leader, outcome=PassageOutcome.FORWARD)
    bench.shows(safety=ON)
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=0, passage_last=number, outcome=PassageOutcome.TAILGATE)


# B: two cars nose to tail


def test_a_tailgater_at_the_exit_owes_for_his_own_stay_and_the_leaders_is_untouched() -> None:
    bench = let_out(exit_lane())
    followed(bench)
    assert bench.lane.follower is not None
    follower = bench.lane.follower.id
    assert c.Capture(follower) in bench.commands
    bench.camera_reads_of(follower, "京B22222")
    bench.hear(e.StayFound(follower, StayId("S2"), "camera", **bench.now))
    slips_through(bench)
    ends = [(end.stay, end.ending, end.reason) for end in bench.all(c.EndStay)]
    assert ends == [("S1", Ending.EXIT, Reason.PAID), ("S2", Ending.EXIT_TAILGATE, Reason.TAILGATE)]
    assert notes(bench) == ["", "TAILGATE"]
    assert len(bench.all(c.OpenGate)) == 1


def test_a_tailgater_is_shown_red_and_has_his_own_state_and_alarm() -> None:
    bench = let_out(exit_lane())
    followed(bench)
    bench.shows(safety=OFF, passage_now=2, passage_next=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    bench.shows(safety=ON)
    assert isinstance(bench.state, s.Tailgated)
    bench.shows(approach=OFF, safety=OFF, passage_now=0, passage_last=2, outcome=PassageOutcome.TAILGATE)
    assert isinstance(bench.state, s.Clearing)
    assert "tailgate" in [alarm.code for alarm in bench.all(c.RaiseAlarm)]


def test_the_leaders_plate_and_stay_are_never_the_followers() -> None:
    bench = let_out(exit_lane())
    followed(bench)
    assert bench.lane.follower is not None
    follower = bench.lane.follower.id
    bench.camera_reads_of(follower, "京A12345")
    bench.hear(e.StayFound(follower, StayId("S1"), "camera", **bench.now))
    slips_through(bench)
    bench.waits(10)
    assert [end.stay for end in bench.all(c.EndStay)] == ["S1"]
    assert notes(bench) == ["", "UNCERTAIN"]


def test_a_camera_that_answers_late_still_says_who_the_tailgater_was() -> None:
    bench = let_in(entry())
    followed(bench)
    assert bench.lane.follower is not None
    follower = bench.lane.follower.id
    slips_through(bench)
    assert notes(bench) == [""]
    bench.camera_reads_of(follower, "京B22222")
    assert [begin.reason for begin in bench.all(c.BeginStay)] == [Reason.ADMITTED, Reason.TAILGATE]
    assert notes(bench) == ["", "TAILGATE"]


def test_a_camera_that_answers_while_the_boom_comes_down_says_who_the_tailgater_is() -> None:
    bench = let_out(exit_lane())
    followed(bench)
    assert bench.lane.follower is not None
    follower = bench.lane.follower.id
    bench.shows(safety=OFF, passage_now=2, passage_next=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    bench.camera_reads_of(follower, "京B22222")
    bench.shows(safety=ON)
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=0, passage_last=2, outcome=PassageOutcome.TAILGATE)
    assert follower in [asked.passage for asked in bench.all(c.FindStay)]
    bench.hear(e.StayFound(follower, StayId("S2"), "camera", **bench.now))
    assert [(end.stay, end.ending) for end in bench.all(c.EndStay)] == [
        ("S1", Ending.EXIT),
        ("S2", Ending.EXIT_TAILGATE),
    ]
    assert notes(bench) == ["", "TAILGATE"]


def test_a_car_that_was_read_while_it_came_behind_another_one_is_decided_once_the_boom_is_down() -> None:
    bench = let_out(exit_lane())
    bench.passes(follower=2)
    bench.camera_reads("京B22222")
    bench.boom_lowers()
    assert isinstance(bench.state, s.Identifying)
    bench.camera_reads("京B22222")
    assert isinstance(bench.state, s.Matching)


def test_a_tailgater_without_a_stay_is_flagged_and_counted() -> None:
    bench = let_out(exit_lane())
    followed(bench)
    assert bench.lane.follower is not None
    follower = bench.lane.follower.id
    bench.camera_reads_of(follower, "京B22222")
    slips_through(bench)
    bench.hear(e.StayNotFound(follower, (), **bench.now))
    assert notes(bench) == ["", "NO_STAY"]


# B: rolled back, or gone with another close behind


def stands_on_both(bench: Bench) -> None:
    """The safety loop clears while the approach loop has been on all the time: the PLC cannot tell which way."""
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(safety=OFF, passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)


def settles(bench: Bench, plate: str) -> None:
    bench.shows(close_permit=ON)
    bench.shows(up=OFF)
    bench.shows(down=ON)
    bench.camera_reads(plate)


def test_the_same_plate_on_the_approach_loop_has_rolled_back_and_begins_no_stay() -> None:
    bench = let_in(entry())
    stands_on_both(bench)
    settles(bench, "京A12345")
    assert not bench.all(c.BeginStay)
    assert notes(bench) == ["ROLLED_BACK"]
    assert isinstance(bench.state, s.Deciding)


def test_another_plate_on_the_approach_loop_proves_that_the_first_car_went() -> None:
    bench = let_in(entry())
    stands_on_both(bench)
    settles(bench, "京B22222")
    assert [begin.passage.number for begin in bench.all(c.BeginStay)] == [1]
    assert notes(bench) == ["BY_PLATE"]
    assert bench.lane.live is not None
    assert bench.lane.live.number == 2


def test_a_roll_back_that_no_camera_settles_is_uncertain_after_one_more_look() -> None:
    bench = let_out(exit_lane())
    stands_on_both(bench)
    bench.waits(8)
    assert not bench.all(c.EndStay)
    assert notes(bench) == ["UNCERTAIN"]


# A: back-outs under the boom


def test_a_car_that_reverses_out_under_the_boom_leaves_its_stay_open_and_is_a_fake_exit() -> None:
    bench = let_out(exit_lane())
    bench.shows(safety=ON)
    bench.shows(safety=OFF, approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.REVERSED_THROUGH)
    assert not bench.all(c.EndStay)
    assert notes(bench) == ["FAKE_EXIT"]


def comes_back_out(bench: Bench, plate: str) -> None:
    """From the wrong side: over the safety loop, then the approach loop, and away."""
    bench.shows(passage_now=2, safety=ON)
    bench.camera_reads(plate)
    bench.shows(passage_now=0, safety=OFF, passage_last=2, outcome=PassageOutcome.WRONG_WAY)


def test_a_stay_that_has_just_begun_is_annulled_when_its_car_reverses_out() -> None:
    bench = let_in(entry())
    first = bench.passage
    bench.passes()
    comes_back_out(bench, "京A12345")
    assert bench.all(c.AnnulStay) == [c.AnnulStay(first)]


@pytest.mark.parametrize(("plate", "after_s"), [("京B22222", 1.0), ("京A12345", TIMING.t_annul_s + 1)])
def test_another_car_or_a_later_one_annuls_nothing(plate: str, after_s: float) -> None:
    bench = let_in(entry())
    bench.passes()
    bench.boom_lowers()
    bench.waits(after_s)
    comes_back_out(bench, plate)
    assert not bench.all(c.AnnulStay)


# D, E, F, G: who is it?


def test_every_answer_of_the_cameras_is_kept_with_its_passage_the_rejected_ones_too() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345", confidence=0.3)
    bench.camera_fails()
    bench.camera_reads("京A12345")
    assert bench.lane.live is not None
    assert len(bench.lane.live.reads) == 3
    for _ in range(10):
        bench.camera_fails()
    assert len(bench.lane.live.reads) == 8


def test_one_near_stay_is_offered_and_several_go_to_a_person() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayNotFound(bench.passage, (StayId("S1"),), **bench.now))
    assert bench.state == s.AwaitingDriver("no open stay under this plate", 0.0, offer=StayId("S1"))
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayNotFound(bench.passage, (StayId("S1"), StayId("S2")), **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)


def test_a_doubtful_stay_is_neither_priced_nor_opened_by_its_payment() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayFound(bench.passage, StayId("S1"), "camera", doubt="two fake exits", **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.AskQuote)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert isinstance(bench.state, s.AwaitingOperator)
    bench.pays("S1")
    assert isinstance(bench.all(c.AnswerRequest)[-1].answer, Refused)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert not bench.all(c.OpenGate)


def test_a_person_who_has_looked_settles_the_doubt() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayFound(bench.passage, StayId("S1"), "camera", doubt="two fake exits", **bench.now))
    bench.hear(e.StayFound(bench.passage, StayId("S1"), "li", person=True, **bench.now))
    quote = replace(quote_of("S1", 500), doubt="longer than 72 h")
    bench.hear(e.Quoted(bench.passage, quote, **bench.now))
    bench.hear(e.OrderMade(bench.passage, quote, order_of(quote), bench.at_s + 90, **bench.now))
    bench.pays("S1")
    assert len(bench.all(c.OpenGate)) == 1


def test_a_stay_of_weeks_is_shown_to_a_person_before_its_price_is_shown_to_the_driver() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.hear(e.Quoted(bench.passage, replace(quote_of("S1", 1_224_500), doubt="longer than 72 h"), **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.AskOrder)
    assert bench.all(c.Show)[-1].message is c.Message.HELP_COMES


def test_a_full_car_park_is_asked_again_until_a_space_is_free() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    for _ in range(4):
        bench.hear(e.NotAdmitted(bench.passage, "the car park is full", again=True, **bench.now))
        assert bench.all(c.Show)[-1].message is c.Message.FULL
        bench.waits(TIMING.t_again_s + 0.2)
    assert not bench.all(c.OpenCase)
    assert len(bench.all(c.AskAdmission)) == 5
    bench.is_admitted()
    assert len(bench.all(c.OpenGate)) == 1


def test_a_clone_is_a_persons_case_at_once() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.NotAdmitted(bench.passage, "a car with this plate is inside", person=True, **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
