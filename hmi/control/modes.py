"""What pages ask about the modes of a lane: to hold it open, lock it, free it, test it, mend it, and the periods."""

from typing import Annotated

from flask import Blueprint
from flask.typing import ResponseReturnValue
from pydantic import Field

from hmi.control.api.described import described
from hmi.control.api.edge import Edge, Limited, MaybeWord, Noted, Seconded, Text, one_of
from hmi.control.orders import looked_up, order
from scada.model.modes import HOLD_OPEN_REASONS, LOCK_REASONS, LONGEST_MIN, TIDES

modes = Blueprint("modes", __name__)


class HoldOpen(Seconded, Noted):
    """Why and for how long; above some minutes with a second person."""

    reason: Annotated[str, one_of(reason.value for reason in HOLD_OPEN_REASONS)]
    minutes: Annotated[int, Field(ge=1, le=LONGEST_MIN, strict=False)]


class Lock(Noted):
    """Why."""

    reason: Annotated[str, one_of(reason.value for reason in LOCK_REASONS)]


class Stands(Edge):
    """What a person sees in the lane."""

    stands: Text


class Turn(Noted):
    """Which way the lane shall lead."""

    way: Annotated[str, one_of(TIDES)]


class PeriodsOf(Limited):
    """How many, and of which lane."""

    lane: MaybeWord = ""


@modes.post("/api/v1/lanes/<lane>/hold-open")
@described("hold_open")
def hold_open(lane: str, body: HoldOpen) -> ResponseReturnValue:
    """Hold the boom up for some minutes; a second person signs in beside where it needs one."""
    return order("hold_open", {"lane": lane, **body.args()})


@modes.post("/api/v1/lanes/<lane>/lock")
@described("lock")
def lock(lane: str, body: Lock) -> ResponseReturnValue:
    """Keep the boom down."""
    return order("lock", {"lane": lane, **body.args()})


@modes.post("/api/v1/lanes/<lane>/auto")
@described("auto")
def auto(lane: str, body: Noted) -> ResponseReturnValue:
    """End what holds the boom up or down."""
    return order("auto", {"lane": lane, **body.args()})


@modes.post("/api/v1/lanes/<lane>/test-opening")
@described("test_opening")
def test_opening(lane: str, body: Noted) -> ResponseReturnValue:
    """Open for nobody, to see the boom move."""
    return order("test_opening", {"lane": lane, **body.args()})


@modes.post("/api/v1/lanes/<lane>/leave-resync")
@described("leave_resync")
def leave_resync(lane: str, body: Stands) -> ResponseReturnValue:
    """Say what stands in a lane whose PLC has restarted."""
    return order("leave_resync", {"lane": lane, **body.args()})


@modes.post("/api/v1/lanes/<lane>/confirm-fault")
@described("confirm_fault")
def confirm_fault(lane: str, body: Noted) -> ResponseReturnValue:
    """Say that somebody has looked at the barrier and found it whole."""
    return order("confirm_fault", {"lane": lane, **body.args()})


@modes.post("/api/v1/lanes/<lane>/turn-tide")
@described("turn_tide")
def turn_tide(lane: str, body: Turn) -> ResponseReturnValue:
    """Turn a lane that leads one way at a time."""
    return order("turn_tide", {"lane": lane, **body.args()})


@modes.get("/api/v1/mode-periods")
@described("mode_periods", answer=list[dict[str, object]])
def periods(query: PeriodsOf) -> ResponseReturnValue:
    """Give the last periods outside AUTO, newest first."""
    return looked_up("mode_periods", query.args())
