"""The control room's verbs about black boxes: which files there are, whose passage each tells of, and who holds one."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from scada.clock import Clock
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.jobs import MOST_BYTES, part_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.trace.file import held_by
from scada.model.names import LaneName, SiteId
from scada.ports import Journal, JournalEntry
from scada.store.db import Database
from scada.store.schema import passage

MOST_HELD = 100
_NAME = re.compile(r"(\d{8}T\d{6}\.\d{6})Z-([a-z][a-z0-9_-]*?)-([A-Za-z0-9_-]+)\.jsonl")


@dataclass(frozen=True, slots=True)
class Recording:
    """One file: its lane, the fault, when, how large, and by whom and why it is held."""

    name: str
    lane: str
    fault: str
    at: datetime
    size: int
    held: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RecordingDesk:
    """Answers about recordings; the desk checks the rights. The asking process reads a file itself."""

    site: SiteId
    folder: Path
    lanes: Sequence[LaneName]
    db: Database
    journal: Journal
    clock: Clock

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {
            "recordings": self._list,
            "recording": self._one,
            "recording_part": self._part,
            "hold_recording": self._hold,
        }

    async def _list(self, _ask: Ask) -> object:
        """Give every recording, newest first, with the passage in whose time it lies."""
        found = await asyncio.to_thread(self._found)
        passages = await self.db.read(lambda conn: [self._passage(conn, one) for one in found])
        return [{**_shown(one), "passage": passage_id} for one, passage_id in zip(found, passages, strict=True)]

    async def _one(self, ask: Ask) -> object:
        """Let a person have one; whose name it is none of, is nobody's."""
        return _shown(await self._named(ask))

    async def _part(self, ask: Ask) -> object:
        """Give a part of one, from `offset` on, to a room that does not see the site's disks."""
        one, offset = await self._named(ask), whole_number(ask, "offset", 0, MOST_BYTES)
        part = await asyncio.to_thread(part_of, self.folder / one.name, offset)
        return {"part_b64": part}

    async def _hold(self, ask: Ask) -> object:
        """Keep a recording from being dropped, or let it go again."""
        one, why, wanted = await self._named(ask), text_of(ask, "why"), ask.args.get("hold") is True
        if wanted and sum(1 for other in await asyncio.to_thread(self._found) if other.held) >= MOST_HELD:
            raise BridgeRefusal("refused", f"{MOST_HELD} recordings are held already: let some go")
        what = "holds a recording" if wanted else "lets a recording go"
        body: dict[str, object] = {"recording": one.name, "why": why}
        await self.journal.append([JournalEntry("person", ask.user, what, LaneName(one.lane), None, body)])
        mark = held_by(self.folder / one.name)
        if wanted:
            told = {"by": ask.user, "why": why, "at": self.clock.now().isoformat()}
            await asyncio.to_thread(mark.write_text, json.dumps(told, ensure_ascii=False), encoding="utf-8")
        else:
            await asyncio.to_thread(mark.unlink, missing_ok=True)
        return {"accepted": True}

    async def _named(self, ask: Ask) -> Recording:
        name = text_of(ask, "name")
        found = next((one for one in await asyncio.to_thread(self._found) if one.name == name), None)
        if found is None:
            raise BridgeRefusal("gone", "there is no such recording")
        return found

    def _found(self) -> list[Recording]:
        files = sorted(self.folder.glob("*.jsonl"), reverse=True) if self.folder.is_dir() else []
        return [one for file in files if (one := self._read(file)) is not None]

    def _read(self, file: Path) -> Recording | None:
        parts = _NAME.fullmatch(file.name)
        if parts is None:
            return None
        at = datetime.strptime(parts[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
        told = file.name[len(parts[1]) + 2 : -len(".jsonl")]
        lane = max((lane for lane in self.lanes if told.startswith(f"{lane}-")), key=len, default=LaneName(parts[2]))
        mark = held_by(file)
        held = json.loads(mark.read_text("utf-8")) if mark.exists() else {}
        return Recording(file.name, lane, told.removeprefix(f"{lane}-"), at, file.stat().st_size, held)

    def _passage(self, conn: Connection, one: Recording) -> str:
        table = passage.c
        there = (table.site == self.site) & (table.lane == one.lane)
        query = select(table.id).where(there & (table.began_at <= one.at) & (table.ended_at >= one.at)).limit(1)
        return conn.execute(query).scalar() or ""


def _shown(one: Recording) -> dict[str, object]:
    told = {"name": one.name, "lane": one.lane, "fault": one.fault, "at": one.at.isoformat(), "size": one.size}
    return {**told, "held": dict(one.held)}
