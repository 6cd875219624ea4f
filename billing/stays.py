"""Stays and quotes in the database: plain functions of a connection, for use inside one transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, Row, bindparam, func, select, update

from billing.accounts.flows import Debts
from billing.books import Place
from billing.ids import new_id
from billing.settle import Due, Final, StayAccount
from billing.tariff import ALONE, CreditLine, GoesOn, Priced, Tariff, TariffError, read_tariff
from scada.model.appearance import NO_LOOK, Appearance
from scada.model.lane.words import Ending, Passage, Quote, Reason
from scada.model.money import NOTHING, Fen
from scada.model.names import LaneName, PassageId, PictureId, QuoteId, SiteId, StayId, ZoneName
from scada.model.plate import Plate, PlateColour, PlateKind, unplated
from scada.ports import BillingError, OpenStay
from scada.store.schema import quote as quotes
from scada.store.schema import stay as stays

_FOUND = select(stays).where(stays.c.id == bindparam("stay"), stays.c.site == bindparam("of"))
_LOCKED = _FOUND.with_for_update()
_OPEN_UNDER = select(stays).where(
    stays.c.site == bindparam("of"), stays.c.plate == bindparam("plate"), stays.c.ending.is_(None)
)
_OPEN_UNDER_LOCKED = _OPEN_UNDER.with_for_update()
_CHANGED = update(stays).where(stays.c.id == bindparam("stay"))
"""Made once: to make a statement takes longer than to run it (0048)."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay as billing needs it."""

    account: StayAccount
    plate: Plate
    entered_at: datetime
    tariff: Tariff
    ending: Ending | None
    exit_passage: PassageId | None
    kind: PlateKind
    colour: PlateColour
    zone: str | None
    card: str
    goes_on: GoesOn = ALONE

    @property
    def id(self) -> StayId:
        """The stay's id."""
        return self.account.id


def find(conn: Connection, site: SiteId, stay: StayId, *, lock: bool = True) -> Stay:
    """Give a stay; `lock` its row for this transaction where the database locks rows. Raises BillingError."""
    row = conn.execute(_LOCKED if lock else _FOUND, {"stay": stay, "of": site}).one_or_none()
    if row is None:
        raise BillingError(f"no stay {stay}")
    return of_row(row)


def open_under(conn: Connection, site: SiteId, plate: Plate, *, lock: bool = True) -> Stay | None:
    """Give the stay that is open under a plate; `lock` its row as `find` does."""
    query = _OPEN_UNDER_LOCKED if lock else _OPEN_UNDER
    row = conn.execute(query, {"of": site, "plate": plate}).one_or_none()
    return None if row is None else of_row(row)


def begun_by(conn: Connection, passage: PassageId) -> StayId | None:
    """Give the stay that an entry passage began."""
    found = conn.execute(select(stays.c.id).where(stays.c.entry_passage == passage)).scalar()
    return None if found is None else StayId(found)


def moved_by(conn: Connection, site: SiteId, passage: PassageId) -> Stay | None:
    """Give the open stay that a passage of an inner lane moved into its lot, and that has not moved since."""
    mine = (stays.c.site == site) & (stays.c.zone_passage == passage) & stays.c.ending.is_(None)
    row = conn.execute(select(stays).where(mine).with_for_update()).one_or_none()
    return None if row is None else of_row(row)


def open_stays(conn: Connection, site: SiteId) -> tuple[OpenStay, ...]:
    """Give all stays now open, oldest first."""
    query = select(stays).where(stays.c.site == site, stays.c.ending.is_(None)).order_by(stays.c.entered_at)
    return tuple(
        OpenStay(
            id=StayId(row.id),
            plate=Plate(row.plate),
            entered_at=row.entered_at,
            lane=LaneName(row.entry_lane),
            picture=None if row.entry_picture is None else PictureId(row.entry_picture),
            kind=PlateKind(row.plate_kind),
            colour=PlateColour(row.plate_colour),
            appearance=Appearance(row.entry_look or NO_LOOK),
        )
        for row in conn.execute(query)
    )


def count_open(conn: Connection, site: SiteId) -> int:
    """Count the cars that have come and not left."""
    query = select(func.count()).select_from(stays).where(stays.c.site == site, stays.c.ending.is_(None))
    return conn.execute(query).scalar_one()


def begin(
    conn: Connection,
    site: SiteId,
    at: datetime,
    lane: LaneName,
    passage: Passage,
    tariff: Tariff,
    zone: ZoneName,
    card: str = "",
    goes_on: GoesOn = ALONE,
) -> tuple[StayId, Plate]:
    """Begin a stay under the passage's plate; a car without one gets a name of its own."""
    stay = StayId(new_id(at))
    read = passage.read
    plate = read.text if read is not None else unplated(stay)
    conn.execute(
        stays.insert().values(
            id=stay,
            site=site,
            plate=plate,
            plate_kind=(read.kind if read else PlateKind.UNKNOWN).value,
            plate_colour=(read.colour if read else PlateColour.UNKNOWN).value,
            entry_lane=lane,
            entry_passage=passage.id,
            entered_at=at,
            entry_picture=read.picture if read else None,
            entry_look=(read.appearance if read else NO_LOOK) or None,
            tariff=tariff.version,
            tariff_terms=tariff.terms(),
            zone=zone,
            card=card or None,
            goes_on=None if goes_on is ALONE else goes_on.to_json(),
        )
    )
    return stay, plate


def move(conn: Connection, stay: StayId, zone: ZoneName | None, by: PassageId | None) -> None:
    """Write where the car of a stay stands now, and which passage took it into a nested lot."""
    conn.execute(update(stays).where(stays.c.id == stay).values(zone=zone, zone_passage=by))


def end_seen(conn: Connection, stay: StayId, at: datetime, lane: LaneName, passage: Passage, reason: Reason) -> None:
    """Write where, when and why a car left."""
    conn.execute(
        update(stays)
        .where(stays.c.id == stay)
        .values(
            exit_lane=lane,
            exit_passage=passage.id,
            exited_at=at,
            exit_picture=passage.read.picture if passage.read else None,
            exit_reason=reason.value,
        )
    )


def close(conn: Connection, stay: StayId, at: datetime, ending: Ending, final: Final) -> None:
    """Close a stay's account. Raises BillingError if it is closed already."""
    changed = conn.execute(
        update(stays)
        .where(stays.c.id == stay, stays.c.ending.is_(None))
        .values(
            ending=ending.value,
            exited_at=at,
            fee_fen=final.fee_fen,
            arrears_fen=final.arrears_fen,
            waived_fen=final.waived_fen,
            credit_fen=final.credit_fen,
        )
    )
    if changed.rowcount != 1:
        raise BillingError(f"end stay {stay}: it has ended already")


def credit(conn: Connection, stay: Stay, amount: Fen, paid_at: datetime) -> datetime:
    """Count a payment to its stay, and to its arrears if the car has left; gives the end of the grace."""
    paid_until = paid_at + stay.tariff.grace
    if stay.account.paid_until is not None:
        paid_until = max(paid_until, stay.account.paid_until)
    arrears = stay.account.arrears_fen
    values = {
        "paid_fen": stay.account.paid_fen + amount,
        "paid_until": paid_until,
        "arrears_fen": arrears if stay.account.is_open else arrears - amount,
    }
    conn.execute(_CHANGED, {"stay": stay.id, **values})
    return paid_until


def uncredit(conn: Connection, stay: Stay, amount: Fen, until: datetime | None) -> None:
    """Take a payment back: of a stay that has ended it becomes arrears. `until` is the credit there was before."""
    account = stay.account
    arrears = account.arrears_fen if account.is_open else account.arrears_fen + amount
    values = {"paid_fen": account.paid_fen - amount, "paid_until": until, "arrears_fen": arrears}
    conn.execute(_CHANGED, {"stay": stay.id, **values})


def add_quote(
    conn: Connection,
    site: SiteId,
    at: datetime,
    valid_until: datetime,
    place: Place,
    stay: StayId,
    priced: Priced,
    due: Due,
    doubt: str = "",
    older: Debts = (),
    credit_fen: Fen = NOTHING,
    lines: Sequence[CreditLine] = (),
    owes_fen: Fen = NOTHING,
) -> Quote:
    """Keep a quote with its stay; `older` debts of its plate are asked for with it.

    `credit_fen` of the price is let off by vouchers; `lines` are those of them that this quote counts.
    """
    older_fen = Fen(sum(amount for _, amount in older))
    made = Quote(
        id=QuoteId(new_id(at)),
        stay=stay,
        total_fen=priced.total_fen,
        due_fen=Fen(due.due_fen + older_fen),
        minutes=priced.minutes,
        valid_until=valid_until,
        free_reason=None if older else due.free_reason,
        doubt=doubt,
        older=tuple(older),
        credit_fen=credit_fen,
        owes_fen=owes_fen,
    )
    conn.execute(
        quotes.insert().values(
            id=made.id,
            site=site,
            stay=stay,
            lane=place.lane,
            passage=place.passage,
            made_at=at,
            valid_until=made.valid_until,
            total_fen=made.total_fen,
            due_fen=made.due_fen,
            older_fen=older_fen,
            older=[[of, amount] for of, amount in older] or None,
            credit_fen=credit_fen,
            credits=[line.to_json() for line in lines] or None,
            lines=[line.to_json() for line in priced.lines],
        )
    )
    return made


def of_row(row: Row[tuple[object, ...]]) -> Stay:
    """Give a stay of its row."""
    return Stay(
        account=StayAccount(
            id=StayId(row.id),
            is_open=row.ending is None,
            paid_fen=Fen(row.paid_fen),
            arrears_fen=Fen(row.arrears_fen),
            paid_until=row.paid_until,
            credit_fen=Fen(row.credit_fen),
        ),
        plate=Plate(row.plate),
        entered_at=row.entered_at,
        tariff=kept_tariff(row.tariff_terms),
        ending=None if row.ending is None else Ending(row.ending),
        exit_passage=None if row.exit_passage is None else PassageId(row.exit_passage),
        kind=PlateKind(row.plate_kind),
        colour=PlateColour(row.plate_colour),
        zone=row.zone,
        card=row.card or "",
        goes_on=ALONE if row.goes_on is None else GoesOn.of_json(row.goes_on),
    )


def kept_tariff(terms: Mapping[str, object]) -> Tariff:
    """Give the tariff of a stay by the terms that were kept with it. Raises BillingError."""
    try:
        return _read_once(json.dumps(terms, sort_keys=True, ensure_ascii=False))
    except TariffError as error:
        raise BillingError(f"the tariff kept with a stay cannot be read: {error}") from error


@lru_cache(maxsize=64)
def _read_once(terms: str) -> Tariff:
    return read_tariff(json.loads(terms), kept=True)
