"""Our books against WeChat's bill of one day: what stands in one of them only, and what differs. Pure.

A payment is known by our number of its order and a refund by our number of it: both are used once, for ever.
WeChat's own numbers are compared besides.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from scada.model.money import Fen

BORDER: Final = timedelta(minutes=15)
"""So near to midnight a trade may stand in the neighbour's bill: our clock and WeChat's are two."""
SUCCESS: Final = "SUCCESS"
ABNORMAL: Final = "ABNORMAL"
"""A refund that has not reached its payer; it is done another way, by and by."""
UNDER_WAY: Final = "PROCESSING"
"""A refund that has no end yet, here or there; its end may come after the bill was made."""


class What(Enum):
    """What is compared. A reversal undoes a payment by code that never came to be; our books have none of the two."""

    PAYMENT = "payment"
    REFUND = "refund"
    REVERSAL = "reversal"


class Side(Enum):
    """In which list a difference stands."""

    ONLY_OURS = "only_ours"
    ONLY_THEIRS = "only_theirs"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Trade:
    """A payment or a refund, in our books or in WeChat's bill. `wechat_id` is WeChat's number, empty where unknown."""

    what: What
    number: str
    order: str
    wechat_id: str
    amount_fen: Fen
    state: str
    at: datetime

    @property
    def key(self) -> tuple[What, str]:
        """What it is known by."""
        return self.what, self.number


@dataclass(frozen=True, slots=True)
class Difference:
    """One trade that does not agree; exactly one list has it."""

    side: Side
    ours: Trade | None
    theirs: Trade | None
    why: str

    @property
    def trade(self) -> Trade:
        """The trade it is about, as one of the sides has it."""
        found = self.ours or self.theirs
        if found is None:
            raise ValueError("a difference of nothing")
        return found


@dataclass(frozen=True, slots=True)
class Matched:
    """What came of it. `undone` are payments that WeChat's bill takes back itself.

    `waiting` are ours so near to midnight that the neighbour's bill may have them.
    """

    agreed: int
    agreed_fen: Fen
    undone: int
    differences: tuple[Difference, ...]
    waiting: tuple[Trade, ...]

    def of(self, side: Side) -> tuple[Difference, ...]:
        """Give one of the three lists."""
        return tuple(one for one in self.differences if one.side is side)


def match(ours: Iterable[Trade], theirs: Iterable[Trade], since: datetime, until: datetime) -> Matched:
    """Compare our trades with those of WeChat's bill from `since` to before `until`; what went back counts below zero.

    Trades of ours from outside that time may be given, too: they count if the bill has them.
    """
    open_ones = {trade.key: trade for trade in ours}
    differing: list[Difference] = []
    alone: list[Trade] = []
    agreed = total = 0
    for their in theirs:
        our = open_ones.pop(their.key, None)
        found = None if our is None else _compared(our, their)
        if our is None:
            alone.append(their)
        elif found is not None:
            differing.append(found)
        else:
            agreed += 1
            total += their.amount_fen if their.what is What.PAYMENT else -their.amount_fen
    left = [trade for trade in open_ones.values() if since <= trade.at < until and trade.state == SUCCESS]
    waiting = tuple(trade for trade in left if trade.at < since + BORDER or trade.at >= until - BORDER)
    undone = _undone(alone)
    differing += [_only_theirs(trade) for trade in alone if trade.key not in undone]
    differing += [_only_ours(trade) for trade in left if since + BORDER <= trade.at < until - BORDER]
    return Matched(agreed, Fen(total), len(undone) // 2, tuple(differing), waiting)


def decided(matched: Matched, is_decided: Callable[[Trade], bool]) -> Matched:
    """Let those that waited wait no longer whose neighbour's bill is read: it does not have them either."""
    ready = [trade for trade in matched.waiting if is_decided(trade)]
    return replace(
        matched,
        differences=(*matched.differences, *(_only_ours(trade) for trade in ready)),
        waiting=tuple(trade for trade in matched.waiting if not is_decided(trade)),
    )


def _undone(alone: Iterable[Trade]) -> set[tuple[What, str]]:
    """Pair payments that only WeChat knows with the reversals that took all of them back."""
    paid = {(one.order, one.amount_fen): one for one in alone if one.what is What.PAYMENT}
    pairs = [(paid.get((one.order, one.amount_fen)), one) for one in alone if one.what is What.REVERSAL]
    return {one.key for pair in pairs if pair[0] is not None for one in pair if one is not None}


def _only_ours(trade: Trade) -> Difference:
    return Difference(Side.ONLY_OURS, trade, None, f"our books have this {trade.what.value}, WeChat's bill does not")


def _only_theirs(trade: Trade) -> Difference:
    return Difference(Side.ONLY_THEIRS, None, trade, f"WeChat's bill has this {trade.what.value}, our books do not")


def _compared(our: Trade, their: Trade) -> Difference | None:
    why = "; ".join(filter(None, (_amounts(our, their), _states(our, their), _names(our, their))))
    return Difference(Side.DIFFERS, our, their, why) if why else None


def _amounts(our: Trade, their: Trade) -> str:
    if our.amount_fen == their.amount_fen:
        return ""
    return f"{our.amount_fen} fen here, {their.amount_fen} fen in the bill"


def _states(our: Trade, their: Trade) -> str:
    """Compare how far they are; the bill shows a refund as it was in the morning, so ours may be further."""
    is_further = our.state == SUCCESS and their.state == ABNORMAL
    if our.state == their.state or their.state == UNDER_WAY or is_further:
        return ""
    return f"{our.state} here, {their.state} in the bill"


def _names(our: Trade, their: Trade) -> str:
    if our.order != their.order:
        return f"of order {our.order} here, of {their.order} in the bill"
    if our.wechat_id and our.wechat_id != their.wechat_id:
        return f"WeChat's number is {our.wechat_id} here, {their.wechat_id} in the bill"
    return ""
