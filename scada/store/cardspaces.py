"""The spaces that month cards hold at a moment. Plain functions of a connection."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from scada.model.names import SiteId
from scada.store.schema import plate_right as rights


def held(conn: Connection, site: SiteId, at: datetime) -> Sequence[tuple[str | None, int]]:
    """Give of each card that holds the zone, or None for everywhere, and its spaces."""
    holds = and_(rights.c.valid_from <= at, or_(rights.c.valid_until.is_(None), rights.c.valid_until > at))
    mine = and_(rights.c.site == site, rights.c.kind == "MONTH", rights.c.card.is_not(None), holds)
    query = select(rights.c.zone, func.max(rights.c.spaces)).where(mine).group_by(rights.c.card, rights.c.zone)
    return [(zone, spaces) for zone, spaces in conn.execute(query)]
