"""Billing in small: stays, quotes, orders, payments and credit. It has no way to a gate but the lane's request."""

from dataclasses import dataclass, field
from datetime import timedelta

from scada.model.lane.words import Ending, OpenRequest, Order, Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, QuoteId, RequestId, StayId
from scada.model.plate import Plate
from tests.support.lane import START

PRICE = Fen(500)
GRACE_MS = 15 * 60_000
QUOTE_MS = 90_000


@dataclass
class Stay:
    """One visit of one car."""

    id: StayId
    plate: Plate
    paid_until_ms: int = -1
    ended: Ending | None = None


@dataclass
class Sheet:
    """An order and what became of it."""

    order: Order
    lane: LaneName
    passage: PassageId
    settled: bool = False


@dataclass
class Till:
    """All stays and orders of the site."""

    stays: list[Stay] = field(default_factory=list)
    orders: list[Sheet] = field(default_factory=list)
    quotes: int = 0

    def begin(self, plate: Plate) -> Stay:
        """Begin a stay; one that the plate has open already ends unseen."""
        for stay in self.stays:
            if stay.plate == plate and stay.ended is None:
                stay.ended = Ending.EXIT_UNSEEN
        self.stays.append(Stay(StayId(f"S{len(self.stays) + 1}"), plate))
        return self.stays[-1]

    def stay(self, of: StayId) -> Stay:
        return next(stay for stay in self.stays if stay.id == of)

    def find(self, plate: Plate) -> Stay | None:
        return next((stay for stay in self.stays if stay.plate == plate and stay.ended is None), None)

    def quote(self, of: StayId, now_ms: int) -> Quote:
        """Price a stay: nothing while its credit holds."""
        self.quotes += 1
        is_paid = now_ms <= self.stay(of).paid_until_ms
        valid_until = START + timedelta(milliseconds=now_ms + QUOTE_MS)
        due, free = (Fen(0), Reason.PREPAID) if is_paid else (PRICE, None)
        return Quote(QuoteId(f"q{self.quotes}"), of, PRICE, due, 60, valid_until, free)

    def order(self, quote: Quote, lane: LaneName, passage: PassageId) -> Order:
        """Make the one order of a quote."""
        for sheet in self.orders:
            if sheet.order.quote == quote.id:
                return sheet.order
        order = Order(OrderId(f"o{len(self.orders) + 1}"), quote.id, quote.stay, quote.due_fen, "weixin://pay")
        self.orders.append(Sheet(order, lane, passage))
        return order

    def settle(self, sheet: Sheet, now_ms: int) -> OpenRequest | None:
        """Take WeChat's word; the second payment of an order is refunded and asks for nothing."""
        if sheet.settled:
            return None
        sheet.settled = True
        stay = self.stay(sheet.order.stay)
        stay.paid_until_ms = max(stay.paid_until_ms, now_ms + GRACE_MS)
        at = START + timedelta(milliseconds=now_ms)
        name = RequestId(f"r-{sheet.order.id}")
        return OpenRequest(name, stay.id, sheet.order.id, sheet.passage, Reason.PAID, "billing", at)
