"""One scan of a lane's PLC as a pure function: boom safety, passages, and the command handshake.

Behaves as `lane.st` (layout 4662) does; the meanings are in `plc.md` §5 and §6. HOLD_OPEN, LOCKED and
FIRE are not in it yet.
"""

from dataclasses import replace
from typing import Any

from plc.sim.memory import CLEAR_MS, TRAVEL_MS, Inputs, Memory, Retained
from scada.model.handshake import (
    MAX_TTL_MS,
    AckResult,
    CommandCode,
    Mode,
    PassageOutcome,
    PassagePhase,
    RiseCause,
    age_ms,
)

SERVER_LOST_MS = 3000
GLITCH_MS = 300
GONE_MS = 5000


def power_up(retained: Retained) -> Memory:
    """Start after a power cut: the boom keeps its position, no claim, no authorisation, RESYNC."""
    booted = replace(retained, boot=(retained.boot + 1) % 65536)
    return Memory(retained=booted, was_down=retained.position_ms == 0)


def scan(memory: Memory, inputs: Inputs, dt_ms: int) -> Memory:
    """Run one scan, `dt_ms` after the last (10 is the PLC's own)."""
    memory = _set(_copy(memory), inputs=inputs, uptime_ms=memory.uptime_ms + dt_ms)
    memory = _hear_server(memory, dt_ms)
    memory = _choose_mode(memory, dt_ms)
    memory = _arrive(memory, dt_ms)
    memory = _reach_safety(memory)
    memory = _end_passage(memory, dt_ms)
    memory = _take_command(memory)
    return _drive_boom(memory, dt_ms)


def _hear_server(memory: Memory, dt_ms: int) -> Memory:
    """Watch the server's heartbeat; when it stops, the claim falls and all in flight is void."""
    inputs = memory.inputs
    moved = inputs.heartbeat != memory.heard
    silent_ms = 0 if moved else min(memory.silent_ms + dt_ms, SERVER_LOST_MS)
    lost = silent_ms >= SERVER_LOST_MS
    alive = moved or (memory.alive and not lost)
    claim = 0 if lost else memory.claim
    if inputs.claim_wanted != memory.claim_seen and claim == 0 and alive:
        claim = inputs.claim_wanted
    return _set(
        memory,
        heard=inputs.heartbeat,
        silent_ms=silent_ms,
        alive=alive,
        claim_seen=inputs.claim_wanted,
        claim=claim,
    )


def _choose_mode(memory: Memory, dt_ms: int) -> Memory:
    """After a restart nothing moves until a server has looked and claimed; the key outranks both."""
    memory = _set(memory, clear_ms=min(memory.clear_ms + dt_ms, CLEAR_MS) if memory.clear else 0)
    resync = memory.resync and not (memory.claim != 0 and memory.permit)
    unattended = Mode.RESYNC if resync else Mode.AUTO
    mode = Mode.MAINTENANCE if memory.inputs.key else unattended
    return _set(memory, resync=resync, mode=mode, authorised=memory.authorised and mode is Mode.AUTO)


def _arrive(memory: Memory, dt_ms: int) -> Memory:
    """Number whoever comes onto the approach loop; a short gap is the same passage."""
    absent_ms = 0 if memory.inputs.approach else min(memory.absent_ms + dt_ms, GLITCH_MS)
    present = memory.inputs.approach or (memory.present and absent_ms < GLITCH_MS)
    arrived = present and not memory.present
    memory = _set(memory, absent_ms=absent_ms, present=present)
    if not arrived:
        return memory
    memory = _number_next(memory)
    number = memory.retained.passages
    if memory.entered:
        return _set(memory, follower=number)
    if memory.now != 0:
        memory = _set(memory, last=memory.now, outcome=int(PassageOutcome.UNCERTAIN))
    return _set(memory, now=number, authorised=False)


def _reach_safety(memory: Memory) -> Memory:
    """Note that the live passage is under the boom; who comes there first came the wrong way."""
    if not memory.inputs.safety or memory.safety_was:
        return memory
    if memory.now == 0:
        memory = _number_next(memory)
        memory = _set(memory, now=memory.retained.passages, wrong_way=True)
    return _set(memory, entered=True)


def _end_passage(memory: Memory, dt_ms: int) -> Memory:
    """End the live passage once it has left; its authorisation dies with it."""
    inputs = memory.inputs
    away = memory.now != 0 and not memory.entered and not inputs.approach and not inputs.safety
    memory = _set(memory, away_ms=memory.away_ms + dt_ms if away else 0)
    left = memory.safety_was and not inputs.safety and memory.entered
    memory = _set(memory, safety_was=inputs.safety)
    if left:
        return _close_passage(memory, _way_out(memory))
    if memory.away_ms >= GONE_MS:
        return _close_passage(memory, PassageOutcome.BACKED_OUT)
    return memory


def _way_out(memory: Memory) -> PassageOutcome:
    if memory.wrong_way:
        return PassageOutcome.WRONG_WAY
    if memory.inputs.approach and memory.follower == 0:
        return PassageOutcome.UNCERTAIN
    return PassageOutcome.FORWARD if memory.authorised else PassageOutcome.TAILGATE


def _close_passage(memory: Memory, outcome: PassageOutcome) -> Memory:
    retained = memory.retained
    if outcome is PassageOutcome.FORWARD:
        retained = replace(retained, passed=retained.passed + 1)
    if outcome is PassageOutcome.BACKED_OUT:
        retained = replace(retained, backed=retained.backed + 1)
    memory = _set(
        memory,
        retained=retained,
        outcome=int(outcome),
        last=memory.now,
        now=memory.follower,
        follower=0,
        entered=False,
        wrong_way=False,
        authorised=False,
        away_ms=0,
    )
    if memory.now == 0 and memory.inputs.approach:
        memory = _number_next(memory)
        memory = _set(memory, now=memory.retained.passages)
    return memory


def _number_next(memory: Memory) -> Memory:
    return _set(memory, retained=replace(memory.retained, passages=memory.retained.passages + 1))


def _take_command(memory: Memory) -> Memory:
    """Look at the command block: torn and old ones are counted but never answered."""
    claim, code, passage_hi, passage_lo, ttl_ms, tick, check, seq_hi, seq_lo = memory.inputs.command
    seq = seq_hi * 65536 + seq_lo
    sums = (claim, 3 * code, 5 * passage_hi, 7 * passage_lo, 11 * ttl_ms, 13 * tick, 17 * seq_hi, 19 * seq_lo)
    whole = sum(sums) % 65536 == check
    if seq != memory.seq_seen:
        memory = _set(memory, seq_seen=seq)
        if not whole:
            memory = _stray(memory, AckResult.TORN)
        elif seq < memory.retained.seq:
            memory = _stray(memory, AckResult.OLD_SEQ)
    if not whole or seq <= memory.retained.seq:
        return memory
    result = _judge(memory, claim, code, passage_hi * 65536 + passage_lo, ttl_ms, tick)
    if result is AckResult.DONE:
        memory = _obey(memory, code)
    return _set(memory, result=int(result), retained=replace(memory.retained, seq=seq))


def _stray(memory: Memory, why: AckResult) -> Memory:
    return _set(memory, stray=(memory.stray + 1) % 65536, stray_result=int(why))


def _judge(memory: Memory, claim: int, code: int, passage: int, ttl_ms: int, tick: int) -> AckResult:
    """Check a command in the order of `plc.md` §6."""
    if not memory.alive:
        return AckResult.NO_HEARTBEAT
    if memory.claim == 0 or claim != memory.claim:
        return AckResult.CLAIM
    if ttl_ms > MAX_TTL_MS or age_ms(tick, memory.tick) > ttl_ms:
        return AckResult.EXPIRED
    if memory.mode is not Mode.AUTO:
        return AckResult.MODE
    if passage != memory.now:
        return AckResult.WRONG_PASSAGE
    if code == CommandCode.OPEN:
        return _judge_open(memory)
    if code in (CommandCode.CLOSE, CommandCode.CANCEL):
        in_the_way = memory.entered or (code == CommandCode.CLOSE and not memory.permit)
        return AckResult.BUSY if in_the_way else AckResult.DONE
    return AckResult.BAD_CODE


def _judge_open(memory: Memory) -> AckResult:
    if memory.now == 0:
        return AckResult.WRONG_PASSAGE
    return AckResult.FAULT if memory.inputs.detached else AckResult.DONE


def _obey(memory: Memory, code: int) -> Memory:
    if code != CommandCode.OPEN:
        return _set(memory, authorised=False)
    return _set(memory, authorised=True, retained=replace(memory.retained, opened=memory.retained.opened + 1))


def _drive_boom(memory: Memory, dt_ms: int) -> Memory:
    """Drive the motor. Raising beats lowering; whatever comes under it while it lowers sends it up again."""
    if memory.lowering and not memory.clear:
        reopened = memory.retained.reopened + 1
        memory = _set(memory, reopening=True, retained=replace(memory.retained, reopened=reopened))
    memory = _set(memory, reopening=memory.reopening and not memory.up)
    if memory.was_down and not memory.down and not memory.raising:
        memory = _count_rise(memory, RiseCause.UNKNOWN, 0)
    wanted, moves = memory.authorised or memory.reopening, memory.mode is Mode.AUTO and not memory.inputs.detached
    raising = wanted and moves and not memory.up
    lowering = not wanted and moves and not memory.down and memory.permit
    if raising and not memory.raising:
        cause = RiseCause.AUTHORISED if memory.authorised else RiseCause.REOPEN
        memory = _count_rise(memory, cause, memory.now if memory.authorised else 0)
    memory = _set(memory, was_down=memory.down, raising=raising, lowering=lowering)
    return _move(memory, dt_ms)


def _count_rise(memory: Memory, cause: RiseCause, passage: int) -> Memory:
    retained = replace(memory.retained, rises=memory.retained.rises + 1)
    return _set(memory, retained=retained, rise_cause=int(cause), rise_passage=passage)


def _move(memory: Memory, dt_ms: int) -> Memory:
    """Stand in for the barrier: it needs its time from limit to limit."""
    way = dt_ms * ((memory.raising or memory.inputs.lifted) - memory.lowering)
    position = min(max(memory.retained.position_ms + way, 0), TRAVEL_MS)
    if position == memory.retained.position_ms:
        return memory
    return _set(memory, retained=replace(memory.retained, position_ms=position))


def _copy(memory: Memory) -> Memory:
    """Give this scan a memory of its own."""
    copy = object.__new__(Memory)
    for name in Memory.__slots__:
        object.__setattr__(copy, name, getattr(memory, name))
    return copy


def _set(memory: Memory, **changes: Any) -> Memory:  # noqa: ANN401 - any field
    """Change this scan's own memory, which nobody else has seen yet: a new one for each change is what costs."""
    for name, value in changes.items():
        object.__setattr__(memory, name, value)
    return memory


def phase(memory: Memory) -> PassagePhase:
    """Name the PLC's step."""
    if memory.entered:
        return PassagePhase.PASSING
    if memory.lowering:
        return PassagePhase.CLOSING
    if memory.raising:
        return PassagePhase.OPENING
    if memory.up and memory.authorised:
        return PassagePhase.OPEN
    if not memory.down:
        return PassagePhase.CLEARING
    return PassagePhase.PRESENT if memory.now else PassagePhase.IDLE
