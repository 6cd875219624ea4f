"""Our books against WeChat's bill of one day: what stands in one of them only, and what differs. Pure.

A payment is known by our number of its order and a refund by our number of it: both are used once, for ever.
WeChat's own numbers are compared besides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from scada.model.money import Fen

BORDER: Final = timedelta(minutes=15)
"""So near to midnight a trade may stand in the neighbour's bill: our clock and WeChat's are two."""
SUCCESS: Final = "SUCCESS"
UNDER_WAY: Final = "PROCESSING"
"""A refund that has no end yet, here or there; its end may come after the bill was made."""


class What(Enum):
    """What is compared."""

    PAYMENT = "payment"
    REFUND = "refund"


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
    """What came of it. `waiting` are ours so near to midnight that the neighbour's bill may have them."""

    agreed: int
    agreed_fen: Fen
    differences: tuple[Difference, ...]
    waiting: tuple[Trade, ...]

    def of(self, side: Side) -> tuple[Difference, ...]:
        """Give one of the three lists."""
        return tuple(one for one in self.differences if one.side is side)


def match(ours: Iterable[Trade], theirs: Iterable[Trade], since: datetime, until: datetime) -> Matched:
    """Compare our trades with those of WeChat's bill from `since` to before `until`, refunds counted below zero."""
    open_ones = {trade.key: trade for trade in ours}
    differences: list[Difference] = []
    agreed = total = 0
    for their in theirs:
        our = open_ones.pop(their.key, None)
        found = _only_theirs(their) if our is None else _compared(our, their)
        if found is not None:
            differences.append(found)
            continue
        agreed += 1
        total += their.amount_fen if their.what is What.PAYMENT else -their.amount_fen
    left = [trade for trade in open_ones.values() if since <= trade.at < until and _is_there(trade)]
    waiting = tuple(trade for trade in left if trade.at < since + BORDER or trade.at >= until - BORDER)
    late = set(waiting)
    differences += [_only_ours(trade) for trade in left if trade not in late]
    return Matched(agreed, Fen(total), tuple(differences), waiting)


def not_in_the_neighbours(waiting: Iterable[Trade]) -> tuple[Difference, ...]:
    """Say of what waited for the neighbours' bills, and is in none of them, that it is ours alone."""
    return tuple(_only_ours(trade) for trade in waiting)


def _is_there(trade: Trade) -> bool:
    """Say whether WeChat must know it: a refund that was not taken yet is in no bill."""
    return trade.state == SUCCESS


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
    if our.state == their.state or their.state == UNDER_WAY:
        return ""
    return f"{our.state} here, {their.state} in the bill"


def _names(our: Trade, their: Trade) -> str:
    if our.order != their.order:
        return f"of order {our.order} here, of {their.order} in the bill"
    if our.wechat_id and our.wechat_id != their.wechat_id:
        return f"WeChat's number is {our.wechat_id} here, {their.wechat_id} in the bill"
    return ""
