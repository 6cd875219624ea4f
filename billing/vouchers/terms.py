"""What a merchant may give away, and what keeps it from giving one more voucher. Pure decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from billing.tariff import VoucherKind
from scada.model.money import NOTHING, Fen, yuan_text
from scada.model.names import MerchantId
from scada.model.plate import Plate

MOST: Final[Mapping[VoucherKind, int]] = {
    VoucherKind.MINUTES: 100_000,
    VoucherKind.MONEY: 10_000_000,
    VoucherKind.PERCENT: 100,
    VoucherKind.FULL: 0,
}
"""The largest value that a voucher of each kind can have at all; a full one has none."""


class Manner(Enum):
    """How a merchant pays for what its vouchers let off: ahead, or by invoice."""

    PREPAID = "PREPAID"
    POSTPAID = "POSTPAID"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed with a merchant.

    `most` names the kinds it may give and the largest value of each. `limit_fen`: what a post-paid one may owe.
    It gives `per_plate` vouchers to a plate in 24 hours and `per_day` in all on a day at most; 0: as many as it
    likes. `pays_percent` of what a voucher lets off is the merchant's to pay, the rest is our own discount.
    """

    manner: Manner
    most: Mapping[VoucherKind, int]
    limit_fen: Fen = NOTHING
    per_plate: int = 0
    per_day: int = 0
    stackable: bool = False
    pays_percent: int = 100


@dataclass(frozen=True, slots=True)
class Merchant:
    """A shop, a cinema, a ward: whoever gives vouchers to its visitors."""

    id: MerchantId
    name: str
    agreement: Agreement
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a merchant has given and owes: to this plate in 24 hours, today in all, its debt, what is reserved."""

    to_plate: int = 0
    today: int = 0
    owes_fen: Fen = NOTHING
    reserved_fen: Fen = NOTHING


@dataclass(frozen=True, slots=True)
class Wanted:
    """A voucher that shall be given: to a plate, or as a code that is claimed later."""

    kind: VoucherKind
    value: int
    valid_until: datetime
    plate: Plate | None = None
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class NotDone:
    """It was not done, and why."""

    why: str


def why_wrong(kind: VoucherKind, value: int) -> str:
    """Say why no voucher has such a value; empty if one may."""
    if kind is VoucherKind.FULL:
        return "a full voucher has no value" if value else ""
    if not 1 <= value <= MOST[kind]:
        return f"a voucher of {kind.value} has a value from 1 to {MOST[kind]}"
    return ""


def why_not_issue(merchant: Merchant, kind: VoucherKind, value: int, given: Given) -> str:
    """Say why a merchant may not give this voucher now; empty if it may."""
    terms = merchant.agreement
    if merchant.ended_at is not None:
        return f"the agreement with {merchant.name} has ended"
    if kind not in terms.most:
        return f"{merchant.name} gives no vouchers of {kind.value}"
    if value > terms.most[kind]:
        return f"{merchant.name} gives at most {terms.most[kind]} by one voucher of {kind.value}"
    if terms.per_plate and given.to_plate >= terms.per_plate:
        return f"{merchant.name} gives a plate {terms.per_plate} in 24 hours at most"
    if terms.per_day and given.today >= terms.per_day:
        return f"{merchant.name} gives {terms.per_day} a day at most"
    return _why_unpaid(merchant, Fen(given.owes_fen + given.reserved_fen))


def _why_unpaid(merchant: Merchant, owes: Fen) -> str:
    if not merchant.agreement.pays_percent:
        return ""
    if merchant.agreement.manner is Manner.PREPAID:
        return "" if owes < 0 else f"the account of {merchant.name} is used up: top it up"
    limit = merchant.agreement.limit_fen
    return (
        "" if owes < limit else f"{merchant.name} owes {yuan_text(owes)} of {yuan_text(limit)} yuan: it must pay first"
    )


def merchant_part(amount: Fen, pays_percent: int) -> Fen:
    """Give what of a let-off amount the merchant pays; the rest of a fen is ours."""
    return Fen(amount * pays_percent // 100)
