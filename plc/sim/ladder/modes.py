"""Modes (`lanes.md` §8), and what opens a lane on the spot: button, handset, technician."""

from dataclasses import replace

from plc.sim.memory import Inputs, Memory
from scada.model.handshake import Mode, RiseCause

_TO_ASK_FOR = (Mode.AUTO, Mode.HOLD_OPEN, Mode.LOCKED)
_OPENED_BY_HAND = (Mode.AUTO, Mode.LOCKED, Mode.RESYNC)


def choose_mode(memory: Memory, was: Inputs, dt_ms: int) -> None:
    """Find the mode; an authorisation that is not yet used ends with AUTO."""
    memory.clear_ms = min(memory.clear_ms + dt_ms, memory.settings.clear_ms) if memory.clear else 0
    _latch_fire(memory, was)
    _hear_wish(memory)
    _resync(memory, was)
    before, memory.mode = memory.mode, _mode(memory)
    if memory.is_open_to_all and memory.mode is not before:
        memory.trip = 0
    if memory.mode is not Mode.AUTO and not memory.entered:
        memory.authorised = False
    _open_by_hand(memory, was, dt_ms)


def _latch_fire(memory: Memory, was: Inputs) -> None:
    """Latch the fire contact; the reset on site counts once the contact is off, and only when it is pressed then."""
    inputs, fire = memory.inputs, memory.retained.fire
    is_reset = inputs.fire_reset and not was.fire_reset
    latched = inputs.fire or (fire and not is_reset)
    if latched != fire:
        memory.retained = replace(memory.retained, fire=latched)


def _hear_wish(memory: Memory) -> None:
    """Take a new wish of a living server that holds the lane; any other is used up."""
    wish = memory.inputs.mode_wanted
    if wish == memory.wish_seen:
        return
    memory.wish_seen = wish
    if wish in _TO_ASK_FOR and memory.alive and memory.claim != 0:
        memory.retained = replace(memory.retained, asked=int(wish))


def _resync(memory: Memory, was: Inputs) -> None:
    """Begin anew when the mains come back: detectors may have lost a car. A server must look, and claim again."""
    if was.mains_lost and not memory.inputs.mains_lost:
        memory.resync, memory.claim = True, 0
    if memory.claim != 0 and memory.permit:
        memory.resync = False


def _mode(memory: Memory) -> Mode:
    if memory.retained.fire:
        return Mode.FIRE
    if memory.inputs.key:
        return Mode.MAINTENANCE
    if memory.resync:
        return Mode.RESYNC
    asked = Mode(memory.retained.asked)
    if asked is Mode.AUTO and memory.settings.raise_when_lost and not memory.alive:
        return Mode.HOLD_OPEN
    return asked


def _open_by_hand(memory: Memory, was: Inputs, dt_ms: int) -> None:
    """Open for one vehicle or for t_pass, and no sooner than the car before the boom has left."""
    inputs = memory.inputs
    if memory.mode not in _OPENED_BY_HAND:
        memory.local, memory.local_ms = 0, 0
    elif inputs.button and not was.button:
        memory.local, memory.local_ms, memory.trip = int(RiseCause.BUTTON), 0, 0
    elif inputs.handset and not was.handset:
        memory.local, memory.local_ms, memory.trip = int(RiseCause.HANDSET), 0, 0
    elif memory.local:
        memory.local_ms = min(memory.local_ms + dt_ms, memory.settings.pass_ms)
        if memory.local_ms >= memory.settings.pass_ms and not memory.near and not memory.entered:
            memory.local = 0
