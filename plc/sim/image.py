"""A lane's memory as the PLC shows it: every tag of `lanes.md` §12 that it has, by its name without the lane."""

from plc.sim.ladder import phase
from plc.sim.memory import TRAVEL_MS, Memory
from scada.model.handshake import LAYOUT
from scada.model.tag import Value

Image = dict[str, Value]
"""Point to value, in the units of the tag map; the answer's number comes last."""


def image(memory: Memory) -> Image:
    """Show the image that the server reads."""
    return {
        **_plc(memory),
        **_contacts(memory),
        **_gate(memory),
        **_passages(memory),
        **_counters(memory),
        **_answers(memory),
    }


def field_state(memory: Memory) -> dict[str, bool | int | float]:
    """Show what somebody standing at the barrier sees, and what the cabinet's display says."""
    return {
        "boom": memory.retained.position_ms / TRAVEL_MS,
        "up": memory.up,
        "down": memory.down,
        "green": _green(memory),
        "red": not _green(memory),
        "passage_now": memory.now,
        "passage_next": memory.follower,
        "passage_last": memory.last,
        "outcome": memory.outcome,
        "phase": int(phase(memory)),
        "rise_count": memory.retained.rises,
        "rise_cause": memory.rise_cause,
        "rise_passage": memory.rise_passage,
        "mode": int(memory.mode),
        "fire": memory.retained.fire,
        "side": memory.side if memory.now else 0,
        "barrier_fault": memory.barrier_fault,
        "permit": memory.permit,
    }


def _green(memory: Memory) -> bool:
    return memory.up and memory.may_go


def _plc(memory: Memory) -> Image:
    return {
        "plc.layout": LAYOUT,
        "plc.boot": memory.retained.boot,
        "plc.tick": memory.tick,
        "hb.plc": (memory.uptime_ms // 1000) % 65536,
        "hb.server_seen": memory.alive,
        "mode.now": int(memory.mode),
        "claim.now": memory.claim,
    }


def _contacts(memory: Memory) -> Image:
    seen = memory.inputs
    return {
        "loop.approach": seen.approach,
        "loop.safety": seen.safety,
        "loop.closing": seen.closing,
        "loop.approach_fault": seen.approach_fault,
        "loop.safety_fault": seen.safety_fault,
        "loop.approach_hz": 42_000,
        "beam": seen.beam,
        "hand.button": seen.button,
        "hand.handset": seen.handset,
        "hand.help": seen.help,
        "fire.contact": seen.fire,
        "light.green": _green(memory),
        "light.red": not _green(memory),
    }


def _gate(memory: Memory) -> Image:
    moving = memory.raising or memory.lowering
    return {
        "gate.up": memory.up,
        "gate.down": memory.down,
        "gate.attached": not memory.inputs.detached,
        "gate.close_permit": memory.permit,
        "gate.drive_fault": memory.barrier_fault,
        "gate.mains": not memory.inputs.mains_lost,
        "gate.door": memory.inputs.door,
        "gate.motor_a": 1.85 if moving else 0.12,
        "time.open_ms": memory.open_ms,
        "time.close_ms": memory.close_ms,
        "time.safety_on_ms": memory.safety_on_ms,
    }


def _passages(memory: Memory) -> Image:
    return {
        "passage.now": memory.now,
        "passage.next": memory.follower,
        "passage.last": memory.last,
        "passage.outcome": memory.outcome,
        "passage.phase": int(phase(memory)),
        "passage.side": memory.side if memory.now else 0,
    }


def _counters(memory: Memory) -> Image:
    retained = memory.retained
    return {
        "count.open": retained.opened,
        "count.pass": retained.passed,
        "count.reverse": retained.backed,
        "count.tail": retained.tailed,
        "count.reopen": retained.reopened,
        "count.glitch": retained.glitches,
        "rise.count": retained.rises,
        "rise.cause": memory.rise_cause,
        "rise.passage": memory.rise_passage,
    }


def _answers(memory: Memory) -> Image:
    return {
        "ack.stray": memory.stray,
        "ack.stray_result": memory.stray_result,
        "ack.result": memory.result,
        "ack.seq": memory.retained.seq,
    }
