"""What each event posts; pure. An event that moves nothing gives None: there is nothing to write."""

from billing.accounts.chart import Account, Entry, Posting, transfer
from billing.settle import Final
from scada.model.lane.words import Ending, Reason
from scada.model.money import Fen
from scada.model.names import OrderId, StayId

Debts = tuple[tuple[StayId, Fen], ...]
"""What stays that have ended owe, each with its amount."""


def paid(
    stay: StayId, order: OrderId, credit: Fen, arrears: Fen, surplus: Fen, refund: str, older: Debts = ()
) -> Entry:
    """WeChat took a payment: a credit of its stay, arrears cleared, and what must go back as `refund`.

    `older` debts of the plate are cleared besides.
    """
    parts = (
        Posting(Account.WECHAT, Fen(credit + arrears + surplus + sum(amount for _, amount in older))),
        *_cleared(older),
        Posting(Account.RECEIVABLE, Fen(-credit), stay),
        Posting(Account.ARREARS, Fen(-arrears), stay),
        Posting(Account.REFUND_PAYABLE, Fen(-surplus), refund),
    )
    return Entry("paid", f"paid:{order}", _moved(parts), stay, order)


def arrears_paid(order: OrderId, debts: Debts) -> Entry:
    """WeChat took a payment of arrears alone."""
    taken = Posting(Account.WECHAT, Fen(sum(amount for _, amount in debts)))
    return Entry("paid", f"paid:{order}", (taken, *_cleared(debts)), order=order)


def demand_surplus(order: OrderId, amount: Fen, refund: str) -> Entry:
    """WeChat took a payment of a demand that is not owed any more: it must go back as `refund`."""
    parts = transfer(Account.WECHAT, Account.REFUND_PAYABLE, amount, out_of=refund)
    return Entry("paid", f"paid:{order}", parts, order=order)


def written_off(stay: StayId, amount: Fen, ref: str, by: str, why: str) -> Entry:
    """A person gave up what a stay still owed."""
    parts = transfer(Account.WRITTEN_OFF, Account.ARREARS, amount, to=by, out_of=stay)
    return Entry("written_off", ref, parts, stay, by=by, note=why)


def _cleared(debts: Debts) -> tuple[Posting, ...]:
    return tuple(Posting(Account.ARREARS, Fen(-amount), stay) for stay, amount in debts)


def ended(stay: StayId, final: Final, reason: Reason, ending: Ending, by: str) -> Entry | None:
    """A stay has ended: its fee is earned, what was let off is given up, what is left is owed by the plate."""
    given_up = (Account.GOODWILL, by) if reason is Reason.GOODWILL else (Account.DISCOUNT, _why(reason, ending))
    parts = _moved(
        (
            Posting(Account.PARKING, Fen(-final.fee_fen)),
            Posting(given_up[0], final.waived_fen, given_up[1]),
            Posting(Account.ARREARS, final.arrears_fen, stay),
            Posting(Account.RECEIVABLE, Fen(final.fee_fen - final.waived_fen - final.arrears_fen), stay),
        )
    )
    return Entry("ended", f"ended:{stay}", parts, stay, by=by) if parts else None


def refunded(refund: str, amount: Fen, order: OrderId) -> Entry:
    """A refund has reached its payer."""
    return Entry(
        "refunded",
        f"refunded:{refund}",
        transfer(Account.REFUND_PAYABLE, Account.WECHAT, amount, to=refund),
        order=order,
    )


def channel_fee(row: str, amount: Fen) -> Entry | None:
    """WeChat kept its fee of one row of a bill; below zero it gave one back."""
    if not amount:
        return None
    parts = (Posting(Account.CHANNEL_FEE, amount), Posting(Account.WECHAT, Fen(-amount)))
    return Entry("channel_fee", f"fee:{row}", parts)


def channel_voucher(row: str, amount: Fen) -> Entry | None:
    """A voucher of ours at WeChat paid part of a row of a bill, which never comes in; below zero it was given back."""
    if not amount:
        return None
    parts = (Posting(Account.DISCOUNT, amount, "wechat voucher"), Posting(Account.WECHAT, Fen(-amount)))
    return Entry("channel_voucher", f"wechat-voucher:{row}", parts)


def paid_out(flow: str, amount: Fen) -> Entry:
    """WeChat sent money to our bank; `flow` is its number of the movement. Below zero it came back from there."""
    parts = (Posting(Account.BANK, amount), Posting(Account.WECHAT, Fen(-amount)))
    return Entry("paid_out", f"payout:{flow}", parts)


def _moved(parts: tuple[Posting, ...]) -> tuple[Posting, ...]:
    return tuple(part for part in parts if part.amount_fen)


def _why(reason: Reason, ending: Ending) -> str:
    return reason.value if ending is Ending.EXIT else ending.value
