"""What a refund is for, and the number that names it for ever. Pure values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from string import ascii_uppercase
from typing import Final

from billing.refunds.plan import RefundState
from scada.model.money import Fen
from scada.model.names import OrderId, StayId

MOST_OF_AN_ORDER: Final = 50
WITHIN: Final = timedelta(days=365)
APART: Final = timedelta(minutes=1)
SURPLUS_SIGN: Final = "A"


class RefundReason(Enum):
    """Why money goes back. The value stands in the books; `WORDS` are what the payer reads."""

    SURPLUS = "SURPLUS"
    """A payment was more than the stay owed; decided by the books, nobody else may say so."""
    BY_HAND = "BY_HAND"
    """Somebody gave it back at WeChat's merchant platform before we knew of the payment."""
    REVOKED = "REVOKED"
    """A payment by a payer's code was undone: it was not made in time."""
    OVERCHARGED = "OVERCHARGED"
    PAID_TWICE = "PAID_TWICE"
    GOODWILL = "GOODWILL"
    SERVICE = "SERVICE"
    CARD = "CARD"
    """A month card has ended before its paid days were over."""


WORDS: Final = {
    RefundReason.SURPLUS: "重复支付",
    RefundReason.BY_HAND: "商户平台退款",
    RefundReason.REVOKED: "付款码撤销",
    RefundReason.OVERCHARGED: "计费有误",
    RefundReason.PAID_TWICE: "重复支付",
    RefundReason.GOODWILL: "客诉减免",
    RefundReason.SERVICE: "设备故障",
    RefundReason.CARD: "月卡退款",
}
ASKED_BY_PEOPLE: Final = (
    RefundReason.OVERCHARGED,
    RefundReason.PAID_TWICE,
    RefundReason.GOODWILL,
    RefundReason.SERVICE,
)


def refund_number(order: OrderId, nth: int) -> str:
    """Number an order's refund: `R`, the order, and A for its surplus, B to Z and 27 to 50 for what people give back.

    Raises ValueError beyond the fifty that WeChat allows.
    """
    if not 1 <= nth <= MOST_OF_AN_ORDER:
        raise ValueError(f"refund {nth} of {order}: WeChat allows {MOST_OF_AN_ORDER}")
    return f"R{order}{ascii_uppercase[nth - 1] if nth <= len(ascii_uppercase) else nth}"


def surplus_number(order: OrderId) -> str:
    """Give the number under which the surplus of an order goes back; it never varies."""
    return refund_number(order, 1)


@dataclass(frozen=True, slots=True)
class Refunding:
    """One refund as it stands in the books."""

    number: str
    order: OrderId
    stay: StayId | None
    amount_fen: Fen
    total_fen: Fen
    reason: RefundReason
    note: str
    by: str
    second: str
    state: RefundState
    made_at: datetime
    next_at: datetime
    tries: int = 0
    sent_at: datetime | None = None
    refund_id: str = ""
    said: str = ""
    ended_at: datetime | None = None
