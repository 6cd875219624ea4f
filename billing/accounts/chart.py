"""The accounts, and an entry that balances by its making. Pure values.

Debit is positive, credit negative; whole fen. The chart follows `wechatpay.md` §11.
"""

from dataclasses import dataclass
from enum import Enum

from scada.model.money import Fen
from scada.model.names import OrderId, StayId


class Account(Enum):
    """Where money is, is owed, came from or went. Each is kept per subject, named here."""

    RECEIVABLE = "receivable:stay"
    """What a stay owes; below zero what it has paid ahead. By stay; zero once it has ended."""
    ARREARS = "arrears"
    """What stays still owed when their cars left. By stay."""
    WECHAT = "clearing:wechat"
    """What WeChat holds for us."""
    DEDUCTION = "clearing:deduction"
    """What WeChat has promised to deduct. By order."""
    OTHERS = "clearing:others"
    """What WeChat holds for other systems that sell at our merchant. By day."""
    CASH = "cash"
    """What is in a person's till. By person."""
    SAFE = "cash:safe"
    """What lies in the safe, and the change that tills begin with."""
    BANK = "bank"
    """What has been paid out to us."""
    MERCHANT = "merchant"
    """What a merchant owes us for vouchers; below zero what it has paid ahead. By merchant."""
    REFUND_PAYABLE = "refund_payable"
    """What we owe back. By refund number."""
    DEFERRED = "deferred:card"
    """What month cards have paid for days to come. By card."""
    PARKING = "revenue:parking"
    CARDS = "revenue:card"
    DISCOUNT = "discount"
    """Fees given up by a rule: vouchers nobody pays for, rights, open lanes. By reason."""
    GOODWILL = "goodwill"
    """Fees given up by a person. By person."""
    REFUNDED = "refunded"
    """Fees given back after they were earned. By reason."""
    WRITTEN_OFF = "written_off"
    """Arrears given up. By person."""
    CHANNEL_FEE = "channel_fee"
    """What WeChat keeps for its service."""
    CASH_DIFFERENCE = "cash_difference"
    """What a till had too much or too little. By person."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry: debit above zero, credit below."""

    account: Account
    amount_fen: Fen
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of money. `ref` names the event for ever: it is posted once.

    Raises ValueError if the postings do not sum to zero, if one of them is zero, or if they are fewer than two.
    """

    kind: str
    ref: str
    postings: tuple[Posting, ...]
    stay: StayId | None = None
    order: OrderId | None = None
    by: str = "billing"
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what does not balance."""
        total = sum(posting.amount_fen for posting in self.postings)
        if total or len(self.postings) < 2 or any(posting.amount_fen == 0 for posting in self.postings):
            raise ValueError(f"entry {self.ref} does not balance: {self.postings}")


def transfer(debit: Account, credit: Account, amount: Fen, *, to: str = "", out_of: str = "") -> tuple[Posting, ...]:
    """Give the two postings that move an amount above zero; `to` and `out_of` are the subjects."""
    return Posting(debit, amount, to), Posting(credit, Fen(-amount), out_of)
