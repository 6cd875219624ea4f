"""An embedded history whose thread of upkeep is the test itself."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from scada.clock import VirtualClock
from scada.model.tag import TagName, TagSpec
from scada.model.trend import Curve, Series
from scada.store.historian.columns import Row
from scada.store.historian.embedded import EmbeddedHistorian
from scada.store.historian.embedded.keeper import Keeper, open_for_upkeep
from scada.store.historian.keeping import Keeping, worth_of
from scada.store.historian.points import Point, from_unix_ms
from tests.support.store import SITE

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
MIDNIGHT_MS = int(MIDNIGHT.timestamp() * 1000)


class HandHistory:
    """Stores, looks after and asks at once, without threads and without waiting for the disk."""

    def __init__(
        self, path: Path, curves: Mapping[TagName, Curve], keeping: Keeping, specs: Sequence[TagSpec] = ()
    ) -> None:
        self.clock = VirtualClock(MIDNIGHT)
        self.keeping = keeping
        self.historian = EmbeddedHistorian(path, SITE, self.clock, keeping=keeping)
        self.historian._curves = curves
        self.connection, _ = self.historian._open()
        self.historian._connection = self.connection
        self.connection.execute("PRAGMA synchronous=OFF")
        self.keeper = Keeper(path, self.clock, keeping, worth=worth_of(specs))
        self.upkeep = open_for_upkeep(path)
        self.upkeep.execute("PRAGMA synchronous=OFF")

    def close(self) -> None:
        """Close the file."""
        self.upkeep.close()
        self.connection.close()

    @property
    def now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def store(self, name: TagName, rows: Sequence[Row]) -> None:
        """Store points as the committer would."""
        self.historian._store([Point(name, *row) for row in rows])

    def look_after(self) -> None:
        """Do what the keeper's thread would do now."""
        self.keeper.round(self.upkeep)

    def rows(self, name: TagName, limit: int = 1 << 30) -> list[Row]:
        """Give all points of a tag."""
        found = self.historian._query(name, -(1 << 60), 1 << 60, limit)
        return [(round(one.at.timestamp() * 1000), one.value, one.text, one.status_code) for one in found]

    def trend(self, name: TagName, since_ms: int, until_ms: int, pixels: int) -> Series:
        """Give one tag's buckets."""
        cut = self.keeping.grid(since_ms, until_ms, pixels, self.now_ms, UTC)
        (series,) = self.historian._trend([name], cut, self.now_ms)
        assert series.since == from_unix_ms(cut.start_ms)
        return series

    def count(self, table: str) -> int:
        """Give the rows of a table."""
        return int(self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
