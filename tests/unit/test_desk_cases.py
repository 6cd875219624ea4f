"""The queue of cases: each thing once, cars first, and who is asked when nobody answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scada.model.desk.cases import PAPERS, Case, Hold, Kind, case_of_lane, listed, passage_ref
from scada.model.desk.seats import Ringing, Seat, offered
from scada.model.handshake import Mode
from scada.model.lane import states as s
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction, Passage
from scada.model.names import LaneName, PassageId
from tests.support.lane import READY, read_of

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CAR = Passage(PassageId("out1-1"), 1, NOW)
OUT = Lane(LaneName("out1"), Direction.EXIT, image=READY, live=CAR)
IN = replace(OUT, direction=Direction.ENTRY)
CASES = st.builds(
    Case,
    st.sampled_from(["passage:a", "passage:b", "money:1", "uncertain:2"]),
    st.sampled_from(Kind),
    st.integers(0, 600).map(lambda age: NOW - timedelta(seconds=age)),
    st.just("why"),
    way_out=st.booleans(),
    owner=st.sampled_from(["", "li"]),
)
SEATS = st.lists(st.builds(Seat, st.sampled_from(["li", "zhao", "wu"]), st.just(NOW), st.just(NOW)), max_size=3)


def test_a_lane_that_needs_nobody_is_no_case() -> None:
    for state in (s.Idle(), s.Identifying(0), s.AwaitingDriver("unread", 0), s.Closing(0)):
        assert case_of_lane(OUT.becoming(state), NOW) is None


@pytest.mark.parametrize(
    ("lane", "kind"),
    [
        (OUT.becoming(s.AwaitingOperator("no open stay under this plate", 0)), Kind.UNREAD),
        (
            replace(OUT, live=replace(CAR, read=read_of("京A12345"))).becoming(
                s.AwaitingOperator("no open stay under this plate", 0)
            ),
            Kind.NO_STAY,
        ),
        (OUT.becoming(s.AwaitingOperator("longer than 72 h", 0, only_person=True)), Kind.DOUBT),
        (IN.becoming(s.AwaitingOperator("locked", 0, only_person=True)), Kind.ADMISSION),
        (
            replace(IN, live=replace(CAR, read=read_of("京A12345"))).becoming(
                s.AwaitingOperator("the driver calls", 0)
            ),
            Kind.CALL,
        ),
        (replace(OUT, live=replace(CAR, claimed=True)).becoming(s.AwaitingOperator("x", 0)), Kind.CLAIM),
        (OUT.becoming(s.Faulted(s.Fault.NO_START, 0)), Kind.FAULT),
    ],
)
def test_a_case_says_what_it_is_about(lane: Lane, kind: Kind) -> None:
    found = case_of_lane(lane, NOW)
    assert found is not None
    assert (found.kind, found.lane, found.way_out) == (kind, "out1", lane.direction is Direction.EXIT)


def test_a_plc_in_resync_waits_for_a_persons_word() -> None:
    found = case_of_lane(replace(OUT, image=replace(READY, mode=Mode.RESYNC)), NOW)
    assert found is not None
    assert found.kind is Kind.RESYNC


def test_a_driver_who_calls_from_a_lane_that_waits_is_one_case_since_the_first_of_both() -> None:
    ref, earlier = passage_ref("out1-1"), NOW - timedelta(seconds=30)
    lane = Case(ref, Kind.NO_STAY, NOW, "no open stay under this plate", "out1", "out1-1", way_out=True)
    call = Case(ref, Kind.CALL, earlier, "a driver calls", "out1", "out1-1", owner="li", answered_at=NOW, way_out=True)
    for waiting in ([lane, call], [call, lane]):
        [one] = listed(waiting, {})
        assert (one.kind, one.since, one.owner, one.why) == (Kind.NO_STAY, earlier, "li", lane.why)


@given(
    st.lists(CASES, max_size=8),
    st.dictionaries(st.sampled_from(["passage:a", "money:1"]), st.just(Hold(NOW, "wu", NOW))),
)
def test_each_thing_stands_once_and_no_paper_before_a_car(waiting: list[Case], holds: dict[str, Hold]) -> None:
    found = listed(waiting, holds)
    assert sorted(case.ref for case in found) == sorted({case.ref for case in waiting})
    assert [case.kind in PAPERS for case in found] == sorted(case.kind in PAPERS for case in found)
    assert all(case.owner == "wu" for case in found if case.ref in holds)


@given(st.lists(CASES, max_size=6), SEATS, st.integers(0, 120))
def test_only_a_car_at_a_way_out_that_nobody_has_taken_is_offered(
    cases: list[Case], seats: list[Seat], later_s: int
) -> None:
    now = NOW + timedelta(seconds=later_s)
    for case in offered(cases, seats, Ringing(10.0, ("zhang",)), now):
        if case.offered or case.on_call:
            assert case.way_out
            assert not case.is_paper
            assert not case.owner


def test_a_case_goes_from_seat_to_seat_and_then_to_the_person_on_call() -> None:
    case = Case("passage:a", Kind.UNREAD, NOW, "unread", "out1", "a", way_out=True)
    seats = [Seat("li", NOW - timedelta(hours=1), NOW), Seat("zhao", NOW, NOW)]
    asked = [
        offered([case], seats, Ringing(10.0, ("zhang",)), NOW + timedelta(seconds=waited))[0]
        for waited in (0, 9, 10, 19, 20, 60)
    ]
    assert [one.offered for one in asked] == ["li", "li", "zhao", "zhao", "zhang", "zhang"]
    assert [one.on_call for one in asked] == [False, False, False, False, True, True]


def test_an_empty_seat_is_not_asked_and_who_has_a_case_is_asked_last() -> None:
    now = NOW + timedelta(minutes=5)
    case = Case("passage:a", Kind.UNREAD, now, "unread", "out1", "a", way_out=True)
    busy = Case("passage:b", Kind.UNREAD, now, "unread", "out1", "b", way_out=True, owner="li")
    seats = [Seat("gone", NOW, NOW), Seat("li", NOW, now), Seat("zhao", now, now)]
    assert offered([case, busy], seats, Ringing(10.0, ()), now)[0].offered == "zhao"
