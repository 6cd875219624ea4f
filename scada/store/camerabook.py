"""What each camera read, passage by passage: the rejected reads are kept like the others. Inside a transaction each."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from scada.model.camera.reading import ReadRow
from scada.model.names import LaneName, PassageId, SiteId
from scada.model.plate import Plate, ReadBy
from scada.store.journal import JournalRow, last_number, rows_of_people
from scada.store.schema import camera_read, passage, stay
from scada.store.sql.hours import not_found_by

CORRECTIONS = ("correct plate", "pick stay", "claimed plate", "claimed stay")
"""What people, drivers among them, do to a plate that was read."""


def keep(conn: Connection, site: SiteId, rows: Sequence[ReadRow]) -> None:
    """Write down what cameras made of captures."""
    if rows:
        conn.execute(insert(camera_read), [{"site": site, **asdict(row)} for row in rows])


def last_rows(conn: Connection, site: SiteId, camera: str, most: int) -> list[ReadRow]:
    """Give the last rows of a camera, oldest first."""
    mine = (camera_read.c.site == site) & (camera_read.c.camera == camera)
    return _rows(conn, mine, most)[::-1]


def rows_between(conn: Connection, site: SiteId, since: datetime, until: datetime) -> list[ReadRow]:
    """Give what all cameras read from a moment on and before another, oldest first."""
    mine = (camera_read.c.site == site) & (camera_read.c.at >= since) & (camera_read.c.at < until)
    return _rows(conn, mine, None)[::-1]


def rejected(conn: Connection, site: SiteId, most: int, camera: str = "") -> list[ReadRow]:
    """Give the last rejected reads, newest first; of one camera if it is named."""
    mine = (camera_read.c.site == site) & (camera_read.c.why != "")
    return _rows(conn, mine & (camera_read.c.camera == camera) if camera else mine, most)


def mark(conn: Connection, site: SiteId, of: PassageId, plate: Plate | None) -> None:
    """Mark the reads of a passage as wrong that say another plate than the car has; None: whatever they say."""
    wrong = (not_found_by(camera_read.c.site) == site) & (camera_read.c.passage == of) & (camera_read.c.why == "")
    differing = wrong if plate is None else wrong & (camera_read.c.plate != plate)
    conn.execute(update(camera_read).where(differing).values(corrected=True))


def corrections(conn: Connection, site: SiteId, since: int) -> tuple[int, list[tuple[PassageId, Plate | None]]]:
    """Give the corrections that the journal has after row `since`, and the last row looked at.

    A person, or the driver himself, has named the plate or picked the stay; then the stay's plate is the car's.
    """
    found = rows_of_people(conn, site, CORRECTIONS, since)
    told = [(row.passage, _plate_of(conn, row)) for row in found if row.passage is not None]
    return max(since, last_number(conn)), [(of, plate) for of, plate in told if plate is not None]


def counts(conn: Connection, site: SiteId, lane: LaneName, since: datetime) -> tuple[int, int]:
    """Count a lane's vehicles by the loops that have passed since a moment, and those whose plate a camera read."""
    mine = (passage.c.site == site) & (passage.c.lane == lane) & (passage.c.ended_at >= since)
    loops = conn.scalar(select(func.count()).select_from(passage).where(mine))
    read = mine & (passage.c.read_by == ReadBy.CAMERA.value)
    return loops or 0, conn.scalar(select(func.count()).select_from(passage).where(read)) or 0


def forget(conn: Connection, site: SiteId, before: datetime, most: int = 5000) -> int:
    """Remove the oldest rows from before a moment, so many at most; give how many."""
    old = select(camera_read.c.id).where(camera_read.c.site == site, camera_read.c.at < before)
    gone = conn.execute(delete(camera_read).where(camera_read.c.id.in_(old.order_by(camera_read.c.id).limit(most))))
    return gone.rowcount


def _rows(conn: Connection, mine: ColumnElement[bool], most: int | None) -> list[ReadRow]:
    names = [part.name for part in fields(ReadRow)]
    query = select(*(camera_read.c[name] for name in names)).where(mine)
    found = conn.execute(query.order_by(camera_read.c.at.desc(), camera_read.c.id.desc()).limit(most))
    return [ReadRow(*row) for row in found.all()]


def _plate_of(conn: Connection, row: JournalRow) -> Plate | None:
    told = row.body.get("plate")
    if isinstance(told, str):
        return Plate(told)
    found = conn.scalar(select(stay.c.plate).where(stay.c.id == str(row.body.get("stay"))))
    return None if found is None else Plate(found)
