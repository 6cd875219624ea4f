"""Cash in the database: taken for a stay, and taken back. Plain functions of a connection, one transaction each."""

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select, update

from billing import outbox, stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.accounts.chart import Entry
from billing.arrears import debts
from billing.books import Books, Place
from billing.counter.words import HAND_BACK, NotTaken, Receipt, Shift, why_not_voided
from billing.ids import new_id
from billing.settle import NOTHING, StayAccount
from billing.stays import Stay
from billing.vouchers import book as vouchers
from scada.model.lane.words import Quote, Reason
from scada.model.money import Fen, yuan_text
from scada.model.names import SiteId, StayId
from scada.store import restored
from scada.store.schema import cash_payment as payments
from scada.store.schema import open_request, till_shift


def take(
    conn: Connection,
    books: Books,
    at: datetime,
    zone: ZoneInfo,
    shift: Shift,
    place: Place,
    quote: Quote,
    before: StayAccount,
    given: Fen,
) -> Receipt | NotTaken:
    """Take cash for the stay at a boom, and ask its lane to open: whoever settles first, settles."""
    stay = stays.find(conn, books.site, quote.stay)
    if stay.account != before or not debts.stand(conn, books.site, quote.older):
        return NotTaken(f"this was paid meanwhile, or the stay has ended: {HAND_BACK}")
    request = outbox.add(conn, books.site, at, place, Reason.PAID, shift.operator, stay.id)
    made = replace(
        _blank(conn, books.site, at, zone, shift, stay, quote.due_fen, given),
        quote=quote.id,
        lane=place.lane,
        passage=place.passage,
        request=request,
        older=quote.older,
    )
    return _keep(conn, books, at, stay, made, place)


def take_arrears(
    conn: Connection, books: Books, at: datetime, zone: ZoneInfo, shift: Shift, stay: StayId, shown: Fen, given: Fen
) -> Receipt | NotTaken:
    """Take cash for what a stay that has ended still owes."""
    found = stays.find(conn, books.site, stay)
    owed = found.account.arrears_fen
    if found.account.is_open or owed <= 0:
        return NotTaken(f"this stay owes nothing: {HAND_BACK}")
    if owed != shown or given < owed:
        return NotTaken(f"{yuan_text(owed)} yuan are owed by this stay: nothing is taken in part")
    return _keep(conn, books, at, found, _blank(conn, books.site, at, zone, shift, found, owed, given), Place())


def void(
    conn: Connection, books: Books, at: datetime, receipt: Receipt, by: str, second: str, why: str, *, is_there: bool
) -> Receipt | NotTaken:
    """Take a receipt back: its stay owes again. `is_there`: its car stands at the boom still."""
    asked = select(open_request.c.state).where(open_request.c.id == receipt.request)
    state = conn.execute(asked).scalar()
    opens = state in outbox.UNANSWERED or (state == "TAKEN" and is_there)
    counted = conn.execute(select(till_shift.c.closed_at).where(till_shift.c.id == receipt.shift)).scalar()
    refused = why_not_voided(receipt, at, shift_is_open=counted is None, opens=opens)
    if refused:
        return NotTaken(refused)
    stay = stays.find(conn, books.site, receipt.stay)
    was_last = stay.account.paid_until == receipt.paid_at + stay.tariff.grace
    until = receipt.before_until if was_last else stay.account.paid_until
    stays.uncredit(conn, stay, receipt.own_fen, until)
    debts.unclear(conn, receipt.older)
    values = {"voided_at": at, "voided_by": by, "void_second": second, "void_why": why}
    conn.execute(update(payments).where(payments.c.id == receipt.id).values(**values))
    post(conn, books.site, at, flows.cash_voided(_entry(stay, receipt), receipt.id, by, why))
    place = Place(receipt.lane, receipt.passage)
    body = {"receipt": receipt.text, "stay": stay.id, "amount_fen": receipt.due_fen, "by": by, "second": second}
    books.tell(conn, at, "money", "cash taken back", place, why=why, **body)
    return replace(receipt, voided_at=at, voided_by=by, void_second=second, void_why=why)


def find(conn: Connection, site: SiteId, year: int, number: int) -> Receipt | None:
    """Give a receipt by its number."""
    mine = (payments.c.site == site) & (payments.c.year == year) & (payments.c.number == number)
    row = conn.execute(select(payments).where(mine)).one_or_none()
    return None if row is None else _receipt(row)


def of_shift(conn: Connection, shift: str) -> Sequence[Receipt]:
    """Give the receipts of a shift, the newest first."""
    query = select(payments).where(payments.c.shift == shift).order_by(payments.c.paid_at.desc(), payments.c.id.desc())
    return [_receipt(row) for row in conn.execute(query)]


def of_stay(conn: Connection, stay: StayId) -> Sequence[Receipt]:
    """Give the receipts of a stay, the oldest first."""
    return [
        _receipt(row)
        for row in conn.execute(select(payments).where(payments.c.stay == stay).order_by(payments.c.paid_at))
    ]


def _keep(conn: Connection, books: Books, at: datetime, stay: Stay, made: Receipt, place: Place) -> Receipt:
    conn.execute(payments.insert().values(site=books.site, **asdict(made)))
    stays.credit(conn, stay, made.own_fen, at)
    debts.clear(conn, made.older)
    if made.quote is not None:
        vouchers.use_for(conn, books, at, stay.account, made.quote)
    post(conn, books.site, at, _entry(stay, made))
    amounts = {"due_fen": made.due_fen, "given_fen": made.given_fen, "change_fen": made.change_fen}
    body = {"receipt": made.text, "stay": stay.id, "by": made.operator, "request": made.request, **amounts}
    books.tell(conn, at, "money", "cash taken", place, **body)
    return made


def _entry(stay: Stay, made: Receipt) -> Entry:
    parts = (made.own_fen, NOTHING) if stay.account.is_open else (NOTHING, made.own_fen)
    return flows.cash_taken(stay.id, made.id, made.operator, *parts, made.older)


def _blank(
    conn: Connection, site: SiteId, at: datetime, zone: ZoneInfo, shift: Shift, stay: Stay, due: Fen, given: Fen
) -> Receipt:
    """Give the next receipt of the year, so far without a place."""
    year = at.astimezone(zone).year
    last = select(func.max(payments.c.number)).where(payments.c.site == site, payments.c.year == year)
    return Receipt(
        id=new_id(at),
        year=year,
        number=max(conn.execute(last).scalar() or 0, restored.receipts_after(conn, site, year, zone)) + 1,
        shift=shift.id,
        operator=shift.operator,
        stay=stay.id,
        quote=None,
        lane=None,
        passage=None,
        request=None,
        due_fen=due,
        given_fen=given,
        paid_at=at,
        older=(),
        before_until=stay.account.paid_until,
    )


def _receipt(row: Row[tuple[object, ...]]) -> Receipt:
    found = Receipt(**{part.name: getattr(row, part.name) for part in fields(Receipt)})
    return replace(found, older=tuple((StayId(stay), Fen(amount)) for stay, amount in row.older))
