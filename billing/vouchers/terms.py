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
class Hosting:
    """How many visitors a host may book: who may still come, on a day, and for how much a month; 0: no limit."""

    open: int = 0
    per_day: int = 0
    month_fen: Fen = NOTHING


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed with a merchant.

    `most` names the kinds it may give and the largest value of each. `limit_fen`: what a post-paid one may owe.
    It gives `per_plate` vouchers to a plate in 24 hours and `per_day` in all on a day at most; 0: as many as it
    likes. `pays_percent` of what a voucher lets off is the merchant's to pay, the rest is our own discount. `hosting`:
    it may book visitors (`billing.bookings`).
    """

    manner: Manner
    most: Mapping[VoucherKind, int]
    limit_fen: Fen = NOTHING
    per_plate: int = 0
    per_day: int = 0
    stackable: bool = False
    pays_percent: int = 100
    hosting: Hosting | None = None


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


class Limit(Enum):
    """What keeps a merchant from giving one more voucher."""

    ENDED = "ended"
    KIND = "kind"
    SIZE = "size"
    PER_PLATE = "per_plate"
    PER_DAY = "per_day"
    UNPAID = "unpaid"


@dataclass(frozen=True, slots=True)
class NotDone:
    """It was not done, and why; which limit was reached, if it was one."""

    why: str
    limit: Limit | None = None


def why_wrong(kind: VoucherKind, value: int) -> str:
    """Say why no voucher has such a value; empty if one may."""
    if kind is VoucherKind.FULL:
        return "a full voucher has no value" if value else ""
    if not 1 <= value <= MOST[kind]:
        return f"a voucher of {kind.value} has a value from 1 to {MOST[kind]}"
    return ""


def why_not_issue(merchant: Merchant, kind: VoucherKind, value: int, given: Given) -> NotDone | None:
    """Say why a merchant may not give this voucher now; None if it may."""
    name, terms = merchant.name, merchant.agreement
    if merchant.ended_at is not None:
        return NotDone(f"the agreement with {name} has ended", Limit.ENDED)
    if kind not in terms.most:
        return NotDone(f"{name} gives no vouchers of {kind.value}", Limit.KIND)
    if value > terms.most[kind]:
        return NotDone(f"{name} gives at most {terms.most[kind]} by one voucher of {kind.value}", Limit.SIZE)
    if terms.per_plate and given.to_plate >= terms.per_plate:
        return NotDone(f"{name} gives a plate {terms.per_plate} in 24 hours at most", Limit.PER_PLATE)
    if terms.per_day and given.today >= terms.per_day:
        return NotDone(f"{name} gives {terms.per_day} a day at most", Limit.PER_DAY)
    if (left := left_of(terms, given.owes_fen, given.reserved_fen)) is None or left > 0:
        return None
    if terms.manner is Manner.PREPAID:
        return NotDone(f"the account of {name} is used up: top it up", Limit.UNPAID)
    owes, limit = yuan_text(Fen(given.owes_fen + given.reserved_fen)), yuan_text(terms.limit_fen)
    return NotDone(f"{name} owes {owes} of {limit} yuan: it must pay first", Limit.UNPAID)


def left_of(terms: Agreement, owes: Fen, reserved: Fen) -> Fen | None:
    """Give for how much a merchant may still give vouchers; None if it pays nothing of them."""
    if not terms.pays_percent:
        return None
    ahead = NOTHING if terms.manner is Manner.PREPAID else terms.limit_fen
    return Fen(ahead - owes - reserved)


def merchant_part(amount: Fen, pays_percent: int) -> Fen:
    """Give what of a let-off amount the merchant pays; the rest of a fen is ours."""
    return Fen(amount * pays_percent // 100)
