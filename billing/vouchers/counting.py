"""What the vouchers of a stay let off its total, once what was paid has been counted first. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.tariff import CreditLine, Credits, Pricer, Tariff, Voucher, credit_lines
from scada.model.money import NOTHING, Fen


@dataclass(frozen=True, slots=True)
class Shown:
    """The vouchers that may count for a stay, and the tickets that its plate has used in the last 24 hours."""

    vouchers: tuple[Voucher, ...] = ()
    used: frozenset[str] = frozenset()


NO_VOUCHERS = Shown()


def let_off(
    tariff: Tariff, pricer: Pricer, begun: datetime, at: datetime, total: Fen, settled: Fen, shown: Shown
) -> tuple[CreditLine, ...]:
    """Give what each voucher lets off of a total, `settled` of which is paid or let off for good already."""
    known = tuple(one for one in shown.vouchers if is_taken(tariff, one.ticket))
    if not known or total <= settled:
        return ()
    lines = credit_lines(tariff, pricer, begun, at, total, Credits(vouchers=known, used=shown.used))
    return fitted(lines, Fen(total - settled))


def is_taken(tariff: Tariff, ticket: str = "") -> bool:
    """Say whether a tariff takes vouchers, and this ticket if one is named."""
    return tariff.vouchers is not None and (not ticket or tariff.vouchers.ticket(ticket) is not None)


def fitted(lines: Iterable[CreditLine], left: Fen) -> tuple[CreditLine, ...]:
    """Cut lines to what is left to be paid, the first ones first; what then lets off nothing is left out."""
    kept: list[CreditLine] = []
    for line in lines:
        amount = Fen(min(line.amount_fen, left))
        left = Fen(left - amount)
        if amount:
            kept.append(replace(line, amount_fen=amount))
    return tuple(kept)


def summed(lines: Sequence[CreditLine]) -> Fen:
    """Give what lines let off together."""
    return Fen(sum((line.amount_fen for line in lines), NOTHING))
