"""What the counter deals in, and what it decides: receipts, shifts, and why something cannot be. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from scada.model.money import Fen, yuan_text
from scada.model.names import LaneName, PassageId, QuoteId, RequestId, StayId

VOID_WITHIN: Final = timedelta(minutes=10)
"""So long a receipt may be taken back; afterwards money goes back as a refund does, by a person with that right."""
HAND_BACK: Final = "hand the cash back"


class HandedTo(Enum):
    """Where the cash of a till goes when its shift ends."""

    SAFE = "SAFE"
    BANK = "BANK"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Cash that was taken: for a stay at the boom, or for arrears, which have no quote.

    `older` are debts of earlier stays of the plate that it paid besides.
    """

    id: str
    year: int
    number: int
    shift: str
    operator: str
    stay: StayId
    quote: QuoteId | None
    lane: LaneName | None
    passage: PassageId | None
    request: RequestId | None
    due_fen: Fen
    given_fen: Fen
    paid_at: datetime
    older: tuple[tuple[StayId, Fen], ...]
    before_until: datetime | None
    voided_at: datetime | None = None
    voided_by: str | None = None
    void_second: str | None = None
    void_why: str | None = None

    @property
    def text(self) -> str:
        """Its number as it is printed."""
        return f"{self.year}-{self.number:06d}"

    @property
    def own_fen(self) -> Fen:
        """What of it is for its own stay."""
        return Fen(self.due_fen - sum(amount for _, amount in self.older))

    @property
    def change_fen(self) -> Fen:
        """What the driver got back."""
        return Fen(self.given_fen - self.due_fen)


def number_of(text: str) -> tuple[int, int]:
    """Read a receipt's number as it is printed. Raises ValueError."""
    year, number = text.split("-")
    return int(year), int(number)


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's till, from opening to hand-over."""

    id: str
    operator: str
    opened_at: datetime
    float_fen: Fen
    closed_at: datetime | None = None
    expected_fen: Fen | None = None
    counted_fen: Fen | None = None
    handed_to: HandedTo | None = None
    taken_by: str | None = None
    note: str = ""

    @property
    def difference_fen(self) -> Fen | None:
        """What was counted more than there should have been; below zero, less. None while the shift is open."""
        if self.counted_fen is None or self.expected_fen is None:
            return None
        return Fen(self.counted_fen - self.expected_fen)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The counter does not do it, and why."""

    why: str


def why_not_taken(due_fen: Fen, shown_fen: Fen, given_fen: Fen) -> str:
    """Say why cash is not taken for a price; empty if it is. What the driver was told must be what is due."""
    if due_fen <= 0:
        return f"nothing is due any more: {HAND_BACK}"
    if due_fen != shown_fen:
        return f"{yuan_text(due_fen)} yuan are due now: tell the driver"
    if given_fen < due_fen:
        return f"{yuan_text(due_fen)} yuan are due, {yuan_text(given_fen)} were given: nothing is taken in part"
    return ""


def why_not_voided(receipt: Receipt, at: datetime, *, shift_is_open: bool, opens: bool) -> str:
    """Say why a receipt is not taken back; empty if it is. `opens`: the boom goes up for its car, or may."""
    if receipt.voided_at is not None:
        return "this receipt was taken back already"
    if at - receipt.paid_at > VOID_WITHIN:
        return f"a receipt is taken back within {VOID_WITHIN // timedelta(minutes=1)} minutes; later it is a refund"
    if not shift_is_open:
        return "its till has been counted and handed over; money goes back as a refund now"
    return "the boom opens for this car: wait until it has left" if opens else ""
