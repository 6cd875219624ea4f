"""The stays of some days as the books have them, and the whole comparison of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from billing.drafts.reprice import Outcome, Past, Repricer
from billing.tariff import ALONE, GoesOn, HolidayTable, Tariff, Vehicle
from billing.versions.car import vehicle_of
from scada.model.lane.words import Ending, Reason
from scada.model.names import SiteId
from scada.model.plate import Plate, PlateColour, PlateKind
from scada.store.schema import stay as stays

_LET_OFF = (Reason.MONTH.value, Reason.WHITE_LIST.value, Reason.SPECIAL.value)


@dataclass(frozen=True, slots=True)
class Span:
    """Stays that ended in it, and how many of them at most; the newest are left out."""

    since: datetime
    until: datetime
    most: int


def compare(
    conn: Connection,
    site: SiteId,
    span: Span,
    draft: Tariff,
    zone: ZoneInfo,
    table: HolidayTable,
    told: Callable[[int, int], None] = lambda _done, _of: None,
) -> dict[str, object]:
    """Price the paying stays of some days twice; `told` hears how many of how many are done."""
    whole = conn.execute(select(func.count()).select_from(stays).where(_paying(site, span))).scalar_one()
    wanted = min(whole, span.most)
    past = _past(conn, site, span, with_order=bool(draft.reentry.minutes))
    found: Outcome = Repricer(draft, zone, table).reprice(past, lambda done: told(done, wanted))
    return {"draft": draft.version, **found.to_json(), "left_out": whole - wanted}


def _paying(site: SiteId, span: Span) -> ColumnElement[bool]:
    """Give the stays that had a price: without month card or other rights, and not undone."""
    mine = (stays.c.site == site) & (stays.c.exited_at >= span.since) & (stays.c.exited_at < span.until)
    ended = stays.c.card.is_(None) & stays.c.ending.is_not(None) & (stays.c.ending != Ending.ANNULLED.value)
    return mine & ended & (stays.c.exit_reason.is_(None) | stays.c.exit_reason.not_in(_LET_OFF))


def _past(conn: Connection, site: SiteId, span: Span, *, with_order: bool) -> Iterator[Past]:
    """Read the stays one by one; in the order of their entries where one may go on with another."""
    columns = (stays.c.id, stays.c.plate, stays.c.plate_kind, stays.c.plate_colour, stays.c.zone)
    moments = (stays.c.entered_at, stays.c.exited_at, stays.c.goes_on)
    query = select(*columns, *moments, cast(stays.c.tariff_terms, Text).label("terms")).where(_paying(site, span))
    query = query.order_by(stays.c.entered_at if with_order else stays.c.exited_at).limit(span.most)
    for row in conn.execution_options(yield_per=5000).execute(query):
        stay, plate, kind, colour, where, entered_at, exited_at, kept, terms = row
        goes_on = ALONE if kept is None else GoesOn.of_json(kept)
        vehicle = _vehicle(kind, colour, plate.endswith("应急"))
        yield Past(stay, plate, where or "", vehicle, entered_at, exited_at, terms, goes_on)


@lru_cache(maxsize=64)
def _vehicle(kind: str, colour: str, emergency: bool) -> Vehicle:
    return vehicle_of(Plate("应急" if emergency else ""), PlateKind(kind), PlateColour(colour))
