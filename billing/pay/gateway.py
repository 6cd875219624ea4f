"""What billing may be answered by WeChat Pay: typed outcomes, and the notices it may bring.

No other outcome leaves a gateway, so that nobody decides to charge again by reading an error's text. Whatever a call
gives that is neither `Refused` nor `Unknown` is done: verified, whole, and about what was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, assert_never

from billing.orders.ways import BY_CODE, Offer
from billing.settle import NOTHING, Transaction
from scada.model.money import Fen
from scada.model.names import OrderId


@dataclass(frozen=True, slots=True)
class Refused:
    """Not done, says WeChat; unsigned, so never a permission to charge again under another number."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened: query, never assume."""

    why: str


@dataclass(frozen=True, slots=True)
class NotVerified:
    """A message that proves nothing, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class CodeUrl:
    """WeChat took the order; this goes into the lane's QR code."""

    text: str


@dataclass(frozen=True, slots=True)
class H5Url:
    """WeChat took the order; a browser outside WeChat goes there."""

    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """WeChat took the order; these six values, signed by the merchant, show its pay sheet on a page inside WeChat."""

    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """WeChat took the close."""


@dataclass(frozen=True, slots=True)
class Reversed:
    """A payment by code is undone; what was paid goes back to its payer."""


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund as WeChat has it; PROCESSING is accepted and no more. A notice names no `transaction_id` of ours."""

    out_refund_no: str
    refund_id: str
    out_trade_no: OrderId
    transaction_id: str
    status: str
    amount_fen: Fen
    total_fen: Fen
    success_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlateService:
    """Whether a plate's owner lets WeChat deduct parking fees: NORMAL, PAUSE or OUT_SERVICE."""

    state: str
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entrance:
    """A plate's entry as WeChat has it; only NORMAL can be deducted from. `changed_ms` orders notices of one entry."""

    id: str
    out_parking_no: str
    state: str
    block_reason: str = ""
    changed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Deduction:
    """A parking fee that WeChat deducts. ACCEPTED opens a gate; PAY_FAIL without an advance is arrears."""

    out_trade_no: OrderId
    state: str
    transaction_id: str = ""
    amount_fen: Fen = NOTHING
    advanced: bool = False
    repaid: bool = False
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Untold:
    """A genuine notice about something that billing does not follow."""


Told = Transaction | Refund | Deduction | Entrance | Untold


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of WeChat whose signature holds, decrypted."""

    id: str
    event_type: str
    about: Told

    @property
    def order(self) -> OrderId | None:
        """The order that it is about, if it is about one."""
        match self.about:
            case Transaction(out_trade_no=order) | Refund(out_trade_no=order) | Deduction(out_trade_no=order):
                return order
            case Entrance() | Untold():
                return None
            case _:
                assert_never(self.about)


Offered = CodeUrl | H5Url | Sheet
"""What an order is paid with, by its way: a code, an address, or the values of a pay sheet."""


class Gateway(Protocol):
    """What an order's life and its notice ask of one merchant's account at WeChat Pay; every call blocks."""

    def create(
        self, order: OrderId, description: str, amount: Fen, time_expire: str, offer: Offer = BY_CODE
    ) -> Offered | Refused | Unknown:
        """Make an order; the same number with the same parameters gives the same order."""

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        """Ask what became of an order."""

    def close(self, order: OrderId) -> Closed | Refused | Unknown:
        """Close an order."""

    def query_refund(self, out_refund_no: str) -> Refund | Refused | Unknown:
        """Ask what became of a refund."""

    def verified(self, headers: Mapping[str, str], body: bytes) -> Notice | NotVerified:
        """Verify and decrypt a notice."""
