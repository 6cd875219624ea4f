"""Passages from loop edge to loop edge: who is numbered, who is under the boom, and which way he left."""

from dataclasses import replace

from plc.sim.memory import INNER, OUTER, PROOF_MS, Inputs, Memory
from scada.model.handshake import Mode, PassageOutcome

LONGEST_MS = 4_000_000_000
_DOUBTFUL = (Mode.RESYNC, Mode.MAINTENANCE)


def follow_passages(memory: Memory, was: Inputs, dt_ms: int) -> None:
    """Number whoever arrives, and end the live passage once it has left; its authorisation dies with it."""
    _watch_motion(memory, was, dt_ms)
    _arrive(memory, dt_ms)
    _reach_safety(memory, was)
    _end_passage(memory, was, dt_ms)
    memory.safety_ms = min(memory.safety_ms + dt_ms, LONGEST_MS) if memory.inputs.safety else 0


def _watch_motion(memory: Memory, was: Inputs, dt_ms: int) -> None:
    """Note when beam or closing loop last showed that something moves; a lost car is found again once it has left.

    On the closing loop that is its rear: a long vehicle stands on it and is under the boom all the same.
    """
    inputs = memory.inputs
    if inputs.beam != was.beam or (inputs.closing and not was.closing):
        memory.still_ms = 0
    else:
        memory.still_ms = min(memory.still_ms + dt_ms, PROOF_MS)
    if inputs.key or inputs.beam != was.beam or (was.closing and not inputs.closing):
        memory.blind = False
    if was.safety and not inputs.safety:
        memory.safety_on_ms = memory.safety_ms


def _arrive(memory: Memory, dt_ms: int) -> None:
    """Number whoever comes onto an approach loop; a short gap is the same passage."""
    if _comes_outside(memory, dt_ms):
        _take_in(memory, OUTER)
    if not memory.settings.two_way:
        return
    if _comes_inside(memory, dt_ms):
        _take_in(memory, INNER)
    if memory.far_waits and not (memory.present if memory.side == INNER else memory.inner_present):
        memory.far_waits = False


def _comes_outside(memory: Memory, dt_ms: int) -> bool:
    if memory.inputs.approach:
        if memory.absent_ms:
            memory.retained = replace(memory.retained, glitches=memory.retained.glitches + 1)
        comes = not memory.present
        memory.present, memory.absent_ms = True, 0
        return comes
    if memory.present:
        memory.absent_ms += dt_ms
        if memory.absent_ms >= memory.settings.glitch_ms:
            memory.present, memory.absent_ms = False, 0
    return False


def _comes_inside(memory: Memory, dt_ms: int) -> bool:
    if memory.inputs.closing:
        if memory.inner_absent_ms:
            memory.retained = replace(memory.retained, glitches=memory.retained.glitches + 1)
        comes = not memory.inner_present
        memory.inner_present, memory.inner_absent_ms = True, 0
        return comes
    if memory.inner_present:
        memory.inner_absent_ms += dt_ms
        if memory.inner_absent_ms >= memory.settings.glitch_ms:
            memory.inner_present, memory.inner_absent_ms = False, 0
    return False


def _take_in(memory: Memory, side: int) -> None:
    """Give a number to a car that arrives; on the far side of a passage it waits, or it is that passage's own car."""
    if memory.now != 0 and side != memory.side:
        memory.far_waits = not memory.entered
        return
    number = _number_next(memory)
    if memory.entered:
        memory.follower = number
        return
    if memory.now != 0:
        memory.last, memory.outcome = memory.now, int(PassageOutcome.UNCERTAIN)
    memory.now, memory.side = number, side
    memory.authorised = memory.rolled_back = False


def _reach_safety(memory: Memory, was: Inputs) -> None:
    """Note that the live passage is under the boom; who comes there first came the wrong way."""
    if memory.inputs.safety and not was.safety:
        memory.blind = False
        if memory.now == 0:
            memory.now, memory.side, memory.wrong_way = _number_next(memory), OUTER, True
        if not memory.entered:
            memory.entered, memory.proved = True, False
        memory.proof_ms = 0
    far_was = was.approach if memory.side == INNER else was.closing
    if memory.entered and memory.far and not far_was:
        memory.proved = True


def _end_passage(memory: Memory, was: Inputs, dt_ms: int) -> None:
    inputs = memory.inputs
    gone = memory.now != 0 and not memory.entered and not memory.near and not inputs.safety
    is_known = not inputs.approach_fault and not inputs.safety_fault
    memory.away_ms = min(memory.away_ms + dt_ms, memory.settings.gone_ms) if gone and is_known else 0
    if memory.entered and not inputs.safety:
        outcome = _way_out(memory, was.safety, dt_ms)
        if outcome is not PassageOutcome.NONE:
            _close_passage(memory, outcome)
    elif memory.away_ms >= memory.settings.gone_ms:
        back = PassageOutcome.REVERSED_THROUGH if memory.rolled_back else PassageOutcome.BACKED_OUT
        _close_passage(memory, back)


def _way_out(memory: Memory, has_just_left: bool, dt_ms: int) -> PassageOutcome:
    """Say which way the car left that was under the boom; NONE while nothing proves it, or when it rolled back."""
    slept = has_just_left and memory.safety_ms >= memory.settings.tuneout_ms
    if slept and memory.still_ms >= PROOF_MS:
        memory.blind, memory.clear_ms = True, 0
        return PassageOutcome.UNCERTAIN
    if memory.wrong_way:
        return PassageOutcome.WRONG_WAY
    is_alone_before_it = memory.near and memory.follower == 0
    if memory.proved or not memory.settings.needs_proof:
        is_plain = memory.proved and not memory.settings.two_way
        return PassageOutcome.UNCERTAIN if is_alone_before_it and not is_plain else _passed(memory)
    if is_alone_before_it:
        memory.entered, memory.rolled_back = False, True
        return PassageOutcome.NONE
    memory.proof_ms += dt_ms
    if memory.proof_ms < PROOF_MS:
        return PassageOutcome.NONE
    return PassageOutcome.REVERSED_THROUGH if memory.follower else PassageOutcome.UNCERTAIN


def _passed(memory: Memory) -> PassageOutcome:
    if memory.may_go:
        return PassageOutcome.FORWARD
    is_doubtful = memory.mode in _DOUBTFUL or memory.inputs.mains_lost
    return PassageOutcome.UNCERTAIN if is_doubtful else PassageOutcome.TAILGATE


def _close_passage(memory: Memory, outcome: PassageOutcome) -> None:
    _count(memory, outcome)
    memory.last, memory.outcome = memory.now, int(outcome)
    memory.now, memory.follower = memory.follower, 0
    memory.entered = memory.wrong_way = memory.rolled_back = memory.authorised = memory.proved = False
    memory.away_ms = memory.proof_ms = memory.local = memory.local_ms = 0
    if memory.now == 0 and memory.near:
        memory.now = _number_next(memory)
    elif memory.now == 0 and (memory.far_waits or _is_met(memory, outcome)):
        memory.now, memory.far_waits = _number_next(memory), False
        memory.side = OUTER if memory.side == INNER else INNER


def _is_met(memory: Memory, outcome: PassageOutcome) -> bool:
    """Say whether a car that has gone back leaves another one on the far side, who came while it was under the boom."""
    stands = memory.present if memory.side == INNER else memory.inner_present
    return stands and outcome in (PassageOutcome.BACKED_OUT, PassageOutcome.REVERSED_THROUGH)


def _count(memory: Memory, outcome: PassageOutcome) -> None:
    kept = memory.retained
    if outcome is PassageOutcome.FORWARD:
        memory.retained = replace(kept, passed=kept.passed + 1)
    elif outcome in (PassageOutcome.BACKED_OUT, PassageOutcome.REVERSED_THROUGH):
        memory.retained = replace(kept, backed=kept.backed + 1)
    elif outcome is PassageOutcome.TAILGATE:
        memory.retained = replace(kept, tailed=kept.tailed + 1)


def _number_next(memory: Memory) -> int:
    memory.retained = replace(memory.retained, passages=memory.retained.passages + 1)
    return memory.retained.passages
