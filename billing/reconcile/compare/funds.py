"""WeChat's account of its own account: what each movement was, and whether it explains what our ledger says. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from billing.pay.bill import FundRow
from scada.model.money import Fen


class Move(Enum):
    """What a movement of money is, by WeChat's word for it."""

    TRADE = "trade"
    REFUND = "refund"
    FEE = "fee"
    PAYOUT = "payout"
    OTHER = "other"


_FEE: Final = "手续费"
_WORDS: Final[Mapping[str, Move]] = {
    "交易": Move.TRADE,
    "退款": Move.REFUND,
    "提现": Move.PAYOUT,
    "提现失败": Move.PAYOUT,
    "提现退票": Move.PAYOUT,
}


def move_of(row: FundRow) -> Move:
    """Say what a movement is; fees go by several names."""
    if _FEE in row.kind:
        return Move.FEE
    return _WORDS.get(row.kind, Move.OTHER)


@dataclass(frozen=True, slots=True)
class Funds:
    """A day's movements by what they are, and the balances around them."""

    sums: Mapping[Move, Fen]
    payouts: tuple[FundRow, ...]
    others: tuple[FundRow, ...]
    opening_fen: Fen | None = None
    closing_fen: Fen | None = None
    breaks: tuple[str, ...] = field(default=())
    """Movements whose balance does not follow from the one before."""

    @property
    def total_fen(self) -> Fen:
        """What the day brought in all."""
        return Fen(sum(self.sums.values()))


def sort_funds(rows: Iterable[FundRow]) -> Funds:
    """Sort a day's movements, and follow the balance from each to the next."""
    sums = dict.fromkeys(Move, Fen(0))
    payouts: list[FundRow] = []
    others: list[FundRow] = []
    breaks: list[str] = []
    opening: Fen | None = None
    closing: Fen | None = None
    for row in rows:
        move = move_of(row)
        sums[move] = Fen(sums[move] + row.amount_fen)
        if move is Move.PAYOUT:
            payouts.append(row)
        if move is Move.OTHER:
            others.append(row)
        before = Fen(row.balance_fen - row.amount_fen)
        opening = before if opening is None else opening
        if closing is not None and before != closing:
            breaks.append(row.flow)
        closing = row.balance_fen
    return Funds(sums, tuple(payouts), tuple(others), opening, closing, tuple(breaks))


def unexplained(funds: Funds, billed: Mapping[Move, Fen], closing_before: Fen | None) -> tuple[str, ...]:
    """Say what in a day's movements follows neither from its trade bill nor from the day before.

    WeChat may book fees and refunds of a day net; so trades, refunds and fees are compared as one sum, too.
    """
    kinds = (Move.TRADE, Move.REFUND, Move.FEE)
    moved, known = (Fen(sum(of[kind] for kind in kinds)) for of in (funds.sums, billed))
    found = []
    if moved != known:
        parts = ", ".join(f"{kind.value} {funds.sums[kind]} for {billed[kind]}" for kind in kinds)
        found.append(f"trades, refunds and fees moved {moved} fen, the trade bill has {known} ({parts})")
    if funds.others:
        amount = funds.sums[Move.OTHER]
        found.append(f"{len(funds.others)} movements of a kind we do not know, {amount} fen: {funds.others[0].kind}")
    if funds.breaks:
        found.append(f"the balance does not follow at {', '.join(funds.breaks[:5])}")
    if closing_before is not None and funds.opening_fen is not None and closing_before != funds.opening_fen:
        found.append(f"the day begins with {funds.opening_fen} fen, the last one ended with {closing_before}")
    return tuple(found)
