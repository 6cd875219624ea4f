"""What happens when a demand has been paid: the books of what it was for, in the transaction of the payment."""

from datetime import datetime

from sqlalchemy import Connection

from billing.accounts import flows
from billing.accounts.book import post
from billing.arrears import debts
from billing.books import Books
from billing.orders import demands
from billing.orders.demands import Demand, DemandKind
from scada.model.names import OrderId, SiteId


def is_owed(conn: Connection, site: SiteId, demand: Demand) -> bool:
    """Say whether a demand is still to be paid, whole."""
    match demand.kind:
        case DemandKind.ARREARS:
            return demand.is_open and debts.stand(conn, site, demand.parts)


def pay(conn: Connection, books: Books, at: datetime, demand: Demand, order: OrderId) -> None:
    """Enter that WeChat took the payment of a demand."""
    demands.mark_paid(conn, books.site, at, demand)
    match demand.kind:
        case DemandKind.ARREARS:
            debts.clear(conn, demand.parts)
            post(conn, books.site, at, flows.arrears_paid(order, demand.parts))
