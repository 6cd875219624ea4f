"""The one path of a write: what the tag is, interlock, journal, device, read-back. Nothing is ever repeated."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import structlog

from scada.clock import Clock
from scada.model.interlock import Refused, may_write
from scada.model.names import LaneName
from scada.model.tag import Access, TagName, TagSpec, TagValue, Value, lane_of
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
        self._drivers = {driver.name: driver for driver in drivers}
        self._journal = journal
        self._clock = clock

    async def write(self, name: TagName, value: Value, by: str, why: str) -> Outcome:
        """Write one value once and say what became of it."""
        if name not in self._table:
            return Refused(f"there is no tag {name}")
        spec = self._table.spec(name)
        verdict = may_write(spec, value, self._table.get(name))
        if isinstance(verdict, Refused):
            log.info("write refused", tag=name, by=by, why=verdict.why)
            return verdict
        await self._journal.append([_entry(name, value, by, why)])
        if not spec.device:
            self._table.set(name, value)
            return Confirmed()
        return await self._send(spec, value)

    async def _send(self, spec: TagSpec, value: Value) -> Outcome:
        driver = self._drivers.get(spec.device)
        if driver is None:
            return Refused(f"there is no link to {spec.device}")
        try:
            async with asyncio.timeout(WRITE_S):
                await driver.write(spec.name, value)
        except TimeoutError:
            return Unknown(f"{spec.device} did not acknowledge within {WRITE_S:g} s")
        except PlcError as error:
            return Unknown(str(error))
        return Confirmed() if spec.access is Access.WRITE else await self._read_back(spec.name, value)

    async def _read_back(self, name: TagName, value: Value) -> Outcome:
        """Wait for a reading made after the acknowledgement that shows the value."""
        sent_s = self._clock.seconds()
        while self._clock.seconds() - sent_s < READ_BACK_S:
            seen = self._table.get(name)
            if seen.seen_s > sent_s and seen.quality.is_good and seen.value == value:
                return Confirmed()
            await asyncio.sleep(LOOK_S)
        seen = self._table.get(name)
        return Unknown(f"{name} was acknowledged but reads {seen.value!r} ({seen.quality.name})")


def _entry(name: TagName, value: Value, by: str, why: str) -> JournalEntry:
    return JournalEntry(
        kind="command",
        actor=by,
        what="write",
        lane=LaneName(lane_of(name)),
        body={"tag": name, "value": value, "why": why},
    )
