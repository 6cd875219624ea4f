"""The worst orders of events: late answers, a driver's word against a doubt, and books that close a stranger's stay."""

from dataclasses import replace

import pytest

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import DARK, OFF
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction, Ending, Fate, OpenRequest, Reason, Refused
from scada.model.names import LaneName, RequestId, StayId
from scada.model.plate import Plate, PlateRead, ReadBy
from scada.model.tag import Quality
from tests.support.lane import ON, START, Bench, at_the_boom, entry, exit_lane, order_of, quote_of, read_of

MINE, OTHER = Plate("京A12345"), Plate("京B22222")


def typed(plate: str, by: ReadBy = ReadBy.DRIVER) -> PlateRead:
    return replace(read_of(plate), by=by)


def found(bench: Bench, stay: str, plate: Plate | None = None, doubt: str = "", by: str = "camera") -> list[c.Command]:
    """Billing says whose stay the plate is; without a plate somebody has picked it."""
    return bench.hear(e.StayFound(bench.passage, StayId(stay), by, doubt, plate=plate, **bench.now))


def read_at_exit(plate: str = MINE) -> Bench:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads(plate)
    return bench


def let_out(bench: Bench) -> Bench:
    bench.owes("S1", 0, free=Reason.FREE)
    bench.boom_rises()
    return bench


def ends(bench: Bench) -> list[tuple[str, Ending]]:
    return [(end.stay, end.ending) for end in bench.all(c.EndStay)]


def notes(bench: Bench) -> list[str]:
    return [record.note for record in bench.all(c.RecordPassage)]


# A doubt is settled by a person, never by the driver


def test_a_doubt_is_not_ended_by_the_driver_who_claims_the_doubtful_stay() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE, doubt="its owner has locked this car")
    found(bench, "S1", by="driver")
    bench.owes("S1", 0, free=Reason.FREE)
    bench.waits(1)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.OpenGate)


def test_a_doubt_is_not_ended_by_another_plate_that_the_driver_names() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads(MINE)
    bench.hear(e.NotAdmitted(bench.passage, "a clone or a misread", person=True, **bench.now))
    bench.hear(e.PlateCorrected(bench.passage, typed(OTHER), **bench.now))
    bench.hear(e.Admitted(bench.passage, **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.OpenGate)


def test_who_is_on_the_black_list_does_not_come_in_under_a_plate_that_he_types() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads(MINE)
    bench.hear(e.NotAdmitted(bench.passage, "black list", **bench.now))
    bench.hear(e.PlateCorrected(bench.passage, typed(OTHER), **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.state.only_person
    bench.hear(e.PlateCorrected(bench.passage, typed(OTHER, ReadBy.OPERATOR), **bench.now))
    assert isinstance(bench.state, s.Deciding)


@pytest.mark.parametrize("then", ["at once", "calls", "waits"])
def test_who_was_sent_back_lets_himself_in_by_no_word_of_his_own(then: str) -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_fails()
    bench.hear(e.Rejected(bench.passage, "li", "not his car", **bench.now))
    if then == "calls":
        bench.hear(e.HelpCalled(bench.passage, **bench.now))
    if then == "waits":
        bench.waits(25)
    found(bench, "S1", by="driver")
    bench.owes("S1", 0, free=Reason.FREE)
    bench.hear(e.PlateCorrected(bench.passage, typed(OTHER), **bench.now))
    assert isinstance(bench.state, s.AwaitingDriver | s.AwaitingOperator)
    assert not bench.all(c.OpenGate)
    found(bench, "S2", by="li")
    bench.hear(e.StayFound(bench.passage, StayId("S2"), "li", person=True, **bench.now))
    assert isinstance(bench.state, s.Quoting)


@pytest.mark.parametrize(("reason", "goes"), [(Reason.PREPAID, False), (Reason.MONTH, False), (Reason.FREE, True)])
def test_a_claimed_stay_that_another_cars_money_or_card_frees_needs_a_person(reason: Reason, goes: bool) -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_fails()
    found(bench, "S1", by="driver")
    bench.owes("S1", 0, free=reason)
    assert bool(bench.all(c.OpenGate)) is goes
    assert isinstance(bench.state, s.AwaitingOperator) is not goes


def claims_and_owes() -> Bench:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_fails()
    found(bench, "S1", by="driver")
    bench.owes("S1", 500)
    return bench


def test_who_has_paid_at_the_boom_for_the_stay_that_he_claims_goes_by_his_payment() -> None:
    bench = claims_and_owes()
    bench.pays("S1")
    assert bench.all(c.OpenGate)


def test_who_has_paid_for_his_claim_while_the_loop_was_in_doubt_goes_when_it_is_not() -> None:
    bench = claims_and_owes()
    bench.shows(approach=OFF)
    bench.pays("S1")
    bench.shows(approach=ON)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert bench.all(c.OpenGate)


def test_a_claimed_stay_whose_own_driver_pays_ahead_meanwhile_lets_nobody_else_out() -> None:
    bench = claims_and_owes()
    bench.waits(bench.timing.t_quote_s + 1)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.OpenGate)


def test_who_claims_the_stay_of_the_car_before_is_not_let_out_by_the_order_which_that_car_was_shown() -> None:
    bench = at_the_boom()
    bench.shows(passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    bench.camera_fails()
    found(bench, "S1", by="driver")
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]
    bench.owes("S1", 500, number=2)
    bench.pays("S1")
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.OpenGate)


def test_the_fee_of_a_claimed_stay_is_not_deducted_from_whoever_has_allowed_it() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_fails()
    found(bench, "S1", by="driver")
    bench.hear(e.Quoted(bench.passage, replace(quote_of("S1", 500), auto_deduct=True), **bench.now))
    assert not bench.all(c.AskAcceptance)
    assert bench.all(c.AskOrder)


def test_nobody_opens_by_the_request_tag_without_an_order_but_for_the_stay_and_the_car_that_stand_there() -> None:
    bench = at_the_boom()
    for stay, passage in (("S1", None), ("S2", bench.passage), (None, bench.passage)):
        named = None if stay is None else StayId(stay)
        request = OpenRequest(RequestId("r"), named, None, passage, Reason.PAID, "somebody", START)
        bench.hear(e.OpenRequested(request, **bench.now))
        assert isinstance(bench.all(c.AnswerRequest)[-1].answer, Refused)
    assert not bench.all(c.OpenGate)


# Late answers


def test_an_answer_about_the_plate_before_the_correction_counts_for_nothing() -> None:
    bench = read_at_exit()
    bench.hear(e.PlateCorrected(bench.passage, typed(OTHER, ReadBy.OPERATOR), **bench.now))
    found(bench, "S1", MINE)
    assert isinstance(bench.state, s.Matching)
    found(bench, "S2", OTHER)
    found(bench, "S1", MINE)
    bench.owes("S1", 0, free=Reason.FREE)
    assert isinstance(bench.state, s.Quoting)
    assert bench.state.stay == "S2"


def test_an_admission_of_the_plate_before_the_correction_admits_nobody() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_reads(MINE)
    bench.hear(e.PlateCorrected(bench.passage, typed(OTHER, ReadBy.OPERATOR), **bench.now))
    bench.hear(e.Admitted(bench.passage, Reason.MONTH, MINE, **bench.now))
    assert isinstance(bench.state, s.Deciding)
    bench.hear(e.Admitted(bench.passage, Reason.ADMITTED, OTHER, **bench.now))
    assert bench.all(c.OpenGate)[0].authorisation.reason is Reason.ADMITTED


def test_a_second_answer_of_billing_does_not_undo_what_a_person_has_picked() -> None:
    bench = read_at_exit()
    bench.waits(6)
    bench.hear(e.StayFound(bench.passage, StayId("S2"), "li", person=True, **bench.now))
    found(bench, "S1", MINE, doubt="it looks different")
    assert bench.lane.live is not None
    assert bench.lane.live.stay == "S2"


def test_an_answer_that_comes_after_the_car_was_sent_back_opens_nothing() -> None:
    bench = read_at_exit()
    bench.hear(e.Rejected(bench.passage, "li", "not his car", **bench.now))
    found(bench, "S1", MINE)
    assert isinstance(bench.state, s.AwaitingDriver)


def test_an_unread_car_is_not_shown_the_order_of_the_one_before() -> None:
    bench = at_the_boom()
    bench.shows(passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    bench.camera_fails()
    bench.hear(e.HelpCalled(bench.passage, **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.state.due is None


# The books of cars without leave close nobody else's stay


def test_a_tailgater_who_may_be_another_car_ends_no_stay_and_is_uncertain() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    let_out(bench)
    bench.passes(follower=2)
    assert bench.lane.live is not None
    tail = bench.passage
    bench.shows(safety=ON)
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=0, passage_last=2, outcome=PassageOutcome.TAILGATE)
    bench.camera_reads_of(tail, OTHER)
    bench.hear(e.StayFound(tail, StayId("S2"), "camera", "it stands at another boom", plate=OTHER, **bench.now))
    bench.waits(10)
    assert ends(bench) == [("S1", Ending.EXIT)]
    assert notes(bench) == ["", "UNCERTAIN"]


def test_a_follower_whose_stay_is_in_doubt_keeps_none() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    let_out(bench)
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=2)
    assert bench.lane.follower is not None
    who = bench.lane.follower.id
    bench.camera_reads_of(who, OTHER)
    bench.hear(e.StayFound(who, StayId("S2"), "camera", "locked", plate=OTHER, **bench.now))
    assert bench.lane.follower.stay is None


def test_in_an_open_lane_a_doubtful_stay_is_not_ended() -> None:
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.boom_rises(RiseCause.HOLD_OPEN)
    bench.arrives(1)
    gone = bench.passage
    bench.camera_reads(MINE)
    found(bench, "S1", MINE, doubt="it looks different")
    bench.passes()
    bench.hear(e.StayFound(gone, StayId("S1"), "camera", "it looks different", plate=MINE, **bench.now))
    assert not ends(bench)
    assert notes(bench) == ["UNCERTAIN"]


def test_who_follows_a_car_that_the_push_button_let_out_owes_as_a_tailgater() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    bench.boom_rises(RiseCause.BUTTON)
    bench.passes(follower=2)
    bench.camera_reads(OTHER)
    found(bench, "S2")
    tail = bench.passage
    bench.shows(safety=ON)
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=0, passage_last=2, outcome=PassageOutcome.TAILGATE)
    bench.camera_reads_of(tail, OTHER)
    bench.hear(e.StayFound(tail, StayId("S2"), "camera", plate=OTHER, **bench.now))
    assert ends(bench) == [("S1", Ending.EXIT_OPEN_LANE), ("S2", Ending.EXIT_TAILGATE)]


def test_the_car_on_the_other_side_of_a_two_way_lane_does_not_say_which_way_the_first_one_went() -> None:
    bench = entry()
    bench.lane = Lane(LaneName("both1"), Direction.ENTRY, image=bench.image, rises=0, last=0, two_way=True)
    bench.arrives(1)
    bench.camera_reads(MINE)
    bench.is_admitted()
    bench.boom_rises()
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    over = {"passage_now": 2, "passage_last": 1, "outcome": PassageOutcome.UNCERTAIN}
    bench.shows(safety=OFF, closing=ON, inner_side=True, **over)
    bench.shows(close_permit=ON, up=OFF)
    bench.shows(down=ON)
    bench.camera_reads(OTHER)
    assert not bench.all(c.BeginStay)
    assert notes(bench) == ["UNCERTAIN"]


def test_an_upper_limit_that_is_not_known_for_a_moment_takes_no_leave_away() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    let_out(bench)
    bench.waits(2)
    bench.shows(up=replace(OFF, quality=Quality.STALE))
    bench.shows(up=ON)
    bench.passes()
    assert ends(bench) == [("S1", Ending.EXIT)]


# Nobody is forgotten, and nobody's books are closed by what proves nothing


def rises_for(bench: Bench) -> Bench:
    found(bench, "S1", MINE)
    return let_out(bench)


def test_passages_whose_numbers_no_image_showed_are_on_record() -> None:
    bench = entry()
    bench.arrives(1)
    bench.shows(passage_now=4, passage_last=3, outcome=PassageOutcome.FORWARD)
    assert [record.passage.number for record in bench.all(c.RecordPassage)] == [1, 2, 3]
    assert not bench.all(c.BeginStay)


def test_a_plc_that_has_restarted_and_forgot_its_last_passage_makes_nobody_pass_unseen() -> None:
    bench = entry()
    bench.arrives(7)
    bench.leaves()
    bench.shows(alive=False)
    bench.shows(alive=True, passage_last=0, outcome=PassageOutcome.NONE)
    bench.shows(alive=False)
    bench.shows(alive=True, approach=ON, passage_now=8)
    assert [record.passage.number for record in bench.all(c.RecordPassage)] == [7]


def test_a_follower_in_whose_place_another_one_comes_is_on_record() -> None:
    bench = rises_for(read_at_exit())
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=2)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=3)
    assert [record.passage.number for record in bench.all(c.RecordPassage)] == [2]
    assert bench.lane.follower is not None
    assert bench.lane.follower.number == 3


def test_a_follower_who_may_have_gone_through_at_the_leaders_bumper_is_uncertain_and_did_not_back_out() -> None:
    bench = rises_for(read_at_exit())
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=2)
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=2, passage_next=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    bench.shows(passage_now=0, passage_last=2, outcome=PassageOutcome.BACKED_OUT)
    assert notes(bench) == ["", "UNCERTAIN"]


def test_a_follower_who_stood_on_the_loop_when_the_leader_had_gone_backs_out_as_anybody() -> None:
    bench = rises_for(read_at_exit())
    bench.passes(follower=2)
    bench.leaves()
    assert notes(bench) == ["", ""]


def test_a_car_that_was_under_the_boom_without_leave_is_not_in_doubt_but_uncertain() -> None:
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.boom_rises(RiseCause.HOLD_OPEN)
    bench.arrives(1)
    bench.shows(safety=ON)
    bench.shows(safety=OFF, passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    assert notes(bench) == ["UNCERTAIN"]


@pytest.mark.parametrize("near", [(), (StayId("S2"),)])
def test_a_car_that_is_gone_and_whose_stay_nobody_surely_knows_is_uncertain(near: tuple[StayId, ...]) -> None:
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.boom_rises(RiseCause.HOLD_OPEN)
    bench.arrives(1)
    bench.camera_reads(MINE)
    gone = bench.passage
    bench.passes()
    if near:
        bench.hear(e.StayNotFound(gone, near, plate=MINE, **bench.now))
    bench.waits(10)
    assert notes(bench) == ["UNCERTAIN"]


def test_in_an_open_lane_the_stay_goes_with_its_plate() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.camera_reads(OTHER)
    bench.boom_rises(RiseCause.HOLD_OPEN)
    bench.passes()
    assert not ends(bench)


def on_both_loops(bench: Bench, plate: str) -> None:
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(safety=OFF, passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    bench.shows(close_permit=ON, up=OFF)
    bench.shows(down=ON)
    bench.camera_reads(plate)


@pytest.mark.parametrize("plate", ["京A12346", "京A1234", "京A123450"])
def test_almost_the_same_plate_proves_neither_way(plate: str) -> None:
    bench = rises_for(read_at_exit())
    on_both_loops(bench, plate)
    assert not ends(bench)
    bench.waits(10)
    assert notes(bench) == ["UNCERTAIN"]


def test_a_follower_read_almost_as_the_leader_is_not_known() -> None:
    bench = rises_for(read_at_exit())
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=2)
    assert bench.lane.follower is not None
    bench.camera_reads_of(bench.lane.follower.id, "京A12346")
    assert bench.lane.follower.read is None


# The barrier


def test_a_boom_that_is_lifted_before_a_car_that_pays_closes_its_order() -> None:
    bench = at_the_boom()
    bench.boom_rises(RiseCause.UNKNOWN)
    assert isinstance(bench.state, s.Faulted)
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]


def test_a_rise_that_no_image_showed_is_no_proof_that_the_boom_was_lifted() -> None:
    bench = entry()
    bench.shows(down=OFF, rise_count=2, rise_cause=RiseCause.REOPEN)
    assert not isinstance(bench.state, s.Faulted)


def test_a_car_with_leave_that_breaks_the_boom_off_ends_its_stay_all_the_same() -> None:
    bench = rises_for(read_at_exit())
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(attached=OFF)
    bench.shows(approach=OFF)
    bench.shows(safety=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    assert ends(bench) == [("S1", Ending.EXIT)]
    assert isinstance(bench.state, s.Faulted)
    assert bench.state.authorisation is None


def test_a_broken_boom_is_an_alarm_in_an_open_lane_too() -> None:
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.shows(attached=OFF)
    assert "boom_off" in [alarm.code for alarm in bench.all(c.RaiseAlarm)]


def test_a_paid_car_whose_opening_a_mode_cut_short_goes_without_a_person_once_the_mode_ends() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    bench.owes("S1", 0, free=Reason.PREPAID)
    bench.shows(mode=Mode.RESYNC)
    assert len(bench.all(c.AskQuote)) == 2
    bench.shows(mode=Mode.AUTO)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 2
    assert isinstance(bench.state, s.Opening)


def test_a_new_server_asks_again_who_has_passed_an_open_lane_and_who_stands_there() -> None:
    bench = exit_lane()
    bench.shows(mode=Mode.HOLD_OPEN)
    bench.boom_rises(RiseCause.HOLD_OPEN)
    bench.arrives(1)
    bench.camera_reads(MINE)
    gone = bench.passage
    bench.passes()
    bench.arrives(2)
    bench.lane = replace(bench.lane, image=DARK)
    asked = bench.hear(e.Recovered(bench.at_s, Fate.NONE, **bench.now))
    assert c.Capture(bench.passage) in asked
    assert [find.passage for find in asked if isinstance(find, c.FindStay)] == [gone]


def test_a_boom_that_is_at_both_limits_is_not_open_for_anybody() -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    bench.owes("S1", 0, free=Reason.FREE)
    bench.shows(up=ON)
    assert isinstance(bench.state, s.Opening)
    bench.hear(e.CommandRefused(bench.passage, "FAULT", **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)


def test_a_follower_before_whom_the_leader_comes_back_is_read_again() -> None:
    bench = rises_for(read_at_exit())
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=2)
    assert bench.lane.follower is not None
    who = bench.lane.follower.id
    bench.camera_reads_of(who, OTHER)
    bench.hear(e.StayFound(who, StayId("S2"), "camera", plate=OTHER, **bench.now))
    back = PassageOutcome.REVERSED_THROUGH
    bench.shows(safety=OFF, passage_now=2, passage_next=0, passage_last=1, outcome=back)
    assert bench.lane.live is not None
    assert (bench.lane.live.read, bench.lane.live.stay) == (None, None)


@pytest.mark.parametrize("late", [True, False])
def test_a_fee_that_wechat_has_deducted_is_not_asked_for_again_though_its_word_could_not_be_taken(late: bool) -> None:
    bench = read_at_exit()
    found(bench, "S1", MINE)
    quote = replace(quote_of("S1", 500), auto_deduct=True)
    bench.hear(e.Quoted(bench.passage, quote, **bench.now))
    if late:
        bench.waits(6)
        bench.hear(e.OrderMade(bench.passage, quote, order_of(quote), bench.at_s + 90, **bench.now))
    else:
        bench.shows(approach=OFF)
    accepted = OpenRequest(RequestId("r"), StayId("S1"), None, None, Reason.ACCEPTED, "billing", START)
    bench.hear(e.OpenRequested(accepted, **bench.now))
    assert isinstance(bench.state, s.Quoting)
    assert len(bench.all(c.AskQuote)) == 2
    bench.shows(approach=ON)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 1
