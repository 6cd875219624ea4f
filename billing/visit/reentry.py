"""A car that comes back within minutes goes on with its old stay, where its tariff says so."""

from datetime import datetime

from sqlalchemy import Connection, select

from billing.stays import Stay, of_row
from billing.tariff import GoesOn
from scada.model.lane.words import Ending, Reason
from scada.model.money import Fen
from scada.model.names import SiteId, ZoneName
from scada.model.plate import Plate
from scada.model.zones import Zones
from scada.store.schema import stay as stays

_SEEN = frozenset({Ending.EXIT, Ending.EXIT_OPEN_LANE, Ending.EXIT_TAILGATE})
"""Only of a car that was seen leaving anybody knows how long it was away."""
_RIGHTS = frozenset({Reason.MONTH, Reason.WHITE_LIST, Reason.SPECIAL})
"""A stay that a right let off has no price to go on with."""


def before(
    conn: Connection, site: SiteId, at: datetime, plate: Plate, zone: ZoneName, zones: Zones
) -> tuple[Stay, GoesOn] | None:
    """Give the stay with which a car that comes in now goes on, and how; None if it begins anew.

    What the stays before were charged counts however that was settled: paid, let off, waived, or still owed as arrears
    of theirs. So no minute is charged twice, and no debt is asked for twice.
    """
    mine = (stays.c.site == site) & (stays.c.plate == plate) & (stays.c.ending != Ending.ANNULLED.value)
    row = conn.execute(select(stays).where(mine).order_by(stays.c.exited_at.desc()).limit(1)).one_or_none()
    if row is None or row.card is not None or Ending(row.ending) not in _SEEN or row.exited_at > at:
        return None
    found = of_row(row)
    let_off = row.exit_reason is not None and Reason(row.exit_reason) in _RIGHTS
    if let_off or zones.known(found.zone) != zone or not found.tariff.reentry.holds(at - row.exited_at):
        return None
    old = found.goes_on
    gaps = (*old.gaps, (row.exited_at, at))
    return found, GoesOn(old.began(found.entered_at), gaps, Fen(old.charged_fen + row.fee_fen))
