"""Shows how the server itself is: its clock, its disk, and whether more spaces are sold than there are.

GA/T 1742 wants a clock that is off by 5 s at most. Whether it is, only a time server knows: the kernel says what that
told it, and where no time server sets the clock the figure is not good, rather than right.
"""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.names import SiteId
from scada.model.serverstate import BY_KERNEL, UNKNOWN, KernelClock, clock_error_s, oversold
from scada.model.tag import Quality, TagName, TagUpdate
from scada.model.zones import Zones
from scada.store import cardspaces
from scada.store.db import Database, StoreError

PERIOD_S: Final = 30.0
_GB: Final = 1e9
_ERROR, _SOURCE, _FREE = (TagName(f"site.{point}") for point in ("clock_error_s", "clock_source", "disk_free_gb"))

log = structlog.get_logger()


class ServerWatch:
    """Looks now and then."""

    def __init__(
        self,
        site: SiteId,
        clock: Clock,
        db: Database,
        tags: TagTable,
        zones: Zones,
        folder: Path,
        kernel: Callable[[], KernelClock | None],
    ) -> None:
        """`folder` is where the data lies; `kernel` asks the kernel about the clock."""
        self._site = site
        self._clock = clock
        self._db = db
        self._tags = tags
        self._zones = zones
        self._folder = folder
        self._kernel = kernel

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreError, SQLAlchemyError, OSError) as error:
                log.error("the server itself is not watched", error=str(error)[:200])
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Look once. Raises StoreError, OSError."""
        self._show_clock()
        usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        self._tags.set(_FREE, round(usage.free / _GB, 1))
        now = self._clock.now()
        held = await self._db.read(lambda conn: cardspaces.held(conn, self._site, now))
        self._tags.set_all(
            {TagName(f"zone.{name}.oversold"): count for name, count in oversold(held, self._zones).items()}
        )

    def _show_clock(self) -> None:
        error_s = clock_error_s(self._kernel())
        quality = Quality.NOT_CONNECTED if error_s is None else Quality.GOOD
        self._tags.apply([TagUpdate(_ERROR, error_s, quality)])
        self._tags.set(_SOURCE, UNKNOWN if error_s is None else BY_KERNEL)
