"""A person lets a car out before its plate or its stay is known, or against a doubt: what ends, and what does not."""

from dataclasses import replace

import pytest

from scada.model.handshake import Mode, PassageOutcome, RiseCause
from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.image import DARK, OFF
from scada.model.lane.words import Ending, Fate, Reason
from scada.model.names import PassageId, StayId
from scada.model.plate import Plate, ReadBy
from tests.support.lane import ON, Bench, at_the_boom, entry, exit_lane, notes, quote_of, read_of

MINE, OTHER = Plate("京A12345"), Plate("京B22222")


def let_out_unread(reason: Reason = Reason.EQUIPMENT) -> Bench:
    """The cameras have not answered yet, and an operator opens."""
    bench = exit_lane()
    bench.arrives(1)
    bench.operator_opens(bench.passage, reason)
    return bench


def found(bench: Bench, stay: str = "S1", doubt: str = "", passage: PassageId | None = None) -> None:
    of = passage or bench.passage
    bench.hear(e.StayFound(of, StayId(stay), "camera", doubt, plate=MINE, **bench.now))


def goes(bench: Bench) -> Bench:
    bench.boom_rises()
    bench.passes()
    return bench


def picks(bench: Bench, stay: str = "S1") -> None:
    bench.hear(e.StayFound(bench.passage, StayId(stay), "li", person=True, **bench.now))


def stuck_half_way() -> Bench:
    """A car has paid, and the boom has stopped on its way up."""
    bench = at_the_boom("S1")
    bench.pays("S1")
    bench.shows(down=OFF, rise_count=1, rise_cause=RiseCause.AUTHORISED, rise_passage=1)
    bench.waits(bench.timing.t_open_s + 0.5)
    assert isinstance(bench.state, s.Faulted)
    return bench


def ends(bench: Bench) -> list[tuple[str, Reason, Ending]]:
    return [(end.stay, end.reason, end.ending) for end in bench.all(c.EndStay)]


S1_ENDS = ("S1", Reason.EQUIPMENT, Ending.EXIT)


# The read comes after the leave


@pytest.mark.parametrize("moment", ["authorised", "opening", "open", "under the boom"])
def test_a_plate_that_is_read_after_an_operator_has_opened_ends_its_stay_when_the_car_has_passed(moment: str) -> None:
    bench = exit_lane()
    bench.shows(claimed=moment != "authorised")
    bench.arrives(1)
    bench.operator_opens(bench.passage)
    if moment in ("open", "under the boom"):
        bench.boom_rises()
    if moment == "under the boom":
        bench.shows(safety=ON, close_permit=OFF)
    bench.camera_reads(MINE)
    found(bench)
    assert not ends(bench)
    bench.shows(claimed=True)
    bench.shows(down=OFF, up=ON, rise_count=1, rise_passage=1)
    bench.passes()
    assert ends(bench) == [S1_ENDS]
    assert notes(bench) == [""]
    assert bench.all(c.FindStay)[0].read.text == MINE


def test_a_stay_that_was_being_looked_for_when_the_operator_opened_ends_under_his_reason() -> None:
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads(MINE)
    bench.operator_opens(bench.passage, Reason.QUEUE)
    found(bench)
    assert ends(goes(bench)) == [("S1", Reason.QUEUE, Ending.EXIT)]


def test_an_operator_who_picks_the_stay_while_the_boom_is_up_outweighs_the_search() -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE)
    bench.boom_rises()
    picks(bench)
    found(bench, "S8")
    bench.passes()
    assert ends(bench) == [S1_ENDS]


def test_a_driver_who_claims_a_stay_under_a_boom_that_was_opened_for_him_ends_none() -> None:
    bench = let_out_unread()
    bench.has_stay("S9", by="driver")
    goes(bench)
    bench.waits(10)
    assert (ends(bench), notes(bench)) == ([], ["NO_STAY"])


def test_the_stay_of_a_leave_is_the_one_that_ends_whatever_plate_is_read_under_a_boom_that_stuck() -> None:
    bench = stuck_half_way()
    bench.camera_reads(OTHER)
    bench.hear(e.StayFound(bench.passage, StayId("S2"), "camera", plate=OTHER, **bench.now))
    bench.passes()
    assert [end.stay for end in bench.all(c.EndStay)] == ["S1"]


def test_the_books_wait_for_a_plate_that_is_read_when_the_car_is_gone_already() -> None:
    bench = let_out_unread()
    gone = bench.passage
    goes(bench)
    assert not notes(bench)
    bench.camera_reads_of(gone, MINE)
    found(bench, passage=gone)
    assert ends(bench) == [S1_ENDS]
    assert notes(bench) == [""]


@pytest.mark.parametrize("near", [(), (StayId("S2"),), (StayId("S2"), StayId("S3"))])
def test_who_was_let_out_and_has_no_stay_is_counted_as_such(near: tuple[StayId, ...]) -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE)
    gone = bench.passage
    goes(bench)
    bench.hear(e.StayNotFound(gone, near, plate=MINE, **bench.now))
    assert not ends(bench)
    assert notes(bench) == ["NO_STAY"]


def test_who_is_never_read_is_counted_as_without_a_stay_once_the_cameras_time_is_over() -> None:
    bench = goes(let_out_unread())
    bench.waits(10)
    assert notes(bench) == ["NO_STAY"]


def test_who_was_let_out_while_billing_could_not_say_whose_stay_it_is_is_left_to_a_stocktake() -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE)
    goes(bench)
    bench.waits(10)
    assert (ends(bench), notes(bench)) == ([], ["UNCERTAIN"])


def test_at_an_entry_a_stay_that_a_person_let_begin_has_the_plate_that_is_read_later() -> None:
    bench = entry()
    bench.arrives(1)
    bench.operator_opens(bench.passage, Reason.VISITOR)
    bench.camera_reads(MINE)
    goes(bench)
    [begun] = bench.all(c.BeginStay)
    assert begun.passage.read is not None
    assert (begun.passage.read.text, notes(bench)) == (MINE, [""])
    assert not bench.all(c.FindStay)


def test_a_car_that_stood_on_both_loops_ends_its_stay_once_the_next_plate_proves_that_it_went() -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE)
    first = bench.passage
    bench.boom_rises()
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(safety=OFF, passage_now=2, passage_last=1, outcome=PassageOutcome.UNCERTAIN)
    bench.shows(close_permit=ON, up=OFF)
    bench.shows(down=ON)
    bench.camera_reads(OTHER)
    found(bench, passage=first)
    assert ends(bench) == [S1_ENDS]


# Whose plate it is must be sure


def test_a_read_is_not_the_leaders_once_somebody_waits_behind_him() -> None:
    bench = let_out_unread()
    bench.boom_rises()
    bench.shows(safety=ON, close_permit=OFF)
    bench.shows(approach=OFF)
    bench.shows(approach=ON, passage_next=2)
    bench.camera_reads(OTHER)
    assert bench.lane.live is not None
    assert (bench.lane.live.read, bench.all(c.FindStay)) == (None, [])


def test_a_read_that_comes_long_after_the_car_went_under_the_boom_may_show_another_one() -> None:
    bench = let_out_unread()
    bench.boom_rises()
    bench.shows(safety=ON, close_permit=OFF)
    bench.waits(bench.timing.t_read_s + 0.2)
    bench.camera_reads(OTHER)
    assert not bench.all(c.FindStay)


def test_a_read_while_the_car_is_in_doubt_names_nobody() -> None:
    bench = let_out_unread()
    bench.boom_rises()
    bench.shows(approach=OFF)
    bench.camera_reads(OTHER)
    assert not bench.all(c.FindStay)


def test_a_weak_read_names_nobody_whom_a_person_has_let_out() -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE, confidence=0.5)
    assert not bench.all(c.FindStay)


# Doubts


def test_a_late_answer_in_doubt_ends_no_stay_and_is_left_to_a_stocktake() -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE)
    found(bench, doubt="it looks different")
    found(bench)
    goes(bench)
    assert not ends(bench)
    [record] = bench.all(c.RecordPassage)
    assert (record.note, record.passage.stay, record.passage.doubt) == ("UNCERTAIN", "S1", "it looks different")


def test_a_doubt_that_is_told_when_the_car_is_gone_ends_no_stay() -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE)
    gone = bench.passage
    goes(bench)
    found(bench, doubt="it looks different", passage=gone)
    assert (ends(bench), notes(bench)) == ([], ["UNCERTAIN"])


def doubted(how: str) -> Bench:
    """A car whose stay may be another's, and a case about it."""
    bench = exit_lane()
    bench.arrives(1)
    bench.camera_reads(MINE)
    found(bench, doubt="the same stay stands at another boom, too" if how == "found" else "")
    if how == "priced":
        bench.hear(e.Quoted(bench.passage, replace(quote_of("S1", 500), doubt="longer than 72 h"), **bench.now))
    return bench


@pytest.mark.parametrize("how", ["found", "priced"])
def test_opening_by_hand_against_a_doubt_leaves_the_stay_open_and_the_passage_to_a_stocktake(how: str) -> None:
    bench = doubted(how)
    bench.operator_opens(bench.passage)
    goes(bench)
    assert bench.all(c.OpenGate)
    assert (ends(bench), notes(bench)) == ([], ["UNCERTAIN"])


@pytest.mark.parametrize("ended_by", ["expiry", "the PLC"])
def test_a_leave_against_a_doubt_that_comes_to_nothing_leaves_the_doubt(ended_by: str) -> None:
    bench = doubted("found")
    bench.shows(claimed=ended_by != "expiry")
    bench.operator_opens(bench.passage)
    if ended_by == "expiry":
        bench.waits(bench.timing.t_authorised_s + 1)
        bench.shows(claimed=True)
    else:
        bench.hear(e.CommandRefused(bench.passage, "BUSY", **bench.now))
    assert isinstance(bench.state, s.AwaitingOperator)
    opened = len(bench.all(c.OpenGate))
    bench.pays("S1")
    bench.owes("S1", 0, free=Reason.PREPAID)
    assert isinstance(bench.state, s.AwaitingOperator)
    assert bench.state.only_person
    assert len(bench.all(c.OpenGate)) == opened


@pytest.mark.parametrize("how", ["found", "priced"])
def test_an_operator_who_says_whose_stay_it_is_ends_the_doubt(how: str) -> None:
    bench = doubted(how)
    picks(bench)
    bench.operator_opens(bench.passage)
    assert ends(goes(bench)) == [S1_ENDS]


@pytest.mark.parametrize("again", [False, True])
def test_a_stay_in_doubt_is_not_ended_by_a_lane_that_is_then_held_open(again: bool) -> None:
    bench = doubted("found")
    bench.shows(mode=Mode.HOLD_OPEN)
    if again:
        found(bench)
    goes(bench)
    assert (ends(bench), notes(bench)) == ([], ["UNCERTAIN"])


def test_in_a_lane_that_is_held_open_a_person_may_end_the_doubt() -> None:
    bench = doubted("found")
    bench.shows(mode=Mode.HOLD_OPEN)
    picks(bench)
    bench.boom_rises(RiseCause.HOLD_OPEN)
    bench.passes()
    assert ends(bench) == [("S1", Reason.OPEN_LANE, Ending.EXIT_OPEN_LANE)]


def test_a_driver_who_names_another_plate_than_was_read_casts_a_doubt_on_the_stay_of_the_read_one() -> None:
    bench = doubted("not at all")
    bench.hear(e.PlateCorrected(bench.passage, replace(read_of(OTHER), by=ReadBy.DRIVER), **bench.now))
    bench.operator_opens(bench.passage)
    assert (ends(goes(bench)), notes(bench)) == ([], ["UNCERTAIN"])


# A new server


def test_a_new_server_looks_again_for_the_stay_of_a_car_that_was_let_out_before_it_was_known() -> None:
    bench = let_out_unread()
    bench.camera_reads(MINE)
    bench.boom_rises()
    image = bench.image
    bench.lane = replace(bench.lane, image=DARK)
    asked = bench.hear(e.Recovered(bench.at_s, Fate.DONE, **bench.now))
    assert [find.passage for find in asked if isinstance(find, c.FindStay)] == [bench.passage]
    bench.image = image
    bench.shows()
    assert isinstance(bench.state, s.Open)
    found(bench)
    bench.passes()
    assert ends(bench) == [S1_ENDS]
