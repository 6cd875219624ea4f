"""What each event posts; pure. An event that moves nothing gives None: there is nothing to write."""

from billing.accounts.chart import Account, Entry, Posting, transfer
from billing.settle import Final
from scada.model.lane.words import Ending, Reason
from scada.model.money import Fen
from scada.model.names import MerchantId, OrderId, StayId, VoucherId

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


def voucher_used(voucher: VoucherId, stay: StayId, merchant: MerchantId, amount: Fen, its_part: Fen) -> Entry:
    """A voucher has let a stay off some of its fee: the merchant's part, and the rest, which is our own discount."""
    parts = (
        Posting(Account.MERCHANT, its_part, merchant),
        Posting(Account.DISCOUNT, Fen(amount - its_part), "VOUCHER"),
        Posting(Account.RECEIVABLE, Fen(-amount), stay),
    )
    return Entry("voucher", f"voucher:{voucher}", _moved(parts), stay)


def merchant_paid(merchant: MerchantId, amount: Fen, into: Account, ref: str, by: str, note: str = "") -> Entry:
    """A merchant has paid, ahead or what it owed: into the bank or the safe."""
    parts = transfer(into, Account.MERCHANT, amount, out_of=merchant)
    return Entry("merchant_paid", ref, parts, by=by, note=note)


def merchant_topped_up(merchant: MerchantId, amount: Fen, order: OrderId) -> Entry:
    """A merchant has paid by WeChat, ahead or of what it owes."""
    parts = transfer(Account.WECHAT, Account.MERCHANT, amount, out_of=merchant)
    return Entry("merchant_paid", f"paid:{order}", parts, order=order)


def merchant_repaid(merchant: MerchantId, amount: Fen, out_of: Account, ref: str, by: str) -> Entry:
    """A merchant got back what it had paid ahead."""
    parts = transfer(Account.MERCHANT, out_of, amount, to=merchant)
    return Entry("merchant_repaid", ref, parts, by=by)


def card_paid(period: str, card: str, amount: Fen, into: Account, to: str, order: OrderId | None, by: str) -> Entry:
    """A month card was paid for days to come; `to` is in whose till the cash lies."""
    ref = f"card:{period}" if order is None else f"paid:{order}"
    return Entry("card_paid", ref, transfer(into, Account.DEFERRED, amount, to=to, out_of=card), order=order, by=by)


def card_earned(period: str, card: str, amount: Fen, ref: str) -> Entry:
    """Days of a month card are over: what was paid for them is earned."""
    return Entry("card_earned", ref, transfer(Account.DEFERRED, Account.CARDS, amount, to=card), note=period)


def card_refunded(period: str, card: str, amount: Fen, out_of: Account, whom: str, by: str) -> Entry:
    """What a month card was paid for days that it does not use goes back; `whom`: under which refund, if it does."""
    parts = transfer(Account.DEFERRED, out_of, amount, to=card, out_of=whom)
    return Entry("card_refunded", f"card_refunded:{period}", parts, by=by)


def _cleared(debts: Debts) -> tuple[Posting, ...]:
    return tuple(Posting(Account.ARREARS, Fen(-amount), stay) for stay, amount in debts)


def promised(stay: StayId, order: OrderId, amount: Fen, owed: Account) -> Entry:
    """WeChat has accepted to deduct a fee: its stay, or the arrears of one that has ended, owes so much less."""
    parts = transfer(Account.DEDUCTION, owed, amount, to=order, out_of=stay)
    return Entry("promised", f"promised:{order}", parts, stay, order)


def deducted(stay: StayId, order: OrderId, amount: Fen) -> Entry:
    """WeChat has deducted what it had promised."""
    parts = transfer(Account.WECHAT, Account.DEDUCTION, amount, out_of=order)
    return Entry("deducted", f"paid:{order}", parts, stay, order)


def broken(stay: StayId, order: OrderId, amount: Fen, owed: Account) -> Entry:
    """WeChat could not deduct what it had promised, and did not advance it: it is owed again."""
    parts = transfer(owed, Account.DEDUCTION, amount, to=stay, out_of=order)
    return Entry("broken", f"broken:{order}", parts, stay, order)


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


def cash_taken(stay: StayId, receipt: str, operator: str, credit: Fen, arrears: Fen, older: Debts = ()) -> Entry:
    """A person took cash: a credit of a stay, or arrears cleared; `older` debts of the plate besides."""
    parts = (
        Posting(Account.CASH, Fen(credit + arrears + sum(amount for _, amount in older)), operator),
        *_cleared(older),
        Posting(Account.RECEIVABLE, Fen(-credit), stay),
        Posting(Account.ARREARS, Fen(-arrears), stay),
    )
    return Entry("cash", f"cash:{receipt}", _moved(parts), stay, by=operator)


def cash_voided(taken: Entry, receipt: str, by: str, why: str) -> Entry:
    """Cash went back out of the till in which it lies: what it paid is owed again, or has not been paid ahead."""
    parts = tuple(Posting(side.account, Fen(-side.amount_fen), side.subject) for side in taken.postings)
    return Entry("cash_void", f"cash_void:{receipt}", parts, taken.stay, by=by, note=why)


def till_opened(shift: str, operator: str, amount: Fen) -> Entry:
    """Change was taken out of the safe into a till."""
    return Entry("till_opened", f"till:{shift}", transfer(Account.CASH, Account.SAFE, amount, to=operator), by=operator)


def till_differs(shift: str, operator: str, difference: Fen, note: str) -> Entry:
    """A till was counted and held more than the books say, or less: below zero."""
    parts = (
        Posting(Account.CASH, difference, operator),
        Posting(Account.CASH_DIFFERENCE, Fen(-difference), operator),
    )
    return Entry("till_differs", f"till_differs:{shift}", parts, by=operator, note=note)


def till_handed_over(shift: str, operator: str, amount: Fen, to: Account) -> Entry:
    """What was in a till went into the safe or to the bank."""
    parts = transfer(to, Account.CASH, amount, out_of=operator)
    return Entry("till_handed_over", f"till_over:{shift}", parts, by=operator)


def safe_moved(ref: str, amount: Fen, by: str, note: str, *, to_bank: bool) -> Entry:
    """Cash went from the safe to the bank, or change from the bank into the safe."""
    to, out_of = (Account.BANK, Account.SAFE) if to_bank else (Account.SAFE, Account.BANK)
    return Entry("safe_moved", f"safe:{ref}", transfer(to, out_of, amount), by=by, note=note)


def refunded(refund: str, amount: Fen, order: OrderId) -> Entry:
    """A refund has reached its payer."""
    return Entry(
        "refunded",
        f"refunded:{refund}",
        transfer(Account.REFUND_PAYABLE, Account.WECHAT, amount, to=refund),
        order=order,
    )


def refund_owed(refund: str, stay: StayId | None, order: OrderId, amount: Fen, reason: str, by: str) -> Entry:
    """A person gives back what was earned: the fee is that much less, and we owe it to the payer."""
    parts = transfer(Account.REFUNDED, Account.REFUND_PAYABLE, amount, to=reason, out_of=refund)
    return Entry("refund_owed", f"refund_owed:{refund}", parts, stay, order, by)


def refund_moved(old: str, new: str, stay: StayId | None, order: OrderId, amount: Fen, by: str) -> Entry:
    """What WeChat did not pay back under one number goes out under another."""
    parts = transfer(Account.REFUND_PAYABLE, Account.REFUND_PAYABLE, amount, to=old, out_of=new)
    return Entry("refund_moved", f"refund_moved:{old}", parts, stay, order, by)


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


def of_others(day: str, bill: str, amount: Fen) -> Entry | None:
    """WeChat holds what other systems of our merchant took on a day, by this bill of it; it is not ours."""
    if not amount:
        return None
    parts = (Posting(Account.WECHAT, amount), Posting(Account.OTHERS, Fen(-amount), day))
    return Entry("of_others", f"others:{day}:{bill}", parts)


def _moved(parts: tuple[Posting, ...]) -> tuple[Posting, ...]:
    return tuple(part for part in parts if part.amount_fen)


def _why(reason: Reason, ending: Ending) -> str:
    return reason.value if ending is Ending.EXIT else ending.value
