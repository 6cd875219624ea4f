"""The job that keeps pictures no longer than they may be kept, and within their room. It begins anew after any kill."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from lpr.evidence import CASE
from lpr.keeping.choice import Classes, Doomed, Keep, doomed, keep_of
from lpr.keeping.shelf import Shelf
from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.ports import Journal, JournalEntry
from scada.settings.cameras import Evidence
from scada.store import camerabook, evidence
from scada.store.db import Database, StoreError

FIRST_S = 30.0
AGAIN_S = 900.0
GIGABYTE = 1_000_000_000
PICTURES_MB, PICTURES_TROUBLE = TagName("site.pictures_mb"), TagName("site.pictures_trouble")
FULL = "pictures_full"
FULL_TEXT = "pictures that must be kept fill their room: new ones may be lost"
_BATCH = 200
_LIVE = timedelta(hours=1)
"""So young a picture may be of a car that stands at a boom, of which the books do not say anything yet."""

log = structlog.get_logger()


class Keeper:
    """Looks through the pictures of a site now and then."""

    def __init__(
        self, site: SiteId, clock: Clock, db: Database, journal: Journal, tags: TagTable, shelf: Shelf, rules: Evidence
    ) -> None:
        self._site = site
        self._clock = clock
        self._db = db
        self._journal = journal
        self._tags = tags
        self._shelf = shelf
        self._rules = rules
        self._is_full = False

    async def run(self) -> None:
        """Keep house until cancelled. A disk or a database that fails costs this round, never a lane."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self.keep_house()
            except (OSError, StoreError, SQLAlchemyError) as error:
                log.error("pictures are not looked through", error=str(error)[:200])
                self._tags.set(PICTURES_TROUBLE, f"not looked through: {str(error)[:100]}")
            await asyncio.sleep(AGAIN_S)

    async def keep_house(self) -> Doomed:
        """Look through once: choose what goes, write that down, and take it away."""
        now, ages = self._clock.now(), self._ages
        await asyncio.to_thread(self._shelf.sweep, now)
        pictures = await asyncio.to_thread(self._shelf.all)
        classes = await self._classes()
        sorted_out = [(kept, Keep.HELD if now - kept.at < _LIVE else keep_of(kept, classes, CASE)) for kept in pictures]
        size, free = sum(kept.size for kept in pictures), await asyncio.to_thread(self._shelf.free)
        going = doomed(sorted_out, ages, self._room(size, free), now)
        freed = await self._remove(going)
        before = now - timedelta(days=self._rules.reads_days)
        await self._db.write(lambda conn: camerabook.forget(conn, self._site, before))
        await self._tell(size - freed, going.over)
        return going

    def _room(self, size: int, free: int) -> int:
        """Give the bytes that pictures may take: their quota, or less where the disk itself runs full."""
        short = self._rules.free_gb * GIGABYTE - free
        return int(min(self._rules.quota_gb * GIGABYTE, size - short if short > 0 else self._rules.quota_gb * GIGABYTE))

    @property
    def _ages(self) -> Mapping[Keep, timedelta]:
        rules = self._rules
        days = {Keep.REJECTED: rules.rejected_days, Keep.PASSAGE: rules.passage_days, Keep.CASE: rules.case_days}
        return {keep: timedelta(days=of) for keep, of in days.items()}

    async def _classes(self) -> Classes:
        since = self._clock.now() - timedelta(days=self._rules.case_days + 1)
        held = await self._db.read(lambda conn: evidence.held(conn, self._site))
        cases = await self._db.read(lambda conn: evidence.looked_into(conn, self._site, since))
        rejected = await self._db.read(lambda conn: evidence.rejected(conn, self._site, since))
        return Classes(held.passages, held.pictures, cases.passages, cases.pictures, rejected)

    async def _remove(self, going: Doomed) -> int:
        """Write down what goes, then take it away: killed in between, the next round goes on."""
        every = [*going.aged, *going.crowded]
        if not every:
            return 0
        body: dict[str, object] = {
            "aged": len(going.aged),
            "for_room": len(going.crowded),
            "by_class": {keep.name: count for keep, count in going.counts.items() if count},
            "until": max(kept.at for kept in every).isoformat(),
        }
        await self._journal.append([JournalEntry("picture", "evidence", "removing", body=body)])
        freed = 0
        for start in range(0, len(every), _BATCH):
            freed += await asyncio.to_thread(self._shelf.remove, every[start : start + _BATCH])
        return freed

    async def _tell(self, size: int, over: int) -> None:
        is_full, was_full, self._is_full = over > 0, self._is_full, over > 0
        trouble = f"{FULL}: {FULL_TEXT}" if is_full else ""
        self._tags.set_all({PICTURES_MB: round(size / 1_000_000, 1), PICTURES_TROUBLE: trouble})
        if is_full and not was_full:
            log.warning("alarm", code=FULL, text=FULL_TEXT, over_mb=over // 1_000_000)
            await self._journal.append([JournalEntry("alarm", "evidence", FULL, body={"text": FULL_TEXT})])
        elif was_full and not is_full:
            await self._journal.append([JournalEntry("event", "evidence", "alarm over", body={"code": FULL})])
