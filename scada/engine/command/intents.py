"""The book of commands to PLCs: each is committed before it is written, with its very bytes (`plc.md` §6)."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar, assert_never

from sqlalchemy import Connection, Row, func, select

from scada.clock import Clock
from scada.model.handshake import (
    CommandBlock,
    CommandCode,
    Done,
    NotDone,
    PlcImage,
    Undecided,
    Unknowable,
    Verdict,
    judge,
)
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import intent as table

T = TypeVar("T")
Outcome = Done | NotDone | Unknowable


class IntentError(Exception):
    """The book refuses: a command of this lane is not settled yet."""


class Store(Protocol):
    """What the book needs of the database."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; returns when it is on disk."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on what is committed."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A command as it stands in the book; `boot` is `plc.boot` as it was when it was written."""

    id: int
    passage: PassageId
    block: CommandBlock
    boot: int


class Intents(Protocol):
    """One lane's page of the book."""

    async def last_seq(self) -> int:
        """Give the number of the last command; 0 if there was none."""

    async def last(self) -> Intent | None:
        """Give the last command."""

    async def still_open(self) -> list[Intent]:
        """Give the commands whose end is not known."""

    async def begin(self, passage: PassageId, block: CommandBlock, boot: int, why: str) -> Intent:
        """Commit a command that shall be sent. Raises IntentError while another is open."""

    async def settle(self, intent: Intent, outcome: Outcome) -> None:
        """Commit what became of a command."""


class SqlIntents:
    """The book in SQL; each step stands in the journal by the same transaction."""

    def __init__(self, store: Store, site: SiteId, lane: LaneName, clock: Clock) -> None:
        self._store = store
        self._site = site
        self._lane = lane
        self._clock = clock
        self._mine = (table.c.site == site) & (table.c.lane == lane)

    async def last_seq(self) -> int:
        """Give the number of the last command; 0 if there was none."""
        query = select(func.max(table.c.seq)).where(self._mine)
        return await self._store.read(lambda connection: connection.scalar(query) or 0)

    async def last(self) -> Intent | None:
        """Give the last command."""
        query = select(table).where(self._mine).order_by(table.c.seq.desc()).limit(1)
        row = await self._store.read(lambda connection: connection.execute(query).first())
        return None if row is None else _intent(row)

    async def still_open(self) -> list[Intent]:
        """Give the commands whose end is not known."""
        query = select(table).where(self._mine & (table.c.state == "OPEN")).order_by(table.c.seq)
        rows = await self._store.read(lambda connection: connection.execute(query).all())
        return [_intent(row) for row in rows]

    async def begin(self, passage: PassageId, block: CommandBlock, boot: int, why: str) -> Intent:
        """Commit a command that shall be sent. Raises IntentError while another is open."""
        return await self._store.write(lambda connection: self._begin(connection, passage, block, boot, why))

    async def settle(self, intent: Intent, outcome: Outcome) -> None:
        """Commit what became of a command."""
        await self._store.write(lambda connection: self._settle(connection, intent, outcome))

    def _begin(self, connection: Connection, passage: PassageId, block: CommandBlock, boot: int, why: str) -> Intent:
        unsettled = connection.scalar(select(table.c.seq).where(self._mine & (table.c.state == "OPEN")).limit(1))
        if unsettled is not None:
            raise IntentError(f"{self._lane}: command {unsettled} is not settled yet")
        at = self._clock.now()
        row = _row(block) | {"passage": passage, "boot": boot, "made_at": at, "state": "OPEN", "why": why[:200]}
        done = connection.execute(table.insert().values(site=self._site, lane=self._lane, **row))
        told: dict[str, object] = {"seq": block.seq, "number": block.passage, "claim": block.claim, "why": why}
        self._tell(connection, at, block.code, "gatekeeper", "sent", passage, told)
        key = done.inserted_primary_key
        return Intent(int(key[0]) if key else 0, passage, block, boot)

    def _settle(self, connection: Connection, intent: Intent, outcome: Outcome) -> None:
        state, why = _state(outcome)
        at = self._clock.now()
        change = table.update().where((table.c.id == intent.id) & (table.c.state == "OPEN"))
        if connection.execute(change.values(state=state, why=why[:200], answered_at=at)).rowcount:
            told: dict[str, object] = {"seq": intent.block.seq, "number": intent.block.passage, "why": why}
            self._tell(connection, at, intent.block.code, "plc", state.lower(), intent.passage, told)

    def _tell(
        self,
        connection: Connection,
        at: datetime,
        code: CommandCode,
        actor: str,
        what: str,
        passage: PassageId,
        body: dict[str, object],
    ) -> None:
        entry = JournalEntry("command", actor, f"{code.name.lower()} {what}", self._lane, passage, body)
        write_entries(connection, self._site, at, [entry])


async def settle_left(book: Intents, image: PlcImage) -> list[tuple[Intent, Verdict]]:
    """Settle, from the PLC's image, the commands nobody waits for any more; Undecided ones may still act."""
    left = [(intent, judge(intent.block, intent.boot, image)) for intent in await book.still_open()]
    for intent, verdict in left:
        if not isinstance(verdict, Undecided):
            await book.settle(intent, verdict)
    return left


def packed(block: CommandBlock) -> bytes:
    """Give the bytes of a command: nine words, high word first, `seq` last."""
    passage, seq = divmod(block.passage, 65536), divmod(block.seq, 65536)
    return struct.pack(">9H", block.claim, block.code, *passage, block.ttl_ms, block.tick, block.check, *seq)


def _row(block: CommandBlock) -> dict[str, object]:
    return {
        "code": int(block.code),
        "seq": block.seq,
        "claim": block.claim,
        "number": block.passage,
        "tick": block.tick,
        "ttl_ms": block.ttl_ms,
        "block": packed(block),
    }


def _intent(row: Row[tuple[object, ...]]) -> Intent:
    block = CommandBlock(row.claim, CommandCode(row.code), row.number, row.ttl_ms, row.tick, row.seq)
    return Intent(row.id, PassageId(row.passage), block, row.boot)


def _state(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Done():
            return "DONE", ""
        case NotDone(why):
            return "NOT_DONE", why
        case Unknowable(why):
            return "UNKNOWN", why
        case never:
            assert_never(never)
