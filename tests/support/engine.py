"""Helpers of the engine's tests: virtual time, a lane's tags, a PLC in memory after `plc.md` §6, a book in memory."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from scada.engine.command.gatekeeper import Gatekeeper
from scada.engine.command.intents import Intent, IntentError, Outcome
from scada.engine.tags import TagTable
from scada.model.device import DeviceFigures
from scada.model.handshake import AckResult, Answer, CommandBlock, CommandCode, Mode, age_ms
from scada.model.lane.timing import Timing
from scada.model.names import LaneName, PassageId
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate, Value
from scada.ports import JournalEntry, PlcError

T = TypeVar("T")
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LANE = LaneName("in1")
SCAN_S = 0.05
HB_LOST_S = 3.0
READ_POINTS = (
    "plc.boot",
    "plc.tick",
    "hb.plc",
    "loop.approach",
    "loop.safety",
    "gate.up",
    "gate.down",
    "gate.close_permit",
    "mode.now",
    "claim.now",
    "ack.seq",
    "ack.result",
    "passage.now",
)


class _LeapingSelector(selectors.SelectSelector):
    """Never waits: time leaps to whatever comes next."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits for nothing")
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is virtual: hours pass in no time."""

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


def virtually(story: Coroutine[object, object, T]) -> T:
    """Run a story in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)


class LoopClock:
    """The running loop's time as the product's clock."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        return asyncio.get_running_loop().time()

    def ahead(self, wait_s: float) -> datetime:
        return self.now() + timedelta(seconds=wait_s)

    def seconds_at(self, moment: datetime) -> float:
        return (moment - START).total_seconds()


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait for a condition. Raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - a condition of a test is any expression
            await asyncio.sleep(0.005)


def name(point: str) -> TagName:
    return TagName(f"{LANE}.{point}")


def lane_specs() -> list[TagSpec]:
    read = [TagSpec(name(point), "plc1", Access.READ, stale_s=0.5) for point in READ_POINTS]
    written = [TagSpec(name(point), "plc1", Access.WRITE) for point in ("hb.server", "claim.wanted", "cmd")]
    return [*read, *written]


class KeptJournal:
    """A journal in memory."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        self.entries.extend(entries)


class KeptBook:
    """The book of commands in memory; a commit takes `commit_s`."""

    def __init__(self, commit_s: float = 0.01) -> None:
        self.commit_s = commit_s
        self.intents: list[Intent] = []
        self.outcomes: dict[int, Outcome] = {}

    async def last_seq(self) -> int:
        return self.intents[-1].block.seq if self.intents else 0

    async def last(self) -> Intent | None:
        return self.intents[-1] if self.intents else None

    async def still_open(self) -> list[Intent]:
        return [intent for intent in self.intents if intent.id not in self.outcomes]

    async def begin(self, passage: PassageId, block: CommandBlock, boot: int, why: str) -> Intent:
        await asyncio.sleep(self.commit_s)
        if await self.still_open():
            raise IntentError("one at a time")
        intent = Intent(len(self.intents) + 1, passage, block, boot)
        self.intents.append(intent)
        return intent

    async def settle(self, intent: Intent, outcome: Outcome) -> None:
        await asyncio.sleep(self.commit_s)
        self.outcomes.setdefault(intent.id, outcome)


@dataclass(frozen=True, slots=True)
class Fate:
    """What the line does to one command: it arrives after `delay_s` (None: never), acknowledged or not."""

    delay_s: float | None = 0.0
    is_acknowledged: bool = True
    is_torn: bool = False


@dataclass
class MemoryPlc:
    """A PLC's side of the handshake (`plc.md` §6) in memory, and the link to it: a `Driver`."""

    answers_by_method: bool = False
    name: str = "plc1"
    tags: frozenset[TagName] = frozenset(spec.name for spec in lane_specs())
    boot: int = 1
    mode: Mode = Mode.AUTO
    approach: bool = False
    safety: bool = False
    claim_now: int = 0
    ack_seq: int = 0
    ack_result: int = 0
    passage_now: int = 0
    count: int = 0
    opened: list[CommandBlock] = field(default_factory=list)
    received: list[CommandBlock] = field(default_factory=list)
    writes: list[tuple[float, str, Value]] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    is_linked: bool = True
    is_frozen: bool = False
    sink: Callable[[Sequence[TagUpdate]], None] = lambda updates: None

    def __post_init__(self) -> None:
        self._began_s = 0.0
        self._hb = -1
        self._hb_s = -HB_LOST_S
        self._claim_seen = 0

    def car_comes(self) -> int:
        self.approach = True
        self.count += 1
        self.passage_now = self.count
        return self.passage_now

    def car_goes(self) -> None:
        self.approach = False
        self.passage_now = 0

    def restart(self) -> None:
        """Lose all but what is retained: boot, passage count and the last answer's number."""
        self.boot += 1
        self._began_s = self._now_s()
        self._hb_s = self._now_s() - HB_LOST_S
        self.claim_now = 0
        self.ack_result = 0
        self.mode = Mode.RESYNC
        self.passage_now = 0
        if self.approach:
            self.car_comes()

    def stranger_claims(self, number: int) -> None:
        self._hb_s = self._now_s()
        self.claim_now = number

    async def run(self) -> None:
        while True:
            self._watch()
            if self.is_linked:
                self.sink(self.image())
            await asyncio.sleep(SCAN_S)

    def image(self) -> list[TagUpdate]:
        now_s = 0.0 if self.is_frozen else self._now_s() - self._began_s
        values: dict[str, Value] = {
            "plc.boot": self.boot,
            "plc.tick": self._tick() if not self.is_frozen else 0,
            "hb.plc": int(now_s) % 65536,
            "loop.approach": self.approach,
            "loop.safety": self.safety,
            "gate.up": False,
            "gate.down": True,
            "gate.close_permit": not self.safety,
            "mode.now": int(self.mode),
            "claim.now": self.claim_now,
            "ack.seq": self.ack_seq,
            "ack.result": self.ack_result,
            "passage.now": self.passage_now,
        }
        return [TagUpdate(name(point), value, Quality.GOOD) for point, value in values.items()]

    async def write(self, name: TagName, value: Value) -> None:
        point = name.partition(".")[2]
        if not self.is_linked:
            raise PlcError(f"write {name}: not connected")
        await asyncio.sleep(0.002)
        self.writes.append((self._now_s(), point, value))
        assert isinstance(value, int)
        self._watch()
        if point == "hb.server" and value != self._hb:
            self._hb, self._hb_s = value, self._now_s()
        if point == "claim.wanted" and value != self._claim_seen:
            self._claim_seen = value
            if self.claim_now == 0 and self._is_alive():
                self.claim_now = value
                self.mode = Mode.AUTO if self.mode is Mode.RESYNC else self.mode

    def figures(self) -> DeviceFigures:
        return DeviceFigures(self.name)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        if not self.is_linked:
            raise PlcError(f"command {name}: not connected")
        fate = self.fates.pop(0) if self.fates else Fate()
        if fate.delay_s:
            asyncio.get_running_loop().call_later(fate.delay_s, self._receive, block)
        await asyncio.sleep(0.005)
        if fate.delay_s == 0.0 and not fate.is_torn:
            self._receive(block)
        if not fate.is_acknowledged:
            await asyncio.sleep(60)
        if self.answers_by_method and fate.delay_s == 0.0:
            return Answer(self.ack_seq, AckResult(self.ack_result)) if self.ack_result else None
        return None

    def _receive(self, block: CommandBlock) -> None:
        """Obey the PLC's rules, in their order."""
        self._watch()
        self.received.append(block)
        if block.seq <= self.ack_seq:
            return
        self.ack_result = self._answer(block)
        self.ack_seq = block.seq
        if self.ack_result == AckResult.DONE and block.code is CommandCode.OPEN:
            self.opened.append(block)

    def _answer(self, block: CommandBlock) -> AckResult:
        if not self._is_alive():
            return AckResult.NO_HEARTBEAT
        if self.claim_now == 0 or block.claim != self.claim_now:
            return AckResult.CLAIM
        if age_ms(block.tick, self._tick()) > block.ttl_ms:
            return AckResult.EXPIRED
        if self.mode is not Mode.AUTO:
            return AckResult.MODE
        if block.passage != self.passage_now:
            return AckResult.WRONG_PASSAGE
        return AckResult.DONE

    def _watch(self) -> None:
        if not self._is_alive():
            self.claim_now = 0

    def _is_alive(self) -> bool:
        return self._now_s() - self._hb_s < HB_LOST_S

    def _tick(self) -> int:
        return int((self._now_s() - self._began_s) * 100) % 65536

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


class Plant:
    """One lane's gatekeeper with its tags, a PLC in memory and a book; `async with`."""

    def __init__(self, plc: MemoryPlc, book: KeptBook | None = None, timing: Timing | None = None) -> None:
        self.plc = plc
        self.book = book or KeptBook()
        self.alarms: list[str] = []
        self.tags = TagTable(lane_specs(), LoopClock())
        self.timing = timing or Timing()
        self.plc.sink = self.tags.apply
        self.gatekeeper = Gatekeeper(
            LANE, self.tags, plc, self.book, LoopClock(), self.timing, lambda code, text: self.alarms.append(code)
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Plant":
        parts = (self.plc.run(), self.tags.run(), self.gatekeeper.run())
        self._tasks = [asyncio.create_task(part) for part in parts]
        return self

    async def __aexit__(self, *failure: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def claimed(self) -> bool:
        return self.gatekeeper.image().claimed

    async def claim(self) -> "Plant":
        await until(lambda: self.claimed, 20)
        return self

    async def open(self, number: int, passage: str = "p") -> Outcome:
        return await self.gatekeeper.open(PassageId(passage), number, "a test")
