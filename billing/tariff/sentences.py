"""A fee told to its driver in plain sentences, Chinese or English, for phones, the cash page and receipts alike.

What was charged when, what counts against it, what is still to be paid, until when that holds, by when to leave.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from billing.tariff.credits import HOST, CreditLine, Quote
from billing.tariff.explain import CAPS, CREDITS, WHO
from billing.tariff.lines import Line, LineKind
from billing.tariff.price import Change
from scada.model.money import NOTHING, Fen, yuan_text

_SECOND: Final = timedelta(seconds=1)
_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class Bill:
    """All that a driver is told about a fee. `older` are debts of earlier stays: when each ended, how much it owes."""

    total_fen: Fen
    payable_fen: Fen
    lines: Sequence[Line]
    credit_lines: Sequence[CreditLine] = ()
    older: Sequence[tuple[datetime, Fen]] = ()
    change: Change | None = None
    leave_by: datetime | None = None

    @staticmethod
    def of(quote: Quote) -> "Bill":
        """Make one of a quote."""
        at, then = quote.next_change_at, quote.next_total_fen
        change = None if at is None or then is None else Change(at, then)
        leave_by = quote.free_exit_until
        return Bill(quote.total_fen, quote.payable_fen, quote.lines, quote.credit_lines, (), change, leave_by)

    @property
    def due_fen(self) -> Fen:
        """What is asked for, old debts included."""
        return Fen(self.payable_fen + sum(amount for _, amount in self.older))


def in_words(bill: Bill, zone: ZoneInfo, *, english: bool = False) -> tuple[str, ...]:
    """Tell a bill, one sentence after the other."""
    return tuple(_sentences(bill, _English(zone) if english else _Chinese(zone)))


def _sentences(bill: Bill, tell: "_Chinese | _English") -> Iterator[str]:
    yield from (tell.line(line) for line in bill.lines)
    yield tell.total(bill.total_fen)
    yield from (tell.credit(line) for line in bill.credit_lines)
    yield from (tell.debt(began, amount) for began, amount in bill.older)
    if bill.credit_lines or bill.older:
        yield tell.due(bill.due_fen)
    yield tell.holds(bill.change)
    if bill.leave_by is not None:
        yield tell.leave(bill.leave_by)


@dataclass(frozen=True, slots=True)
class _Chinese:
    zone: ZoneInfo

    def line(self, line: Line) -> str:
        when, name = f"{_span(line, self.zone)} ", f"{line.name}：" if line.name else ""
        match line.kind:
            case LineKind.FREE:
                return when + (f"{WHO.get(line.name, (line.name, ''))[0]}，免费" if line.name else "免费时长内，不收费")
            case LineKind.CHARGE:
                return f"{when}{name}{self._units(line)}"
            case LineKind.FACTOR:
                return f"按系数 {line.name} 计费，{_signed(line.amount_fen)} 元"
            case LineKind.CAP:
                cap = CAPS.get(line.name, (line.name, ""))[0]
                return f"{cap} {yuan_text(line.unit_fen)} 元，{_signed(line.amount_fen)} 元"
            case LineKind.AWAY:
                return f"{when}短时离场，不计费"
            case LineKind.BEFORE:
                return f"此前停车已计费，{_signed(line.amount_fen)} 元"
            case LineKind.ROUNDING:
                return f"金额取整，{_signed(line.amount_fen)} 元"
        assert_never(line.kind)

    def _units(self, line: Line) -> str:
        price, sum_ = yuan_text(line.unit_fen), yuan_text(line.amount_fen)
        if line.amount_fen != line.units * line.unit_fen:
            return f"按比例计 {sum_} 元"
        if not line.unit_minutes:
            return f"按次 {sum_} 元"
        return f"每{self._length(line.unit_minutes)} {price} 元 × {line.units}，计 {sum_} 元"

    def _length(self, minutes: int) -> str:
        return f" {minutes} 分钟" if minutes % _HOUR else f" {minutes // _HOUR} 小时"

    def credit(self, line: CreditLine) -> str:
        if line.kind == HOST:
            return f"{line.name or '被访单位'}代付：-{yuan_text(line.amount_fen)} 元"
        name = f"“{line.name}”" if line.name else ""
        return f"{CREDITS.get(line.kind, (line.kind, ''))[0]}{name}：-{yuan_text(line.amount_fen)} 元"

    def debt(self, began: datetime, amount: Fen) -> str:
        return f"{began.astimezone(self.zone):%Y-%m-%d %H:%M} 停车欠费：{yuan_text(amount)} 元"

    def total(self, total: Fen) -> str:
        return f"停车费合计 {yuan_text(total)} 元"

    def due(self, due: Fen) -> str:
        return f"应付 {yuan_text(due)} 元"

    def holds(self, change: Change | None) -> str:
        if change is None:
            return "停车费不再增加"
        return f"停到 {_last(change, self.zone)} 为此价，之后 {yuan_text(change.total_fen)} 元"

    def leave(self, by: datetime) -> str:
        return f"请在 {by.astimezone(self.zone):%H:%M} 前离场"


@dataclass(frozen=True, slots=True)
class _English:
    zone: ZoneInfo

    def line(self, line: Line) -> str:
        named, when = line.name_en or line.name, f"{_span(line, self.zone)} "
        match line.kind:
            case LineKind.FREE:
                who = WHO.get(line.name, ("", named))[1]
                return f"{when}free: {who}" if line.name else f"{when}within the free time, no charge"
            case LineKind.CHARGE:
                return f"{when}{named}: {self._units(line)}" if named else f"{when}{self._units(line)}"
            case LineKind.FACTOR:
                return f"charged by the factor {named}: {_signed(line.amount_fen)} yuan"
            case LineKind.CAP:
                cap = CAPS.get(line.name, ("", named))[1]
                return f"{cap}, {yuan_text(line.unit_fen)} yuan: {_signed(line.amount_fen)} yuan"
            case LineKind.AWAY:
                return f"{when}away, no charge"
            case LineKind.BEFORE:
                return f"charged for the stay before: {_signed(line.amount_fen)} yuan"
            case LineKind.ROUNDING:
                return f"rounding: {_signed(line.amount_fen)} yuan"
        assert_never(line.kind)

    def _units(self, line: Line) -> str:
        price, sum_ = yuan_text(line.unit_fen), yuan_text(line.amount_fen)
        if line.amount_fen != line.units * line.unit_fen:
            return f"by share {sum_} yuan"
        if not line.unit_minutes:
            return f"{sum_} yuan once"
        return f"{line.units} × {price} yuan for {self._length(line.unit_minutes)} each, {sum_} yuan"

    def _length(self, minutes: int) -> str:
        return f"{minutes} min" if minutes % _HOUR else f"{minutes // _HOUR} h"

    def credit(self, line: CreditLine) -> str:
        if line.kind == HOST:
            return f"paid by {line.name or 'the host'}: -{yuan_text(line.amount_fen)} yuan"
        name = f" “{line.name}”" if line.name else ""
        return f"{CREDITS.get(line.kind, ('', line.kind))[1]}{name}: -{yuan_text(line.amount_fen)} yuan"

    def debt(self, began: datetime, amount: Fen) -> str:
        return f"owed for the stay of {began.astimezone(self.zone):%Y-%m-%d %H:%M}: {yuan_text(amount)} yuan"

    def total(self, total: Fen) -> str:
        return f"parking fee {yuan_text(total)} yuan"

    def due(self, due: Fen) -> str:
        return f"to pay {yuan_text(due)} yuan"

    def holds(self, change: Change | None) -> str:
        if change is None:
            return "the fee rises no more"
        return f"it holds until {_last(change, self.zone)}, then {yuan_text(change.total_fen)} yuan"

    def leave(self, by: datetime) -> str:
        return f"please leave before {by.astimezone(self.zone):%H:%M}"


def _span(line: Line, zone: ZoneInfo) -> str:
    """Say from when to when; the second day only where it is another one."""
    start, end = line.start.astimezone(zone), line.end.astimezone(zone)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%m-%d %H:%M}"
    return f"{start:%m-%d %H:%M}–{last}"


def _last(change: Change, zone: ZoneInfo) -> str:
    """Say until which minute a price holds for certain."""
    return f"{(change.at - _SECOND).astimezone(zone):%m-%d %H:%M}"


def _signed(amount: Fen) -> str:
    return f"{'+' if amount >= NOTHING else ''}{yuan_text(amount)}"
