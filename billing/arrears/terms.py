"""Old debts of a plate: which are asked for together with a new stay, and which of them a payment clears. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scada.model.money import NOTHING, Fen
from scada.model.names import StayId


@dataclass(frozen=True, slots=True)
class Debt:
    """What one stay still owes."""

    stay: StayId
    amount_fen: Fen
    left_at: datetime


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a payment clears of each debt, and what is too much."""

    parts: tuple[tuple[StayId, Fen], ...]
    rest_fen: Fen


def owed(debts: Sequence[Debt]) -> Fen:
    """Give what debts come to."""
    return Fen(sum((debt.amount_fen for debt in debts), NOTHING))


def clear(debts: Sequence[Debt], amount: Fen) -> Cleared:
    """Share a payment out among debts, the oldest first."""
    parts: list[tuple[StayId, Fen]] = []
    left = amount
    for debt in sorted(debts, key=lambda one: (one.left_at, one.stay)):
        part = Fen(min(debt.amount_fen, left))
        left = Fen(left - part)
        if part:
            parts.append((debt.stay, part))
    return Cleared(tuple(parts), left)
