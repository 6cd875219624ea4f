"""What is still to be paid once payments and vouchers count: `quote`, the whole answer about one stay at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from billing.tariff.calendar import NO_TABLE, DayKind, HolidayTable
from billing.tariff.explain import in_chinese, in_english
from billing.tariff.lines import Line
from billing.tariff.plan import ANY_CAR, Vehicle
from billing.tariff.price import Pricer, seconds
from billing.tariff.reentry import ALONE, GoesOn
from billing.tariff.terms import Tariff, VoucherTerms
from billing.tariff.walk import LetOff
from billing.tariff.words import (
    Fault,
    FirstCharge,
    FreeCalculation,
    MinutesAt,
    MinutesOrder,
    TariffError,
    TicketLimit,
    VoucherKind,
)
from scada.model.money import NOTHING, Fen


@dataclass(frozen=True, slots=True)
class Voucher:
    """What a driver shows: so many minutes, fen or per cent, or all of it. `ticket` names a ticket of the tariff.

    `id` names it in the books; `alone`: who gave it does not let it go together with others. `host`: who pays it for a
    visitor.
    """

    kind: VoucherKind
    value: int = 0
    ticket: str = ""
    id: str = ""
    alone: bool = False
    host: str = ""


@dataclass(frozen=True, slots=True)
class Credits:
    """What counts for a stay: what was paid and when last, and vouchers.

    `used` are tickets that this plate has used in the last 24 hours.
    """

    paid_fen: Fen = NOTHING
    paid_at: datetime | None = None
    vouchers: tuple[Voucher, ...] = ()
    used: frozenset[str] = frozenset()


NO_CREDITS = Credits()
HOST: Final = "host"
"""The kind of a line that a visitor's host pays; its name is the host's."""


@dataclass(frozen=True, slots=True)
class CreditLine:
    """One thing that counts against the total; `voucher` is the id of the one that does."""

    kind: str
    name: str
    amount_fen: Fen
    voucher: str = ""

    def to_json(self) -> dict[str, object]:
        """Give the line as JSON values."""
        text = in_chinese(self.kind, self.name, 0, Fen(0))
        text_en = in_english(self.kind, self.name, 0, Fen(0))
        return {"kind": self.kind, "name": self.name, "amount_fen": self.amount_fen, "text": text, "text_en": text_en}


@dataclass(frozen=True, slots=True)
class Quote:
    """The whole answer. `lines` sum to the total, `credit_lines` to what counts against it."""

    total_fen: Fen
    payable_fen: Fen
    minutes: int
    lines: tuple[Line, ...]
    credit_lines: tuple[CreditLine, ...]
    next_change_at: datetime | None
    next_total_fen: Fen | None
    free_exit_until: datetime | None
    chargeable_minutes: int

    def to_json(self, zone: ZoneInfo) -> dict[str, object]:
        """Give the quote as JSON values; times in the site's own zone."""
        change, leave = self.next_change_at, self.free_exit_until
        return {
            "total_fen": self.total_fen,
            "payable_fen": self.payable_fen,
            "minutes": self.minutes,
            "chargeable_minutes": self.chargeable_minutes,
            "lines": [line.to_json() for line in self.lines],
            "credit_lines": [line.to_json() for line in self.credit_lines],
            "next_change_at": None if change is None else change.astimezone(zone).isoformat(),
            "next_total_fen": self.next_total_fen,
            "free_exit_until": None if leave is None else leave.astimezone(zone).isoformat(),
        }


def quote(
    tariff: Tariff,
    entered_at: datetime,
    at: datetime,
    zone: ZoneInfo,
    vehicle: Vehicle = ANY_CAR,
    credits: Credits = NO_CREDITS,
    table: HolidayTable = NO_TABLE,
    every_day: DayKind | None = None,
    goes_on: GoesOn = ALONE,
) -> Quote:
    """Price a stay, count what was paid and shown, and say when the price changes. Raises TariffError."""
    pricer = Pricer(tariff, zone, vehicle, table, every_day, goes_on)
    priced, change = pricer.price(entered_at, at), pricer.next_change(entered_at, at)
    lines = tuple(credit_lines(tariff, pricer, entered_at, at, priced.total_fen, credits))
    grace = tariff.free_exit_duration
    return Quote(
        total_fen=priced.total_fen,
        payable_fen=Fen(max(0, priced.total_fen - sum(line.amount_fen for line in lines))),
        minutes=priced.minutes,
        lines=priced.lines,
        credit_lines=lines,
        next_change_at=None if change is None else change.at,
        next_total_fen=None if change is None else change.total_fen,
        free_exit_until=None if credits.paid_at is None else credits.paid_at + timedelta(minutes=grace),
        chargeable_minutes=priced.chargeable_minutes,
    )


def credit_lines(
    tariff: Tariff, pricer: Pricer, entered_at: datetime, at: datetime, total: Fen, credits: Credits
) -> Sequence[CreditLine]:
    """Say what was paid and what each voucher lets off a total. Raises TariffError."""
    lines = [CreditLine("paid", "", credits.paid_fen)] if credits.paid_fen else []
    if not credits.vouchers:
        return lines
    terms = tariff.vouchers
    if terms is None:
        raise TariffError(Fault("voucher", "this tariff takes no vouchers", "write a [voucher] table: how they count"))
    shown = _counted(terms, credits)
    alone = [one for one in shown if not _stacks(terms, one)]
    together = _let_off(terms, tariff, pricer, entered_at, at, total, [one for one in shown if _stacks(terms, one)])
    choices = [together, *(_let_off(terms, tariff, pricer, entered_at, at, total, [one]) for one in alone)]
    return [*lines, *max(choices, key=lambda choice: sum(line.amount_fen for line in choice))]


def _counted(terms: VoucherTerms, credits: Credits) -> list[Voucher]:
    """Give the vouchers that count: tickets as the tariff has them, each no oftener than it says."""
    counted: list[Voucher] = []
    for shown in credits.vouchers:
        if not shown.ticket:
            counted.append(shown)
            continue
        ticket = terms.ticket(shown.ticket)
        if ticket is None:
            known = ", ".join(one.name for one in terms.tickets) or "none"
            raise TariffError(Fault("voucher.ticket", f"{shown.ticket!r} is no ticket of it", f"known: {known}"))
        again = any(one.ticket == ticket.name for one in counted)
        before = ticket.limit is TicketLimit.ONCE_PER_24_HOURS and ticket.name in credits.used
        if not before and not (again and ticket.limit is not TicketLimit.NONE):
            counted.append(replace(shown, kind=ticket.kind, value=ticket.value))
    return counted


def _stacks(terms: VoucherTerms, voucher: Voucher) -> bool:
    if voucher.alone:
        return False
    ticket = terms.ticket(voucher.ticket) if voucher.ticket else None
    return terms.stackable if ticket is None else ticket.stackable


def _let_off(
    terms: VoucherTerms,
    tariff: Tariff,
    pricer: Pricer,
    entered_at: datetime,
    at: datetime,
    total: Fen,
    vouchers: Sequence[Voucher],
) -> list[CreditLine]:
    """Say what some vouchers let off together: minutes first, then money, then per cent of the rest. Never too much."""
    lines: list[CreditLine] = []
    left = total
    minutes = 0
    for one in sorted(vouchers, key=lambda voucher: _ORDER.index(voucher.kind)):
        match one.kind:
            case VoucherKind.MINUTES:
                minutes += one.value
                rest = _without(terms, tariff, pricer, entered_at, at, minutes)
                amount = max(0, left - rest)
            case VoucherKind.MONEY:
                amount = min(left, one.value)
            case VoucherKind.PERCENT:
                amount = left * one.value // 100
            case VoucherKind.FULL:
                amount = left
            case _:
                assert_never(one.kind)
        left = Fen(left - amount)
        said = (HOST, one.host) if one.host else (one.kind.value, one.ticket)
        lines.append(CreditLine(*said, Fen(amount), one.id))
    return lines


_ORDER = (VoucherKind.MINUTES, VoucherKind.MONEY, VoucherKind.PERCENT, VoucherKind.FULL)


def _without(
    terms: VoucherTerms, tariff: Tariff, pricer: Pricer, entered_at: datetime, at: datetime, minutes: int
) -> Fen:
    """Price a stay without so many of its minutes."""
    first = partial(_without_first, terms, tariff, pricer, entered_at, at, minutes * 60)
    last = partial(_without_last, terms, pricer, entered_at, at, minutes * 60)
    match terms.minutes_at:
        case MinutesAt.START:
            return first()
        case MinutesAt.END:
            return last()
        case MinutesAt.DEAREST:
            return min(first(), last())
        case MinutesAt.CHEAPEST:
            return max(first(), last())


def _without_last(terms: VoucherTerms, pricer: Pricer, entered_at: datetime, at: datetime, off: int) -> Fen:
    gone = seconds(entered_at, at)
    until = entered_at + timedelta(seconds=max(0, gone - off))
    judged = gone if terms.order is MinutesOrder.AFTER_FREE else None
    return pricer.total(entered_at, until, LetOff(judged=judged))


def _without_first(
    terms: VoucherTerms, tariff: Tariff, pricer: Pricer, entered_at: datetime, at: datetime, off: int
) -> Fen:
    in_turn = tariff.free.calculation is FreeCalculation.SEQUENTIAL
    deducts = tariff.free.mode is FirstCharge.AFTER_FREE
    then_free = in_turn and (deducts or terms.order is MinutesOrder.BEFORE_FREE)
    return pricer.total(entered_at, at, LetOff(first=off, then_free=then_free))
