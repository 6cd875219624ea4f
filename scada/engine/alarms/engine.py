"""The one engine of all alarms: it hears every tag change and every row that raises one, and holds how each stands.

What raises an alarm is a condition on tags, or a row of kind `alarm` in the journal, which a part writes in the
transaction of the thing itself. What follows is decided by `scada.model.alarm`. People hear of it at once; the book
and the journal are written right after, in order, and until they can be.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.engine.alarms.board import Board
from scada.engine.alarms.conditions import Conditions
from scada.engine.mailbox import EveryItem, Mailbox, MailboxOverflow
from scada.engine.tags import Batch, TagTable
from scada.model.alarm.definition import AlarmId, Definition, Told
from scada.model.alarm.kept import Happening, Kept
from scada.model.alarm.machine import (
    CALLS,
    Change,
    Event,
    NotNow,
    Occurred,
    Seen,
    Step,
    Suppress,
    TimePassed,
    Worsened,
    due_s,
    step,
)
from scada.model.alarm.memory import Moment
from scada.model.names import LaneName, SiteId
from scada.ports import JournalEntry
from scada.store import alarmbook
from scada.store.alarmbook import Raised
from scada.store.db import Database, StoreError

SIZE: Final = 4096
LOOK_S: Final = 0.5
"""The longest time between two looks at what time alone changes."""
READ_S: Final = 0.05
"""Rows of the journal that raise alarms are read so long after a commit at most, many commits at once."""
AGAIN_S: Final = 2.0
"""So long after a failure the book is written again."""
MOST_HAPPENED: Final = 20_000
LONGEST: Final = 200

Stranger = Callable[[str, LaneName | None], Definition]
Hears = Callable[[Kept, Definition, Change], None]

log = structlog.get_logger()


class AlarmEngine:
    """All alarms of a site."""

    def __init__(
        self,
        site: SiteId,
        clock: Clock,
        db: Database,
        tags: TagTable,
        definitions: Iterable[Definition],
        stranger: Stranger,
    ) -> None:
        self._site = site
        self._clock = clock
        self._db = db
        self._tags = tags
        self._stranger = stranger
        self.definitions: dict[AlarmId, Definition] = {one.id: one for one in definitions}
        self.conditions = Conditions(self.definitions.values(), {spec.name: spec for spec in tags.specs()})
        self.kept: dict[AlarmId, Kept] = {}
        self.board = Board(tags, clock)
        self.hears: list[Hears] = []
        """Who is told of every change; never blocks, never raises."""
        self._by_code: dict[str, list[AlarmId]] = {}
        self._children: dict[AlarmId, list[AlarmId]] = {}
        self._box: Mailbox[Batch] = Mailbox("alarms", SIZE, EveryItem())
        self.deepest = self._box.deepest
        self._told = asyncio.Event()
        self._read_to = 0
        self._due: dict[AlarmId, float] = {}
        self._changed: set[AlarmId] = set()
        self._is_news = False
        self._happened: list[Happening] = []
        self._raised: list[JournalEntry] = []
        self._writing = asyncio.Lock()
        self._unwritten = asyncio.Event()
        for definition in self.definitions.values():
            self._index(definition)

    def _index(self, definition: Definition) -> None:
        if isinstance(definition.source, Told):
            for code in definition.source.codes:
                self._by_code.setdefault(code, []).append(definition.id)
        for parent in definition.parents:
            self._children.setdefault(parent, []).append(definition.id)

    async def open(self) -> None:
        """Take up how all alarms stood, and where the journal was read to. Raises StoreError."""
        for one in await self._db.read(lambda conn: alarmbook.read_all(conn, self._site)):
            if one.id not in self.definitions:
                if not one.memory.retain:
                    continue
                self._know(replace(self._stranger(one.code, one.lane), id=one.id))
            is_once = self.definitions[one.id].design.once
            self.kept[one.id] = replace(one, memory=replace(one.memory, seen=one.memory.active and not is_once))
        self._read_to = max((one.source_n for one in self.kept.values()), default=0)
        if not self._read_to:
            self._read_to, _ = await self._db.read(lambda conn: alarmbook.told_since(conn, self._site, 2**62))
        self._db.heard.append(self._told.set)
        self._told.set()
        self._tags.subscribe(self._box, self.conditions.of_tag)
        self._begin()

    def _know(self, definition: Definition) -> None:
        self.definitions[definition.id] = definition
        self.conditions.add(definition)
        self._index(definition)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hear(), name="alarms hear tags")
                group.create_task(self._read(), name="alarms read the journal")
                group.create_task(self._write(), name="alarms are written down")
        finally:
            self._tags.unsubscribe(self._box)

    # what is heard

    async def _hear(self) -> None:
        while True:
            try:
                batch = await self._box.get_within(self._wait_s())
            except MailboxOverflow:
                log.error("alarms begin anew: more changes came than they could take")
                self._begin()
                continue
            if batch:
                self.take(batch)
            self.pass_time()

    def _begin(self) -> None:
        """Look at everything as it is now."""
        self.take({name: self._tags.get(name) for name in self.conditions.of_tag if name in self._tags})
        for definition in self.definitions.values():
            self._suppress(definition)
        self._show()

    def take(self, batch: Batch) -> None:
        """Take one batch of changed tags."""
        for name in sorted(self.conditions.take(batch)):
            self._look(self.definitions[name])
        self._show()

    def pass_time(self) -> None:
        """Do what time alone makes due."""
        now_s = self._clock.seconds()
        for name in [name for name, due in self._due.items() if due <= now_s]:
            self.act(name, TimePassed())
        self._show()

    def _wait_s(self) -> float:
        now_s = self._clock.seconds()
        return max(0.0, min([LOOK_S, *(due - now_s for due in self._due.values())]))

    def _look(self, definition: Definition) -> None:
        kept = self._of(definition)
        judged = self.conditions.judge(definition, stands=kept.memory.active)
        self._suppress(definition)
        if judged is None or (isinstance(definition.source, Told) and not kept.memory.active):
            return
        if judged.holds is not None and judged.value and not kept.memory.active:
            self.kept[definition.id] = replace(kept, value=judged.value)
        if judged.holds is not kept.memory.seen or kept.memory.unknown:
            self.act(definition.id, Seen(judged.holds))
        if judged.times:
            self._occur(definition, judged.times)

    def _occur(self, definition: Definition, times: int) -> None:
        before = self._of(definition)
        if before.memory.active:
            self.kept[definition.id] = replace(before, repeats=before.repeats + times)
            self._mark(definition.id)
        self.act(definition.id, Occurred(times))

    def _suppress(self, definition: Definition) -> None:
        """Let what stands for an alarm, or the logic of the plant, suppress it by design."""
        by_parent = any(self.kept[one].memory.active for one in definition.parents if one in self.kept)
        on = by_parent or self.conditions.is_suppressed(definition)
        if self._of(definition).memory.suppressed is not on:
            self.act(definition.id, Suppress(on))

    # what the journal tells

    async def _read(self) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            try:
                self._read_to, rows = await self._db.read(
                    lambda conn: alarmbook.told_since(conn, self._site, self._read_to)
                )
            except (StoreError, SQLAlchemyError) as error:
                log.error("what raises alarms is not read", error=str(error)[:200])
                await asyncio.sleep(AGAIN_S)
                self._told.set()
                continue
            for row in rows:
                self.hear(row)
            self._show()
            await asyncio.sleep(READ_S)

    def hear(self, row: Raised) -> None:
        """Take one row that raises an alarm: known by its code, or a stranger, which counts as well."""
        definition = self._named(row)
        before = self._of(definition)
        unsaid = row.code.replace("_", " ") if definition.words.text == "{detail}" else ""
        detail = str(row.body.get("text") or row.body.get("detail") or row.body.get("why") or unsaid)[:300]
        self.kept[definition.id] = replace(
            before,
            detail=detail,
            passage=row.passage or "",
            source_n=row.n,
            value=str(row.body.get("detail", ""))[:LONGEST],
        )
        self._mark(definition.id)
        if isinstance(definition.source, Told) and definition.source.stands:
            if before.memory.active:
                self.kept[definition.id] = replace(self.kept[definition.id], repeats=before.repeats + 1)
            self.act(definition.id, Worsened() if before.memory.active else Seen(holds=True))
            self._look(definition)
        else:
            self._occur(definition, 1)

    def _named(self, row: Raised) -> Definition:
        place = str(row.body.get("camera") or row.body.get("place") or row.lane or "")
        codes = (row.code, *(code for code in self._by_code if code.endswith("*") and row.code.startswith(code[:-1])))
        found = [self.definitions[name] for code in codes for name in self._by_code.get(code, ())]
        for definition in found:
            if definition.place in (place, row.lane or ""):
                return definition
        for definition in found:
            if not definition.place:
                return definition
        stranger = self._stranger(row.code, row.lane)
        if stranger.id not in self.definitions:
            self._know(stranger)
        return self.definitions[stranger.id]

    def raise_by(self, actor: str, lane: LaneName, code: str, text: str) -> None:
        """Raise an alarm for a part that writes nothing itself: its row is written, and heard when it stands there."""
        if len(self._raised) < MOST_HAPPENED:
            self._raised.append(JournalEntry("alarm", actor, code, lane, None, {"text": text[:LONGEST]}))
        self._unwritten.set()

    # what follows

    def _of(self, definition: Definition) -> Kept:
        found = self.kept.get(definition.id)
        if found is None:
            found = Kept(definition.id, definition.code, definition.place, definition.lane, definition.priority.value)
            self.kept[definition.id] = found
        return found

    def now(self) -> Moment:
        """Give this moment."""
        return Moment(self._clock.now(), self._clock.seconds())

    def act(self, name: AlarmId, event: Event, by: str = "", note: str = "") -> Step | NotNow:
        """Let one event act on one alarm, and take down what has happened. Raises KeyError."""
        definition, now = self.definitions[name], self.now()
        before = self._of(definition)
        done = step(before.memory, definition.design, event, now)
        if isinstance(done, NotNow):
            return done
        after = replace(before, memory=done.memory, priority=definition.priority.value)
        for change in done.changes:
            after = self._changed_by(after, definition, change, by, note, now)
            is_row = isinstance(definition.source, Told) and change is Change.RAISED
            self._take_down(after, change, by, note, now, is_told=is_row)
        self.kept[name] = after
        self._plan(name, definition, now)
        if done.changes:
            self._mark(name)
            for change in done.changes:
                self._tell(after, definition, change)
            if before.memory.active is not after.memory.active:
                for child in self._children.get(name, ()):
                    self._suppress(self.definitions[child])
        return done

    def _mark(self, name: AlarmId) -> None:
        self._changed.add(name)
        self._is_news = True

    def _plan(self, name: AlarmId, definition: Definition, now: Moment) -> None:
        wait = due_s(self.kept[name].memory, definition.design, now)
        if wait is None:
            self._due.pop(name, None)
        else:
            self._due[name] = now.s + wait

    def _changed_by(self, kept: Kept, definition: Definition, change: Change, by: str, note: str, now: Moment) -> Kept:
        kept = replace(kept, changed_at=now.at)
        match change:
            case Change.RAISED:
                repeats = kept.repeats + 1 if kept.acked_at is None and kept.since else 1
                is_first = bool(definition.group) and not self._stands_in(definition.group, definition.id)
                kept = replace(kept, comment="", comment_by="", acked_by="", acked_at=None)
                return replace(kept, since=now.at, repeats=repeats, is_first=is_first)
            case Change.ACKNOWLEDGED:
                kept = replace(kept, comment=note, comment_by=by) if note else kept
                return replace(kept, acked_by=by, acked_at=now.at)
            case Change.SHELVED:
                return replace(kept, shelved_by=by, shelved_why=note)
            case Change.TAKEN_OUT:
                return replace(kept, taken_out_by=by, work_order=note)
            case _:
                return kept

    def _stands_in(self, group: str, but: AlarmId) -> bool:
        return any(
            one.memory.active and self.definitions[name].group == group
            for name, one in self.kept.items()
            if name != but and name in self.definitions
        )

    def _take_down(self, kept: Kept, change: Change, by: str, note: str, now: Moment, *, is_told: bool) -> None:
        if change in (Change.UNKNOWN, Change.KNOWN) and not kept.memory.retain:
            return
        if len(self._happened) >= MOST_HAPPENED:
            self._happened.pop(0)
        what = Happening(
            at=now.at,
            alarm=kept.id,
            code=kept.code,
            lane=kept.lane,
            priority=kept.priority,
            what=change.value,
            state=kept.memory.shown.value,
            by=by,
            note=note[:LONGEST],
            value=kept.value[:LONGEST],
            text=self.definitions[kept.id].words.text.replace("{detail}", kept.detail)[:LONGEST],
            is_announced=kept.memory.sounds and change in CALLS,
            is_told=is_told,
        )
        self._happened.append(what)

    def _tell(self, kept: Kept, definition: Definition, change: Change) -> None:
        if change is Change.RAISED:
            log.warning("alarm", alarm=kept.id, priority=kept.priority, state=kept.memory.shown.value)
        if kept.memory.sounds and definition.audible and change in CALLS:
            self.board.call()
        for hear in self.hears:
            hear(kept, definition, change)

    def note(self, name: AlarmId, by: str, note: str) -> None:
        """Keep a person's comment. Raises KeyError."""
        kept, now = self._of(self.definitions[name]), self.now()
        self.kept[name] = replace(kept, comment=note, comment_by=by, changed_at=now.at)
        happening = Happening(
            now.at, name, kept.code, kept.lane, kept.priority, "commented", kept.memory.shown.value, by, note
        )
        self._happened.append(happening)
        self._mark(name)

    def silence(self, by: str) -> None:
        """Stop the sound at every console, in a person's name."""
        now = self.now()
        self.board.silence()
        self._happened.append(Happening(now.at, AlarmId(""), "", None, 0, "silenced", "", by))
        self._is_news = True

    def _show(self) -> None:
        if self._changed or self._happened:
            self._unwritten.set()
        if self._is_news or self.board.is_due():
            self._is_news = False
            self.board.show(self.kept, self.definitions)

    # the book

    async def _write(self) -> None:
        while True:
            await self._unwritten.wait()
            try:
                await self.written()
            except (StoreError, SQLAlchemyError) as error:
                log.error("alarms are not written down", error=str(error)[:200])
                await asyncio.sleep(AGAIN_S)

    async def written(self) -> None:
        """Write what is not written yet; returns when it is on disk. Raises StoreError, and tries it again later."""
        self._show()
        async with self._writing:
            self._unwritten.clear()
            changed, happened, raised = self._changed, self._happened, self._raised
            if not changed and not happened and not raised:
                return
            self._changed, self._happened, self._raised = set(), [], []
            rows: Mapping[AlarmId, Kept] = {name: self.kept[name] for name in sorted(changed)}
            try:
                at, kept = self._clock.now(), list(rows.values())
                await self._db.write(lambda conn: alarmbook.write(conn, self._site, at, kept, happened, raised))
            except BaseException:
                self._changed |= changed
                self._happened = happened + self._happened
                self._raised = raised + self._raised
                self._unwritten.set()
                raise
