"""The boom: who raises it and why, when it may come down, and the stand-in for the barrier itself."""

from dataclasses import replace

from plc.sim.memory import TRAVEL_MS, Memory
from scada.model.handshake import Mode, RiseCause

RAISING, LOWERING = 1, 2
"""`Memory.trip`: in which direction the motor ran too long."""


def drive_boom(memory: Memory, dt_ms: int) -> None:
    """Drive the motor. Raising beats lowering; whatever comes under it while it lowers sends it up again."""
    up, down = memory.up, memory.down
    _judge_run(memory, up, down)
    _reverse(memory, up)
    if memory.was_down and not down and not memory.raising:
        _count_rise(memory, RiseCause.UNKNOWN, 0)
    _stay(memory, up)
    cause = _cause(memory)
    raising = cause is not RiseCause.NONE and not up and _can_raise(memory)
    lowering = cause is RiseCause.NONE and not down and _may_lower(memory)
    if raising and not memory.raising:
        _count_rise(memory, cause, memory.now if cause is RiseCause.AUTHORISED else 0)
    if raising != memory.raising or lowering != memory.lowering:
        memory.run_ms, memory.whole_way = 0, down if raising else up
    memory.was_down, memory.raising, memory.lowering = down, raising, lowering
    if raising or lowering:
        longest_ms = memory.settings.open_ms if raising else memory.settings.close_ms
        memory.run_ms = min(memory.run_ms + dt_ms, longest_ms)
    _move(memory, dt_ms)


def _judge_run(memory: Memory, up: bool, down: bool) -> None:
    """Measure a travel that has ended; stop a motor that has run too long. It is freed at the limit, or by hand."""
    if up and down:
        return
    settings, inputs = memory.settings, memory.inputs
    if memory.raising and up:
        memory.open_ms = memory.run_ms if memory.whole_way else memory.open_ms
    elif memory.raising and memory.run_ms >= settings.open_ms and not inputs.mains_lost:
        memory.trip = RAISING
    if memory.lowering and down:
        memory.close_ms = memory.run_ms if memory.whole_way else memory.close_ms
    elif memory.lowering and memory.run_ms >= settings.close_ms:
        memory.trip = LOWERING
    is_at_limit = (memory.trip == RAISING and up) or (memory.trip == LOWERING and down)
    hands_off = memory.mode is Mode.MAINTENANCE and not (inputs.jog_up or inputs.jog_down)
    if is_at_limit or hands_off:
        memory.trip = 0


def _reverse(memory: Memory, up: bool) -> None:
    """Send a lowering boom up again; under the technician's hand it only stops."""
    if memory.lowering and not memory.clear and memory.mode is not Mode.MAINTENANCE:
        memory.reopening = True
        memory.retained = replace(memory.retained, reopened=memory.retained.reopened + 1)
    if up or memory.mode is Mode.MAINTENANCE or memory.mode is Mode.RESYNC:
        memory.reopening = False


def _stay(memory: Memory, up: bool) -> None:
    """Keep the boom up after it was open to all, until nobody is before it or under it."""
    if memory.is_open_to_all:
        memory.free = memory.retained.passages
    if up and (memory.is_open_to_all or memory.inputs.mains_lost):
        memory.staying = True
        return
    inputs = memory.inputs
    is_empty = not inputs.approach and not (inputs.closing and memory.settings.two_way) and not memory.entered
    if memory.staying and memory.permit and is_empty and memory.mode in (Mode.AUTO, Mode.LOCKED):
        memory.staying = False


def _cause(memory: Memory) -> RiseCause:
    """Say who wants the boom up, the strongest first."""
    inputs, mode = memory.inputs, memory.mode
    if mode is Mode.FIRE:
        return RiseCause.FIRE
    if inputs.mains_lost:
        return RiseCause.POWER_FAIL
    if mode is Mode.MAINTENANCE:
        return RiseCause.MAINTENANCE if inputs.jog_up else RiseCause.NONE
    if mode is Mode.HOLD_OPEN:
        return RiseCause.HOLD_OPEN
    if memory.authorised and mode is not Mode.RESYNC:
        return RiseCause.AUTHORISED
    if memory.local:
        return RiseCause(memory.local)
    return RiseCause.REOPEN if memory.reopening else RiseCause.NONE


def _can_raise(memory: Memory) -> bool:
    """Without mains a spring raises it, which no fault of the drive can hinder."""
    return not memory.inputs.detached and (memory.inputs.mains_lost or not memory.barrier_fault)


def _may_lower(memory: Memory) -> bool:
    inputs = memory.inputs
    if inputs.detached or memory.barrier_fault:
        return False
    if memory.mode is Mode.MAINTENANCE:
        sees_for_himself = inputs.safety_fault and not inputs.beam
        return inputs.jog_down and (memory.permit or sees_for_himself)
    return memory.permit and not memory.staying and memory.mode in (Mode.AUTO, Mode.LOCKED)


def _count_rise(memory: Memory, cause: RiseCause, passage: int) -> None:
    memory.retained = replace(memory.retained, rises=memory.retained.rises + 1)
    memory.rise_cause, memory.rise_passage = int(cause), passage


def _move(memory: Memory, dt_ms: int) -> None:
    """Stand in for the barrier: it needs its time from limit to limit."""
    driven = (memory.raising - memory.lowering) * (not memory.inputs.jammed)
    way = dt_ms if memory.inputs.lifted else dt_ms * driven
    position = min(max(memory.retained.position_ms + way, 0), TRAVEL_MS)
    if position != memory.retained.position_ms:
        memory.retained = replace(memory.retained, position_ms=position)
