"""One lane of the plant and its virtual PLC with a bad line between them, and the judge of every gate command."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from plc.links import build
from plc.map.mapped import TagMap
from plc.sim.machine import Machine
from plc.sim.memory import Memory, Settings
from plc.sim.server import start
from scada.clock import SystemClock
from scada.engine.command.gatekeeper import Gatekeeper
from scada.engine.command.intents import Outcome, SqlIntents
from scada.engine.tags import TagTable
from scada.model.handshake import Done, Mode, NotDone, Unknowable
from scada.model.lane.timing import Timing
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import Driver
from scada.sim.trial.ports import free_port
from scada.store.db import Database
from tests.support.faulty.line import FaultyLine
from tests.support.faulty.plan import Fault, plan
from tests.support.faulty.wire import Wire
from tests.support.plc import only_device, running, shipped_map, until

WHERE = {Wire.MODBUS: ("plc1", "in1"), Wire.OPC_UA: ("ua1", "out1")}
_PLC = ("plc.layout", "plc.boot", "plc.tick", "hb.plc", "mode.now", "claim.now", "ack.seq", "ack.result")
_LANE = ("loop.approach", "loop.safety", "gate.up", "gate.down", "gate.close_permit", "passage.now")
POINTS = frozenset((*_PLC, *_LANE, "count.open", "rise.count", "hb.server", "claim.wanted", "cmd"))
"""What the handshake needs and the judge looks at; the rest of a lane's tags would only cost time."""
QUICK = Settings(gone_ms=300, clear_ms=100, glitch_ms=50)
RECOVERY_S = 120.0
"""A line that is good again must carry commands again within this, on however busy a computer."""
ANSWER_S = 60.0
TRANSACTION = 2
"""The bytes of a Modbus frame that number it; the rest of a command goes out again as it was."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The PLC has carried out an OPEN: when, by the running loop."""

    at_s: float


@dataclass
class Watch:
    """Looks at the PLC's memory after every scan; never by way of the line."""

    memory: Callable[[], Memory]
    opened: list[Opened] = field(default_factory=list)
    rises: int = 0
    lag_s: float = 0.0
    """The longest time between two looks: how late a scan may be here."""
    _seen: int = 0
    _looked_s: float = 0.0

    async def look(self) -> None:
        now_s, kept = asyncio.get_running_loop().time(), self.memory().retained
        count, self.rises = kept.opened, kept.rises
        self.opened += [Opened(now_s)] * (count - self._seen)
        self.lag_s = max(self.lag_s, now_s - self._looked_s) if self._looked_s else 0.0
        self._seen, self._looked_s = count, now_s


@dataclass(frozen=True, slots=True)
class Tried:
    """One try to open: what was told, what happened, and what is wrong with that."""

    seed: int
    faults: tuple[Fault, ...]
    outcome: str
    opened: int
    sent: int
    wrong: tuple[str, ...]


@dataclass
class Lane:
    """A lane with everything real but its line."""

    wire: Wire
    name: str
    machine: Machine
    driver: Driver
    gatekeeper: Gatekeeper
    line: FaultyLine
    watch: Watch

    @property
    def memory(self) -> Memory:
        """The PLC's memory, as somebody sees it who stands at the cabinet."""
        return self.machine.memories[self.name]

    async def try_once(self, seed: int) -> Tried:
        """Let a car come, open for it over a line that goes wrong by the seed's plan, and judge what happened."""
        try:
            await until(self._is_ready, RECOVERY_S)
        except TimeoutError:
            return Tried(seed, (), "Stuck", 0, 0, (f"never ready again: {self._state()}",))
        self.machine.wire(self.name, {"approach": True})
        await until(lambda: self.gatekeeper.image().passage_now == self.memory.now != 0, RECOVERY_S)
        faults, rises, before = plan(seed), self.watch.rises, len(self.watch.opened)
        self.watch.lag_s = 0.0
        self.line.arm(faults)
        asked_s = asyncio.get_running_loop().time()
        async with asyncio.timeout(ANSWER_S):
            outcome = await self.gatekeeper.open(PassageId(f"try-{seed}"), self.memory.now, "a try")
        await self.line.quiet()
        await self.machine.next_scan()
        opened = self.watch.opened[before:]
        wrong = [*_contradictions(outcome, len(opened)), *self._too_late(opened, asked_s)]
        if self.watch.rises - rises != len(opened):
            wrong.append(f"{self.watch.rises - rises} rises for {len(opened)} openings")
        if self.wire is Wire.MODBUS and len({frame[TRANSACTION:] for frame in self.line.commands}) > 1:
            wrong.append("the second sending had other bytes")
        self.machine.wire(self.name, {"approach": False})
        return Tried(seed, faults, type(outcome).__name__, len(opened), len(self.line.commands), tuple(wrong))

    def _is_ready(self) -> bool:
        image, memory = self.gatekeeper.image(), self.memory
        return image.claimed and image.mode is Mode.AUTO and memory.now == 0 and memory.down and not image.passage_now

    def _state(self) -> str:
        image, memory = self.gatekeeper.image(), self.memory
        return (
            f"{self.driver.figures()}, claimed {image.claimed}, {image.mode}, passage {memory.now}, down {memory.down}"
        )

    def _too_late(self, opened: list[Opened], asked_s: float) -> list[str]:
        limit_s = Timing().t_ttl_s + self.watch.lag_s
        late = [one.at_s - asked_s for one in opened if one.at_s - asked_s > limit_s]
        return [f"opened {late_s:.2f} s after it was asked for, allowed {limit_s:.2f}" for late_s in late]


def _contradictions(outcome: Outcome, opened: int) -> list[str]:
    wrong = [f"opened {opened} times"] if opened > 1 else []
    match outcome:
        case Done() if opened == 0:
            return ["told as done, never opened"]
        case NotDone(why) if opened:
            return [*wrong, f"told as not done ({why}), and opened"]
        case Done() | NotDone() | Unknowable():
            return wrong


@asynccontextmanager
async def bad_lane(wire: Wire, number: int, folder: Path, db: Database) -> AsyncIterator[Lane]:
    """Run a lane whose line obeys a plan; `number` tells its page of the book from others'."""
    device, lane = WHERE[wire]
    tag_map = await asyncio.to_thread(_slim_map, device, lane)
    async with AsyncExitStack() as stack:
        where, store = tag_map.devices[device], folder / f"{wire.value}{number}.json"
        clock = SystemClock()
        machine = await start(stack, where, tag_map.tags, {lane: QUICK}, store, free_port(), clock)
        watch = Watch(lambda: machine.memories[lane])
        machine.show_by(watch.look)
        line = await stack.enter_async_context(FaultyLine(wire, where.port))
        reached = TagMap(tag_map.tags, {device: replace(where, port=line.port)})
        plant = await stack.enter_async_context(_plant(reached, lane, SiteId(f"line{number}"), folder, db))
        yield Lane(wire, lane, machine, *plant, line, watch)


@asynccontextmanager
async def _plant(
    tag_map: TagMap, lane: str, site: SiteId, data: Path, db: Database
) -> AsyncIterator[tuple[Driver, Gatekeeper]]:
    """Run the plant's side: driver, tags, gatekeeper and its book in SQL."""
    clock = SystemClock()
    tags = TagTable([tag.spec for tag in tag_map.tags], clock)
    [driver] = build(tag_map, tags.apply, clock, data)
    book = SqlIntents(db, site, LaneName(lane), clock)
    gatekeeper = Gatekeeper(LaneName(lane), tags, driver, book, clock, Timing(), lambda code, text: None)
    tasks = [asyncio.create_task(part) for part in (tags.run(), gatekeeper.run())]
    try:
        async with running(driver):
            yield driver, gatekeeper
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _slim_map(device: str, lane: str) -> TagMap:
    whole = only_device(shipped_map(), device)
    tags = tuple(tag for tag in whole.tags if tag.lane == lane and tag.name.removeprefix(f"{lane}.") in POINTS)
    return TagMap(tags, whole.devices)


async def tries(wire: Wire, lanes: int, seeds: range, folder: Path, db: Database) -> list[Tried]:
    """Make a try with each seed, on so many lanes at once."""
    waiting, done = list(reversed(seeds)), list[Tried]()

    async def work(number: int) -> None:
        async with bad_lane(wire, number, folder, db) as lane:
            while waiting:
                done.append(await lane.try_once(waiting.pop()))
                if done[-1].outcome == "Stuck":
                    return

    async with asyncio.TaskGroup() as group:
        for number in range(lanes):
            group.create_task(work(number))
    return done
