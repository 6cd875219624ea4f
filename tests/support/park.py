"""A virtual car park in memory: the cars of `scada.sim`, the ladder of `plc.sim`, and somebody who opens."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plc.sim.image import field_state
from plc.sim.ladder import power_up, scan
from plc.sim.machine import CONTACTS
from plc.sim.memory import Inputs, Memory, Retained, Settings
from scada.clock import VirtualClock
from scada.model.handshake import CommandBlock, CommandCode
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.sim.road import Board, Car, CarName, Happening, Manner, Road, contacts
from scada.sim.trial.truth import TruthLog
from scada.sim.wiring import FieldState, Numbers
from scada.sim.world import World, advance, come

IN, OUT, GATE = LaneName("in1"), LaneName("out1"), LaneName("gate1")
CYCLE_S = 0.02
CLAIM = 7
PLAIN = Manner()


def car(number: int, entry: Manner = PLAIN, leave: Manner = PLAIN, dwell_s: float = 5.0) -> Car:
    """Make a car."""
    return Car(CarName(f"car-{number:05d}"), IN, OUT, dwell_s, entry, leave, return_s=3.0)


def empty_world() -> World:
    """Give a car park of one entry and one exit without cars."""
    return World((Road(IN, Direction.ENTRY), Road(OUT, Direction.EXIT)))


def one_gate() -> World:
    """Give a car park whose one gate leads both ways."""
    return World((Road(GATE, Direction.ENTRY, two_way=True),))


class Bench:
    """World and ladders wired together; opens for whoever stands at a boom long enough."""

    def __init__(self, truth_path: Path, patience_s: float = 1.0, world: World | None = None) -> None:
        self.clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
        self.world = world or empty_world()
        self.happened: list[Happening] = []
        self.memories: dict[LaneName, Memory] = {
            road.lane: power_up(Retained(), Settings(two_way=road.two_way)) for road in self.world.roads
        }
        self.commands: list[tuple[LaneName, int, int]] = []
        self._finish = ExitStack()
        self._truth = self._finish.enter_context(TruthLog(truth_path, self.clock))
        self._numbers = {lane: Numbers(lane, self._truth) for lane in self.memories}
        self._patience_s = patience_s
        self._inputs = {lane: Inputs(claim_wanted=CLAIM) for lane in self.memories}
        self._seen_s: dict[tuple[LaneName, int], float] = {}

    def invite(self, guest: Car, after_s: float) -> None:
        """Send a car."""
        self.world = come(self.world, guest, after_s)
        self._truth.write("car", car=guest.name, plate=guest.name)

    def run(self, seconds: float, until: Callable[["Bench"], bool] = lambda bench: False) -> bool:
        """Let time pass; say whether `until` came true."""
        for _ in range(round(seconds / CYCLE_S)):
            self._cycle()
            if until(self):
                return True
        return False

    def finish(self) -> None:
        """Write the truth to its end; nothing more may happen."""
        self._finish.close()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *failure: object) -> None:
        self.finish()

    def _cycle(self) -> None:
        self.clock.advance(CYCLE_S)
        states = {lane: FieldState.model_validate(field_state(memory)) for lane, memory in self.memories.items()}
        boards = {lane: Board(state.boom, state.green, state.inner) for lane, state in states.items()}
        self.world, happened = advance(self.world, CYCLE_S, boards)
        self.happened += happened
        for one in happened:
            self._truth.write(one.what.value, car=one.car, lane=one.lane, way=one.way.value)
        for lane in self.memories:
            self._scan(lane)
            state = FieldState.model_validate(field_state(self.memories[lane]))
            self._numbers[lane].look(state, self.world.road(lane), self.clock.seconds())

    def _scan(self, lane: LaneName) -> None:
        felt: dict[str, Any] = dict.fromkeys(CONTACTS, False) | contacts(self.world.road(lane))
        beat = int(self.clock.seconds() * 5) % 65536
        claim = CLAIM if self.clock.seconds() > 1 else 0
        self._inputs[lane] = replace(self._inputs[lane], **felt, heartbeat=beat, claim_wanted=claim)
        self.memories[lane] = scan(self.memories[lane], self._inputs[lane], round(CYCLE_S * 1000))
        self._open(lane, self.memories[lane])

    def _open(self, lane: LaneName, memory: Memory) -> None:
        """Open once for each passage that has been there long enough."""
        if memory.now == 0 or memory.claim != CLAIM or not memory.near:
            return
        since_s = self._seen_s.setdefault((lane, memory.now), self.clock.seconds())
        known = any(done[:2] == (lane, memory.now) for done in self.commands)
        if known or self.clock.seconds() - since_s < self._patience_s:
            return
        seq = memory.retained.seq + 1
        block = CommandBlock(CLAIM, CommandCode.OPEN, memory.now, 2000, memory.tick, seq)
        words = (CLAIM, 1, *divmod(memory.now, 65536), 2000, memory.tick, block.check, *divmod(seq, 65536))
        self._inputs[lane] = replace(self._inputs[lane], command=words)
        self.commands.append((lane, memory.now, seq))
