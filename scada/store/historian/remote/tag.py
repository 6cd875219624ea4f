"""The hours of one tag on a server: how they are written, and how they are read back."""

from collections.abc import Iterator, Sequence

import numpy as np

from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.model.trend import HOUR_MS, Sample
from scada.store.historian.columns import Columns, columns_of
from scada.store.historian.hours import Run
from scada.store.historian.points import from_unix_ms, unix_ms
from scada.store.historian.remote.lines import hour_line
from scada.store.historian.remote.server import TimeSeriesServer
from scada.store.historian.rollups import ABSENT, Records, blank

PAGE = 50_000
"""Points asked for at once."""
WHOLE = {"points": "points", "known_ms": "known_ms", "worst": "quality", "end": "end_quality"}
NUMBERS = ("mean", "low", "high", "first", "last")
FIELDS = (*WHOLE.values(), "valued", *NUMBERS, "text")
"""Columns of a record as fields. `valued` says whether there are numbers: what is left out keeps its old value."""
_BAD = 0x80000000


class TagOnServer:
    """Implements `historian.hours.Hours` on a server."""

    def __init__(self, server: TimeSeriesServer, site: SiteId, name: TagName, now_ms: int) -> None:
        self._server = server
        self._site = site
        self._name = name
        self._now_ms = now_ms
        self._read: tuple[int, int, Columns] | None = None

    def between(self, since_ms: int, until_ms: int) -> Columns:
        """Give the points of a range, oldest first. Raises StoreError."""
        if self._read is None or self._read[:2] != (since_ms, until_ms):
            self._read = (since_ms, until_ms, self._between(since_ms, until_ms))
        return self._read[2]

    def before(self, at_ms: int) -> Sample | None:
        """Give the last point before a time; where none is kept any more, what the hours say. Raises StoreError."""
        return self._server.last_before(self._site, self._name, at_ms) or self.hours_before(at_ms // HOUR_MS)

    def after(self, at_ms: int) -> Columns:
        """Give the first point at or after a time, or none. Raises StoreError."""
        until_ms = max(self._now_ms, at_ms) + HOUR_MS
        return columns_of(self._server.samples(self._site, self._name, at_ms, until_ms, 1))

    def load(self, run: Run) -> Records:
        """Give the stored hours of a run; those without a point are absent. Raises StoreError."""
        first, end = run
        records = blank(end - first)
        for at_ms, *fields in self._server.hours(self._site, self._name, FIELDS, first * HOUR_MS, end * HOUR_MS):
            records[int(at_ms) // HOUR_MS - first] = _record(fields)[0]
        return records

    def hours_before(self, hour: int) -> Sample | None:
        """Say what held at the end of the last stored hour before this one. Raises StoreError."""
        row = self._server.last_hour(self._site, self._name, FIELDS, hour * HOUR_MS)
        if row is None:
            return None
        record, at_ms = _record(row[1:])[0], int(row[0]) + HOUR_MS - 1
        status, value = int(record["end"]), float(record["last"])
        is_good = status < _BAD
        return Sample(
            from_unix_ms(at_ms), value if is_good and value == value else None, row[-1] if is_good else None, status
        )

    def _between(self, since_ms: int, until_ms: int) -> Columns:
        points = list[Sample]()
        while page := self._server.samples(self._site, self._name, since_ms, until_ms, PAGE):
            points += page
            if len(page) < PAGE:
                break
            since_ms = unix_ms(page[-1].at) + 1
        return columns_of(points)


def hour_lines(site: SiteId, name: TagName, first: int, records: Records, points: Columns) -> Iterator[tuple[int, str]]:
    """Write the hours in which something was, each as its number and its line; `points` are those of all of them."""
    for place in np.flatnonzero(records["end"] != ABSENT).tolist():
        record, at_ms = records[place], (first + place) * HOUR_MS
        fields: dict[str, int | float | str | None] = {to: int(record[of]) for of, to in WHOLE.items()}
        valued = bool(record["low"] == record["low"])
        fields["valued"] = int(valued)
        for of in NUMBERS:
            fields[of] = float(record[of]) if valued else None
        yield first + place, hour_line(site, name, fields | {"text": _last_text(points, at_ms + HOUR_MS)}, at_ms)


def _last_text(points: Columns, end_ms: int) -> str | None:
    last = int(np.searchsorted(points.at_ms, end_ms, "left")) - 1
    return points.texts[last] if points.texts is not None and last >= 0 else None


def _record(fields: Sequence[float | str | None]) -> Records:
    """Read a row of FIELDS."""
    told, record = dict(zip(FIELDS, fields, strict=True)), blank(1)
    for of, to in WHOLE.items():
        record[of] = int(told[to] or 0)
    if told["valued"]:
        for of in NUMBERS:
            value = told[of]
            record[of] = np.nan if value is None else float(value)
    return record
