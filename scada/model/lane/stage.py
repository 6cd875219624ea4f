"""What a driver's phone tells of his car at the boom: a function of the lane's state, so that it can never be stale."""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from scada.model.lane import states as s
from scada.model.lane.leave import authorisation_of, due_of, needs_person
from scada.model.lane.states import Lane
from scada.model.lane.words import Reason
from scada.model.names import StayId

PAYMENTS = frozenset({Reason.PAID, Reason.PREPAID, Reason.ACCEPTED})


class Stage(Enum):
    """How far a car has come, as its driver is told it."""

    WAIT = "wait"
    ASKS = "asks"
    PERSON = "person"
    BACK = "back"
    OPENS = "opens"
    OPEN = "open"
    PASSES = "passes"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class Told:
    """What a phone that follows its car is told: whatever changes in it changes the page."""

    stage: Stage
    paid: bool
    plate: str
    stay: StayId | None
    offer: StayId | None
    due_fen: int


def told_of(lane: Lane) -> Told:
    """Give what the phone of the live passage's driver is told now."""
    leave, due, live = authorisation_of(lane.state), due_of(lane), lane.live
    return Told(
        stage=stage_of(lane.state),
        paid=leave is not None and leave.reason in PAYMENTS,
        plate=live.read.text if live and live.read else "",
        stay=live.stay if live else None,
        offer=lane.state.offer if isinstance(lane.state, s.AwaitingDriver) else None,
        due_fen=due.quote.due_fen if due else 0,
    )


def stage_of(state: s.State) -> Stage:
    """Give how far a car has come in a state."""
    match state:
        case s.AwaitingOperator() if needs_person(state):
            return Stage.PERSON
        case s.AwaitingDriver() if needs_person(state):
            return Stage.BACK
        case s.AwaitingDriver() | s.AwaitingOperator() | s.AwaitingPayment():
            return Stage.ASKS
        case s.Idle() | s.Identifying() | s.Deciding() | s.Matching() | s.Quoting() | s.AwaitingAcceptance():
            return Stage.WAIT
        case s.Recovering():
            return Stage.WAIT
        case s.Authorised() | s.Opening():
            return Stage.OPENS
        case s.Open():
            return Stage.OPEN
        case s.Passing() | s.Tailgated() | s.Clearing() | s.Closing():
            return Stage.PASSES
        case s.Watching() | s.ByCamera() | s.Faulted():
            return Stage.DISPLAY
        case _:
            assert_never(state)
