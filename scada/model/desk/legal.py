"""What a person may do for a car, a lane or a stay now: one place from which buttons and refusals have their words.

Every answer is words for people; none means that nothing stands against it. Who may do it at all is another matter.
"""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from scada.model import modes
from scada.model.lane import states as s
from scada.model.lane.leave import due_of, needs_person
from scada.model.lane.permit import BEFORE_LEAVE
from scada.model.lane.request import why_not_by_hand
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction
from scada.model.names import PassageId, StayId

NO_LANE = "no lane is chosen"
NO_CAR = "no car at the boom"
GONE = "that car is gone"


class Act(Enum):
    """What the desk's buttons do (`operations.md` §2)."""

    OPEN = "open"
    PLATE = "plate"
    STAY = "stay"
    CAME_IN = "came-in"
    FEE = "send-fee"
    BACK = "send-back"
    CASH = "cash"
    HOLD_OPEN = "hold-open"
    LOCK = "lock"
    AUTO = "auto"
    RESYNC = "leave-resync"
    CONFIRM = "confirm-fault"
    END_STAY = "end-stay"
    REFUND = "refund"
    HISTORY = "plate-history"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a person looks at: a lane with the car that was chosen in it, a stay, and a case.

    `stands`: the stay's car stands at a boom now; `paid`: the stay has a payment. `seen`: a camera shows the lane.
    `in_doubt`: an UNCERTAIN entry has the plate of the car, or one like it.
    """

    lane: Lane | None = None
    passage: PassageId | None = None
    stay: StayId | None = None
    is_open: bool = False
    stands: bool = False
    paid: bool = False
    case: str = ""
    seen: bool = False
    leads_out: bool = False
    other_exit_open: bool = False
    no_auto: str = ""
    in_doubt: bool = False


def why_not(act: Act, scene: Scene) -> str:
    """Say why something may not be done now."""
    match act:
        case Act.OPEN | Act.PLATE | Act.STAY | Act.CAME_IN | Act.FEE | Act.BACK | Act.CASH:
            return NO_LANE if scene.lane is None else _of_car(act, scene.lane, scene)
        case Act.HOLD_OPEN | Act.LOCK | Act.AUTO | Act.RESYNC | Act.CONFIRM:
            return NO_LANE if scene.lane is None else _of_lane(act, scene.lane, scene)
        case Act.END_STAY:
            return why_not_end(is_open=scene.is_open, stands=scene.stands) if scene.stay else "no stay is chosen"
        case Act.REFUND:
            if not scene.stay:
                return "no stay is chosen"
            return "" if scene.paid else "nothing was paid for this stay by WeChat"
        case Act.HISTORY:
            return "" if scene.case else "where a plate went is asked for with an open case only"
        case _:
            assert_never(act)


def _of_car(act: Act, lane: Lane, scene: Scene) -> str:
    passage = scene.passage
    if lane.live is None or passage is None:
        return NO_CAR
    if not lane.is_live(passage):
        return GONE
    match act:
        case Act.OPEN:
            return why_not_by_hand(lane, passage)
        case Act.PLATE:
            return _why_not_decide(lane)
        case Act.STAY:
            return why_not_stay(lane)
        case Act.CAME_IN:
            return why_not_came_in(lane, in_doubt=scene.in_doubt)
        case Act.FEE:
            return why_not_fee(lane)
        case Act.BACK:
            return why_not_back(lane)
        case _:
            return why_not_cash(lane, lane.live.stay)


def _why_not_decide(lane: Lane) -> str:
    """Nothing about a car is decided anew once the boom rises for it."""
    if not lane.image.alive:
        return "no link to the PLC"
    return "" if isinstance(lane.state, BEFORE_LEAVE) else "the gate already opens for a car"


def why_not_plate(lane: Lane) -> str:
    """Correct a plate before the boom rises."""
    return _why_not_decide(lane)


def why_not_stay(lane: Lane) -> str:
    """Pick a stay at a way out, before the boom rises."""
    return "who comes in has no stay yet" if lane.direction is Direction.ENTRY else _why_not_decide(lane)


def why_not_came_in(lane: Lane, *, in_doubt: bool) -> str:
    """Settle an UNCERTAIN entry as the one by which a car came in that has no stay."""
    if why := why_not_stay(lane):
        return why
    if lane.live is not None and lane.live.stay is not None:
        return "its stay is known"
    return "" if in_doubt else "no UNCERTAIN entry has this plate or one like it"


def why_not_fee(lane: Lane) -> str:
    """Send the fee to the lane anew where something is asked for, and a person need not look first."""
    if why := why_not_stay(lane):
        return why
    if lane.live is None or lane.live.stay is None:
        return "whose stay this is must be known first: correct the plate or pick the stay"
    if needs_person(lane.state):
        return "a person must look at this car first"
    due = due_of(lane)
    if due is not None:
        return "" if due.quote.due_fen > 0 else "nothing is due"
    return "" if isinstance(lane.state, s.AwaitingOperator) else "the lane works out the fee"


def why_not_back(lane: Lane) -> str:
    """Send a car back while the boom is down before it."""
    if why := _why_not_decide(lane):
        return why
    return "" if lane.image.down.is_on else "the boom is not down"


def why_not_cash(lane: Lane, stay: StayId | None) -> str:
    """Take cash for the car of a stay that stands at a way out, once it is known for sure whose stay it is."""
    if lane.direction is not Direction.EXIT:
        return "who comes in pays nothing"
    if stay is None or lane.live is None or lane.live.stay != stay:
        return "whose stay this is must be known first: correct the plate or pick the stay"
    only_person = isinstance(lane.state, s.AwaitingOperator) and lane.state.only_person
    return "look at this car first: correct its plate or pick its stay" if lane.live.doubt or only_person else ""


def _of_lane(act: Act, lane: Lane, scene: Scene) -> str:
    match act:
        case Act.HOLD_OPEN:
            return modes.why_not_hold_open(lane.image)
        case Act.LOCK:
            return modes.why_not_lock(lane.image, leads_out=scene.leads_out, other_exit_open=scene.other_exit_open)
        case Act.AUTO:
            return f"no AUTO: {scene.no_auto}" if scene.no_auto else modes.why_not_auto(lane.image)
        case Act.RESYNC:
            return modes.why_not_leave_resync(lane.image, is_seen=scene.seen)
        case _:
            return modes.why_not_confirm(lane)


def why_not_end(*, is_open: bool, stands: bool) -> str:
    """End a stay by hand only where its car stands at no boom."""
    if not is_open:
        return "this stay is not open"
    return "its car stands at a boom now" if stands else ""
