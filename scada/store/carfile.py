"""All that is on record of one car's way through a lane, and of a plate's earlier visits. Inside a transaction each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, or_, select

from scada.model.names import PassageId, SiteId, StayId
from scada.model.plate import Plate
from scada.store.schema import camera_read, passage, settlement, stay
from scada.store.sql.hours import not_found_by

FAKE_EXIT: Final = "FAKE_EXIT"
MOST: Final = 50
_READ = ("at", "camera", "plate", "confidence", "why", "picture", "frames", "corrected")
_STAY = (
    "id", "plate", "plate_colour", "entry_lane", "entered_at", "entry_picture", "zone", "ending", "exited_at",
    "exit_picture", "paid_fen", "arrears_fen", "paid_until",
)  # fmt: skip
_VISIT = (
    "id", "entry_lane", "entered_at", "exit_lane", "exited_at", "ending", "fee_fen", "paid_fen", "arrears_fen",
    "entry_picture", "exit_picture",
)  # fmt: skip

Row = Mapping[str, object]


def reads(conn: Connection, site: SiteId, car: PassageId) -> list[Row]:
    """Give what every camera made of a passage, the rejected reads too, the newest first."""
    columns = [camera_read.c[name] for name in _READ]
    mine = (not_found_by(camera_read.c.site) == site) & (camera_read.c.passage == car)
    return [
        dict(row) for row in conn.execute(select(*columns).where(mine).order_by(camera_read.c.id.desc())).mappings()
    ]


def ended(conn: Connection, site: SiteId, car: PassageId) -> Row | None:
    """Give a passage that has ended."""
    row = conn.execute(select(passage).where(passage.c.site == site, passage.c.id == car)).mappings().first()
    return None if row is None else dict(row)


def visit(conn: Connection, site: SiteId, of: StayId) -> Row | None:
    """Give a stay as the desk shows it."""
    columns = [stay.c[name] for name in _STAY]
    row = conn.execute(select(*columns).where(stay.c.site == site, stay.c.id == of)).mappings().first()
    return None if row is None else dict(row)


def was_paid(conn: Connection, site: SiteId, of: StayId) -> bool:
    """Say whether WeChat took anything for a stay."""
    query = select(func.count()).select_from(settlement).where(settlement.c.site == site, settlement.c.stay == of)
    return conn.execute(query).scalar_one() > 0


def fake_exits(conn: Connection, site: SiteId, plate: str, of: str, since: datetime) -> list[Row]:
    """Give when this car was let out before and backed away."""
    noted = (passage.c.site == site) & (passage.c.note == FAKE_EXIT) & (passage.c.ended_at >= since)
    own = or_(passage.c.plate == plate, passage.c.stay == of) if plate else passage.c.stay == of
    columns = (passage.c.id, passage.c.lane, passage.c.ended_at, passage.c.picture)
    query = select(*columns).where(noted, own).order_by(passage.c.ended_at.desc()).limit(MOST)
    return [dict(row) for row in conn.execute(query).mappings()]


def visits_of(conn: Connection, site: SiteId, plate: Plate) -> Sequence[Row]:
    """Give the last visits of a plate, the newest first."""
    columns = [stay.c[name] for name in _VISIT]
    query = select(*columns).where(stay.c.site == site, stay.c.plate == plate).order_by(stay.c.entered_at.desc())
    return [dict(row) for row in conn.execute(query.limit(MOST)).mappings()]
