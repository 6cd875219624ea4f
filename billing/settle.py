"""What a payment means for a stay, and what a stay owes when its car leaves. Pure decisions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from billing.tariff import Priced
from scada.model.lane.words import OWING_REASONS, Ending, Reason
from scada.model.money import Fen, yuan_text
from scada.model.names import OrderId, StayId


class OrderState(Enum):
    """How far an order has come. CREATING and UNKNOWN may or may not exist at WeChat.

    ACCEPTED: WeChat has promised to deduct it, the stay is credited. REVERSING: a payment by code that is being undone
    until it is REVERSED; it counts as paid no more, whatever its payer does.
    """

    CREATING = "CREATING"
    OPEN = "OPEN"
    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    REVERSING = "REVERSING"
    REVERSED = "REVERSED"
    CLOSED = "CLOSED"
    FAILED = "FAILED"
    PAID = "PAID"


class OrderKind(Enum):
    """How an order is paid: by the code on a display, by a payer's code at a scanner, or by WeChat's own deduction."""

    QR = "QR"
    CODE = "CODE"
    PARKING = "PARKING"


PENDING = frozenset({OrderState.CREATING, OrderState.OPEN, OrderState.UNKNOWN})
"""States in which an order may still be paid, so nobody may stop asking for it."""
PAID, REFUNDED, REVOKED = "SUCCESS", "REFUND", "REVOKED"
"""WeChat's words for a payment; it says REFUND as soon as any of it went back, REVOKED of one that was undone."""
OVER = frozenset({"CLOSED", REVOKED})
"""WeChat's words for an order that can be paid no more and, without a transaction, was not."""
NOTHING = Fen(0)


@dataclass(frozen=True, slots=True)
class Merchant:
    """Who we are at WeChat."""

    mchid: str
    appid: str
    sub_mchid: str = ""
    """The merchant whose money it is, if `mchid` is a service provider."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """WeChat's signed word on one order, from a notice or a query."""

    mchid: str
    appid: str
    out_trade_no: OrderId
    trade_state: str
    transaction_id: str = ""
    amount_fen: Fen = NOTHING
    currency: str = "CNY"
    paid_at: datetime | None = None
    sub_mchid: str = ""
    payer: str = field(default="", repr=False)
    """The openid of who paid, where WeChat tells it."""


@dataclass(frozen=True, slots=True)
class OrderAccount:
    """Our record of the order; `total_fen` is the price that its quote named, vouchers off, or what its demand asks.

    `older_fen` of the amount is owed by earlier stays of the plate; `credit_fen` is what vouchers let off in its quote.
    """

    id: OrderId
    state: OrderState
    amount_fen: Fen
    total_fen: Fen
    transaction_id: str | None
    older_fen: Fen = NOTHING
    credit_fen: Fen = NOTHING

    def left(self, stay: "StayAccount") -> Fen:
        """Give what of its price a stay still owes: not what it paid, nor what a voucher used since then let off."""
        later_fen = max(0, stay.credit_fen - self.credit_fen)
        return Fen(max(0, self.total_fen - stay.paid_fen - later_fen))

    def asks(self, stay: "StayAccount") -> Fen:
        """Give what it still asks of its own stay."""
        return Fen(min(self.amount_fen - self.older_fen, self.left(stay)))


@dataclass(frozen=True, slots=True)
class StayAccount:
    """What a stay has paid, and what it still owed when its car left; `credit_fen`: what used vouchers let it off."""

    id: StayId
    is_open: bool
    paid_fen: Fen
    arrears_fen: Fen
    paid_until: datetime | None
    credit_fen: Fen = NOTHING


@dataclass(frozen=True, slots=True)
class Settles:
    """The payment is for what is owed: `older_fen` of it by earlier stays, and `surplus_fen` of it by nobody.

    `opens` says that the car has not left.
    """

    opens: bool
    surplus_fen: Fen = NOTHING
    older_fen: Fen = NOTHING


@dataclass(frozen=True, slots=True)
class Surplus:
    """The money came, but nothing is owed: all of it goes back, and no gate moves."""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """It was paid, and given back by another hand than ours before we knew: it counts for nothing, no gate moves."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same payment is settled already."""


@dataclass(frozen=True, slots=True)
class NotSuccess:
    """Nothing was paid: WeChat's own word for it."""

    trade_state: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The message contradicts our books; it changes nothing and a person must look. `verdict` is one word."""

    verdict: str
    why: str


Decision = Settles | Surplus | GivenBack | Duplicate | NotSuccess | Wrong
_UNDONE = frozenset({OrderState.REVERSING, OrderState.REVERSED})
"""A payment by code that is undone gives its money back by itself, whatever anybody says of it afterwards."""
NO_ORDER = Wrong("unknown_order", "no order of ours has this number")


def settle(
    order: OrderAccount | None,
    transaction: Transaction,
    stay: StayAccount | None,
    merchant: Merchant,
    *,
    older_owed: bool = True,
) -> Decision:
    """Decide what a transaction does to its stay: whatever settles first wins, and what exceeds the debt goes back.

    `older_owed`: the older debts that its order asks for besides are still owed.
    """
    other = _otherwise(order if stay is not None else None, transaction, merchant)
    if other is not None or order is None or stay is None:
        return other or NO_ORDER
    owed = order.left(stay) if stay.is_open else stay.arrears_fen
    own = Fen(transaction.amount_fen - order.older_fen)
    counted, older = Fen(max(0, min(own, owed))), order.older_fen if older_owed else NOTHING
    if counted + older == 0:
        return Surplus()
    opens = stay.is_open and (counted > 0 or own == 0)
    return Settles(opens, Fen(transaction.amount_fen - counted - older), older)


def settle_demand(order: OrderAccount, transaction: Transaction, merchant: Merchant, *, is_owed: bool) -> Decision:
    """Decide what a transaction does to the demand that its order pays: surplus if that is not owed any more."""
    other = _otherwise(order, transaction, merchant)
    if other is not None:
        return other
    return Settles(opens=False) if is_owed else Surplus()


def took_money(transaction: Transaction) -> bool:
    """Say whether money has moved: it was paid, whatever became of it afterwards."""
    if transaction.trade_state == REVOKED:
        return bool(transaction.transaction_id)
    return transaction.trade_state in (PAID, REFUNDED)


def _otherwise(order: OrderAccount | None, transaction: Transaction, merchant: Merchant) -> Decision | None:
    """Say why a transaction pays nothing, None if it pays its order."""
    ours = (merchant.mchid, merchant.sub_mchid)
    if (transaction.mchid, transaction.sub_mchid) != ours or transaction.appid not in ("", merchant.appid):
        return Wrong("wrong_merchant", f"for merchant {transaction.mchid}, application {transaction.appid}")
    if order is None:
        return NO_ORDER
    if order.state in _UNDONE:
        return NotSuccess(order.state.value)
    if not took_money(transaction):
        return NotSuccess(transaction.trade_state)
    if not transaction.transaction_id or transaction.paid_at is None:
        return Wrong("incomplete", "paid, but without transaction id or time")
    if transaction.amount_fen != order.amount_fen or transaction.currency != "CNY":
        paid = f"{yuan_text(transaction.amount_fen)} {transaction.currency}"
        return Wrong("wrong_amount", f"{paid} instead of {yuan_text(order.amount_fen)} CNY")
    if order.state is OrderState.PAID:
        return _again(order, transaction)
    return None if transaction.trade_state == PAID else GivenBack()


def _again(order: OrderAccount, transaction: Transaction) -> Decision:
    if transaction.trade_state == REVOKED:
        return Wrong("revoked", "its payment is settled, and WeChat says that it was undone")
    if order.transaction_id == transaction.transaction_id:
        return Duplicate()
    return Wrong("other_transaction", f"paid by {order.transaction_id} already, now {transaction.transaction_id}")


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be paid now; `free_reason` says why it is nothing, when it is."""

    due_fen: Fen
    free_reason: Reason | None


def due(priced: Priced, stay: StayAccount, now: datetime, let_off: Reason | None = None) -> Due:
    """Say what a stay has to pay now, its credits counted; nothing if a right of its plate lets it off."""
    if let_off is not None:
        return Due(NOTHING, let_off)
    if priced.total_fen == 0:
        return Due(NOTHING, Reason.FREE)
    rest = priced.total_fen - stay.paid_fen - stay.credit_fen
    in_grace = stay.paid_until is not None and now <= stay.paid_until
    if rest <= 0 or in_grace:
        return Due(NOTHING, Reason.PREPAID)
    return Due(Fen(rest), None)


@dataclass(frozen=True, slots=True)
class Final:
    """A stay's closed account: fee = paid + credit + arrears + waived, where vouchers gave the credit."""

    fee_fen: Fen
    arrears_fen: Fen
    waived_fen: Fen
    credit_fen: Fen = NOTHING


def close_account(paid_fen: Fen, due_fen: Fen, reason: Reason, ending: Ending, credit_fen: Fen = NOTHING) -> Final:
    """Close a stay's account; `due_fen` is what it had to pay when its car came to the exit.

    A promise that nothing more is due holds, whatever the minutes since then cost.
    """
    settled = Fen(paid_fen + credit_fen)
    if keeps_promise(reason, ending):
        return Final(settled, NOTHING, NOTHING, credit_fen)
    arrears, waived = (due_fen, NOTHING) if is_owed(reason, ending) else (NOTHING, due_fen)
    return Final(Fen(settled + due_fen), arrears, waived, credit_fen)


def keeps_promise(reason: Reason, ending: Ending) -> bool:
    """Say whether a car leaves on the word that nothing more is due."""
    return ending is Ending.EXIT and reason in _PROMISES


_PROMISES = frozenset({Reason.FREE, Reason.PREPAID, Reason.PAID, Reason.MONTH, Reason.WHITE_LIST})


def is_visitor(reason: Reason, ending: Ending) -> bool:
    """Say whether a person let a visitor out: his host owes what it pays for, and the rest is let off."""
    return ending is Ending.EXIT and reason is Reason.VISITOR


def is_owed(reason: Reason, ending: Ending) -> bool:
    """Say whether the unpaid part becomes arrears.

    Fire lets everybody out for nothing. A lane that stood open is lost revenue, and when nobody saw the car leave,
    nobody can prove its fee.
    """
    if reason is Reason.FIRE:
        return False
    if ending is Ending.EXIT:
        return reason in OWING_REASONS
    return ending is Ending.EXIT_TAILGATE
