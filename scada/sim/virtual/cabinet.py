"""One lane's PLC in its cabinet: the real ladder, stepped from event to event, with barrier and wires around it.

Between two events the ladder's inputs stand still, so one long scan does what many short ones would, up to the next
timer of the ladder. A living server is thought of as beating all the time.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from operator import attrgetter

from plc.sim.ladder import power_up, scan
from plc.sim.memory import NO_COMMAND, PROOF_MS, TRAVEL_MS, Inputs, Memory, Retained
from scada.model.handshake import AckResult, PlcImage, RiseCause
from scada.sim.virtual.agenda import Agenda

SCAN_MS = 10
BEAT_MS = 2000
"""A living server beats before its PLC would miss it."""
FOREVER_MS = 1 << 60
_NAMES = tuple(one.name for one in fields(Inputs))
_VALUES = attrgetter(*_NAMES)
_PLACES = {name: place for place, name in enumerate(_NAMES)}


@dataclass(frozen=True, slots=True)
class Rise:
    """One rise of the boom as it truly happened."""

    at_ms: int
    count: int
    cause: RiseCause
    passage: int


class Cabinet:
    """A PLC with power and a barrier. `changed` is told after every scan that a person or a server could notice."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self.memory: Memory = power_up(Retained())
        self.inputs = Inputs()
        self.powered = True
        self.by_hand = False
        """Somebody has lifted the boom and waves the cars through."""
        self.serving = False
        """A server beats."""
        self.under_boom = 0
        """Cars that truly are under the line of the boom."""
        self.changed: Callable[[], None] = _nobody
        self.rises: list[Rise] = []
        self.opened: list[tuple[int, int, bool]] = []
        """OPEN commands that were done: when, for which passage, and whether the boom was up already."""
        self.struck = 0
        self.broken: list[str] = []
        self._scanned_ms = 0
        self._wake_ms = FOREVER_MS

    def wire(self, **changes: object) -> None:
        """Change what the field or the server puts on the PLC's inputs, now."""
        self._catch_up()
        self.inputs = _altered(self.inputs, changes)
        if self.powered:
            self._scan(SCAN_MS)
        self._after()

    def catch_up(self) -> None:
        """Let the ladder run up to now."""
        self._catch_up()
        self._after()

    def serve(self, *, on: bool) -> None:
        """A server begins to beat, or has beaten for the last time."""
        self._catch_up()
        if self.serving and not on and self.powered:
            self._beat()
            self._scan(SCAN_MS)
        self.serving = on
        self._after()

    def cut_power(self) -> None:
        """The PLC forgets all but what it retains; the boom stays where it is."""
        self._catch_up()
        self.powered = False
        self._after()

    def restore_power(self) -> None:
        """Start the PLC anew: what a server wrote before is gone."""
        self.inputs = replace(self.inputs, heartbeat=0, claim_wanted=0, command=NO_COMMAND)
        self._scanned_ms = self._agenda.now_ms
        self.memory = power_up(self.memory.retained)
        self.powered = True
        self._scan(SCAN_MS)
        self._after()

    def lift(self, *, lifted: bool) -> None:
        """Somebody lifts the boom by hand, or lets go of it; without power it stays where he leaves it."""
        self.by_hand = lifted
        if self.powered:
            self.wire(lifted=lifted)
            return
        self.memory = self.memory.copy()
        self.memory.retained = replace(self.memory.retained, position_ms=TRAVEL_MS if lifted else 0)
        self._after()

    @property
    def way_is_open(self) -> bool:
        """Say whether a driver sees the boom up and his light green, or somebody who waves him through."""
        memory = self.memory
        if not memory.up or not self.powered:
            return memory.up and self.by_hand
        return memory.may_go or self.by_hand

    def plc_image(self) -> PlcImage:
        """Give what the server reads of the handshake."""
        memory = self.memory
        kept = memory.retained
        return PlcImage(kept.seq, memory.result, memory.tick, kept.boot, memory.claim, memory.now)

    def _catch_up(self) -> None:
        """Scan with the inputs as they have been, from the last scan up to now."""
        now_ms = self._agenda.now_ms
        if not self.powered:
            self._scanned_ms = now_ms
        while self._scanned_ms < now_ms:
            left_ms = now_ms - self._scanned_ms
            quiet_ms = quiet(self.memory, self.inputs, serving=self.serving)
            if quiet_ms >= FOREVER_MS and _rests(self.memory):
                self.memory = self.memory.copy()
                self.memory.uptime_ms += left_ms
                self._scanned_ms = now_ms
            else:
                self._scan(min(left_ms, quiet_ms))

    def _scan(self, dt_ms: int) -> None:
        before = self.memory
        if self.serving and (not before.alive or before.silent_ms + dt_ms >= BEAT_MS):
            self._beat()
        after = scan(before, self.inputs, dt_ms)
        self._scanned_ms += dt_ms
        self.memory = after
        if after.retained is not before.retained:
            self._witness(before, after)

    def _beat(self) -> None:
        self.inputs = _altered(self.inputs, {"heartbeat": (self.inputs.heartbeat + 1) % 65536})

    def _witness(self, before: Memory, after: Memory) -> None:
        """See what the barrier really does, whatever anybody writes down (invariants 1, 2 and 7)."""
        was, now = before.retained, after.retained
        if now.rises != was.rises:
            cause = RiseCause(after.rise_cause)
            self.rises.append(Rise(self._agenda.now_ms, now.rises, cause, after.rise_passage))
        if now.opened != was.opened:
            self.opened.append((self._agenda.now_ms, after.now, before.up))
            if not (after.up or after.raising):
                self.broken.append("an OPEN was done and the boom does not rise")
        if now.seq != was.seq and after.result == AckResult.DONE and now.seq <= was.seq:
            self.broken.append(f"command {now.seq} was done after {was.seq}")
        if now.position_ms < was.position_ms:
            if self.inputs.safety or self.inputs.beam:
                self.broken.append("the boom was lowered while a loop or the beam said no")
            if self.under_boom and not self.inputs.detached:
                self.struck += 1

    def _after(self) -> None:
        """Wake when the ladder will next do something by itself; tell whoever looks."""
        if self.powered:
            quiet_ms = quiet(self.memory, self.inputs, serving=self.serving)
            if quiet_ms < FOREVER_MS:
                self._wake_at(max(self._agenda.now_ms, self._scanned_ms + quiet_ms))
        self.changed()

    def _wake_at(self, moment_ms: int) -> None:
        if moment_ms < self._wake_ms:
            self._wake_ms = moment_ms
            self._agenda.after(moment_ms - self._agenda.now_ms, self._woken, moment_ms)

    def _woken(self, moment_ms: int) -> None:
        if moment_ms == self._wake_ms:
            self._wake_ms = FOREVER_MS
            self.catch_up()


def quiet(memory: Memory, inputs: Inputs, *, serving: bool) -> int:
    """Say for how many ms one scan does what many short ones would: up to the ladder's next timer."""
    settings, position_ms = memory.settings, memory.retained.position_ms
    waits = []
    if memory.was_down != (position_ms == 0) or (memory.entered and not inputs.safety):
        waits.append(SCAN_MS)
    if memory.raising:
        waits += (TRAVEL_MS - position_ms, settings.open_ms - memory.run_ms - SCAN_MS)
    elif memory.lowering:
        waits += (position_ms, settings.close_ms - memory.run_ms - SCAN_MS)
    if inputs.lifted and position_ms < TRAVEL_MS:
        waits.append(TRAVEL_MS - position_ms)
    if memory.clear_ms < settings.clear_ms and memory.clear:
        waits.append(settings.clear_ms - memory.clear_ms - SCAN_MS)
    if not inputs.approach:
        if memory.present:
            waits.append(settings.glitch_ms - memory.absent_ms - SCAN_MS)
        if memory.now and not memory.entered and not inputs.safety:
            waits.append(settings.gone_ms - memory.away_ms - SCAN_MS)
    if memory.local and memory.local_ms < settings.pass_ms:
        waits.append(settings.pass_ms - memory.local_ms - SCAN_MS)
    if serving is not memory.alive:
        waits.append(SCAN_MS if serving else settings.server_lost_ms - memory.silent_ms - SCAN_MS)
    return max(SCAN_MS, min(waits)) if waits else FOREVER_MS


def _rests(memory: Memory) -> bool:
    """Say whether a scan would change nothing but the clock."""
    return memory.still_ms >= PROOF_MS and not memory.inputs.safety and memory.clear


def _altered(inputs: Inputs, changes: dict[str, object]) -> Inputs:
    """Change some inputs: what `dataclasses.replace` does, in half of its time."""
    values = list(_VALUES(inputs))
    for name, value in changes.items():
        values[_PLACES[name]] = value
    return Inputs(*values)


def _nobody() -> None:
    """Nobody looks yet."""
