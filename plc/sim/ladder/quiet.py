"""Stepping a lane from event to event: for how long one long scan is as good as many short ones."""

from dataclasses import fields
from operator import attrgetter

from plc.sim.memory import PROOF_MS, TRAVEL_MS, Inputs, Memory, Retained

SCAN_MS = 10
LONGEST_MS = 86_400_000
_RUNNING = {
    *("uptime_ms", "heard", "inputs", "retained"),
    *("silent_ms", "clear_ms", "absent_ms", "inner_absent_ms", "away_ms", "proof_ms", "local_ms", "run_ms"),
    *("safety_ms", "still_ms"),
}
"""What may move while nothing happens. The last two decide nothing until a contact changes."""
_standing = attrgetter(*(one.name for one in fields(Memory) if one.name not in _RUNNING))
_wires = attrgetter(*(one.name for one in fields(Inputs) if one.name != "heartbeat"))
_counters = attrgetter(*(one.name for one in fields(Retained) if one.name != "position_ms"))
_timers = attrgetter(
    "silent_ms", "clear_ms", "absent_ms", "inner_absent_ms", "away_ms", "proof_ms", "local_ms", "run_ms"
)


def is_quiet(before: Memory, after: Memory) -> bool:
    """Say whether a scan has only let time pass: timers ran and the boom moved on, and nothing else."""
    return (
        _standing(before) == _standing(after)
        and (before.retained is after.retained or _counters(before.retained) == _counters(after.retained))
        and (before.inputs is after.inputs or _wires(before.inputs) == _wires(after.inputs))
    )


def shortest_ms(before: Memory, after: Memory) -> int:
    """Give the time from `before` until a running timer decides something or the boom is at a limit."""
    settings = before.settings
    longest_run_ms = settings.open_ms if before.raising else settings.close_ms
    limits = (
        *(settings.server_lost_ms, settings.clear_ms, settings.glitch_ms, settings.glitch_ms),
        *(settings.gone_ms, PROOF_MS, settings.pass_ms, longest_run_ms),
    )
    shortest = LONGEST_MS
    for was, now, limit in zip(_timers(before), _timers(after), limits, strict=True):
        if now > was:
            shortest = min(shortest, _scans(limit - was) - SCAN_MS)
    return max(min(shortest, _travel_ms(before, after)), SCAN_MS)


def _travel_ms(before: Memory, after: Memory) -> int:
    was, now = before.retained.position_ms, after.retained.position_ms
    if was == now:
        return LONGEST_MS
    return _scans(TRAVEL_MS - was if now > was else was)


def _scans(ms: int) -> int:
    """Round up to whole scans."""
    return -(-ms // SCAN_MS) * SCAN_MS
