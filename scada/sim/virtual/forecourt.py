"""The road of one lane: who queues, who stands on the approach loop, who drives through, and which loops feel it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.virtual.agenda import Agenda
from scada.sim.virtual.cabinet import Cabinet
from scada.sim.virtual.cast import Car, Manner

PULL_UP_MS = 2500
REACTION_MS = 600
HESITATION_MS = 1200
TURN_BACK_MS = 1800
"""From the reverse gear to leaving the approach loop."""
CLOSE_BEHIND_MS = 900
STUCK_BEHIND_MS = 15_000
"""A boom that stays up this long keeps nobody waiting behind the line any more."""
BEAM_APART = 8
"""Of so many cars one crosses the beam apart from the safety loop."""
RUNS_RED_MS = 90_000
"""Somebody who has stood before an open boom and a red light this long drives all the same."""


@dataclass(slots=True, eq=False)
class Visit:
    """What truly happens to one visit of one car. Moments in ms; numbers are the PLC's."""

    number: int
    car: Car
    entered: "Crossing | None" = None
    left: "Crossing | None" = None
    wants_out_ms: int = 0


@dataclass(frozen=True, slots=True)
class Crossing:
    """A car that truly went through a lane, and the passage under which the PLC counted it (0: none).

    `from_ms`: when it came under the boom.
    """

    lane: LaneName
    from_ms: int
    at_ms: int
    number: int


@dataclass(slots=True, eq=False)
class Turn:
    """One car's turn in one lane: from the queue until it is through or gone."""

    visit: Visit
    manner: Manner
    came_ms: int
    standing: bool = False
    moving: bool = False
    under: bool = False
    under_ms: int = 0
    number: int = 0
    reading: Plate | None = None
    """The plate it shows; None shows none."""
    paid_order: str = ""


@dataclass(slots=True, eq=False)
class Hearers:
    """Who is told what happens on the road."""

    passed: Callable[["Forecourt", Turn], None]
    aside: Callable[["Forecourt", Turn], None]


@dataclass(slots=True, eq=False)
class Contacts:
    """How many cars each loop feels, and what is wrong with the loops."""

    approach: int = 0
    safety: int = 0
    beam: int = 0
    stuck: set[str] = field(default_factory=set)
    blind: set[str] = field(default_factory=set)

    def feels(self, name: str, cars: int) -> bool:
        """Say what the detector of a loop makes of so many cars."""
        return name in self.stuck or (cars > 0 and name not in self.blind)


class Forecourt:
    """One lane's road."""

    def __init__(self, name: LaneName, leads: Direction, cabinet: Cabinet, agenda: Agenda, hearers: Hearers) -> None:
        self.name = name
        self.leads = leads
        self.cabinet = cabinet
        self.contacts = Contacts()
        self.queue: deque[Turn] = deque()
        self.front: Turn | None = None
        """Who pulls up to, stands at or drives off from the boom; the next one may follow once he is under it."""
        self.leaving: list[Turn] = []
        self._agenda = agenda
        self._hearers = hearers
        self._up_since_ms: int | None = None

    @property
    def length(self) -> int:
        """How many cars are in the lane and before it."""
        return len(self.queue) + len(self.leaving) + (self.front is not None)

    def come(self, turn: Turn) -> None:
        """A car joins the queue."""
        self.queue.append(turn)
        self._pull_up()

    def look(self) -> None:
        """Let the drivers see the boom and the light."""
        up = self.cabinet.memory.up
        if up != (self._up_since_ms is not None):
            self._up_since_ms = self._agenda.now_ms if up else None
            if up:
                self._agenda.after(STUCK_BEHIND_MS + 1, self._pull_up)
                self._agenda.after(RUNS_RED_MS, self.look)
        turn = self.front
        if turn is not None and turn.standing and not turn.moving and self._may_go(turn):
            turn.moving = True
            self._agenda.after(REACTION_MS, self._start, turn)
        self._pull_up()

    def seen(self) -> Turn | None:
        """Give the car whose plate the camera sees: the last one on the approach loop."""
        if self.front is not None and self.front.standing:
            return self.front
        return self.leaving[-1] if self.leaving and self.contacts.approach else None

    def back_out(self, turn: Turn) -> None:
        """Let a standing driver put it in reverse."""
        if turn is self.front and turn.standing and not turn.moving:
            turn.moving = True
            self._agenda.after(TURN_BACK_MS, self._turned_back, turn)

    def _may_go(self, turn: Turn) -> bool:
        if self.cabinet.way_is_open:
            return True
        if self._up_since_ms is None or not self.cabinet.memory.up:
            return False
        waited_ms = self._agenda.now_ms - max(self._up_since_ms, turn.came_ms)
        return turn.manner.tailgates or waited_ms >= RUNS_RED_MS

    def _pull_up(self) -> None:
        """Let the first of the queue come onto the loop if its driver would."""
        if self.front is not None or not self.queue:
            return
        turn = self.queue[0]
        if not self._may_pull_up(turn):
            return
        self.queue.popleft()
        self.front = turn
        wait_ms = CLOSE_BEHIND_MS if turn.manner.tailgates and self.leaving else PULL_UP_MS
        self._agenda.after(wait_ms, self._arrive, turn)

    def _may_pull_up(self, turn: Turn) -> bool:
        if not self.cabinet.memory.up or (self.cabinet.way_is_open and not self.leaving):
            return True
        if turn.manner.eager or turn.manner.tailgates:
            return True
        since = self._up_since_ms
        return since is not None and self._agenda.now_ms - since > STUCK_BEHIND_MS

    def _arrive(self, turn: Turn) -> None:
        turn.standing = True
        turn.came_ms = self._agenda.now_ms
        self._feel(approach=1)
        manner = turn.manner
        if manner.backs_out_before_ms is not None:
            self._agenda.after(manner.backs_out_before_ms, self.back_out, turn)
        if manner.glitch_ms:
            self._agenda.after(1500, self._glitch, turn, manner.glitch_ms)
        self._agenda.after(manner.patience_ms, self.back_out, turn)
        self._agenda.after(RUNS_RED_MS, self.look)
        self.look()

    def _glitch(self, turn: Turn, lasts_ms: int) -> None:
        """The loop loses the car that stands on it for a moment."""
        if turn is self.front and turn.standing:
            self.contacts.blind.add("approach")
            self._feel()
            self._agenda.after(lasts_ms, self._glitch_over)

    def _glitch_over(self) -> None:
        self.contacts.blind.discard("approach")
        self._feel()

    def _start(self, turn: Turn) -> None:
        """Drive off, unless the boom has come down meanwhile."""
        if not self._may_go(turn):
            turn.moving = False
            return
        if turn.manner.backs_out_after:
            self._agenda.after(HESITATION_MS + TURN_BACK_MS, self._turned_back, turn)
            return
        edges = turn.visit.car.edges
        if edges.approach_off < edges.safety_on:
            self._agenda.after(edges.approach_off, self._off_approach, turn)
        self._agenda.after(edges.safety_on, self._reach_boom, turn)

    def _turned_back(self, turn: Turn) -> None:
        self.front = None
        turn.standing = False
        self._feel(approach=-1)
        self._hearers.aside(self, turn)
        self._agenda.after(1000, self._pull_up)

    def _reach_boom(self, turn: Turn) -> None:
        """Come onto the safety loop: from here on nothing stops it but its driver."""
        if not self.cabinet.memory.up and turn is self.front:
            turn.moving = False
            self.look()
            return
        turn.under, turn.under_ms = True, self._agenda.now_ms
        apart = self._feels_beam_apart(turn)
        self._feel(safety=1, beam=0 if apart else 1)
        turn.number = self.cabinet.memory.now if self.cabinet.powered else 0
        manner, edges = turn.manner, turn.visit.car.edges
        since = edges.safety_on - manner.stops_under_ms
        if manner.reverses_under:
            self._agenda.after(1500, self._reversed_under, turn, apart)
            return
        if apart:
            self._agenda.after(edges.beam_on - edges.safety_on, self._feel_boom, 1)
            self._agenda.after(edges.beam_off - since, self._feel_boom, -1)
        if turn is self.front:
            self._agenda.after(edges.approach_off - since, self._off_approach, turn)
        self._agenda.after(edges.safety_off - since, self._through, turn, apart)

    def _feels_beam_apart(self, turn: Turn) -> bool:
        """The beam is crossed while the safety loop is: it is worked out apart only where that may matter."""
        return bool(self.contacts.blind) or turn.visit.number % BEAM_APART == 0

    def _feel_boom(self, cars: int) -> None:
        self._feel(beam=cars)

    def _reversed_under(self, turn: Turn, apart: bool) -> None:
        turn.under = False
        self._feel(safety=-1, beam=0 if apart else -1)
        self._agenda.after(TURN_BACK_MS, self._turned_back, turn)

    def _off_approach(self, turn: Turn) -> None:
        turn.standing = False
        self.front = None
        self.leaving.append(turn)
        self._feel(approach=-1)
        self._pull_up()

    def _through(self, turn: Turn, apart: bool) -> None:
        if turn in self.leaving:
            self.leaving.remove(turn)
        self._feel(safety=-1, beam=0 if apart else -1)
        self._hearers.passed(self, turn)
        self._pull_up()

    def _feel(self, approach: int = 0, safety: int = 0, beam: int = 0) -> None:
        """Count a car on or off a loop, and put on the wires what the detectors make of it."""
        felt = self.contacts
        felt.approach += approach
        felt.safety += safety
        felt.beam += beam
        self.cabinet.under_boom = felt.beam
        self.refresh()

    def refresh(self) -> None:
        """Put on the PLC's wires what the detectors make of the road now."""
        felt, inputs = self.contacts, self.cabinet.inputs
        wires = (
            felt.feels("approach", felt.approach),
            felt.feels("safety", felt.safety),
            felt.feels("beam", felt.beam),
        )
        if wires != (inputs.approach, inputs.safety, inputs.beam):
            self.cabinet.wire(approach=wires[0], safety=wires[1], beam=wires[2])
