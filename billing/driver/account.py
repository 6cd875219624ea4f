"""What a phone that is known may see of itself: what it paid, what went back, and invoices it asks for.

Only its own payments: nothing here is found by a plate.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, literal, select

from billing.ids import new_id
from billing.settle import OrderState
from scada.model.money import Fen
from scada.model.names import OrderId, SiteId
from scada.store.schema import demand as demands
from scada.store.schema import invoice_request as invoices
from scada.store.schema import ledger_entry as entries
from scada.store.schema import pay_order as orders
from scada.store.schema import refund as refunds
from scada.store.schema import stay as stays

SHOWN: Final = 30
KEPT: Final = timedelta(days=365)
"""What was paid longer ago is shown to nobody by phone."""
_TAX: Final = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20}")
_MAIL: Final = re.compile(r"[^@\s]{1,60}@[^@\s.]{1,30}(\.[^@\s.]{1,20}){1,4}")


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a phone: its number, when, how much, what of it went back, whether an invoice was asked for.

    `what` it paid that was no stay: the kind of a demand.
    """

    order: OrderId
    plate: str
    paid_at: datetime
    amount_fen: Fen
    refunded_fen: Fen
    refund_state: str
    invoice: bool
    what: str = ""

    def to_json(self) -> dict[str, object]:
        """Give the payment as JSON values."""
        return {
            "order": self.order,
            "plate": self.plate,
            "paid_at": self.paid_at.isoformat(),
            "amount_fen": self.amount_fen,
            "refunded_fen": self.refunded_fen,
            "refund_state": self.refund_state,
            "invoice": self.invoice,
            "what": self.what,
        }


@dataclass(frozen=True, slots=True)
class Invoice:
    """To whom an invoice goes: the buyer's title, tax number (empty for a person) and mail."""

    title: str
    tax_number: str
    mail: str

    def mistake(self) -> str:
        """Say what is wrong with it, in words for whoever typed it; empty if nothing is."""
        if not 0 < len(self.title) <= 100 or not self.title.isprintable():
            return "The title of the invoice is missing or too long."
        if self.tax_number and not _TAX.fullmatch(self.tax_number):
            return "A tax number has 15, 17, 18 or 20 letters and digits."
        return "" if _MAIL.fullmatch(self.mail) else "This is not a mail address."


def payments(conn: Connection, site: SiteId, openid: str, at: datetime) -> list[Payment]:
    """Give what a phone has paid, the newest first; what WeChat closed counts where it went out anew."""
    moved = select(entries.c.ref).where(entries.c.site == site, entries.c.kind == "refund_moved")
    counts = (literal("refund_moved:") + refunds.c.out_refund_no).not_in(moved)
    went = func.sum(refunds.c.amount_fen).label("fen"), func.max(refunds.c.state).label("state")
    back = select(refunds.c.out_trade_no, *went).where(counts).group_by(refunds.c.out_trade_no).subquery()
    joined = (
        orders.outerjoin(stays, stays.c.id == orders.c.stay)
        .outerjoin(demands, demands.c.id == orders.c.demand)
        .outerjoin(back, back.c.out_trade_no == orders.c.out_trade_no)
        .outerjoin(invoices, invoices.c.out_trade_no == orders.c.out_trade_no)
    )
    mine = (orders.c.site == site) & (orders.c.payer == openid) & (orders.c.state == OrderState.PAID.value)
    own = orders.c.out_trade_no, orders.c.paid_at, orders.c.amount_fen, stays.c.plate
    beside = back.c.fen, back.c.state.label("went"), invoices.c.id.label("invoice"), demands.c.kind.label("what")
    query = select(*own, *beside).select_from(joined)
    rows = conn.execute(query.where(mine, orders.c.paid_at >= at - KEPT).order_by(orders.c.paid_at.desc()).limit(SHOWN))
    return [
        Payment(
            order=OrderId(row.out_trade_no),
            plate=row.plate or "",
            paid_at=row.paid_at,
            amount_fen=Fen(row.amount_fen),
            refunded_fen=Fen(int(row.fen or 0)),
            refund_state=row.went or "",
            invoice=row.invoice is not None,
            what=row.what or "",
        )
        for row in rows
    ]


def ask_invoice(conn: Connection, site: SiteId, at: datetime, openid: str, order: OrderId, wanted: Invoice) -> str:
    """Keep an invoice request of a phone for its own payment, net of what went back; gives why not, empty if done."""
    own = next((one for one in payments(conn, site, openid, at) if one.order == order), None)
    if own is None:
        return "This payment is not known."
    if own.invoice:
        return "An invoice for this payment has been asked for already."
    net = Fen(own.amount_fen - own.refunded_fen)
    if net <= 0:
        return "This payment went back; there is no invoice for it."
    row = {"id": new_id(at), "site": site, "out_trade_no": order, "amount_fen": net, "asked_at": at}
    told = {"title": wanted.title, "tax_number": wanted.tax_number, "mail": wanted.mail}
    conn.execute(invoices.insert().values(**row, **told))
    return ""
