"""WeChat's bills as values: every trade and refund of a day, every movement of money, and their totals. Pure.

A row of names, rows of cells that each begin with a backtick, then a row of names and one of sums. Names of goods may
hold commas, so a row is split where a comma and a backtick meet. Whatever does not add up to its sums is refused.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from billing.pay.billfile import BillError
from scada.model.digits import whole_of
from scada.model.money import Fen

T = TypeVar("T")

_YUAN = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,5}))?")
_MOST: Final = 10**12 - 1
_SEPARATOR: Final = ",`"
SUMS_DIFFER: Final = "the rows do not add up to the sums"
MILLI: Final = 1000
"""Thousandths in one."""
SUCCESS: Final = "SUCCESS"
REFUND: Final = "REFUND"
REVOKED: Final = "REVOKED"


@dataclass(frozen=True, slots=True)
class BillRow:
    """A trade or a refund. `fee_millifen` is WeChat's charge, to the thousandth of a fen.

    What a voucher of the merchant's own paid is part of `total_fen` and not of `settled_fen`, which is what comes in.
    """

    at: datetime
    mchid: str
    sub_mchid: str
    transaction_id: str
    out_trade_no: str
    trade_type: str
    trade_state: str
    total_fen: Fen
    settled_fen: Fen
    refund_id: str
    out_refund_no: str
    refund_fen: Fen
    refund_settled_fen: Fen
    refund_state: str
    fee_millifen: int

    @property
    def is_refund(self) -> bool:
        """Say whether the row is of a refund; the trade it belongs to has a row of its own."""
        return self.trade_state in (REFUND, REVOKED)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a trade bill, as WeChat states them; its rows add up to them."""

    rows: int
    total_fen: Fen
    settled_fen: Fen
    refund_fen: Fen
    refund_settled_fen: Fen
    fee_millifen: int


@dataclass(frozen=True, slots=True)
class TradeBill:
    """A day's trades and refunds, and their sums."""

    rows: tuple[BillRow, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class FundRow:
    """One movement on the merchant's account; what goes out is negative."""

    at: datetime
    transaction_id: str
    flow: str
    business: str
    kind: str
    amount_fen: Fen
    balance_fen: Fen
    voucher: str


@dataclass(frozen=True, slots=True)
class FundTotals:
    """The sums of a fund bill, as WeChat states them; its rows add up to them."""

    rows: int
    income_fen: Fen
    outgo_fen: Fen


@dataclass(frozen=True, slots=True)
class FundBill:
    """A day's movements, and their sums."""

    rows: tuple[FundRow, ...]
    totals: FundTotals


def read_trade_bill(text: str, zone: ZoneInfo) -> TradeBill:
    """Read a whole trade bill. Raises BillError."""
    *rows, totals = trade_rows(_lines(text), zone)
    if not isinstance(totals, Totals):
        raise BillError("there is no row of sums")
    return TradeBill(tuple(row for row in rows if isinstance(row, BillRow)), totals)


def read_fund_bill(text: str, zone: ZoneInfo) -> FundBill:
    """Read a whole fund-flow bill. Raises BillError."""
    *rows, totals = fund_rows(_lines(text), zone)
    if not isinstance(totals, FundTotals):
        raise BillError("there is no row of sums")
    return FundBill(tuple(row for row in rows if isinstance(row, FundRow)), totals)


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]


def whole_fen(millifen: int) -> Fen:
    """Round thousandths to whole fen, halves away from zero."""
    whole = (abs(millifen) + MILLI // 2) // MILLI
    return Fen(whole if millifen >= 0 else -whole)


def trade_rows(text: Iterable[str], zone: ZoneInfo) -> Iterator[BillRow | Totals]:
    """Read a trade bill row by row; the last is its sums, and all before add up to it. Raises BillError."""
    count = total = settled = refund = refund_settled = fee = 0
    for row, is_sums in _table(text):
        if is_sums:
            found = Totals(count, Fen(total), Fen(settled), Fen(refund), Fen(refund_settled), fee)
            yield _agreed(_totals(row), found)
            continue
        one = _trade(row, zone)
        count += 1
        if not one.is_refund:
            total += one.total_fen
            settled += one.settled_fen
        refund += one.refund_fen
        refund_settled += one.refund_settled_fen
        fee += one.fee_millifen
        yield one


def fund_rows(text: Iterable[str], zone: ZoneInfo) -> Iterator[FundRow | FundTotals]:
    """Read a fund-flow bill row by row; the last is its sums, and all before add up to it. Raises BillError."""
    count = income = outgo = 0
    for row, is_sums in _table(text):
        if is_sums:
            stated = FundTotals(row.count("资金流水总笔数"), row.fen("收入金额"), row.fen("支出金额"))
            yield _agreed(stated, FundTotals(count, Fen(income), Fen(outgo)))
            continue
        one = _movement(row, zone)
        count += 1
        income += max(one.amount_fen, 0)
        outgo -= min(one.amount_fen, 0)
        yield one


def _agreed(stated: T, found: T) -> T:
    if stated != found:
        raise BillError(f"{SUMS_DIFFER}: {found} instead of {stated}")
    return stated


@dataclass(frozen=True, slots=True)
class _Row:
    """A row's cells under their names."""

    places: dict[str, int]
    cells: list[str]

    def text(self, name: str) -> str:
        """Give a cell."""
        try:
            return self.cells[self.places[name]].strip()
        except KeyError as error:
            raise BillError(f"there is no column {name}") from error

    def number(self, name: str) -> str:
        """Give a refund's number; a trade's row has `0` there, or nothing."""
        number = self.text(name)
        return "" if number == "0" else number

    def millifen(self, name: str) -> int:
        """Give an amount in thousandths of a fen."""
        match = _YUAN.fullmatch(self.text(name))
        if match is None:
            raise BillError(f"{name} is {self.text(name)!r}, no amount in yuan")
        sign, whole, rest = match.groups()
        amount = int(whole) * 100_000 + int((rest or "").ljust(5, "0"))
        return -amount if sign else amount

    def fen(self, name: str) -> Fen:
        """Give an amount in whole fen."""
        amount, rest = divmod(self.millifen(name), MILLI)
        if rest:
            raise BillError(f"{name} is {self.text(name)!r}, no whole fen")
        return Fen(amount)

    def count(self, name: str) -> int:
        """Give a count."""
        text = self.text(name)
        count = whole_of(text, _MOST)
        if count is None:
            raise BillError(f"{name} is {text!r}, no count")
        return count

    def moment(self, name: str, zone: ZoneInfo) -> datetime:
        """Give a moment, written as WeChat does."""
        text = self.text(name)
        try:
            if len(text) != len("2026-03-03 10:00:00"):
                raise ValueError(text)
            return datetime.fromisoformat(text).replace(tzinfo=zone)
        except ValueError as error:
            raise BillError(f"{name} is {text!r}, no time") from error


def _table(text: Iterable[str]) -> Iterator[tuple[_Row, bool]]:
    """Give a bill's rows, then its row of sums."""
    found = ((number, line) for number, line in enumerate(text, start=1) if line.strip())
    places = _places(next(found, (1, ""))[1])
    for number, line in found:
        if not line.startswith("`"):
            yield _sums(line, found), True
            return
        yield _row(places, _whole(line, len(places), found), number), False
    raise BillError("there is no row of sums")


def _places(names: str) -> dict[str, int]:
    told = names.split(",")
    places = {name.strip(): place for place, name in enumerate(told)}
    if names.startswith("`") or not 2 <= len(places) == len(told):
        raise BillError("the first row is no row of names")
    return places


def _whole(line: str, cells: int, more: Iterator[tuple[int, str]]) -> str:
    """Put a row together whose cell goes on in the next line: names of goods are anybody's text."""
    while line.count(_SEPARATOR) < cells - 1:
        follows = next(more, None)
        if follows is None or follows[1].startswith("`"):
            break
        line = f"{line}\n{follows[1]}"
    return line


def _row(places: dict[str, int], line: str, number: int) -> _Row:
    cells = line.removeprefix("`").split(_SEPARATOR)
    if len(cells) != len(places):
        raise BillError(f"row {number} has {len(cells)} cells under {len(places)} names")
    return _Row(places, cells)


def _sums(names: str, more: Iterator[tuple[int, str]]) -> _Row:
    number, line = next(more, (0, ""))
    if not line.startswith("`") or next(more, None) is not None:
        raise BillError("the bill does not end with a row of names and one of sums")
    return _row(_places(names), line, number)


def _totals(row: _Row) -> Totals:
    return Totals(
        rows=row.count("总交易单数"),
        total_fen=row.fen("订单总金额"),
        settled_fen=row.fen("应结订单总金额"),
        refund_fen=row.fen("申请退款总金额"),
        refund_settled_fen=row.fen("退款总金额"),
        fee_millifen=row.millifen("手续费总金额"),
    )


def _trade(row: _Row, zone: ZoneInfo) -> BillRow:
    return BillRow(
        at=row.moment("交易时间", zone),
        mchid=row.text("商户号"),
        sub_mchid=row.number("特约商户号"),
        transaction_id=row.text("微信订单号"),
        out_trade_no=row.text("商户订单号"),
        trade_type=row.text("交易类型"),
        trade_state=row.text("交易状态"),
        total_fen=row.fen("订单金额"),
        settled_fen=row.fen("应结订单金额"),
        refund_id=row.number("微信退款单号"),
        out_refund_no=row.number("商户退款单号"),
        refund_fen=row.fen("申请退款金额"),
        refund_settled_fen=row.fen("退款金额"),
        refund_state=row.text("退款状态"),
        fee_millifen=row.millifen("手续费"),
    )


def _movement(row: _Row, zone: ZoneInfo) -> FundRow:
    direction = row.text("收支类型")
    if direction not in ("收入", "支出"):
        raise BillError(f"收支类型 is {direction!r}")
    amount = row.fen("收支金额(元)")
    return FundRow(
        at=row.moment("记账时间", zone),
        transaction_id=row.text("微信支付业务单号"),
        flow=row.text("资金流水单号"),
        business=row.text("业务名称"),
        kind=row.text("业务类型"),
        amount_fen=amount if direction == "收入" else Fen(-amount),
        balance_fen=row.fen("账户结余(元)"),
        voucher=row.text("业务凭证号"),
    )
