"""What a virtual PLC remembers of one lane: its inputs, what survives a power cut, and the rest (pure values)."""

from dataclasses import dataclass, field

from scada.model.handshake import Mode

TRAVEL_MS = 1000
"""From limit to limit, each way."""
CLEAR_MS = 1000
"""Nothing under the boom for this long: then it may be lowered."""
NO_COMMAND = (0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The copper wires of the field, and what the server wrote: heartbeat, claim, command block of nine words."""

    approach: bool = False
    safety: bool = False
    beam: bool = False
    safety_fault: bool = False
    key: bool = False
    """The technician's key."""
    detached: bool = False
    """The boom is off its mount."""
    lifted: bool = False
    """Somebody lifts the boom by hand."""
    heartbeat: int = 0
    claim_wanted: int = 0
    command: tuple[int, ...] = NO_COMMAND


@dataclass(frozen=True, slots=True)
class Retained:
    """What survives a power cut: counters, and where the boom stands (`position_ms`: 0 down, TRAVEL_MS up)."""

    boot: int = 0
    passages: int = 0
    seq: int = 0
    opened: int = 0
    passed: int = 0
    backed: int = 0
    reopened: int = 0
    rises: int = 0
    position_ms: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything the ladder knows after a scan. Times are ms since something; the names are those of `lane.st`."""

    retained: Retained
    inputs: Inputs = field(default_factory=Inputs)
    uptime_ms: int = 0

    heard: int = 0
    silent_ms: int = 0
    alive: bool = False
    claim_seen: int = 0
    claim: int = 0

    resync: bool = True
    mode: Mode = Mode.RESYNC
    clear_ms: int = 0
    """How long nothing has been under the boom, for certain."""

    now: int = 0
    follower: int = 0
    last: int = 0
    outcome: int = 0
    entered: bool = False
    wrong_way: bool = False
    present: bool = False
    """Approach, with gaps below t_glitch filled."""
    absent_ms: int = 0
    away_ms: int = 0
    safety_was: bool = False
    """Safety in the scan before."""

    authorised: bool = False
    seq_seen: int = 0
    result: int = 0
    stray: int = 0
    stray_result: int = 0

    raising: bool = False
    lowering: bool = False
    reopening: bool = False
    was_down: bool = True
    rise_cause: int = 0
    rise_passage: int = 0

    @property
    def up(self) -> bool:
        """The boom is at its upper limit."""
        return self.retained.position_ms >= TRAVEL_MS

    @property
    def down(self) -> bool:
        """The boom is at its lower limit."""
        return self.retained.position_ms == 0

    @property
    def clear(self) -> bool:
        """Nothing is under the boom, for certain."""
        return not (self.inputs.safety or self.inputs.beam or self.inputs.safety_fault)

    @property
    def permit(self) -> bool:
        """Nothing has been under the boom for long enough to lower it."""
        return self.clear and self.clear_ms >= CLEAR_MS

    @property
    def tick(self) -> int:
        """The PLC's own clock, 10 ms, 16 bits."""
        return (self.uptime_ms // 10) % 65536
