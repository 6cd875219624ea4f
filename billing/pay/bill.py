"""WeChat's bills as values: every trade and refund of a day, every movement of money, and their totals. Pure.

UTF-8 with a mark at its start; a row of names, rows of cells that each begin with a backtick, then a row of names and
one of sums. Names of goods may hold commas, so a row is split where a comma and a backtick meet.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from scada.model.money import Fen

_YUAN = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,5}))?")
_SEPARATOR: Final = ",`"
REFUND: Final = "REFUND"
REVOKED: Final = "REVOKED"


class BillError(ValueError):
    """A text is no bill: which row, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class BillRow:
    """A trade or a refund. `fee_millifen` is WeChat's charge, to the thousandth of a fen."""

    at: datetime
    transaction_id: str
    out_trade_no: str
    trade_state: str
    total_fen: Fen
    refund_id: str
    out_refund_no: str
    refund_fen: Fen
    refund_state: str
    fee_millifen: int

    @property
    def is_refund(self) -> bool:
        """Say whether the row is of a refund; the trade it belongs to has a row of its own."""
        return self.trade_state in (REFUND, REVOKED)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of a trade bill."""

    rows: int
    total_fen: Fen
    refund_fen: Fen
    fee_millifen: int


@dataclass(frozen=True, slots=True)
class TradeBill:
    """A day's trades and refunds; `totals` as WeChat states them."""

    rows: tuple[BillRow, ...]
    totals: Totals

    def sums(self) -> Totals:
        """Add the rows up, to be held against `totals`."""
        return Totals(
            rows=len(self.rows),
            total_fen=Fen(sum(row.total_fen for row in self.rows if not row.is_refund)),
            refund_fen=Fen(sum(row.refund_fen for row in self.rows)),
            fee_millifen=sum(row.fee_millifen for row in self.rows),
        )


@dataclass(frozen=True, slots=True)
class FundRow:
    """One movement on the merchant's account; what goes out is negative."""

    at: datetime
    transaction_id: str
    business: str
    kind: str
    amount_fen: Fen
    balance_fen: Fen
    voucher: str


@dataclass(frozen=True, slots=True)
class FundBill:
    """A day's movements; `income_fen` and `outgo_fen` as WeChat states them."""

    rows: tuple[FundRow, ...]
    income_fen: Fen
    outgo_fen: Fen


def read_trade_bill(text: str, zone: ZoneInfo) -> TradeBill:
    """Read a trade bill. Raises BillError."""
    rows, totals = _table(text)
    return TradeBill(
        tuple(_trade(row, zone) for row in rows),
        Totals(
            rows=_count(totals, "总交易单数"),
            total_fen=_fen(totals, "订单总金额"),
            refund_fen=_fen(totals, "申请退款总金额"),
            fee_millifen=_millifen(totals, "手续费总金额"),
        ),
    )


def read_fund_bill(text: str, zone: ZoneInfo) -> FundBill:
    """Read a fund-flow bill. Raises BillError."""
    rows, totals = _table(text)
    return FundBill(tuple(_movement(row, zone) for row in rows), _fen(totals, "收入金额"), _fen(totals, "支出金额"))


Row = dict[str, str]


def _table(text: str) -> tuple[list[Row], Row]:
    """Part a bill into its rows by name, and its row of sums."""
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
    heads = [number for number, line in enumerate(lines) if not line.startswith("`")]
    if len(heads) != 2 or heads[0] != 0 or heads[1] != len(lines) - 2:
        raise BillError("not a row of names, rows of cells, a row of names and a row of sums")
    rows = [_row(lines[0], line, number) for number, line in enumerate(lines[1 : heads[1]], start=2)]
    return rows, _row(lines[-2], lines[-1], len(lines))


def _row(names: str, line: str, number: int) -> Row:
    columns = [name.strip() for name in names.split(",")]
    cells = line.removeprefix("`").split(_SEPARATOR)
    if len(cells) != len(columns):
        raise BillError(f"row {number} has {len(cells)} cells under {len(columns)} names")
    return dict(zip(columns, cells, strict=True))


def _trade(row: Row, zone: ZoneInfo) -> BillRow:
    return BillRow(
        at=_moment(row, "交易时间", zone),
        transaction_id=_text(row, "微信订单号"),
        out_trade_no=_text(row, "商户订单号"),
        trade_state=_text(row, "交易状态"),
        total_fen=_fen(row, "订单金额"),
        refund_id=_number(row, "微信退款单号"),
        out_refund_no=_number(row, "商户退款单号"),
        refund_fen=_fen(row, "申请退款金额"),
        refund_state=_text(row, "退款状态"),
        fee_millifen=_millifen(row, "手续费"),
    )


def _movement(row: Row, zone: ZoneInfo) -> FundRow:
    direction = _text(row, "收支类型")
    if direction not in ("收入", "支出"):
        raise BillError(f"收支类型 is {direction!r}")
    amount = _fen(row, "收支金额(元)")
    return FundRow(
        at=_moment(row, "记账时间", zone),
        transaction_id=_text(row, "微信支付业务单号"),
        business=_text(row, "业务名称"),
        kind=_text(row, "业务类型"),
        amount_fen=amount if direction == "收入" else Fen(-amount),
        balance_fen=_fen(row, "账户结余(元)"),
        voucher=_text(row, "业务凭证号"),
    )


def _text(row: Row, name: str) -> str:
    try:
        return row[name].strip()
    except KeyError as error:
        raise BillError(f"there is no column {name}") from error


def _number(row: Row, name: str) -> str:
    """Give a refund's number; a trade's row has `0` there, or nothing."""
    number = _text(row, name)
    return "" if number == "0" else number


def _millifen(row: Row, name: str) -> int:
    match = _YUAN.fullmatch(_text(row, name))
    if match is None:
        raise BillError(f"{name} is {_text(row, name)!r}, no amount in yuan")
    sign, whole, rest = match.groups()
    amount = int(whole) * 100_000 + int((rest or "").ljust(5, "0"))
    return -amount if sign else amount


def _fen(row: Row, name: str) -> Fen:
    amount, rest = divmod(_millifen(row, name), 1000)
    if rest:
        raise BillError(f"{name} is {_text(row, name)!r}, no whole fen")
    return Fen(amount)


def _count(row: Row, name: str) -> int:
    text = _text(row, name)
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise BillError(f"{name} is {text!r}, no count")
    return int(text)


def _moment(row: Row, name: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.strptime(_text(row, name), "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        raise BillError(f"{name} is {_text(row, name)!r}, no time") from error
