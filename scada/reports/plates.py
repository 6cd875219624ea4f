"""How well the cameras read: by camera and hour, from the book of reads. Pure, but for the reading of the book."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from scada.model.camera.reading import ReadRow, read_figures
from scada.model.names import SiteId
from scada.model.plate import UNPLATED
from scada.store import camerabook
from scada.store.schema import stay

_AROUND = timedelta(hours=1)
"""A stay begins or ends so much before or after its car was read, at most."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one camera: passages it looked at, and which shares of them it read, too faintly, or wrongly.

    `exact`: of the passages whose car's stay is known, the share in which it read just that plate.
    """

    camera: str
    lane: str
    hour: datetime
    passages: int
    read_rate: float | None
    under_gate: float | None
    confidence_p10: float | None
    confidence_p50: float | None
    corrected: float | None
    exact: float | None


def by_hour(rows: Iterable[ReadRow], booked: Mapping[str, str]) -> list[Hour]:
    """Reckon the hours of each camera, in the order of the hours; all passages of an hour count.

    `booked`: under which plate a passage began or ended a stay.
    """
    found: defaultdict[tuple[datetime, str, str], list[ReadRow]] = defaultdict(list)
    for row in rows:
        found[row.at.replace(minute=0, second=0, microsecond=0), row.camera, row.lane].append(row)
    hours = []
    for (hour, camera, lane), of in sorted(found.items()):
        read = read_figures(of, hour + timedelta(hours=1), most=len(of))
        shares = (read.read_rate, read.under_gate, read.confidence_p10, read.confidence_p50, read.corrected)
        hours.append(Hour(camera, lane, hour, read.passages, *shares, exact_share(of, booked)))
    return hours


def exact_share(rows: Sequence[ReadRow], booked: Mapping[str, str]) -> float | None:
    """Say in which share of the passages with a stay its very plate was read; None without any."""
    known = {row.passage for row in rows if row.passage in booked}
    exact = {row.passage for row in rows if row.is_read and row.plate == booked.get(row.passage)}
    return len(exact) / len(known) if known else None


def read_booked(conn: Connection, site: SiteId, since: datetime, until: datetime) -> dict[str, str]:
    """Give the plates of the stays that began or ended in a time, by their passages; cars without a plate left out."""
    table, span = stay.c, (since - _AROUND, until + _AROUND)
    read = (table.site == site) & table.plate.not_like(f"{UNPLATED}%")
    began = select(table.entry_passage, table.plate).where(read, table.entered_at.between(*span))
    ended = select(table.exit_passage, table.plate).where(
        read, table.exit_passage.is_not(None), table.exited_at.between(*span)
    )
    return {of: plate for query in (began, ended) for of, plate in conn.execute(query).all() if of is not None}


def read_plates(conn: Connection, site: SiteId, since: datetime, until: datetime) -> list[ReadRow]:
    """Give what the cameras read in a time, oldest first."""
    return camerabook.rows_between(conn, site, since, until)
