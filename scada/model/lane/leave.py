"""What is out for the car at the boom in a state: its leave, and what it owes under an open order."""

from scada.model.lane import states as s
from scada.model.lane.commands import CloseOrder, Command
from scada.model.lane.states import Due, Lane
from scada.model.lane.words import OPERATOR_REASONS, Authorisation, Passage
from scada.model.names import StayId


def authorisation_of(state: s.State) -> Authorisation | None:
    """Give the leave that is out while the lane is in this state."""
    match state:
        case s.Authorised() | s.Opening() | s.Recovering() | s.Open() | s.Passing() | s.Faulted():
            return state.authorisation
        case _:
            return None


def due_of(lane: Lane) -> Due | None:
    """Give what the car owes under an order that is still open."""
    match lane.state:
        case s.AwaitingPayment(due=due):
            return due
        case s.AwaitingOperator(due=due) if due is not None:
            return due
        case _:
            return lane.held


def close_order(lane: Lane, why: str) -> tuple[Command, ...]:
    """Close the order that is out for the car at the boom, if there is one."""
    due = due_of(lane)
    return () if due is None else (CloseOrder(due.order.id, why),)


def own_stay(passage: Passage) -> StayId | None:
    """Give the stay that ends when this car leaves: none under a doubt that nobody has settled."""
    return None if passage.doubt else passage.stay


def is_by_person(leave: Authorisation) -> bool:
    """Say whether an operator gave this leave."""
    return leave.reason in OPERATOR_REASONS


def needs_person(state: s.State) -> bool:
    """Say whether only a person can help this car: one must look at it, or one has sent it back."""
    match state:
        case s.AwaitingOperator(only_person=only_person):
            return only_person
        case s.AwaitingDriver(sent_back=sent_back):
            return sent_back
        case _:
            return False


def live_of(lane: Lane) -> Passage:
    """Give the live passage where the state or the event says that there is one."""
    if lane.live is None:
        raise AssertionError(f"{lane.name}: {lane.state} without a passage")
    return lane.live
