"""A new server takes a lane over: what each state becomes, and what the PLC's first image says of the car."""

from dataclasses import replace

import pytest

from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import DARK, OFF
from scada.model.lane.words import Fate
from tests.support.lane import ON, Bench, at_the_boom, entry, exit_lane


def restarts(bench: Bench, command: Fate = Fate.NONE, *, at_s: float | None = None) -> list[c.Command]:
    """A new server reads the lane from the journal; the PLC is not seen yet. `at_s`: its clock begins anew."""
    left_s, bench.at_s = bench.at_s, bench.at_s if at_s is None else at_s
    bench.lane = replace(bench.lane, image=DARK)
    bench.commands.clear()
    return bench.hear(e.Recovered(left_s, command, **bench.now))


def commanded() -> Bench:
    """An entry whose OPEN is on its way."""
    bench = entry()
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.is_admitted()
    assert isinstance(bench.state, s.Opening)
    return bench


def test_a_car_that_was_being_read_is_read_again_under_its_own_passage() -> None:
    bench = entry()
    bench.arrives(1)
    known = bench.passage
    restarts(bench)
    bench.shows()
    assert bench.passage == known
    assert bench.all(c.Capture) == [c.Capture(known)]


def test_an_order_stays_the_cars_own_and_its_price_is_asked_again() -> None:
    bench = at_the_boom("S1", 500)
    known = bench.passage
    restarts(bench)
    bench.shows()
    assert bench.passage == known
    assert bench.all(c.AskQuote) == [c.AskQuote(known, bench.lane.live.stay)]  # type: ignore[union-attr, arg-type]
    bench.owes("S1", 500)
    assert isinstance(bench.state, s.AwaitingPayment)
    assert not bench.all(c.CloseOrder)


def test_a_stay_that_was_paid_while_nobody_served_goes_as_prepaid() -> None:
    bench = at_the_boom("S1", 500)
    restarts(bench)
    bench.shows()
    bench.owes("S1", 0)
    assert isinstance(bench.state, s.Opening)


def test_a_payment_that_comes_while_the_price_is_asked_again_opens_by_the_old_order() -> None:
    bench = at_the_boom("S1", 500)
    restarts(bench)
    bench.shows()
    bench.pays("S1")
    assert isinstance(bench.state, s.Opening)


def test_the_order_of_a_car_that_left_meanwhile_is_closed() -> None:
    bench = at_the_boom("S1", 500)
    restarts(bench)
    bench.shows(approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.BACKED_OUT)
    assert [one.order for one in bench.all(c.CloseOrder)] == ["order1"]


def test_a_case_is_open_again_for_the_person_who_must_decide() -> None:
    bench = at_the_boom("S1", 500)
    bench.hear(e.HelpCalled(bench.passage, **bench.now))
    commands = restarts(bench)
    assert c.OpenCase(bench.passage, "the driver calls") in commands
    bench.shows()
    bench.waits(0.2)
    assert bench.all(c.AskQuote)


@pytest.mark.parametrize("command", [Fate.NONE, Fate.NOT_DONE])
def test_a_leave_that_was_not_commanded_is_decided_anew(command: Fate) -> None:
    bench = commanded()
    restarts(bench, command)
    bench.shows()
    assert bench.all(c.AskAdmission)
    assert not bench.all(c.OpenGate)
    bench.is_admitted()
    assert len(bench.all(c.OpenGate)) == 1


def test_while_nobody_knows_what_became_of_a_command_nothing_is_sent() -> None:
    bench = commanded()
    restarts(bench, Fate.OPEN)
    bench.shows()
    bench.waits(30)
    assert isinstance(bench.state, s.Recovering)
    assert not bench.all(c.OpenGate)


def test_a_command_that_was_done_is_followed_to_the_open_boom_and_not_repeated() -> None:
    bench = commanded()
    restarts(bench, Fate.OPEN)
    bench.shows()
    bench.plc_accepts()
    assert isinstance(bench.state, s.Opening)
    bench.boom_rises()
    bench.passes()
    assert [type(one) for one in bench.commands if isinstance(one, c.OpenGate | c.BeginStay)] == [c.BeginStay]


def test_a_command_that_was_not_done_is_decided_anew() -> None:
    bench = commanded()
    restarts(bench, Fate.OPEN)
    bench.shows()
    bench.hear(e.CommandRefused(bench.passage, "expired", **bench.now))
    assert bench.all(c.AskAdmission)


def test_a_boom_that_rose_for_the_car_says_that_its_command_was_done() -> None:
    bench = commanded()
    restarts(bench, Fate.UNKNOWN)
    bench.boom_rises()
    assert isinstance(bench.state, s.Open)
    assert not bench.all(c.AskAdmission)


def test_a_command_of_which_nobody_can_tell_and_no_risen_boom_is_decided_anew() -> None:
    bench = commanded()
    restarts(bench, Fate.UNKNOWN)
    bench.shows()
    assert bench.all(c.AskAdmission)


def test_a_boom_that_rose_and_came_down_again_needs_a_new_decision() -> None:
    bench = commanded()
    restarts(bench, Fate.DONE)
    bench.shows(rise_count=1, rise_cause=RiseCause.AUTHORISED, rise_passage=1)
    assert bench.all(c.AskAdmission)


@pytest.mark.parametrize("command", [Fate.OPEN, Fate.DONE, Fate.UNKNOWN])
def test_a_car_that_went_through_meanwhile_begins_its_stay(command: Fate) -> None:
    bench = commanded()
    known = bench.passage
    restarts(bench, command)
    bench.shows(approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.FORWARD, rise_count=1)
    assert [one.passage.id for one in bench.all(c.BeginStay)] == [known]
    assert not bench.all(c.RecordPassage)[0].note


def test_a_car_that_went_through_though_its_command_was_refused_is_uncertain() -> None:
    bench = commanded()
    restarts(bench, Fate.NOT_DONE)
    bench.shows(approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    assert not bench.all(c.BeginStay)
    assert [one.note for one in bench.all(c.RecordPassage)] == ["UNCERTAIN"]


def test_the_next_car_is_there_already_and_the_first_ones_stay_has_begun() -> None:
    bench = commanded()
    known = bench.passage
    restarts(bench, Fate.DONE)
    bench.shows(passage_now=2, passage_last=1, outcome=PassageOutcome.FORWARD, up=ON, down=OFF)
    assert [one.passage.id for one in bench.all(c.BeginStay)] == [known]
    assert bench.lane.live is not None
    assert bench.lane.live.number == 2
    assert not bench.all(c.OpenGate)


@pytest.mark.parametrize(("now", "last"), [(0, 3), (4, 3), (4, 0), (0, 0)])
def test_when_the_plc_speaks_of_other_passages_the_former_one_is_uncertain(now: int, last: int) -> None:
    bench = commanded()
    restarts(bench, Fate.DONE)
    bench.shows(approach=ON if now else OFF, passage_now=now, passage_last=last, outcome=PassageOutcome.FORWARD)
    former = bench.all(c.RecordPassage)[0]
    assert (former.passage.number, former.outcome, former.note) == (1, PassageOutcome.UNCERTAIN, "UNCERTAIN")
    assert former.passage.read is not None
    assert not bench.all(c.BeginStay)


def test_a_doubt_about_a_car_with_leave_that_nobody_watched_is_for_a_person() -> None:
    bench = commanded()
    restarts(bench, Fate.DONE)
    bench.shows(passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    assert [one.note for one in bench.all(c.RecordPassage)] == ["UNCERTAIN"]


def test_a_car_under_the_boom_keeps_its_leave_and_ends_its_stay() -> None:
    bench = at_the_boom("S1", 500)
    bench.pays("S1")
    bench.boom_rises()
    bench.shows(safety=ON)
    restarts(bench, Fate.DONE)
    bench.shows(approach=OFF, safety=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.FORWARD)
    assert [one.stay for one in bench.all(c.EndStay)] == ["S1"]


def test_a_clock_that_begins_anew_makes_no_wait_endless() -> None:
    bench = exit_lane()
    bench.at_s = 50_000.0
    bench.arrives(1)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 500)
    bench.hear(e.HelpCalled(bench.passage, **bench.now))
    restarts(bench, at_s=5.0)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.state.since_s == 5.0
    assert bench.lane.held is not None
    assert bench.lane.held.until_s == 5.0 + bench.timing.t_quote_s


def test_nothing_moves_by_a_clock_that_goes_on() -> None:
    bench = entry()
    bench.arrives(1)
    bench.camera_fails()
    before = bench.state
    bench.at_s += 7.0
    restarts(bench)
    assert bench.state == before


def test_a_link_that_fails_again_and_again_records_no_passage_twice() -> None:
    bench = commanded()
    for _ in range(2):
        bench.shows(alive=False)
        bench.shows(alive=True)
    bench.shows(approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.BACKED_OUT)
    bench.shows(alive=False)
    bench.shows(alive=True)
    assert [one.passage.number for one in bench.all(c.RecordPassage)] == [1]
