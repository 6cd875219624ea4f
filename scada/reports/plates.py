"""How well the cameras read: by camera and hour, from the book of reads. Pure, but for the reading of the book."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from scada.model.camera.reading import ReadRow, read_figures
from scada.model.names import SiteId
from scada.store import camerabook


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one camera: passages it looked at, and which shares of them it read, too faintly, or wrongly."""

    camera: str
    lane: str
    hour: datetime
    passages: int
    read_rate: float | None
    under_gate: float | None
    confidence_p10: float | None
    confidence_p50: float | None
    corrected: float | None


def by_hour(rows: Iterable[ReadRow]) -> list[Hour]:
    """Reckon the hours of each camera, in the order of the hours; all passages of an hour count."""
    found: defaultdict[tuple[datetime, str, str], list[ReadRow]] = defaultdict(list)
    for row in rows:
        found[row.at.replace(minute=0, second=0, microsecond=0), row.camera, row.lane].append(row)
    hours = []
    for (hour, camera, lane), of in sorted(found.items()):
        read = read_figures(of, hour + timedelta(hours=1), most=len(of))
        shares = (read.read_rate, read.under_gate, read.confidence_p10, read.confidence_p50, read.corrected)
        hours.append(Hour(camera, lane, hour, read.passages, *shares))
    return hours


def read_plates(conn: Connection, site: SiteId, since: datetime, until: datetime) -> list[ReadRow]:
    """Give what the cameras read in a time, oldest first."""
    return camerabook.rows_between(conn, site, since, until)
