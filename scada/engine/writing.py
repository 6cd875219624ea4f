"""The one path of a write: what the tag is, interlock, journal, device, read-back. Nothing is ever repeated."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isclose
from typing import Protocol

import structlog

from scada.clock import Clock
from scada.model.interlock import Refused, Writer, may_write
from scada.model.names import LaneName
from scada.model.tag import Access, Acknowledged, ReadsBack, TagName, TagSpec, TagValue, Value, lane_of
from scada.ports import Driver, Journal, JournalEntry, PlcError

WRITE_S = 2.0
"""How long a device may take to acknowledge a write."""
READ_BACK_S = 2.0
LOOK_S = 0.02

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The write happened: read back, or acknowledged where a tag cannot be read."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether it happened; it is not sent again."""

    why: str


Outcome = Confirmed | Refused | Unknown


class Table(Protocol):
    """What the path needs of the tag table."""

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a tag."""

    def spec(self, name: TagName) -> TagSpec:
        """Give what a tag is."""

    def get(self, name: TagName) -> TagValue:
        """Give a tag as it is known now."""

    def set(self, name: TagName, value: Value) -> None:
        """Give one of the server's own tags a value."""


class WritePath:
    """Carries writes out, for the tag table."""

    def __init__(self, table: Table, drivers: Iterable[Driver], journal: Journal, clock: Clock) -> None:
        self._table = table
        self._drivers: dict[str, Driver] = {}
        self.use(drivers)
        self._journal = journal
        self._clock = clock
        self._pulsing: set[TagName] = set()
        self._going: set[asyncio.Future[Outcome]] = set()

    def use(self, drivers: Iterable[Driver]) -> None:
        """Send by these links from now on; a pulse under way goes back by its own."""
        self._drivers = {driver.name: driver for driver in drivers}

    @property
    def pulsing(self) -> frozenset[TagName]:
        """Give the outputs that are on for a while and have yet to go back."""
        return frozenset(self._pulsing)

    async def write(self, name: TagName, value: Value, by: str, why: str, writer: Writer = Writer.PART) -> Outcome:
        """Write one value once and say what became of it."""
        if name not in self._table:
            return Refused(f"there is no tag {name}")
        spec = self._table.spec(name)
        verdict = may_write(spec, value, self._table.get(name), writer)
        if not isinstance(verdict, Refused) and name in self._pulsing:
            verdict = Refused(f"{name} is pulsing: one pulse at a time")
        if isinstance(verdict, Refused):
            log.info("write refused", tag=name, by=by, why=verdict.why)
            return verdict
        if not spec.device:
            await self._journal.append([_entry(name, value, by, why)])
            self._table.set(name, value)
            return Confirmed()
        driver = self._drivers.get(spec.device)
        if driver is None:
            return Refused(f"there is no link to {spec.device}")
        if spec.pulse_s and value:
            return await self._pulse(driver, spec, value, _entry(name, value, by, why))
        await self._journal.append([_entry(name, value, by, why)])
        return await self._send(driver, spec, value)

    async def _pulse(self, driver: Driver, spec: TagSpec, value: Value, entry: JournalEntry) -> Outcome:
        """Write, and take it back after the pulse: also when the caller is stopped meanwhile, or nobody knows."""
        self._pulsing.add(spec.name)
        try:
            await self._journal.append([entry])
            going = asyncio.ensure_future(self._there_and_back(driver, spec, value))
        except BaseException:
            self._pulsing.discard(spec.name)
            raise
        going.add_done_callback(lambda _: self._pulsing.discard(spec.name))
        self._going.add(going)
        going.add_done_callback(self._going.discard)
        return await asyncio.shield(going)

    async def _there_and_back(self, driver: Driver, spec: TagSpec, value: Value) -> Outcome:
        shows = spec.verify.by if isinstance(spec.verify, ReadsBack) else None
        before = None if shows is None else self._table.get(shows).value
        sent_s = self._clock.seconds()
        sent = await _carried_out(driver, spec, value)
        await asyncio.sleep(max(sent_s + spec.pulse_s - self._clock.seconds(), 0.0))
        back = await _carried_out(driver, spec, _rest(value))
        if isinstance(sent, Unknown):
            return sent
        if isinstance(back, Unknown):
            log.error("an output was not seen to go back", tag=spec.name, why=back.why)
            return Unknown(f"{spec.name} may still be on: {back.why}")
        if shows is None:
            return Confirmed()
        return await self._until(shows, lambda seen: _has_answered(before, seen.value, value), sent_s)

    async def _send(self, driver: Driver, spec: TagSpec, value: Value) -> Outcome:
        sent = await _carried_out(driver, spec, value)
        if isinstance(sent, Unknown) or isinstance(spec.verify, Acknowledged):
            return sent
        shows = spec.verify.by or (None if spec.access is Access.WRITE else spec.name)
        if shows is None:
            return sent
        return await self._until(shows, lambda seen: _is_same(seen.value, value), self._clock.seconds())

    async def _until(self, name: TagName, shows: Callable[[TagValue], bool], sent_s: float) -> Outcome:
        """Wait for a reading made after the write that shows it."""
        until_s = self._clock.seconds() + READ_BACK_S
        while self._clock.seconds() < until_s:
            seen = self._table.get(name)
            if seen.seen_s > sent_s and seen.quality.is_good and shows(seen):
                return Confirmed()
            await asyncio.sleep(LOOK_S)
        seen = self._table.get(name)
        return Unknown(f"{name} was acknowledged but reads {seen.value!r} ({seen.quality.name})")


async def _carried_out(driver: Driver, spec: TagSpec, value: Value) -> Confirmed | Unknown:
    """Write once, and say whether the device acknowledged it."""
    try:
        async with asyncio.timeout(WRITE_S):
            await driver.write(spec.name, value)
    except TimeoutError:
        return Unknown(f"{spec.device} did not acknowledge within {WRITE_S:g} s")
    except PlcError as error:
        return Unknown(str(error))
    return Confirmed()


def _rest(value: Value) -> Value:
    """Give what an output goes back to."""
    return False if isinstance(value, bool) else 0


def _is_same(seen: Value, wanted: Value) -> bool:
    """Compare a reading with what was written; a register keeps less of a float than we do."""
    if isinstance(seen, float) or (isinstance(wanted, float) and isinstance(seen, int)):
        return isinstance(wanted, int | float) and isclose(seen, wanted, rel_tol=1e-6, abs_tol=1e-9)
    return seen == wanted


def _has_answered(before: Value, now: Value, wanted: Value) -> bool:
    """Say whether another tag shows that a pulse did something: a contact that is on, a counter that has moved."""
    return now != before if not isinstance(now, bool) else now is bool(wanted)


def _entry(name: TagName, value: Value, by: str, why: str) -> JournalEntry:
    return JournalEntry(
        kind="command",
        actor=by,
        what="write",
        lane=LaneName(lane_of(name)),
        body={"tag": name, "value": value, "why": why},
    )
