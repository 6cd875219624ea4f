"""One scan of a lane's PLC as a pure function: boom safety, modes, passages, and the command handshake.

`docs/plc/lane.st` is the same program for a real PLC; the meanings are in `docs/plc/README.md`. The parts
of a scan change the one memory that `scan` has made for them, in the order in which a PLC runs them.
"""

from dataclasses import replace

from plc.sim.ladder.boom import drive_boom
from plc.sim.ladder.command import hear_server, take_command
from plc.sim.ladder.modes import choose_mode
from plc.sim.ladder.passages import follow_passages
from plc.sim.ladder.quiet import SCAN_MS, is_quiet, shortest_ms
from plc.sim.memory import Inputs, Memory, Retained, Settings
from scada.model.handshake import PassagePhase

__all__ = ["phase", "power_up", "quiet_ms", "scan"]

_PLAIN = Settings()


def power_up(retained: Retained, settings: Settings = _PLAIN) -> Memory:
    """Start after a power cut: the boom keeps its position, no claim, no authorisation, RESYNC."""
    booted = replace(retained, boot=(retained.boot + 1) % 65536)
    down = retained.position_ms == 0
    return Memory(retained=booted, settings=settings, was_down=down, staying=not down)


def scan(memory: Memory, inputs: Inputs, dt_ms: int) -> Memory:
    """Run one scan, `dt_ms` after the last (10 is the PLC's own)."""
    after = memory.copy()
    was = memory.inputs
    hands = was if memory.booted else inputs
    after.inputs = inputs
    after.uptime_ms += dt_ms
    hear_server(after, dt_ms)
    choose_mode(after, hands, dt_ms)
    follow_passages(after, was, dt_ms)
    take_command(after)
    drive_boom(after, dt_ms)
    return after


def quiet_ms(memory: Memory, inputs: Inputs) -> int:
    """Say for how many ms one scan with these inputs gives exactly what scans of 10 ms would: at least 10.

    A heartbeat that differs from the last one heard stands for a server that is heard all the time.
    """
    after = scan(memory, inputs, SCAN_MS)
    return shortest_ms(memory, after) if is_quiet(memory, after) else SCAN_MS


def phase(memory: Memory) -> PassagePhase:
    """Name the PLC's step."""
    if memory.entered:
        return PassagePhase.PASSING
    if memory.lowering:
        return PassagePhase.CLOSING
    if memory.raising:
        return PassagePhase.OPENING
    if memory.up and memory.may_go:
        return PassagePhase.OPEN
    if not memory.down:
        return PassagePhase.CLEARING
    return PassagePhase.PRESENT if memory.now else PassagePhase.IDLE
