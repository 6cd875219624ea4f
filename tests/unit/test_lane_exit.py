"""The exit's road, row by row (`lanes.md` §7), and THE RULE of §4."""

from dataclasses import replace

from scada.model.handshake import Mode, PassageOutcome
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import Message
from scada.model.lane.image import OFF
from scada.model.lane.timing import Timing
from scada.model.lane.words import Ending, Reason, Refused, RequestAnswer, Taken
from scada.model.names import PassageId, StayId
from scada.model.plate import ReadBy
from tests.support.lane import ON, Bench, at_the_boom, exit_lane, order_of, quote_of, read_of


def answers(bench: Bench) -> list[RequestAnswer]:
    return [answer.answer for answer in bench.all(c.AnswerRequest)]


def test_a_car_pays_and_leaves_from_loop_to_lowered_boom() -> None:
    bench = at_the_boom()
    shown = bench.all(c.Show)[-1]
    assert (shown.message, shown.code_url) == (Message.SCAN_PAY, "weixin://pay/1")
    bench.pays("S1")
    assert answers(bench) == [Taken()]
    bench.plc_accepts()
    bench.boom_rises()
    bench.passes()
    bench.boom_lowers()
    assert isinstance(bench.state, s.Idle)
    [end] = bench.all(c.EndStay)
    assert (end.stay, end.ending, end.reason) == ("S1", Ending.EXIT, Reason.PAID)
    assert not bench.all(c.CloseOrder)
    assert not bench.all(c.RaiseAlarm)


def test_a_stay_that_owes_nothing_leaves_without_an_order() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 0, free=Reason.FREE)
    assert [opening.authorisation.reason for opening in bench.all(c.OpenGate)] == [Reason.FREE]
    assert not bench.all(c.AskOrder)
    assert bench.all(c.Show)[-1].message is Message.GO_FREE


def test_payment_credits_a_stay_and_opens_only_for_its_own_car() -> None:
    """Paid, backed away, another car at the exit (path J): kept for ever."""
    bench = at_the_boom("S1")
    bench.leaves()
    bench.arrives(2)
    bench.camera_reads("京B99999")
    bench.has_stay("S2")
    bench.owes("S2", 800, number=2)
    bench.pays("S1", number=1)
    assert answers(bench) == [Refused("the car at the boom belongs to another stay")]
    assert not bench.all(c.OpenGate)
    assert isinstance(bench.state, s.AwaitingPayment)
    bench.leaves()
    bench.arrives(3)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 0, number=3, free=Reason.PREPAID)
    assert [opening.number for opening in bench.all(c.OpenGate)] == [3]


def test_a_payment_while_the_car_is_in_doubt_opens_only_when_it_is_back() -> None:
    bench = at_the_boom("S1")
    bench.shows(approach=OFF)
    bench.pays("S1")
    assert not bench.all(c.OpenGate)
    bench.owes("S1", 0, number=2, free=Reason.PREPAID)
    assert not bench.all(c.OpenGate)
    bench.shows(approach=ON)
    assert len(bench.all(c.OpenGate)) == 1


def test_the_same_car_back_on_the_loop_keeps_its_order() -> None:
    bench = at_the_boom("S1")
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    assert isinstance(bench.state, s.Identifying)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    assert not bench.all(c.CloseOrder)


def test_another_car_on_the_loop_closes_the_order_of_the_first() -> None:
    bench = at_the_boom("S1")
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    bench.camera_reads("京B99999")
    bench.has_stay("S2")
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]


def test_backing_out_closes_the_order_and_ends_no_stay() -> None:
    bench = at_the_boom()
    bench.leaves()
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]
    assert not bench.all(c.EndStay)
    assert isinstance(bench.state, s.Idle)


def test_backing_out_under_an_open_boom_is_a_fake_exit_and_the_stay_stays_open() -> None:
    bench = at_the_boom()
    bench.pays("S1")
    bench.boom_rises()
    bench.leaves()
    assert not bench.all(c.EndStay)
    assert [record.note for record in bench.all(c.RecordPassage)] == ["FAKE_EXIT"]


def test_a_second_payment_for_the_same_car_opens_nothing_more() -> None:
    bench = at_the_boom()
    bench.pays("S1")
    bench.pays("S1")
    assert isinstance(answers(bench)[1], Refused)
    assert len(bench.all(c.OpenGate)) == 1


def test_a_payment_on_an_old_order_is_priced_anew() -> None:
    bench = at_the_boom()
    bench.waits(0.1)
    bench.pays("S1", number=9)
    assert isinstance(answers(bench)[0], Refused)
    assert isinstance(bench.state, s.Quoting)
    bench.owes("S1", 0, number=2, free=Reason.PREPAID)
    assert len(bench.all(c.OpenGate)) == 1


def test_a_price_that_no_longer_holds_is_closed_and_asked_again() -> None:
    bench = exit_lane(Timing(t_help_s=600, t_quote_s=90))
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 500)
    bench.waits(90.5)
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]
    assert isinstance(bench.state, s.Quoting)


def test_a_driver_who_does_not_pay_gets_a_person_and_may_still_pay() -> None:
    bench = at_the_boom()
    bench.waits(20.5)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.all(c.Show)[-1].message is Message.SCAN_PAY
    bench.pays("S1")
    assert len(bench.all(c.OpenGate)) == 1
    assert len(bench.all(c.CloseCase)) == 1


def test_the_price_stays_valid_while_a_person_decides() -> None:
    bench = at_the_boom()
    bench.waits(91)
    assert isinstance(bench.state, s.AwaitingOperator)
    bench.owes("S1", 600, number=2)
    assert isinstance(bench.state, s.AwaitingOperator)
    bench.pays("S1", number=2)
    assert len(bench.all(c.OpenGate)) == 1


def test_no_entry_record_never_opens_the_gate() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayNotFound(bench.passage, (), **bench.now))
    bench.waits(120)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.OpenGate)


def test_a_person_who_has_corrected_the_plate_keeps_the_case_when_there_is_still_no_stay() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.hear(e.StayNotFound(bench.passage, (), **bench.now))
    assert isinstance(bench.state, s.AwaitingDriver)
    corrected = replace(read_of("京A12346"), by=ReadBy.OPERATOR)
    bench.hear(e.PlateCorrected(bench.passage, corrected, **bench.now))
    bench.hear(e.StayNotFound(bench.passage, (), **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert not bench.all(c.OpenGate)
    bench.has_stay("S1", by="driver")
    bench.owes("S1", 500)
    bench.pays("S1")
    assert len(bench.all(c.OpenGate)) == 1, "the driver may still say which stay is his"


def test_a_driver_claims_his_stay_and_pays() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_fails()
    bench.has_stay("S1", by="driver")
    bench.owes("S1", 500)
    bench.pays("S1")
    assert len(bench.all(c.OpenGate)) == 1


def test_an_operator_opens_with_a_reason_and_the_open_order_is_closed() -> None:
    bench = at_the_boom()
    bench.operator_opens(bench.passage, Reason.EQUIPMENT)
    assert answers(bench) == [Taken()]
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]
    bench.boom_rises()
    bench.passes()
    [end] = bench.all(c.EndStay)
    assert (end.reason, end.by) == (Reason.EQUIPMENT, "li")


def test_a_payment_that_has_not_arrived_keeps_its_order_open() -> None:
    bench = at_the_boom()
    bench.operator_opens(bench.passage, Reason.PAID_NOT_ARRIVED)
    assert not bench.all(c.CloseOrder)


def test_an_operator_cannot_open_for_a_car_that_is_gone() -> None:
    bench = at_the_boom()
    gone = bench.passage
    bench.leaves()
    bench.arrives(2)
    bench.operator_opens(gone)
    assert answers(bench) == [Refused("that car is gone")]
    assert not bench.all(c.OpenGate)


def test_an_operator_cannot_open_an_empty_lane() -> None:
    bench = exit_lane()
    bench.operator_opens(PassageId("out1-x-1"))
    assert answers(bench) == [Refused("no car at the boom")]


def test_a_locked_lane_refuses_in_words() -> None:
    bench = at_the_boom()
    bench.shows(mode=Mode.LOCKED)
    bench.operator_opens(bench.passage)
    assert answers(bench) == [Refused("the lane is in mode LOCKED")]


def test_a_car_released_without_a_stay_is_flagged() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_fails()
    bench.operator_opens(bench.passage)
    bench.boom_rises()
    bench.passes()
    bench.waits(10)
    assert not bench.all(c.EndStay)
    assert [record.note for record in bench.all(c.RecordPassage)] == ["NO_STAY"]


def test_an_order_that_comes_too_late_is_closed() -> None:
    bench = at_the_boom()
    bench.operator_opens(bench.passage)
    late = quote_of("S1", 500, 2)
    bench.hear(e.OrderMade(bench.passage, late, order_of(late, 2), bench.at_s + 90, **bench.now))
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1", "order2"]


def test_a_corrected_plate_closes_the_order_and_matches_anew() -> None:
    bench = at_the_boom()
    live = bench.lane.live
    assert live is not None
    assert live.read is not None
    corrected = replace(live.read, text=type(live.read.text)("京A12346"))
    bench.hear(e.PlateCorrected(bench.passage, corrected, **bench.now))
    assert [closed.order for closed in bench.all(c.CloseOrder)] == ["order1"]
    assert isinstance(bench.state, s.Matching)
    bench.pays("S1")
    assert not bench.all(c.OpenGate)


def test_a_quote_of_another_stay_is_not_taken() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S2", 0, free=Reason.FREE)
    assert not bench.all(c.OpenGate)
    assert bench.lane.live is not None
    assert bench.lane.live.stay == StayId("S1")


def billing_fails(bench: Bench, asked: str = "order") -> list[c.Command]:
    return bench.hear(e.BillingFailed(bench.passage, asked, "away", **bench.now))


def without_wechat() -> Bench:
    """An exit whose order could not be made, twice: a person is called."""
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    asked = 0
    while bench.all(c.AskQuote)[asked:]:
        asked += 1
        assert asked < 5, "it is asked without end"
        bench.hear(e.Quoted(bench.passage, quote_of("S1", 500), **bench.now))
        billing_fails(bench)
    assert isinstance(bench.state, s.AwaitingOperator)
    return bench


def test_a_case_that_billing_caused_ends_by_itself_once_billing_answers_again() -> None:
    bench = without_wechat()
    assert [type(command) for command in bench.waits(11)] == [c.AskQuote]
    billing_fails(bench, "quote")
    assert [type(command) for command in bench.waits(11)] == [c.AskQuote]
    bench.owes("S1", 500, number=2)
    assert bench.all(c.Show)[-1].code_url == "weixin://pay/2"
    bench.pays("S1", number=2)
    assert len(bench.all(c.OpenGate)) == 1
    assert [case.outcome for case in bench.all(c.CloseCase)] == ["opening"]


def test_a_stay_that_was_paid_while_billing_failed_leaves_without_a_person() -> None:
    bench = without_wechat()
    bench.waits(11)
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert [opening.authorisation.reason for opening in bench.all(c.OpenGate)] == [Reason.PREPAID]


def test_a_plc_that_did_not_open_is_never_commanded_again_by_billing() -> None:
    bench = at_the_boom()
    bench.pays("S1")
    bench.hear(e.CommandRefused(bench.passage, "fault", **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.waits(60) == []
    assert len(bench.all(c.OpenGate)) == 1


def test_a_stay_that_is_picked_after_the_leave_changes_nothing() -> None:
    bench = at_the_boom()
    bench.pays("S1")
    before = bench.lane
    assert bench.has_stay("S2", by="li") == []
    assert bench.lane == before


def test_an_only_near_stay_that_is_doubted_is_for_a_person_and_not_offered_to_the_driver() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    why = "the car of the only near stay looks different"
    bench.hear(e.StayNotFound(bench.passage, (StayId("S1"),), doubt=why, **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.state.why == why
