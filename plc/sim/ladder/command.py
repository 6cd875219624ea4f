"""The server's side of a scan: its heartbeat, its claim, and the command block of `plc.md` §6."""

from dataclasses import replace

from plc.sim.memory import Memory
from scada.model.handshake import MAX_TTL_MS, AckResult, CommandCode, Mode, age_ms


def hear_server(memory: Memory, dt_ms: int) -> None:
    """Watch the server's heartbeat; when it stops, the claim falls and all in flight is void."""
    inputs = memory.inputs
    if not memory.booted:
        memory.booted = True
        memory.heard, memory.claim_seen = inputs.heartbeat, inputs.claim_wanted
        memory.wish_seen = inputs.mode_wanted
        memory.seq_seen = inputs.command[7] * 65536 + inputs.command[8]
    if inputs.heartbeat != memory.heard:
        memory.heard, memory.silent_ms, memory.alive = inputs.heartbeat, 0, True
    else:
        memory.silent_ms = min(memory.silent_ms + dt_ms, memory.settings.server_lost_ms)
        if memory.silent_ms >= memory.settings.server_lost_ms:
            memory.alive, memory.claim = False, 0
    if inputs.claim_wanted != memory.claim_seen:
        memory.claim_seen = inputs.claim_wanted
        if memory.claim == 0 and memory.alive:
            memory.claim = inputs.claim_wanted


def take_command(memory: Memory) -> None:
    """Look at the command block: torn and old ones are counted but never answered."""
    claim, code, passage_hi, passage_lo, ttl_ms, tick, check, seq_hi, seq_lo = memory.inputs.command
    seq = seq_hi * 65536 + seq_lo
    if seq == memory.seq_seen and seq <= memory.retained.seq:
        return
    sums = claim + 3 * code + 5 * passage_hi + 7 * passage_lo + 11 * ttl_ms + 13 * tick + 17 * seq_hi + 19 * seq_lo
    whole = sums % 65536 == check
    if seq != memory.seq_seen:
        memory.seq_seen = seq
        if not whole:
            _stray(memory, AckResult.TORN)
        elif seq < memory.retained.seq:
            _stray(memory, AckResult.OLD_SEQ)
    if not whole or seq <= memory.retained.seq:
        return
    result = _judge(memory, claim, code, passage_hi * 65536 + passage_lo, ttl_ms, tick)
    if result is AckResult.DONE:
        _obey(memory, code)
    memory.result = int(result)
    memory.retained = replace(memory.retained, seq=seq)


def _stray(memory: Memory, why: AckResult) -> None:
    memory.stray = (memory.stray + 1) % 65536
    memory.stray_result = int(why)


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
    cannot = memory.inputs.detached or memory.inputs.mains_lost or memory.barrier_fault
    return AckResult.FAULT if cannot else AckResult.DONE


def _obey(memory: Memory, code: int) -> None:
    memory.authorised = code == CommandCode.OPEN
    if memory.authorised:
        memory.retained = replace(memory.retained, opened=memory.retained.opened + 1)
