"""Vouchers in the database: given, claimed, reserved by a quote, used up once. Plain functions of a connection."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, exists, func, select, update

from billing import stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.books import NOWHERE, Books
from billing.ids import new_id
from billing.settle import StayAccount
from billing.tariff import CreditLine, Voucher, VoucherKind
from billing.vouchers import merchants
from billing.vouchers.counting import Shown, is_taken
from billing.vouchers.terms import Given, Limit, Merchant, NotDone, Wanted, merchant_part, why_not_issue, why_wrong
from scada.model.money import NOTHING, Fen
from scada.model.names import MerchantId, QuoteId, SiteId, StayId, VoucherId
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.store.schema import booking_visit as visits
from scada.store.schema import merchant as merchant_table
from scada.store.schema import quote as quotes
from scada.store.schema import stay as stay_table
from scada.store.schema import voucher as vouchers

OF_VISIT: Final = exists().where(visits.c.voucher == vouchers.c.id)
"""Whether a voucher was given to a visitor by his host's booking."""
_DAY: Final = timedelta(hours=24)
_CODE_SIGNS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LONG: Final = 10


_OF_STAY = (vouchers.c.site == bindparam("of")) & (vouchers.c.stay == bindparam("by"))
_PROMISED = vouchers.c.state.in_(("RESERVED", "WITHDRAWN"))
"""One that is withdrawn keeps the quote that counted it: whoever pays or leaves by that quote was promised it."""
_LAST_QUOTE = select(quotes.c.id).where(quotes.c.stay == bindparam("by")).order_by(quotes.c.id.desc()).limit(1)
_ALL_OF_STAY = select(vouchers).where(_OF_STAY).order_by(vouchers.c.id).with_for_update()
_HELD = _ALL_OF_STAY.where(vouchers.c.state == "RESERVED")
_ALL_HELD = _ALL_OF_STAY.where(_PROMISED)
_HELD_AT_LAST = _ALL_OF_STAY.where(
    _PROMISED, (vouchers.c.state == "RESERVED") | (vouchers.c.quote == _LAST_QUOTE.scalar_subquery())
)
_FREE_AGAIN = case((vouchers.c.state == "RESERVED", "ISSUED"), else_=vouchers.c.state)
_LET_GO = update(vouchers).where(_OF_STAY, _PROMISED).values(state=_FREE_AGAIN, stay=None, quote=None, amount_fen=0)


@dataclass(frozen=True, slots=True)
class Issued:
    """A voucher that was given; `code` if it is to be claimed, `stay` whose price it changes now."""

    id: VoucherId
    code: str = ""
    stay: StayId | None = None


def issue(
    conn: Connection, books: Books, at: datetime, midnight: datetime, name: str, wanted: Wanted, by: str
) -> Issued | NotDone:
    """Give a voucher in a merchant's name; `midnight` is when its day began."""
    merchant = merchants.find(conn, books.site, name, lock=True)
    if merchant is None:
        return NotDone(f"there is no merchant {name}")
    inside = None if wanted.plate is None else stays.open_under(conn, books.site, wanted.plate)
    given = _given(conn, books.site, merchant, at, midnight, wanted.plate)
    if wrong := why_wrong(wanted.kind, wanted.value):
        return NotDone(wrong)
    if reached := why_not_issue(merchant, wanted.kind, wanted.value, given):
        return reached
    if inside is not None and not is_taken(inside.tariff, wanted.ticket):
        return NotDone("the tariff of this stay takes no such voucher")
    if wanted.valid_until <= at:
        return NotDone("its time is over already")
    made = Issued(VoucherId(new_id(at)), _code() if wanted.plate is None else "", None if inside is None else inside.id)
    _insert(conn, books, at, merchant, wanted, made, by)
    return made


def for_visitor(
    conn: Connection,
    books: Books,
    at: datetime,
    host: Merchant,
    plate: Plate,
    kind: VoucherKind,
    value: int,
    lasts: timedelta,
) -> VoucherId:
    """Give a host's voucher to a visitor who has come; what it may give was looked at when he was booked."""
    wanted = Wanted(kind, value, at + lasts, plate)
    made = Issued(VoucherId(new_id(at)))
    _insert(conn, books, at, host, wanted, made, "booking")
    return made.id


def claim(conn: Connection, books: Books, at: datetime, code: str, plate: Plate, by: str) -> Issued | NotDone:
    """Bind a voucher that was given as a code to a plate, once."""
    row = conn.execute(select(vouchers).where(vouchers.c.site == books.site, vouchers.c.code == code)).one_or_none()
    if row is None or row.plate is not None or row.state != "ISSUED" or row.valid_until <= at:
        return NotDone("there is no such code, or it is used up")
    merchant = merchants.of_id(conn, MerchantId(row.merchant), lock=True)
    given = _given(conn, books.site, merchant, at, at, plate)
    if merchant.agreement.per_plate and given.to_plate >= merchant.agreement.per_plate:
        many = merchant.agreement.per_plate
        return NotDone(f"{merchant.name} gives a plate {many} in 24 hours at most", Limit.PER_PLATE)
    inside = stays.open_under(conn, books.site, plate)
    mine = (vouchers.c.id == row.id) & vouchers.c.plate.is_(None) & (vouchers.c.state == "ISSUED")
    if conn.execute(update(vouchers).where(mine).values(plate=plate)).rowcount != 1:
        return NotDone("there is no such code, or it is used up")
    books.tell(conn, at, "money", "voucher claimed", NOWHERE, voucher=row.id, plate=plate, by=by)
    return Issued(VoucherId(row.id), stay=None if inside is None else inside.id)


def withdraw(
    conn: Connection,
    books: Books,
    at: datetime,
    voucher: VoucherId,
    by: str,
    why: str,
    merchant: MerchantId | None = None,
) -> Issued | NotDone:
    """Take a voucher back that has not been used up; its stay, if one has reserved it, is to be priced anew.

    Until it is, what its driver was told holds: who pays or leaves by that quote is let off as it says.
    A merchant takes back its own ones only, and none that belongs to a visitor's booking.
    """
    mine = (vouchers.c.site == books.site) & (vouchers.c.id == voucher)
    if merchant is not None:
        mine &= (vouchers.c.merchant == merchant) & ~OF_VISIT
    row = conn.execute(select(vouchers).where(mine).with_for_update()).one_or_none()
    if row is None or row.state not in ("ISSUED", "RESERVED"):
        return NotDone("there is no such voucher, or it is used up or withdrawn")
    conn.execute(update(vouchers).where(mine).values(state="WITHDRAWN"))
    books.tell(conn, at, "money", "voucher withdrawn", NOWHERE, voucher=voucher, by=by, why=why)
    return Issued(voucher, stay=None if row.stay is None else StayId(row.stay))


def shown(conn: Connection, site: SiteId, stay: StayId, plate: Plate, at: datetime) -> Shown:
    """Give the vouchers that may count for a stay: good ones of its plate, and those that it has reserved.

    A host's voucher for a visitor counts for the stay of that visit alone.
    """
    mine = (vouchers.c.site == site) & (vouchers.c.plate == plate)
    good = (vouchers.c.state == "ISSUED") & (vouchers.c.valid_until > at)
    held = (vouchers.c.state == "RESERVED") & (vouchers.c.stay == stay)
    joined = vouchers.outerjoin(visits, visits.c.voucher == vouchers.c.id)
    joined = joined.join(merchant_table, merchant_table.c.id == vouchers.c.merchant)
    here = visits.c.id.is_(None) | (visits.c.stay == stay)
    query = select(vouchers, visits.c.id.label("visit"), merchant_table.c.name).select_from(joined)
    found = tuple(
        Voucher(VoucherKind(row.kind), row.value, row.ticket, row.id, row.alone, row.name if row.visit else "")
        for row in conn.execute(query.where(mine, good | held, here).order_by(vouchers.c.id))
    )
    return Shown(found, _used_tickets(conn, site, plate, at) if any(one.ticket for one in found) else frozenset())


def reserve(conn: Connection, site: SiteId, stay: StayId, quote: QuoteId | None, lines: Sequence[CreditLine]) -> None:
    """Hold for a stay what its quote counts, and nothing else. Raises BillingError if another has used it up."""
    free(conn, site, stay, but=frozenset(line.voucher for line in lines))
    for line in lines:
        open_ = (vouchers.c.state == "ISSUED") | ((vouchers.c.state == "RESERVED") & (vouchers.c.stay == stay))
        changes = {"state": "RESERVED", "stay": stay, "quote": quote, "amount_fen": line.amount_fen}
        mine = (vouchers.c.id == line.voucher) & open_
        if conn.execute(update(vouchers).where(mine).values(**changes)).rowcount != 1:
            raise BillingError(f"voucher {line.voucher} was used or withdrawn at this moment; quote again")


def free(conn: Connection, site: SiteId, stay: StayId, but: frozenset[str] = frozenset()) -> None:
    """Let go of what a stay has reserved."""
    mine = (vouchers.c.site == site) & (vouchers.c.stay == stay) & (vouchers.c.state == "RESERVED")
    changes = {"state": "ISSUED", "stay": None, "quote": None, "amount_fen": 0}
    conn.execute(update(vouchers).where(mine, vouchers.c.id.not_in(but)).values(**changes))


def use(conn: Connection, books: Books, at: datetime, stay: StayId) -> Fen:
    """Use up what a stay has reserved; gives what that lets off for good."""
    return _use_all(conn, books, at, stay, conn.execute(_HELD, {"of": books.site, "by": stay}).all())


def use_promised(conn: Connection, books: Books, at: datetime, stay: StayId) -> Fen:
    """Use up what a stay has reserved, and what was withdrawn after its car was told that it may leave."""
    return _use_all(conn, books, at, stay, conn.execute(_HELD_AT_LAST, {"of": books.site, "by": stay}).all())


def _use_all(
    conn: Connection, books: Books, at: datetime, stay: StayId, rows: Sequence[Row[tuple[object, ...]]]
) -> Fen:
    for row in rows:
        _use_up(conn, books, at, stay, row)
    return Fen(sum((row.amount_fen for row in rows), NOTHING))


def use_for(conn: Connection, books: Books, at: datetime, account: StayAccount, quote: QuoteId) -> None:
    """Use up what a paid quote has counted: from now on what it lets off does not change.

    What a later quote holds is free again: what it would let off has been paid.
    """
    if not account.is_open:
        return
    held = conn.execute(_ALL_HELD, {"of": books.site, "by": account.id}).all()
    if not held:
        return
    if amount := _use_all(conn, books, at, account.id, [row for row in held if row.quote == quote]):
        more = {"credit_fen": stay_table.c.credit_fen + amount}
        conn.execute(update(stay_table).where(stay_table.c.id == account.id).values(**more))
    conn.execute(_LET_GO, {"of": books.site, "by": account.id})


def listed(conn: Connection, site: SiteId, limit: int, merchant: str = "", plate: str = "") -> list[dict[str, object]]:
    """Give vouchers, the newest first, as JSON values."""
    joined = vouchers.join(merchant_table, merchant_table.c.id == vouchers.c.merchant)
    query = select(vouchers, merchant_table.c.name).select_from(joined).where(vouchers.c.site == site)
    if merchant:
        query = query.where(merchant_table.c.name == merchant)
    if plate:
        query = query.where(vouchers.c.plate == plate)
    columns = ("id", "code", "plate", "kind", "value", "ticket", "state", "amount_fen", "stay")
    times = ("given_at", "valid_until", "used_at")
    return [
        {
            "merchant": row.name,
            **{name: getattr(row, name) for name in columns},
            **{name: at.isoformat() if (at := getattr(row, name)) else None for name in times},
        }
        for row in conn.execute(query.order_by(vouchers.c.id.desc()).limit(limit))
    ]


def _insert(
    conn: Connection, books: Books, at: datetime, merchant: Merchant, wanted: Wanted, made: Issued, by: str
) -> None:
    facts = {"kind": wanted.kind.value, "value": wanted.value, "ticket": wanted.ticket, "plate": wanted.plate}
    conn.execute(
        vouchers.insert().values(
            id=made.id,
            site=books.site,
            merchant=merchant.id,
            code=made.code or None,
            alone=not merchant.agreement.stackable,
            pays_percent=merchant.agreement.pays_percent,
            given_at=at,
            given_by=by,
            valid_until=wanted.valid_until,
            state="ISSUED",
            **facts,
        )
    )
    body = {"voucher": made.id, "merchant": merchant.id, "plate": wanted.plate, "value": wanted.value, "by": by}
    books.tell(conn, at, "money", "voucher given", NOWHERE, voucher_kind=wanted.kind.value, **body)


def _use_up(conn: Connection, books: Books, at: datetime, stay: StayId, row: Row[tuple[object, ...]]) -> None:
    mine = (vouchers.c.id == row.id) & _PROMISED & (vouchers.c.stay == stay)
    if conn.execute(update(vouchers).where(mine).values(state="USED", used_at=at)).rowcount != 1:
        raise BillingError(f"voucher {row.id} was used up already")
    amount = Fen(row.amount_fen)
    part = merchant_part(amount, row.pays_percent)
    post(conn, books.site, at, flows.voucher_used(VoucherId(row.id), stay, MerchantId(row.merchant), amount, part))
    books.tell(conn, at, "money", "voucher used", NOWHERE, voucher=row.id, stay=stay, amount_fen=amount)


def _given(
    conn: Connection, site: SiteId, merchant: Merchant, at: datetime, midnight: datetime, plate: Plate | None
) -> Given:
    mine = (vouchers.c.merchant == merchant.id) & (vouchers.c.state != "WITHDRAWN") & ~OF_VISIT
    return Given(
        to_plate=0 if plate is None else _count(conn, mine & (vouchers.c.plate == plate), at - _DAY),
        today=_count(conn, mine, midnight),
        owes_fen=merchants.owes(conn, site, merchant.id),
        reserved_fen=merchants.reserved(conn, merchant.id),
    )


def _count(conn: Connection, which: ColumnElement[bool], since: datetime) -> int:
    query = select(func.count()).select_from(vouchers).where(which, vouchers.c.given_at >= since)
    return conn.execute(query).scalar_one()


def _used_tickets(conn: Connection, site: SiteId, plate: Plate, at: datetime) -> frozenset[str]:
    used = (vouchers.c.state == "USED") & (vouchers.c.used_at > at - _DAY) & (vouchers.c.ticket != "")
    mine = (vouchers.c.site == site) & (vouchers.c.plate == plate)
    return frozenset(conn.execute(select(vouchers.c.ticket).where(mine, used)).scalars())


def _code() -> str:
    return "".join(secrets.choice(_CODE_SIGNS) for _ in range(_CODE_LONG))
