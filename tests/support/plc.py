"""Helpers of the plc tests: a bench for the ladder, a sink that remembers, virtual PLCs on free ports."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from plc.map.devices import Device
from plc.map.mapped import MappedTag, TagMap
from plc.registers import command_words
from plc.sim.ladder import power_up, scan
from plc.sim.machine import Machine
from plc.sim.memory import Inputs, Memory, Retained, Settings
from plc.sim.server import start
from plc.tagmap import examine, read_map
from scada.clock import SystemClock
from scada.model.handshake import AckResult, CommandBlock, CommandCode
from scada.model.tag import Quality, TagName, TagUpdate, Value
from scada.ports import Driver
from scada.sim.trial.ports import free_port
from tests.support.lane_st import Plc, differences

SHIPPED = Path(__file__).parents[2] / "plc" / "sim"
CLAIM = 4711
FOLLOWED_MS = 20_000
NO_KEYS = Path("/nowhere")
"""The data folder of a site whose PLCs want no keys."""


@dataclass
class Bench:
    """A ladder on the bench, driven by hand; the server's heartbeat moves by itself unless `silent`."""

    memory: Memory = field(default_factory=lambda: power_up(Retained()))
    inputs: Inputs = field(default_factory=Inputs)
    silent: bool = False
    highest_ms: int = 0
    beside: ClassVar[bool] = False
    """Run `docs/plc/lane.st` beside the ladder: a test asks for it by its fixture."""
    text: Plc | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        kept = self.memory.retained
        if self.beside and not self.memory.booted:
            self.text = Plc(self.memory.settings, replace(kept, boot=(kept.boot - 1) % 65536))

    def run(self, ms: int) -> None:
        """Scan for so long; a very long time is not followed in Structured Text."""
        self.text = self.text if ms <= FOLLOWED_MS else None
        for _ in range(ms // 10):
            if not self.silent and self.memory.uptime_ms % 300 == 0:
                self.inputs = replace(self.inputs, heartbeat=(self.inputs.heartbeat + 1) % 65536)
            self.memory = scan(self.memory, self.inputs, 10)
            self.highest_ms = max(self.highest_ms, self.memory.retained.position_ms)
            if self.text is not None:
                self.text.scan(self.inputs)
                assert differences(self.text, self.memory) == {}

    def wire(self, **contacts: bool) -> None:
        """Change contacts and scan once."""
        self.inputs = replace(self.inputs, **contacts)  # type: ignore[arg-type]
        self.run(10)

    def claim(self, claim: int = CLAIM) -> None:
        """Claim the lane as a living server, and wait until it is AUTO."""
        self.run(1500)
        self.inputs = replace(self.inputs, claim_wanted=claim)
        self.run(10)

    def ask(self, mode: int) -> None:
        """Write the mode that the server wishes for, and scan once."""
        self.inputs = replace(self.inputs, mode_wanted=int(mode))
        self.run(10)

    def block(self, code: int = CommandCode.OPEN, **other: int) -> CommandBlock:
        """Make the next command for the live passage; `other` says what is different."""
        fields = {
            "claim": self.memory.claim,
            "passage": self.memory.now,
            "ttl_ms": 2000,
            "tick": self.memory.tick,
            "seq": self.memory.retained.seq + 1,
        }
        return CommandBlock(code=code, **{**fields, **other})  # type: ignore[arg-type]

    def send(self, block: CommandBlock) -> AckResult | None:
        """Write the block, scan once, and give the answer if it was answered."""
        self.inputs = replace(self.inputs, command=command_words(block))
        self.run(10)
        return AckResult(self.memory.result) if self.memory.retained.seq == block.seq else None

    def arrive(self) -> int:
        """Let a car come onto the approach loop; give its passage."""
        self.wire(approach=True)
        return self.memory.now

    def drive_through(self) -> None:
        """Let the car on the approach loop pass under the boom and away."""
        self.drive_over(("safety",))

    def drive_over(self, loops: Sequence[str]) -> None:
        """Let the car on the approach loop pass over these loops and away."""
        for contact, on in (*((loop, True) for loop in loops), ("approach", False), *((loop, False) for loop in loops)):
            self.inputs = replace(self.inputs, **{contact: on})  # type: ignore[arg-type]
            self.run(800)


def ready_bench(settings: Settings | None = None) -> Bench:
    """Give a bench in AUTO, claimed, with an empty lane."""
    bench = Bench(memory=power_up(Retained(), settings or Settings()))
    bench.claim()
    return bench


@dataclass
class Sink:
    """A TagSink that remembers the newest update of each tag, and every call."""

    now: dict[TagName, TagUpdate] = field(default_factory=dict)
    calls: list[Sequence[TagUpdate]] = field(default_factory=list)

    def __call__(self, updates: Sequence[TagUpdate]) -> None:
        self.calls.append(updates)
        self.now.update((update.name, update) for update in updates)

    def value(self, name: str) -> Value:
        """The newest value of a tag; None before it was ever seen."""
        update = self.now.get(TagName(name))
        return None if update is None else update.value

    def quality(self, name: str) -> Quality | None:
        """The newest quality of a tag; None before it was ever told."""
        update = self.now.get(TagName(name))
        return None if update is None else update.quality

    def number(self, name: str) -> int:
        """The newest value of a tag that must be a number."""
        value = self.value(name)
        assert isinstance(value, int | float), f"{name} is {value!r}"
        return int(value)


async def until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until something is true; fail when it is not in time."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - any condition, not one event
            await asyncio.sleep(0.005)


def shipped_map() -> TagMap:
    """Give the shipped tag map with devices on free ports."""
    tag_map = read_map(SHIPPED / "tags.csv", SHIPPED / "devices.csv")
    return replace(tag_map, devices={name: at_free_port(device) for name, device in tag_map.devices.items()})


def only_device(tag_map: TagMap, name: str) -> TagMap:
    """Leave out all devices but one."""
    return TagMap(tag_map.on(name), {name: tag_map.devices[name]})


def at_free_port(device: Device) -> Device:
    """Move a device to a free port, with a time-out that suits a test."""
    return replace(device, port=free_port())


async def small_map(folder: Path, rows: str, device: str) -> tuple[tuple[MappedTag, ...], Device]:
    """Read a map of a few tags, whatever a whole lane would need besides."""
    return await asyncio.to_thread(_small_map, folder, rows, device)


def _small_map(folder: Path, rows: str, device: str) -> tuple[tuple[MappedTag, ...], Device]:
    (folder / "tags.csv").write_text(rows, encoding="utf-8")
    (folder / "devices.csv").write_text(device, encoding="utf-8")
    tag_map, _ = examine(folder / "tags.csv", folder / "devices.csv")
    (only,) = tag_map.devices.values()
    return tag_map.tags, only


@asynccontextmanager
async def virtual_plc(tag_map: TagMap, device: str, folder: Path) -> AsyncIterator[Machine]:
    """Run a virtual PLC in this process."""
    async with AsyncExitStack() as stack:
        where = tag_map.devices[device]
        yield await start(stack, where, tag_map.on(device), {}, folder / f"{device}.json", free_port(), SystemClock())


@asynccontextmanager
async def running(*drivers: Driver) -> AsyncIterator[None]:
    """Run drivers in the background; a driver that ends by itself fails the test."""
    tasks = [asyncio.create_task(driver.run()) for driver in drivers]
    try:
        yield
    finally:
        ended = [task for task in tasks if task.done()]
        assert not ended, f"a driver has ended by itself: {ended}"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def beating(driver: Driver, lane: str) -> AsyncIterator[None]:
    """Move the server's heartbeat in the background."""

    async def beat() -> None:
        count = 0
        while True:
            count += 1
            await driver.write(TagName(f"{lane}.hb.server"), count)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
