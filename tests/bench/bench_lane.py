"""What a lane's own work costs, and how soon it hears of a car: beside the least Python can do, and a bare poll.

Loop edge to lane event = half a scan of the PLC + half a poll + the way there (`plc.md` §7); theory says 30 ms in the
mean and 60 at most for a poll of 50 ms and a scan of 10.
"""

import asyncio
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from plc.links import build
from plc.map.devices import Device
from plc.map.mapped import TagMap
from scada.clock import SystemClock
from scada.engine.command.image import LANE_POINTS, lane_image
from scada.engine.mailbox import EveryItem, LatestOnly, Mailbox
from scada.engine.tags import Batch, TagTable, merged
from scada.model.handshake import PassageOutcome
from scada.model.lane import events as e
from scada.model.lane.commands import Command
from scada.model.lane.states import Lane
from scada.model.lane.step import step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate
from scada.sim.trial.ports import free_port
from tests.bench.peers import serve_plc
from tests.bench.support import child, cpu_us, in_turns, percentile, run, show, times
from tests.support.lane import Bench
from tests.support.plc import NO_KEYS, only_device, running, shipped_map, until

ROUNDS = 7
EDGES = 240
POLL_S = 0.05
TAGS = 144
IN1 = LaneName("in1")
THEORY_MS = (30.0, 60.0)


# --- deciding ---


class Recorder(Bench):
    """A lane on the bench that keeps what it heard."""

    def __init__(self, direction: Direction) -> None:
        self.heard: list[e.Event] = []
        super().__init__(direction)

    def hear(self, event: e.Event) -> list[Command]:
        self.heard.append(event)
        return super().hear(event)


def entry_passage() -> Recorder:
    """A car comes in: read, admitted, through, boom down again; time passes as it does."""
    bench = Recorder(Direction.ENTRY)
    bench.arrives(1)
    bench.waits(0.8)
    bench.camera_reads("京A12345")
    bench.is_admitted()
    bench.plc_accepts()
    return _through(bench)


def exit_passage() -> Recorder:
    """A car leaves and pays at the boom."""
    bench = Recorder(Direction.EXIT)
    bench.arrives(1)
    bench.waits(0.8)
    bench.camera_reads("京A12345")
    bench.has_stay("S1")
    bench.owes("S1", 500)
    bench.waits(8.0)
    bench.pays("S1")
    bench.plc_accepts()
    return _through(bench)


def _through(bench: Recorder) -> Recorder:
    bench.waits(0.5)
    bench.boom_rises()
    bench.waits(2.0)
    bench.passes(outcome=PassageOutcome.FORWARD)
    bench.waits(1.0)
    bench.boom_lowers()
    if type(bench.state).__name__ != "Idle":
        raise RuntimeError(f"the passage ended in {bench.state}")
    return bench


def replay(bench: Recorder) -> Callable[[], Lane]:
    """Take a lane through everything a recorded one has heard."""
    empty = Lane(bench.lane.name, bench.lane.direction)

    def all_steps() -> Lane:
        lane = empty
        for event in bench.heard:
            lane = step(lane, event, bench.timing).lane
        return lane

    return all_steps


def step_rows() -> list[list[str]]:
    """Measure steps against the least a decision can cost: one copy of the lane."""
    passages = {"entry, whole passage": entry_passage(), "exit, whole passage with payment": exit_passage()}
    lane, timing = passages["entry, whole passage"].lane, Timing()
    tick = e.TimePassed(**passages["entry, whole passage"].now)

    def per_step(bench: Recorder) -> Callable[[], float]:
        work, count = replay(bench), len(bench.heard)
        return lambda: cpu_us(work, 30) / count

    works: dict[str, Callable[[], float]] = {
        "one dataclasses.replace of the lane": lambda: cpu_us(lambda: replace(lane, rises=1), 5000),
        "nothing but time, empty lane": lambda: cpu_us(lambda: step(lane, tick, timing), 5000),
    }
    works |= {f"{name} ({len(bench.heard)} events)": per_step(bench) for name, bench in passages.items()}
    return _against_first(in_turns(ROUNDS, works))


# --- the tag table ---


def table_rows() -> list[list[str]]:
    """Measure a scan of 144 tags going into the table against the same in a bare dict."""
    names = [TagName(f"in1.t{number}") for number in range(TAGS)]
    scans = [[TagUpdate(name, number, Quality.GOOD) for name in names] for number in (1, 2)]
    table = TagTable([TagSpec(name, "plc1", Access.READ, stale_s=0.5) for name in names], SystemClock())
    reader: Mailbox[Batch] = Mailbox("bench", 1, LatestOnly(merged))
    table.subscribe(reader)
    known: dict[TagName, object] = {}

    def bare(updates: Sequence[TagUpdate]) -> None:
        changed = {one.name: one.value for one in updates if known.get(one.name) != one.value}
        known.update(changed)

    take: dict[str, Callable[[Sequence[TagUpdate]], None]] = {"bare dict": bare, "tag table, one reader": table.apply}
    changed = {who: _cost(one, scans) for who, one in take.items()}
    equal = {who: _cost(one, scans[1:]) for who, one in take.items()}
    return [
        [f"{what} changed: {name}", *figures]
        for what, works in (("all", changed), ("nothing", equal))
        for name, *figures in _against_first(in_turns(ROUNDS, works))
    ]


def _cost(take: Callable[[Sequence[TagUpdate]], None], scans: Sequence[Sequence[TagUpdate]]) -> Callable[[], float]:
    def every() -> None:
        for scan in scans:
            take(scan)

    return lambda: cpu_us(every, 100) / len(scans)


def _against_first(seen: Mapping[str, float]) -> list[list[str]]:
    limit = next(iter(seen.values()))
    return [[name, f"{us:.2f}", times(us, limit)] for name, us in seen.items()]


# --- from the loop in the road to the lane ---


@dataclass
class Watch:
    """Waits for the approach loop to be seen in a state, by one of those who look."""

    wanted: bool = False
    at_s: dict[str, float] = field(default_factory=dict)

    def sees(self, who: str, on: bool) -> None:
        """Note when the wanted state was first seen."""
        if on is self.wanted and who not in self.at_s:
            self.at_s[who] = time.perf_counter()


OURS, BARE = "driver, tag table, image, step", "bare poll: raw asyncio, one bit"


async def step_on_changes(table: TagTable, watch: Watch) -> None:
    """Be the lane: each batch of tags becomes an image, an event and a step, as in the plant."""
    clock, lane, timing = SystemClock(), Lane(IN1, Direction.ENTRY), Timing()
    batches: Mailbox[Batch] = Mailbox("tags of in1", 256, EveryItem())
    table.subscribe(batches, [TagName(f"{IN1}.{point}") for point in LANE_POINTS])
    async for _ in batches:
        image = lane_image(table, IN1, clock.seconds(), lambda claim: False)
        lane = step(lane, e.ImageSeen(image, at=clock.now(), at_s=clock.seconds()), timing).lane
        watch.sees(OURS, lane.image.approach.on)


async def poll_barely(device: Device, watch: Watch) -> None:
    """Read the image every 50 ms by hand and look at the loop's bit: what no server can beat at this poll."""
    reader, writer = await asyncio.open_connection(device.host, device.port)
    try:
        due_s = time.monotonic()
        while True:
            writer.write(struct.pack(">HHHBBHH", 1, 0, 6, device.unit, 3, 1, 30))
            head = await reader.readexactly(9)
            body = await reader.readexactly(head[8])
            watch.sees(BARE, bool(body[7] & 1))
            due_s = max(due_s + POLL_S, time.monotonic())
            await asyncio.sleep(due_s - time.monotonic())
    finally:
        writer.close()


async def drive_over(field_port: int, watch: Watch) -> dict[str, list[float]]:
    """Switch the approach loop and note how long each looker took; the moments are spread evenly over the poll."""
    reader, writer = await asyncio.open_connection("127.0.0.1", field_port)
    waits: dict[str, list[float]] = {OURS: [], BARE: []}
    for number in range(EDGES):
        await asyncio.sleep(POLL_S * (number * 0.618034 % 1))
        watch.wanted, watch.at_s = not watch.wanted, {}
        began_s = time.perf_counter()
        writer.write(b'{"in1": {"approach": %s}}\n' % str(watch.wanted).lower().encode())
        await reader.readline()
        await until(lambda: len(watch.at_s) == len(waits))
        for who, at_s in watch.at_s.items():
            waits[who].append((at_s - began_s) * 1000)
    writer.close()
    return waits


async def edges(tag_map: TagMap, field_port: int) -> dict[str, list[float]]:
    """Run driver, table and lane beside a bare poll of the same virtual PLC."""
    table = TagTable([tag.spec for tag in tag_map.tags], SystemClock())
    (driver,) = build(tag_map, table.apply, SystemClock(), NO_KEYS)
    watch = Watch()
    async with running(driver):
        lookers = (step_on_changes(table, watch), poll_barely(tag_map.devices[driver.name], watch))
        tasks = [asyncio.create_task(looker) for looker in lookers]
        try:
            await until(lambda: len(watch.at_s) == len(tasks))
            return await drive_over(field_port, watch)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def edge_rows(folder: Path) -> list[list[str]]:
    """Measure the way of an edge through a virtual PLC in a process of its own."""
    tag_map, field_port = only_device(shipped_map(), "plc1"), free_port()
    device = tag_map.devices["plc1"]
    with child(serve_plc, device, tag_map.tags, folder / "plc1.json", field_port):
        waits = asyncio.run(edges(tag_map, field_port))
    limit = _figures(waits[BARE])
    rows = [_edge_row(who, _figures(waits[who]), limit) for who in (BARE, OURS)]
    mean, most = THEORY_MS
    return [["theory: 50 ms poll, 10 ms scan", f"{mean:.1f}", "", "", f"{most:.1f}", ""], *rows]


def _figures(waits: Sequence[float]) -> tuple[float, float, float, float]:
    return statistics.mean(waits), percentile(waits, 0.5), percentile(waits, 0.99), max(waits)


def _edge_row(who: str, seen: Sequence[float], limit: Sequence[float]) -> list[str]:
    ratio = f"{seen[0] / limit[0]:.2f} / {seen[2] / limit[2]:.2f} ×"
    return [who, *(f"{ms:.1f}" for ms in seen), ratio]


def main() -> None:
    """Show three tables."""
    show("A lane's decision", ["way", "CPU µs a step", "of one copy"], step_rows())
    show(f"A scan of {TAGS} tags into the table", ["way", "CPU µs a scan", "of a dict"], table_rows())
    with tempfile.TemporaryDirectory() as folder:
        rows = edge_rows(Path(folder))
    columns = ["loop edge to lane event, ms", "mean", "p50", "p99", "max", "mean / p99 of bare"]
    note = "Over the field side and Modbus TCP of the virtual PLC. Budget of the plant: p99 ≤ 75 ms."
    show(f"From the road to the lane, {EDGES} edges", columns, rows, note)


if __name__ == "__main__":
    run(main)
