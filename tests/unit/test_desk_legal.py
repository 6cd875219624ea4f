"""What may be done now: each deed of the desk with the words that stand against it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scada.model.desk.legal import Act, Scene, why_not
from scada.model.handshake import Mode
from scada.model.lane import states as s
from scada.model.lane.image import DARK, OFF
from scada.model.lane.states import Due, Lane
from scada.model.lane.words import Authorisation, Direction, Order, Passage, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, QuoteId, StayId
from tests.support.lane import ON, READY

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CAR, STAY = PassageId("out1-1"), StayId("S1")
QUOTE = Quote(QuoteId("q"), STAY, Fen(500), Fen(500), 60, NOW)
DUE = Due(QUOTE, Order(OrderId("o"), QUOTE.id, STAY, Fen(500), "weixin://x"), 90.0)
WAITING = Lane(
    LaneName("out1"),
    Direction.EXIT,
    s.AwaitingOperator("the driver does not pay", 0, DUE),
    replace(READY, approach=ON),
    Passage(CAR, 1, NOW, stay=STAY),
)
OPENING = WAITING.becoming(s.Opening(Authorisation(CAR, STAY, Reason.PAID, "billing", 9.0), 0))
CARS = (Act.OPEN, Act.PLATE, Act.STAY, Act.FEE, Act.BACK, Act.CASH)
LOOK_FIRST = s.AwaitingOperator("longer than 72 h", 0, only_person=True)


def refused(act: Act, lane: Lane | None = WAITING, **more: object) -> str:
    return why_not(act, replace(Scene(lane=lane, passage=CAR, stay=STAY), **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("act", CARS)
def test_a_car_that_waits_for_a_person_may_be_helped_in_every_way(act: Act) -> None:
    assert refused(act) == ""


@pytest.mark.parametrize("act", CARS)
def test_nothing_is_done_for_a_car_that_has_gone(act: Act) -> None:
    another = replace(WAITING, live=Passage(PassageId("out1-2"), 2, NOW))
    assert refused(act, another) == "that car is gone"
    assert refused(act, replace(WAITING, live=None)) == "no car at the boom"
    assert refused(act, None) == "no lane is chosen"


@pytest.mark.parametrize(
    ("act", "lane", "why"),
    [
        (Act.OPEN, replace(WAITING, image=DARK), "no link to the PLC"),
        (Act.OPEN, replace(WAITING, image=replace(WAITING.image, mode=Mode.LOCKED)), "the lane is in mode LOCKED"),
        (Act.OPEN, WAITING.becoming(s.Faulted(s.Fault.NO_START, 0)), "barrier does not start"),
        (Act.OPEN, OPENING, "the gate already opens for a car"),
        (Act.PLATE, OPENING, "the gate already opens for a car"),
        (Act.STAY, replace(WAITING, direction=Direction.ENTRY), "who comes in has no stay yet"),
        (Act.CAME_IN, WAITING, "its stay is known"),
        (Act.CAME_IN, replace(WAITING, direction=Direction.ENTRY), "who comes in has no stay yet"),
        (Act.CAME_IN, replace(WAITING, live=Passage(CAR, 1, NOW)), "no UNCERTAIN entry has this plate"),
        (Act.FEE, replace(WAITING, live=Passage(CAR, 1, NOW)), "whose stay this is must be known first"),
        (Act.FEE, WAITING.becoming(LOOK_FIRST), "a person must look at this car first"),
        (Act.BACK, replace(WAITING, image=replace(WAITING.image, down=OFF)), "the boom is not down"),
        (Act.CASH, WAITING.becoming(LOOK_FIRST), "look at this car first"),
        (Act.CASH, replace(WAITING, direction=Direction.ENTRY), "who comes in pays nothing"),
        (Act.LOCK, replace(WAITING, image=replace(WAITING.image, safety=ON)), "a vehicle stands under the boom"),
        (Act.RESYNC, WAITING, "the lane is not in RESYNC"),
    ],
)
def test_a_deed_that_is_not_legal_says_why(act: Act, lane: Lane, why: str) -> None:
    assert refused(act, lane).startswith(why)


def test_a_car_without_a_stay_may_have_come_in_by_the_uncertain_entry_that_has_its_plate() -> None:
    unknown = replace(WAITING, live=Passage(CAR, 1, NOW))
    assert refused(Act.CAME_IN, unknown, in_doubt=True) == ""
    opening = replace(OPENING, live=Passage(CAR, 1, NOW))
    assert refused(Act.CAME_IN, opening, in_doubt=True) == "the gate already opens for a car"


def test_the_last_way_out_is_not_locked_and_a_lane_that_nobody_sees_not_freed() -> None:
    assert refused(Act.LOCK, leads_out=True) == "no other exit is open"
    assert refused(Act.LOCK, leads_out=True, other_exit_open=True) == ""
    resync = replace(WAITING, image=replace(WAITING.image, mode=Mode.RESYNC))
    assert refused(Act.RESYNC, resync) == "no camera shows the lane"
    assert refused(Act.RESYNC, resync, seen=True) == ""


def test_a_stay_is_ended_by_hand_only_while_its_car_stands_nowhere() -> None:
    assert refused(Act.END_STAY, is_open=True, stands=True) == "its car stands at a boom now"
    assert refused(Act.END_STAY, is_open=False) == "this stay is not open"
    assert refused(Act.END_STAY, is_open=True) == ""


def test_money_goes_back_only_where_some_came_and_a_plate_is_asked_for_in_a_case() -> None:
    assert refused(Act.REFUND) != ""
    assert refused(Act.REFUND, paid=True) == ""
    assert refused(Act.HISTORY) != ""
    assert refused(Act.HISTORY, case="passage:out1-1") == ""


@given(st.sampled_from(Act), st.booleans())
def test_without_a_plc_nothing_moves_a_boom(act: Act, seen: bool) -> None:
    if act in (Act.OPEN, Act.HOLD_OPEN, Act.LOCK, Act.AUTO, Act.RESYNC):
        assert refused(act, replace(WAITING, image=DARK), seen=seen)
