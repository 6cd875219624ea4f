"""What happens when a demand has been paid: the books of what it was for, in the transaction of the payment."""

from datetime import datetime

from sqlalchemy import Connection

from billing.accounts import flows
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.accounts.flows import Debts
from billing.arrears import debts
from billing.books import Books
from billing.cards import book as cards
from billing.cards import selling
from billing.cards.book import Paid
from billing.orders import demands
from billing.orders.demands import Demand, DemandKind
from billing.vouchers import merchants
from scada.model.names import MerchantId, OrderId, SiteId, StayId
from scada.ports import BillingError


def is_owed(conn: Connection, site: SiteId, at: datetime, demand: Demand) -> bool:
    """Say whether a demand is still to be paid, whole."""
    match demand.kind:
        case DemandKind.ARREARS:
            return demand.is_open and debts.stand(conn, site, _debts(demand))
        case DemandKind.CARD:
            card = cards.find(conn, site, demand.about, lock=True)
            stands = card is not None and card.product.price_fen == demand.amount_fen
            return demand.is_open and stands and not selling.why_not_pay(conn, site, at, card)
        case DemandKind.MERCHANT:
            return demand.is_open


def pay(conn: Connection, books: Books, at: datetime, demand: Demand, order: OrderId) -> None:
    """Enter that WeChat took the payment of a demand. Raises BillingError."""
    demands.mark_paid(conn, books.site, at, demand)
    match demand.kind:
        case DemandKind.ARREARS:
            debts.clear(conn, _debts(demand))
            post(conn, books.site, at, flows.arrears_paid(order, _debts(demand)))
        case DemandKind.CARD:
            card = cards.find(conn, books.site, demand.about, lock=True)
            if card is None:
                raise BillingError(f"there is no card {demand.about}")
            cards.pay(conn, books, at, card, demand.amount_fen, Paid(Account.WECHAT, "wechat", order))
        case DemandKind.MERCHANT:
            merchants.topped_up(conn, books, at, MerchantId(demand.about), demand.amount_fen, order)


def _debts(demand: Demand) -> Debts:
    return tuple((StayId(of), amount) for of, amount in demand.parts)
