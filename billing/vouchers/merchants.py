"""Merchants in the database: what was agreed, what they paid and were asked for. Plain functions of a connection."""

from datetime import datetime

from sqlalchemy import Connection, Row, func, select, update

from billing.accounts import flows
from billing.accounts.balances import balance
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.books import NOWHERE, Books
from billing.ids import new_id
from billing.tariff import VoucherKind
from billing.vouchers.terms import Agreement, Hosting, Manner, Merchant, NotDone, merchant_part
from scada.model.money import NOTHING, Fen
from scada.model.names import MerchantId, OrderId, SiteId
from scada.store.schema import merchant as merchants
from scada.store.schema import merchant_invoice as invoices
from scada.store.schema import voucher as vouchers


def add(conn: Connection, books: Books, at: datetime, name: str, terms: Agreement, by: str) -> Merchant | NotDone:
    """Take a merchant in."""
    if find(conn, books.site, name) is not None:
        return NotDone(f"there is a merchant {name} already")
    made = Merchant(MerchantId(new_id(at)), name, terms)
    conn.execute(merchants.insert().values(id=made.id, site=books.site, name=name, made_at=at, **_columns(terms)))
    books.tell(conn, at, "money", "merchant added", NOWHERE, merchant=made.id, name=name, by=by, **_columns(terms))
    return made


def change(conn: Connection, books: Books, at: datetime, merchant: Merchant, terms: Agreement, by: str) -> None:
    """Agree anew with a merchant; what it has given stays as it was given."""
    conn.execute(update(merchants).where(merchants.c.id == merchant.id).values(**_columns(terms)))
    books.tell(conn, at, "money", "merchant changed", NOWHERE, merchant=merchant.id, by=by, **_columns(terms))


def end(conn: Connection, books: Books, at: datetime, merchant: Merchant, by: str) -> bool:
    """End an agreement: nothing more is given, what was given stays good. False if it has ended."""
    mine = (merchants.c.id == merchant.id) & merchants.c.ended_at.is_(None)
    if conn.execute(update(merchants).where(mine).values(ended_at=at)).rowcount != 1:
        return False
    books.tell(conn, at, "money", "merchant ended", NOWHERE, merchant=merchant.id, by=by)
    return True


def find(conn: Connection, site: SiteId, name: str, *, lock: bool = False) -> Merchant | None:
    """Give a merchant by its name; `lock` its row for this transaction."""
    query = select(merchants).where(merchants.c.site == site, merchants.c.name == name)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _merchant(row)


def of_id(conn: Connection, merchant: MerchantId, *, lock: bool = False) -> Merchant:
    """Give a merchant that some row names; `lock` its own for this transaction."""
    query = select(merchants).where(merchants.c.id == merchant)
    return _merchant(conn.execute(query.with_for_update() if lock else query).one())


def all_of(conn: Connection, site: SiteId) -> tuple[Merchant, ...]:
    """Give the merchants by name."""
    query = select(merchants).where(merchants.c.site == site).order_by(merchants.c.name)
    return tuple(_merchant(row) for row in conn.execute(query))


def owes(conn: Connection, site: SiteId, merchant: MerchantId) -> Fen:
    """Give what a merchant owes; below zero what it has paid ahead."""
    return balance(conn, site, Account.MERCHANT, merchant)


def reserved(conn: Connection, merchant: MerchantId) -> Fen:
    """Give the merchant's part of what stays that have not ended are let off."""
    query = select(vouchers.c.amount_fen, vouchers.c.pays_percent)
    rows = conn.execute(query.where(vouchers.c.merchant == merchant, vouchers.c.state == "RESERVED"))
    return Fen(sum((merchant_part(Fen(row.amount_fen), row.pays_percent) for row in rows), NOTHING))


def receive(
    conn: Connection,
    books: Books,
    at: datetime,
    merchant: Merchant,
    amount: Fen,
    into: Account,
    by: str,
    note: str = "",
) -> None:
    """Enter what a merchant has paid: ahead, or for an invoice; into the bank or the safe."""
    ref = f"merchant_paid:{new_id(at)}"
    post(conn, books.site, at, flows.merchant_paid(merchant.id, amount, into, ref, by, note))
    body = {"merchant": merchant.id, "amount_fen": amount, "into": into.value, "by": by, "note": note}
    books.tell(conn, at, "money", "merchant paid", NOWHERE, **body)


def topped_up(conn: Connection, books: Books, at: datetime, merchant: MerchantId, amount: Fen, order: OrderId) -> None:
    """Enter what a merchant has paid by WeChat, ahead or of what it owes."""
    post(conn, books.site, at, flows.merchant_topped_up(merchant, amount, order))
    books.tell(conn, at, "money", "merchant paid", NOWHERE, merchant=merchant, amount_fen=amount, order=order)


def give_back(
    conn: Connection, books: Books, at: datetime, merchant: Merchant, out_of: Account, by: str
) -> Fen | NotDone:
    """Pay back what a merchant has paid ahead, once its agreement has ended and no voucher of it is left."""
    left = Fen(-owes(conn, books.site, merchant.id))
    if merchant.ended_at is None:
        return NotDone("its agreement has not ended")
    if good_left(conn, merchant.id, at):
        return NotDone("vouchers of it are still good: withdraw them, or wait until they have run out")
    if left <= 0:
        return NotDone("it has paid nothing ahead")
    post(conn, books.site, at, flows.merchant_repaid(merchant.id, left, out_of, f"merchant_repaid:{new_id(at)}", by))
    books.tell(conn, at, "money", "merchant repaid", NOWHERE, merchant=merchant.id, amount_fen=left, by=by)
    return left


def good_left(conn: Connection, merchant: MerchantId, at: datetime) -> int:
    """Count the vouchers of a merchant that may still be used."""
    good = (vouchers.c.state == "RESERVED") | ((vouchers.c.state == "ISSUED") & (vouchers.c.valid_until > at))
    query = select(func.count()).select_from(vouchers).where(vouchers.c.merchant == merchant, good)
    return conn.execute(query).scalar_one()


def invoice(
    conn: Connection, books: Books, at: datetime, merchant: Merchant, until: datetime, by: str
) -> tuple[str, int, Fen] | NotDone:
    """Invoice the vouchers used before a moment and not invoiced yet: its number, how many, how much."""
    mine = (vouchers.c.merchant == merchant.id) & (vouchers.c.state == "USED") & vouchers.c.invoice.is_(None)
    due = mine & (vouchers.c.used_at < until)
    rows = conn.execute(select(vouchers.c.id, vouchers.c.amount_fen, vouchers.c.pays_percent).where(due)).all()
    if not rows:
        return NotDone("no voucher was used that is not invoiced yet")
    amount = Fen(sum(merchant_part(Fen(row.amount_fen), row.pays_percent) for row in rows))
    number = new_id(at)
    facts = {"merchant": merchant.id, "until": until, "vouchers": len(rows), "amount_fen": amount}
    conn.execute(invoices.insert().values(id=number, site=books.site, made_at=at, made_by=by, **facts))
    conn.execute(update(vouchers).where(vouchers.c.id.in_([row.id for row in rows])).values(invoice=number))
    body = {**facts, "until": until.isoformat(), "invoice": number, "by": by}
    books.tell(conn, at, "money", "merchant invoiced", NOWHERE, **body)
    return number, len(rows), amount


def pay_invoice(
    conn: Connection, books: Books, at: datetime, merchant: Merchant, number: str, into: Account, by: str
) -> Fen | NotDone:
    """Enter that an invoice was paid, whole and once."""
    mine = (invoices.c.id == number) & (invoices.c.merchant == merchant.id) & invoices.c.paid_at.is_(None)
    row = conn.execute(update(invoices).where(mine).values(paid_at=at).returning(invoices.c.amount_fen)).one_or_none()
    if row is None:
        return NotDone(f"{merchant.name} has no unpaid invoice {number}")
    if row.amount_fen:
        receive(conn, books, at, merchant, Fen(row.amount_fen), into, by, f"invoice {number}")
    return Fen(row.amount_fen)


def _columns(terms: Agreement) -> dict[str, object]:
    hosting = terms.hosting or Hosting()
    return {
        "manner": terms.manner.value,
        "most": {kind.value: most for kind, most in terms.most.items()},
        "limit_fen": terms.limit_fen,
        "per_plate": terms.per_plate,
        "per_day": terms.per_day,
        "stackable": terms.stackable,
        "pays_percent": terms.pays_percent,
        "may_book": terms.hosting is not None,
        "book_open": hosting.open,
        "book_per_day": hosting.per_day,
        "book_month_fen": hosting.month_fen,
    }


def _merchant(row: Row[tuple[object, ...]]) -> Merchant:
    terms = Agreement(
        manner=Manner(row.manner),
        most={VoucherKind(kind): most for kind, most in row.most.items()},
        limit_fen=Fen(row.limit_fen),
        per_plate=row.per_plate,
        per_day=row.per_day,
        stackable=row.stackable,
        pays_percent=row.pays_percent,
        hosting=Hosting(row.book_open, row.book_per_day, Fen(row.book_month_fen)) if row.may_book else None,
    )
    return Merchant(MerchantId(row.id), row.name, terms, row.ended_at)
