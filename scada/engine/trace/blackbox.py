"""The black box: a lane's ring is written to a file around every fault, from before it until some seconds after.

Reading and noting never wait; files are written in a thread, and there are never more of them than `MOST_FILES`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from scada.clock import Clock
from scada.engine.mailbox import EveryItem, Mailbox, MailboxOverflow
from scada.engine.tags import Batch, TagTable
from scada.engine.trace.file import Story, keep
from scada.engine.trace.ring import Entry, Note, Read, Ring
from scada.model.names import LaneName
from scada.model.tag import Quality, TagName, lane_of

AFTER_S = 10.0
"""How long after a fault its file goes on."""
BOX = 4096
OWN_POINTS = ("lane.state", "alarm", "camera.ok")
"""The server's own tags of a lane that explain what its wires do; whoever is in the lane is left out."""

Keep = Callable[[Story], Awaitable[Path]]
"""Writes a story down. Raises OSError."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file is written: a word for its name, and when."""

    word: str
    at: datetime
    at_s: float


class BlackBox:
    """One lane's."""

    def __init__(self, lane: LaneName, tags: TagTable, clock: Clock, keep: Keep) -> None:
        self.lane = lane
        self._clock, self._store = clock, keep
        names = _names_of(lane, tags)
        self._ring = Ring({name: tags.get(name) for name in names})
        self._box: Mailbox[Batch] = Mailbox(f"black box {lane}", BOX, EveryItem())
        self._fault: Fault | None = None
        self._shown = {name: value.quality for name, value in self._ring.image.items()}
        tags.subscribe(self._box, names)

    def note(self, note: Note) -> None:
        """Note what went out. Never waits."""
        self._add(note)

    async def run(self) -> None:
        """Follow the lane until cancelled; a fault under way is written down at the end, too."""
        try:
            while True:
                await self._follow()
        finally:
            await self._keep()

    async def _follow(self) -> None:
        try:
            batch = await self._box.get_within(self._left_s())
        except MailboxOverflow as error:
            self._add(Note("failed", self._box.name, str(error)))
            return
        if batch is not None:
            self._take(batch)
        if self._fault is not None and self._clock.seconds() >= self._fault.at_s + AFTER_S:
            await self._keep()

    def _left_s(self) -> float:
        return max(0.0, self._fault.at_s + AFTER_S - self._clock.seconds()) if self._fault else AFTER_S

    def _take(self, batch: Batch) -> None:
        self._add(Read(batch))
        for word in _faults(self.lane, batch, self._shown):
            self._add(Note("fault", word))
            log.info("black box", lane=self.lane, fault=word)
            self._fault = self._fault or Fault(word, self._clock.now(), self._clock.seconds())
        self._shown.update((name, value.quality) for name, value in batch.items())

    def _add(self, thing: Read | Note) -> None:
        self._ring.add(Entry(self._clock.now(), self._clock.seconds(), thing))

    async def _keep(self) -> None:
        """Write the ring down, if there is a fault to explain."""
        fault, self._fault = self._fault, None
        if fault is None:
            return
        story = Story(self.lane, fault.word, fault.at, fault.at_s, dict(self._ring.image), tuple(self._ring))
        try:
            path = await self._store(story)
        except OSError as error:
            log.error("black box not written", lane=self.lane, fault=fault.word, error=str(error))
        else:
            log.info("black box written", lane=self.lane, fault=fault.word, file=path.name)


class BlackBoxes:
    """Those of all lanes."""

    def __init__(self, lanes: Iterable[LaneName], tags: TagTable, clock: Clock, folder: Path) -> None:
        def store(story: Story) -> Awaitable[Path]:
            return asyncio.to_thread(keep, folder, story)

        self.by_lane: Mapping[str, BlackBox] = {lane: BlackBox(lane, tags, clock, store) for lane in lanes}

    def tell(self, tag: TagName, note: Note) -> None:
        """Note what went out to a lane; tags of no lane have no box."""
        if box := self.by_lane.get(lane_of(tag)):
            box.note(note)


def _names_of(lane: LaneName, tags: TagTable) -> list[TagName]:
    """Give the tags that are a lane's wires, and those that explain them."""
    own = {TagName(f"{lane}.{point}") for point in OWN_POINTS}
    return [name for name in tags.snapshot() if lane_of(name) == lane and (tags.spec(name).device or name in own)]


def _faults(lane: LaneName, batch: Batch, shown: Mapping[TagName, Quality]) -> list[str]:
    """Say which faults a batch begins: an alarm of the lane, its state, its heartbeat that is no longer heard."""
    found = []
    alarm = batch.get(TagName(f"{lane}.alarm"))
    if alarm is not None and alarm.value:
        found.append(str(alarm.value).partition(":")[0])
    state = batch.get(TagName(f"{lane}.lane.state"))
    if state is not None and state.value == "faulted":
        found.append("faulted")
    heartbeat = TagName(f"{lane}.hb.plc")
    heard = batch.get(heartbeat)
    if heard is not None and heard.quality.is_bad and not shown.get(heartbeat, heard.quality).is_bad:
        found.append("plc_lost")
    return found
