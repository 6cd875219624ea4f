"""The cameras as instruments: their figures as tags, alarms about them, and the book of what they read.

What is wrong with a camera costs the figures, never a lane: nothing here is waited for by one.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.camera import alarms
from scada.model.camera.alarms import Code, Memories
from scada.model.camera.figures import POINTS, SceneFigures, camera_tag
from scada.model.camera.reading import MOST, ReadFigures, ReadRow, corrected_rows, read_figures, unread_share
from scada.model.names import LaneName, PassageId, SiteId
from scada.model.plate import Plate
from scada.model.tag import Quality, TagName, TagUpdate, Value
from scada.ports import Journal, JournalEntry
from scada.store import camerabook
from scada.store.db import Database, StoreError
from scada.store.journal import last_number

PERIOD_S = 1.0
BOOK_EVERY = 10
"""So many periods apart corrections and the counts of the last hour are looked up."""
UNREAD = "camera_unread"
LEAST_AN_HOUR = 10
MOST_UNREAD = 0.5
"""From so many vehicles an hour on it is an alarm that more than this share of them has no plate."""
_WAITING = 1000
_HOUR = timedelta(hours=1)
_FIGURES = 4

Measures = Callable[[], Mapping[str, tuple[str, SceneFigures]]]

log = structlog.get_logger()


class CameraWatch:
    """Watches all cameras of a site. `lanes` says at which lane each camera stands."""

    def __init__(
        self,
        site: SiteId,
        clock: Clock,
        tags: TagTable,
        db: Database,
        journal: Journal,
        lanes: Mapping[str, LaneName],
        measures: Measures,
    ) -> None:
        self._site = site
        self._clock = clock
        self._tags = tags
        self._db = db
        self._journal = journal
        self._lanes = lanes
        self._measures = measures
        self._waiting: deque[ReadRow] = deque(maxlen=_WAITING)
        self._rows: dict[str, deque[ReadRow]] = defaultdict(lambda: deque(maxlen=2 * MOST))
        self._read: dict[str, ReadFigures] = {}
        self._memories: dict[str, Memories] = {}
        self._unread: set[LaneName] = set()
        self._looked = 0

    def hear(self, rows: Iterable[ReadRow]) -> None:
        """Take what cameras made of a capture; never blocks, never raises."""
        for row in rows:
            self._waiting.append(row)
            self._rows[row.camera].append(row)
            self._read.pop(row.camera, None)

    async def run(self) -> None:
        """Watch until cancelled."""
        await self._guarded(self.remember)
        period = 0
        while True:
            await self.look()
            if period % BOOK_EVERY == 0:
                await self._guarded(self.look_up)
            period += 1
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Show the figures of now, and raise what they call for."""
        told = {camera: await self._look_at(camera, *measured) for camera, measured in self._measures().items()}
        self._tags.apply([update for camera, figures in told.items() for update in self._updates(camera, figures)])
        if self._waiting:
            await self._guarded(self._write)

    async def _look_at(self, camera: str, trouble: str, scene: SceneFigures) -> Mapping[str, object]:
        if (read := self._read.get(camera)) is None:
            read = self._read[camera] = read_figures(self._rows[camera], self._clock.now())
        judged = alarms.judge(self._memories.get(camera, {}), trouble, scene, read, self._clock.seconds())
        self._memories[camera] = judged.memories
        for code in judged.raised:
            await self._raise(camera, code, trouble or scene.unkept)
        for code in judged.over:
            await self._end(self._lanes[camera], code.value, {"camera": camera})
        standing = ", ".join(code.value for code in judged.standing)
        return {**asdict(scene), **asdict(read), "trouble": standing}

    def _updates(self, camera: str, told: Mapping[str, object]) -> Iterator[TagUpdate]:
        """Tell the figures; one that was known and no longer is, keeps its value and is stale."""
        for point in (one for one in POINTS if one in told):
            name, value = camera_tag(camera, point), _shown(told[point])
            if name not in self._tags:
                continue
            if value is not None:
                yield TagUpdate(name, value, Quality.GOOD)
            elif (before := self._tags.real(name).value) is not None:
                yield TagUpdate(name, before, Quality.STALE)

    async def _raise(self, camera: str, code: Code, detail: str) -> None:
        text = alarms.TEXTS[code].format(camera=camera)
        await self._alarm(self._lanes[camera], code.value, text, {"camera": camera, "detail": detail[:200]})

    async def _alarm(self, lane: LaneName, code: str, text: str, more: dict[str, object]) -> None:
        log.warning("alarm", lane=lane, code=code, text=text)
        await self._tell(JournalEntry("alarm", "camera", code, lane, None, {"text": text, **more}))

    async def _end(self, lane: LaneName, code: str, more: dict[str, object]) -> None:
        await self._tell(JournalEntry("event", "camera", "alarm over", lane, None, {"code": code, **more}))

    async def _tell(self, entry: JournalEntry) -> None:
        async def tell() -> None:
            await self._journal.append([entry])

        await self._guarded(tell)

    async def remember(self) -> None:
        """Begin with the last reads of before, and with corrections from now on."""
        for camera in self._lanes:
            rows = await self._db.read(lambda conn, of=camera: camerabook.last_rows(conn, self._site, of, MOST))  # type: ignore[misc]
            self._rows[camera].extendleft(reversed(rows))
        self._read.clear()
        self._looked = await self._db.read(last_number)

    async def _write(self) -> None:
        """Write the rows down; what cannot be written now waits."""
        rows = [*self._waiting]
        await self._db.write(lambda conn: camerabook.keep(conn, self._site, rows))
        for _ in rows:
            self._waiting.popleft()

    async def look_up(self) -> None:
        """Take in what people have corrected, and compare the loops with the cameras."""
        since = self._looked
        self._looked, found = await self._db.read(lambda conn: camerabook.corrections(conn, self._site, since))
        for passage, plate in found:
            await self._correct(passage, plate)
        self._read.clear()
        await self._count()

    async def _correct(self, passage: PassageId, plate: Plate | None) -> None:
        for rows in self._rows.values():
            wrong = corrected_rows(rows, passage, plate)
            for number, row in enumerate(rows):
                if row in wrong:
                    rows[number] = replace(row, corrected=True)
        await self._db.write(lambda conn: camerabook.mark(conn, self._site, passage, plate))

    async def _count(self) -> None:
        """Count the last hour of each lane that has a camera: vehicles by the loops, plates by the cameras."""
        since = self._clock.now() - _HOUR
        lanes = sorted(set(self._lanes.values()))
        for lane, (loops, plates) in (await self._db.read(lambda conn: self._counted(conn, lanes, since))).items():
            share = unread_share(loops, plates)
            told = {"loops_hour": loops, "plates_hour": plates, "unread_hour": share}
            shown = {TagName(f"{lane}.camera.{point}"): _shown(value) for point, value in told.items()}
            self._tags.set_all({name: value for name, value in shown.items() if value is not None})
            await self._watch_unread(lane, loops, share)

    def _counted(self, conn: Connection, lanes: Sequence[LaneName], since: datetime) -> dict[LaneName, tuple[int, int]]:
        return {lane: camerabook.counts(conn, self._site, lane, since) for lane in lanes}

    async def _watch_unread(self, lane: LaneName, loops: int, share: float | None) -> None:
        is_bad = loops >= LEAST_AN_HOUR and share is not None and share > MOST_UNREAD
        if is_bad and lane not in self._unread:
            self._unread.add(lane)
            text = f"of {loops} vehicles in an hour too many have no plate"
            await self._alarm(lane, UNREAD, text, {"share": share})
        elif lane in self._unread and (share is None or share <= MOST_UNREAD / 2):
            self._unread.discard(lane)
            await self._end(lane, UNREAD, {})

    async def _guarded(self, work: Callable[[], object]) -> None:
        """Do something with the books; if they cannot be had now, the figures go on without."""
        try:
            done = work()
            if asyncio.iscoroutine(done):
                await done
        except (StoreError, SQLAlchemyError) as error:
            log.error("the book of the cameras is not to be had", error=str(error)[:200])


def _shown(value: object) -> Value:
    if isinstance(value, float):
        return round(value, _FIGURES)
    return value if isinstance(value, str | int | bool) else None
