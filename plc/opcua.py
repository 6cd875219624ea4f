"""The OPC UA driver: a subscription, or polling where the server publishes too slowly (`plc.md` §2)."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import structlog

from plc.map.devices import Device
from plc.map.mapped import MappedTag, Scan
from plc.registers import Kind
from plc.transport.link import LAYOUT, ForeignLayout, keep_trying
from plc.transport.opcua import OpcUaSession, ServerRefusal
from plc.transport.published import Published
from plc.transport.retry import BackOff
from plc.transport.tally import Tally
from plc.ua.keys import KeyFolder
from scada.clock import Clock
from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import Access, Quality, TagName, TagUpdate, Value, point_of
from scada.ports import PlcError, TagSink

SLOWEST_S = 0.06
"""A server that publishes more slowly is polled instead."""
LOOK_AGAIN_S = 10.0
"""How often a subscription asks for nodes that the server does not have."""
REFRESH_S = 0.15
"""How often unchanged tags are told again while the server is heard: well below the least `stale_ms`."""

log = structlog.get_logger(__name__)


class OpcUaDriver:
    """One session with one OPC UA server."""

    def __init__(self, device: Device, tags: Sequence[MappedTag], sink: TagSink, clock: Clock, keys: KeyFolder) -> None:
        self._device, self._clock, self._keys = device, clock, keys
        self._ways = deque(device.ways)
        self._tags = {tag.name: tag for tag in tags}
        self._read = [tag for tag in tags if tag.is_read]
        self._published = Published(tags, sink, clock)
        self._back_off = BackOff()
        self._tally = Tally(device.name)
        self._session: OpcUaSession | None = None
        self._publishing_s = 0.0
        self._missing: list[MappedTag] = []
        self._ends_at: datetime | None = None

    @property
    def name(self) -> str:
        """The device's name in the device table."""
        return self._device.name

    @property
    def tags(self) -> frozenset[TagName]:
        """The tags that live on this device."""
        return frozenset(self._tags)

    async def run(self) -> None:
        """Connect, follow and publish until cancelled; a new session each time, with back-off."""
        await keep_trying(self._tally, self._live_once, self._published, self._back_off)

    async def write(self, name: TagName, value: Value) -> None:
        """Write one tag once. Raises PlcError; then nobody knows whether it happened."""
        tag, session = self._writable(name)
        with self._counted():
            await session.write(tag, value)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Send a command once: by a method, which gives the PLC's answer, or as one array. Raises PlcError."""
        tag, session = self._writable(name)
        with self._counted():
            if tag.kind is Kind.METHOD:
                return await session.call(tag, block)
            if tag.kind is Kind.COMMAND:
                await session.write_block(tag, block)
                return None
        raise PlcError(f"command {name} of {self._device.where}: neither a method nor a command block")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count what was sent, and what the server itself refused."""
        self._tally.writes += 1
        try:
            yield
        except ServerRefusal:
            self._tally.refusals += 1
            raise

    def figures(self) -> DeviceFigures:
        """Give how the session does; a write is on its way at once, so none ever waits."""
        if self._session is not None:
            self._tally.round_trip_ms = self._session.round_trip_ms
        days = None if self._ends_at is None else (self._ends_at - self._clock.now()).days
        return replace(
            self._tally.figures(waiting=0, is_still=self._published.is_still),
            publishing_ms=self._publishing_s * 1000,
            certificate_days=days,
        )

    async def _live_once(self) -> None:
        """Live through one session, over the next way to the device. Raises PlcError when it ends."""
        way = self._ways[0]
        self._ways.rotate(-1)
        session = OpcUaSession(way, list(self._tags.values()), self._keys)
        self._tally.address = f"{way.host}:{way.port}"
        try:
            await session.open(self._clock.now())
            self._ends_at = session.ends_at
            await self._check_layout(session)
            self._publishing_s, missing = await session.subscribe(self._read)
            self._audit(missing)
            log.info("plc connected", plc=self.name, publishing_s=self._publishing_s, missing=len(missing))
            self._tally.connected(f"{way.host}:{way.port}")
            self._session = session
            await (self._follow(session) if self._publishing_s <= SLOWEST_S else self._poll(session))
        finally:
            if self._session is not None:
                self._published.all_bad(Quality.NOT_CONNECTED)
            self._session, self._publishing_s = None, 0.0
            await session.close()

    async def _check_layout(self, session: OpcUaSession) -> None:
        layouts = [tag for tag in self._read if point_of(tag.name) == LAYOUT and session.knows(tag)]
        for update in await session.read(layouts) if layouts else []:
            if update.quality is Quality.OUT_OF_RANGE:
                raise ForeignLayout(f"{update.name} of {self._device.where} is {update.value}")

    def _audit(self, missing: list[MappedTag]) -> None:
        """Tell what the server does not have: it is bad, never silent."""
        names, known = {tag.name for tag in missing}, {tag.name for tag in self._missing}
        self._missing = missing
        self._tally.holes = len(names)
        if names - known:
            log.error("plc lacks tags of the map", plc=self.name, tags=sorted(names))
        if known - names:
            log.info("plc has tags again", plc=self.name, tags=sorted(known - names))
        if names:
            self._published.tell(self._published.bad(names, Quality.COMMUNICATION))

    def _note_holes(self, session: OpcUaSession) -> None:
        """While polling, every read tells what the server lacks now."""
        missing = session.lacking(self._read)
        if len(missing) != len(self._missing):
            self._audit(missing)

    async def _look_again(self, session: OpcUaSession) -> None:
        """Ask once more for what the server lacks or has dropped: somebody may be loading his PLC."""
        if self._missing:
            self._audit(await session.monitor(self._missing))

    async def _follow(self, session: OpcUaSession) -> None:
        """Publish each publish response in one call, and keep unchanged tags fresh while the server is heard."""
        refreshed_s = looked_s = self._clock.seconds()
        known: set[TagName] = set()
        while True:
            updates = await session.notified(within_s=REFRESH_S)
            self._tally.reads += bool(updates)
            known.update(update.name for update in updates)
            now_s = self._clock.seconds()
            refresh = now_s - refreshed_s >= REFRESH_S and session.heard_s() < 2 * REFRESH_S
            for part in _parts(updates):
                self._published.tell(part)
            if refresh:
                self._published.tell((), known)
                refreshed_s = now_s
            if gone := session.taken_away():
                known -= {tag.name for tag in gone}
                self._audit([*self._missing, *gone])
            if now_s - looked_s >= LOOK_AGAIN_S:
                await self._look_again(session)
                looked_s = self._clock.seconds()
            self._back_off.reset()

    async def _poll(self, session: OpcUaSession) -> None:
        """Read each class at its own period; publish what changed, and at times what did not."""
        await session.unsubscribe()
        due_s = dict.fromkeys(Scan, self._clock.seconds())
        while True:
            now_s = self._clock.seconds()
            self._tally.late_scans += now_s - due_s[Scan.FAST] > Scan.FAST.period_s
            tags = [tag for tag in self._read if due_s[tag.scan] <= now_s and session.knows(tag)]
            if tags:
                self._published.tell(await session.read(tags))
                self._note_holes(session)
                self._tally.reads += 1
                took_s = self._clock.seconds() - now_s
                self._tally.scan_ms = took_s * 1000
                for scan in {tag.scan for tag in tags}:
                    self._tally.scanned(scan.value, took_s)
                self._back_off.reset()
            due_s = {scan: at_s if at_s > now_s else now_s + scan.period_s for scan, at_s in due_s.items()}
            await asyncio.sleep(max(min(due_s.values()) - self._clock.seconds(), 0.001))
            session.check()

    def _writable(self, name: TagName) -> tuple[MappedTag, OpcUaSession]:
        tag = self._tags.get(name)
        if tag is None or tag.spec.access is Access.READ:
            raise PlcError(f"write {name} to {self._device.where}: no tag that may be written")
        if self._session is None:
            raise PlcError(f"write {name} to {self._device.where}: not sent: not connected")
        return tag, self._session


def _parts(updates: Sequence[TagUpdate]) -> list[list[TagUpdate]]:
    """Part what came into images: a tag that comes twice begins the next, so that no change is lost in between."""
    parts: list[list[TagUpdate]] = []
    seen: set[TagName] = set()
    for update in updates:
        if not parts or update.name in seen:
            parts.append([])
            seen = set()
        parts[-1].append(update)
        seen.add(update.name)
    return parts
