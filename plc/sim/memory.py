"""What a virtual PLC remembers of one lane: its inputs, its settings, what survives a power cut, and the rest."""

from dataclasses import dataclass, field, fields
from operator import attrgetter

from scada.model.handshake import Mode

TRAVEL_MS = 1000
"""From limit to limit, each way: what stands in for the barrier."""
PROOF_MS = 5000
"""A movement seen this shortly before proves that a car left; so long is waited for the pulse of a closing loop."""
NO_COMMAND = (0, 0, 0, 0, 0, 0, 0, 0, 0)
OUTER, INNER = 1, 2
"""`passage.side`: the side of the approach loop, and the side of the closing loop where a lane works both ways."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The copper wires of the field, and what the server wrote: heartbeat, claim, mode, command block of nine words."""

    approach: bool = False
    safety: bool = False
    closing: bool = False
    beam: bool = False
    approach_fault: bool = False
    safety_fault: bool = False
    fire: bool = False
    """The fire panel's contact."""
    fire_reset: bool = False
    button: bool = False
    handset: bool = False
    key: bool = False
    """The technician's key; under it, the boom moves as long as one of the next two is held."""
    jog_up: bool = False
    jog_down: bool = False
    detached: bool = False
    """The boom is off its mount."""
    drive_fault: bool = False
    mains_lost: bool = False
    door: bool = False
    """The cabinet's door is open."""
    help: bool = False
    """The driver's button for help; it moves nothing."""
    lifted: bool = False
    """Somebody lifts the boom by hand."""
    jammed: bool = False
    """The boom does not move, whatever the motor does."""
    up_stuck: bool = False
    """The upper limit switch is on, wherever the boom is."""
    heartbeat: int = 0
    claim_wanted: int = 0
    mode_wanted: int = 0
    command: tuple[int, ...] = NO_COMMAND


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set in a lane's PLC at commissioning; the times are those of `lanes.md` §5.

    `closing_fitted`: a forward passage needs the closing loop's pulse. `raise_when_lost`: without a server the
    boom stays up and the cars are counted, instead of staying down. `two_way`: the closing loop is also the
    approach loop of the inner side.
    """

    closing_fitted: bool = False
    raise_when_lost: bool = False
    two_way: bool = False
    server_lost_ms: int = 3000
    glitch_ms: int = 300
    gone_ms: int = 5000
    clear_ms: int = 1000
    pass_ms: int = 45_000
    tuneout_ms: int = 240_000
    open_ms: int = 2100
    close_ms: int = 2100
    """The motor never runs longer than these, and does not start again by itself."""

    @property
    def needs_proof(self) -> bool:
        """Say whether only a pulse of the loop beyond the boom proves that a car has passed."""
        return self.closing_fitted or self.two_way


@dataclass(frozen=True, slots=True)
class Retained:
    """What survives a power cut: counters, the mode asked for, fire, and where the boom stands (0 down)."""

    boot: int = 0
    passages: int = 0
    seq: int = 0
    opened: int = 0
    passed: int = 0
    backed: int = 0
    tailed: int = 0
    reopened: int = 0
    glitches: int = 0
    rises: int = 0
    asked: int = int(Mode.AUTO)
    fire: bool = False
    position_ms: int = 0


@dataclass(slots=True)
class Memory:
    """Everything the ladder knows after a scan; a value, which only the scan that makes it may still change.

    It is not frozen because a scan sets many of its fields and runs millions of times (`docs/decisions/0015`).
    Times are ms since something.
    """

    retained: Retained
    settings: Settings = field(default_factory=Settings)
    inputs: Inputs = field(default_factory=Inputs)
    booted: bool = False
    uptime_ms: int = 0

    heard: int = 0
    silent_ms: int = 0
    alive: bool = False
    claim_seen: int = 0
    claim: int = 0

    resync: bool = True
    mode: Mode = Mode.RESYNC
    wish_seen: int = 0
    clear_ms: int = 0
    """How long nothing has been under the boom, for certain."""
    blind: bool = False
    """The safety loop has lost a car that was not seen to leave."""

    now: int = 0
    follower: int = 0
    last: int = 0
    outcome: int = 0
    side: int = OUTER
    entered: bool = False
    wrong_way: bool = False
    proved: bool = False
    """The loop beyond the boom has come on since the car is under it."""
    rolled_back: bool = False
    """It was under the boom and came back."""
    far_waits: bool = False
    """Another car waits on the other side of a lane that works both ways."""
    present: bool = False
    """Approach, with gaps below t_glitch filled."""
    absent_ms: int = 0
    inner_present: bool = False
    inner_absent_ms: int = 0
    away_ms: int = 0
    proof_ms: int = 0
    safety_ms: int = 0
    safety_on_ms: int = 0
    still_ms: int = 0
    """How long neither beam nor closing loop has shown a movement."""

    authorised: bool = False
    seq_seen: int = 0
    result: int = 0
    stray: int = 0
    stray_result: int = 0

    local: int = 0
    """The cause of an opening at the lane itself: button, handset or none."""
    local_ms: int = 0
    free: int = 0
    """The last passage that was numbered while the lane was open to everybody."""
    staying: bool = False
    """The boom was up for everybody, and lowers only once nobody is before it or under it."""
    raising: bool = False
    lowering: bool = False
    reopening: bool = False
    run_ms: int = 0
    """How long the motor has run in this direction."""
    whole_way: bool = False
    """It started at the other limit."""
    trip: int = 0
    """The motor ran too long, raising (1) or lowering (2): it starts no more by itself."""
    open_ms: int = 0
    close_ms: int = 0
    was_down: bool = True
    rise_cause: int = 0
    rise_passage: int = 0

    def copy(self) -> "Memory":
        """Make the memory that the next scan may change."""
        return Memory(*_ALL(self))

    @property
    def up(self) -> bool:
        """The boom's upper limit switch is on."""
        return self.retained.position_ms >= TRAVEL_MS or self.inputs.up_stuck

    @property
    def down(self) -> bool:
        """The boom's lower limit switch is on."""
        return self.retained.position_ms == 0

    @property
    def clear(self) -> bool:
        """Nothing is under the boom, for certain."""
        seen = self.inputs
        return not (seen.safety or seen.beam or seen.safety_fault or self.blind)

    @property
    def permit(self) -> bool:
        """Nothing has been under the boom for long enough to lower it."""
        return self.clear and self.clear_ms >= self.settings.clear_ms

    @property
    def tick(self) -> int:
        """The PLC's own clock, 10 ms, 16 bits."""
        return (self.uptime_ms // 10) % 65536

    @property
    def is_open_to_all(self) -> bool:
        """Whoever comes may pass."""
        return self.mode is Mode.HOLD_OPEN or self.mode is Mode.FIRE

    @property
    def may_go(self) -> bool:
        """The live passage may pass under the boom."""
        is_free = self.staying and 0 < self.now <= self.free
        return self.authorised or self.local != 0 or self.is_open_to_all or is_free

    @property
    def barrier_fault(self) -> bool:
        """The drive is faulty: it says so itself, it ran too long, or both its limits are on."""
        return self.inputs.drive_fault or self.trip != 0 or (self.up and self.down)

    @property
    def near(self) -> bool:
        """The loop from which the live passage came is occupied."""
        return self.inputs.closing if self.side == INNER else self.inputs.approach

    @property
    def far(self) -> bool:
        """The loop beyond the boom, seen from the live passage, is occupied."""
        return self.inputs.approach if self.side == INNER else self.inputs.closing


_ALL = attrgetter(*(one.name for one in fields(Memory)))
