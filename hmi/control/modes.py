"""What pages ask about the modes of a lane: to hold it open, lock it, free it, test it, mend it, and the periods."""

from collections.abc import Callable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from hmi.control.orders import looked_up, order, second, text
from scada.bridge import Message
from scada.model.modes import HOLD_OPEN_REASONS, LOCK_REASONS, LONGEST_MIN, TIDES, ModeReason

modes = Blueprint("modes", __name__)

_NOTE, _WORD = 200, 32


@modes.post("/api/lanes/<lane>/hold-open")
def hold_open(lane: str) -> ResponseReturnValue:
    """Hold the boom up for some minutes; a second person signs in beside where it needs one."""
    return order("hold_open", lane, _guarded(_hold_open))


@modes.post("/api/lanes/<lane>/lock")
def lock(lane: str) -> ResponseReturnValue:
    """Keep the boom down."""
    return order("lock", lane, _guarded(lambda body: _reasoned(body, LOCK_REASONS)))


@modes.post("/api/lanes/<lane>/auto")
def auto(lane: str) -> ResponseReturnValue:
    """End what holds the boom up or down."""
    return order("auto", lane, _guarded(_noted))


@modes.post("/api/lanes/<lane>/test-opening")
def test_opening(lane: str) -> ResponseReturnValue:
    """Open for nobody, to see the boom move."""
    return order("test_opening", lane, _guarded(_noted), for_repair=True)


@modes.post("/api/lanes/<lane>/leave-resync")
def leave_resync(lane: str) -> ResponseReturnValue:
    """Say what stands in a lane whose PLC has restarted."""
    return order("leave_resync", lane, _guarded(lambda body: {"stands": text(body, "stands", _NOTE)}), for_repair=True)


@modes.post("/api/lanes/<lane>/confirm-fault")
def confirm_fault(lane: str) -> ResponseReturnValue:
    """Say that somebody has looked at the barrier and found it whole."""
    return order("confirm_fault", lane, _guarded(_noted), for_repair=True)


@modes.post("/api/lanes/<lane>/turn-tide")
def turn_tide(lane: str) -> ResponseReturnValue:
    """Turn a lane that leads one way at a time."""
    return order("turn_tide", lane, _guarded(_turn))


@modes.get("/api/mode-periods")
def periods() -> ResponseReturnValue:
    """The last periods outside AUTO, newest first."""
    limit = max(1, min(request.args.get("limit", 20, type=int), 200))
    return looked_up("mode_periods", {"limit": limit, "lane": request.args.get("lane", "")[:_WORD]})


def _guarded(take: Callable[[dict[str, object]], Message]) -> Callable[[dict[str, object]], Message | str]:
    def taken(body: dict[str, object]) -> Message | str:
        try:
            return take(body)
        except ValueError as error:
            return str(error)

    return taken


def _noted(body: dict[str, object]) -> Message:
    return {"note": text(body, "note", _NOTE, needed=False)}


def _reasoned(body: dict[str, object], known: tuple[ModeReason, ...]) -> Message:
    reason = text(body, "reason", _WORD)
    if reason not in {one.value for one in known}:
        raise ValueError("reason: not of the list")
    return {"reason": reason, **_noted(body)}


def _turn(body: dict[str, object]) -> Message:
    way = text(body, "way", _WORD)
    if way not in TIDES:
        raise ValueError("way: not of the list")
    return {"way": way, **_noted(body)}


def _hold_open(body: dict[str, object]) -> Message:
    minutes = str(body.get("minutes", ""))
    if not minutes.isascii() or not minutes.isdigit() or not 1 <= int(minutes[:6]) <= LONGEST_MIN:
        raise ValueError(f"minutes: a whole number from 1 to {LONGEST_MIN}")
    return {**_reasoned(body, HOLD_OPEN_REASONS), "minutes": int(minutes), **second(body)}
