"""History without a server: the plant's end, which alone writes."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from operator import itemgetter
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.recording import HistoryFigures
from scada.model.tag import TagName, TagSpec, TagValue
from scada.model.trend import HOUR_MS, Curve
from scada.store.ballast import Ballast
from scada.store.historian.committer import CAPACITY, Committer
from scada.store.historian.embedded.hours import mark
from scada.store.historian.embedded.keeper import PAUSE_S, Keeper
from scada.store.historian.embedded.reading import EmbeddedReader
from scada.store.historian.embedded.schema import SCHEMA, bring_up, gather
from scada.store.historian.files import open_file, transaction
from scada.store.historian.keeping import Keeping, worth_of
from scada.store.historian.lease import Lease
from scada.store.historian.points import Point
from scada.store.historian.queue.room import LIMITS, in_need
from scada.store.historian.thinning import Rules, Thinner, curves
from scada.store.historian.troubles import Growing, memory_troubles

_INTO = "INSERT OR REPLACE INTO point (tag_id, ts, value, text, quality) VALUES "
_GOOD = "(?, ?, ?, NULL, 0)"
_ANY = "(?, ?, ?, ?, ?)"
_ROWS = 30
"""Rows of one statement: to bind and step costs more than the row itself, but a long program costs more, too."""
_KNOW = (
    "INSERT INTO tag (site, name, curve) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET curve = excluded.curve RETURNING id"
)


class EmbeddedHistorian(EmbeddedReader):
    """Implements `scada.ports.Historian` on one SQLite file; a point stored twice is one point."""

    def __init__(
        self,
        path: Path,
        site: SiteId,
        clock: Clock,
        specs: Iterable[TagSpec] = (),
        capacity: int = CAPACITY,
        *,
        rules: Rules | None = None,
        keeping: Keeping | None = None,
        zone: tzinfo = UTC,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._specs, self._rules = tuple(specs), rules or Rules()
        super().__init__(path, site, clock, keeping, zone)
        self._curves = curves(self._specs, self._rules)
        self._lease = Lease(path.with_suffix(".until"), clock)
        self._committer = Committer("history-committer", self._store, capacity, beat=self._lease.beat)
        self._keeper = Keeper(path, clock, self._keeping, pause_s, worth_of(self._specs))
        self._ballast = Ballast(path.with_suffix(".ballast"), LIMITS.ballast_bytes)
        self._ids: dict[TagName, int] = {}
        self._losses = Growing()

    async def __aenter__(self) -> Self:
        """Open the file, and bring an old one up to date."""
        self._connection, off_ms = await asyncio.to_thread(self._open)
        self._thinner = Thinner(self._specs, self._rules, off_ms)
        self._committer.start()
        self._keeper.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Write what is in memory and close."""
        self._committer.put(self._thinner.rest())
        for close in (
            self._keeper.stop,
            self._committer.stop,
            self._lease.end,
            self._shelf.close,
            self._connection.close,
        ):
            await asyncio.to_thread(close)

    @property
    def dropped(self) -> int:
        """How many points were lost since start because memory was full."""
        return self._committer.dropped

    def record(self, changes: Sequence[tuple[TagName, TagValue]]) -> None:
        """Take changes into memory; they reach disk within a second."""
        self._committer.put(self._thinner.points(changes))

    async def count(self) -> int:
        """How many points have been stored since start and are safe on disk."""
        return self._committer.committed

    async def figures(self) -> HistoryFigures:
        """Give how recording does."""
        troubles = memory_troubles(self._committer, self._losses, self._clock.seconds())
        return HistoryFigures(memory=self._committer.waiting, lost=self._committer.dropped, troubles=troubles)

    def _open(self) -> tuple[sqlite3.Connection, int | None]:
        connection = in_need(lambda: open_file(self._path, SCHEMA), self._ballast)
        bring_up(connection)
        gather(connection)
        self._ballast.take(LIMITS.free_bytes)
        return connection, self._lease.ended_ms()

    def _store(self, points: Sequence[Point]) -> None:
        names, times, values, texts, codes = (list(map(itemgetter(at), points)) for at in range(len(Point._fields)))
        with transaction(self._connection, f"store {len(points)} points in {self._path}") as connection:
            ids = {name: self._ids.get(name) or self._known(connection, name) for name in set(names)}
            numbers = list(map(ids.__getitem__, names))
            order = _by_tag(numbers)
            mark(connection, _hours(numbers, times, order))
            _insert(connection, order.tolist(), numbers, times, values, texts, codes)
        self._ids.update(ids)

    def _known(self, connection: sqlite3.Connection, name: TagName) -> int:
        (number,) = connection.execute(_KNOW, (self._site, name, self._curves.get(name, Curve.STEP).value)).fetchone()
        return int(number)


def _by_tag(numbers: Sequence[int]) -> NDArray[np.intp]:
    """Give the places of points such that those of a tag stand together, in the order they came in.

    numpy sorts numbers of one or two bytes several times faster than longer ones, and tags have such numbers.
    """
    return np.argsort(np.array(numbers, np.min_scalar_type(max(numbers))), kind="stable")


def _hours(numbers: Sequence[int], times: Sequence[int], order: NDArray[np.intp]) -> set[tuple[int, int]]:
    """Give the tags' hours in which points are."""
    number, hour = np.array(numbers)[order], np.array(times)[order] // HOUR_MS
    begins = np.flatnonzero((np.diff(number, prepend=-1) != 0) | (np.diff(hour, prepend=0) != 0))
    return set(zip(number[begins].tolist(), hour[begins].tolist(), strict=True))


def _insert(connection: sqlite3.Connection, order: Sequence[int], *columns: Sequence[Any]) -> None:
    """Store points within a transaction: tag, time, value, text, code; of several of a tag at one time the last counts.

    Good numbers are the most, and need the fewest parameters; where a tag has anything else, all of its points go the
    other way, so that they keep their order. The points of a tag go in together: they are neighbours in the file.
    """
    numbers, times, values, texts, codes = columns
    odd = set[int]()
    if any(codes) or texts.count(None) < len(texts):
        odd = {number for number, text, code in zip(numbers, texts, codes, strict=True) if code or text is not None}
        _execute(connection, _ANY, columns, [at for at in order if numbers[at] in odd])
        order = [at for at in order if numbers[at] not in odd]
    _execute(connection, _GOOD, (numbers, times, values), order)


def _execute(connection: sqlite3.Connection, form: str, columns: Sequence[Sequence[Any]], order: Sequence[int]) -> None:
    """Insert the rows of some columns in this order. No row is made: objects by the thousand wake the collector."""
    if not order:
        return
    width, rows = len(columns), len(order)
    flat: list[Any] = [None] * (width * rows)
    picked = itemgetter(*order, order[0])  # of one place alone it gives no tuple
    for at, column in enumerate(columns):
        flat[at::width] = picked(column)[:rows]
    step = _ROWS * width
    whole = rows // _ROWS * step
    connection.executemany(_INTO + ", ".join([form] * _ROWS), (flat[at : at + step] for at in range(0, whole, step)))
    connection.executemany(_INTO + form, (flat[at : at + width] for at in range(whole, len(flat), width)))
