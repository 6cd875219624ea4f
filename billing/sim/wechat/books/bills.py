"""The platform's bills of a day: trades and refunds, and the movements of money, as files with a hash (§7)."""

import gzip
import hashlib
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from billing.sim.wechat.books.orders import Order, OrderBook
from billing.sim.wechat.books.refunds import Refund, RefundBook
from billing.sim.wechat.books.safe import Safe
from billing.sim.wechat.clock import BEIJING, PlatformClock
from billing.sim.wechat.crypto import Fault
from billing.sim.wechat.facts import Switchboard

READY_AT: Final = time(10)
TOKEN_LIFE: Final = timedelta(seconds=30)
FEE_PER_10000: Final = 60
COLUMNS: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS: Final = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_COLUMNS: Final = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
FUND_SUMS: Final = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


@dataclass(frozen=True, slots=True)
class BillFile:
    """One file that waits to be fetched, for half a minute."""

    content: bytes
    hash_value: str
    until: datetime


@dataclass(frozen=True, slots=True)
class _Line:
    """One row, and what it adds to the sums; `fee` in thousandths of a fen."""

    at: datetime
    cells: tuple[str, ...]
    total: int
    refund: int
    fee: int
    transaction_id: str
    number: str


@dataclass(frozen=True, slots=True)
class _Move:
    """One movement on the merchant's account; what goes out is below zero."""

    at: datetime
    transaction_id: str
    words: tuple[str, str]
    amount: int
    voucher: str


class Bills:
    """Makes bills and keeps them for their half minute. For use from many threads."""

    def __init__(
        self,
        orders: OrderBook,
        refunds: RefundBook,
        clock: PlatformClock,
        switchboard: Switchboard,
        safe: Safe,
    ) -> None:
        self._orders = orders
        self._refunds = refunds
        self._clock = clock
        self._switchboard = switchboard
        self._lock = threading.Lock()
        self._files: dict[str, BillFile] = {}
        self._safe = safe
        self._payouts = list(safe.all("payout", _Move).values())

    def pay_out(self, amount: int) -> None:
        """Send money to the merchant's bank."""
        with self._lock:
            number = f"W{len(self._payouts):09d}"
            made = _Move(self._clock.now(), "", ("提现", "提现"), -amount, number)
            self._safe.keep("payout", number, made)
            self._payouts.append(made)

    def trade_bill(self, day: date, bill_type: str, *, packed: bool) -> tuple[str, BillFile] | Fault:
        """Make a day's trade bill; gives its token."""
        lines = [line for line in self._lines(bill_type) if line.at.astimezone(BEIJING).date() == day]
        return self._too_early(day) or (self._kept(_trade_text(lines), packed=packed) if lines else self._none())

    def fund_bill(self, day: date, *, packed: bool) -> tuple[str, BillFile] | Fault:
        """Make a day's movements of money; gives its token."""
        text = _fund_text(self._moves(), day)
        return self._too_early(day) or (self._kept(text, packed=packed) if text else self._none())

    def fetch(self, token: str) -> BillFile | None:
        """Give a file while its token lives."""
        with self._lock:
            file = self._files.get(token)
        return file if file is not None and self._clock.now() <= file.until else None

    def _too_early(self, day: date) -> Fault | None:
        ready = datetime.combine(day + timedelta(days=1), READY_AT, BEIJING)
        return Fault(400, "STATEMENT_CREATING", "账单生成中") if self._clock.now() < ready else None

    def _none(self) -> Fault:
        status = int(self._switchboard.facts.no_statement_status)
        return Fault(status, "NO_STATEMENT_EXIST", "账单文件不存在")

    def _kept(self, text: str, *, packed: bool) -> tuple[str, BillFile]:
        plain = text.encode("utf-8-sig")
        content = gzip.compress(plain, mtime=0) if packed else plain
        hashed = content if self._switchboard.facts.bill_hash == "packed" else plain
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha1(hashed, usedforsecurity=False).hexdigest()
        file = BillFile(content, digest, self._clock.now() + TOKEN_LIFE)
        with self._lock:
            self._files[token] = file
        return token, file

    def _lines(self, bill_type: str) -> list[_Line]:
        """Give all rows of all days, the oldest first."""
        lines = []
        if bill_type in ("ALL", "SUCCESS"):
            lines += [_trade(one, one.paid_at) for one in self._orders.all() if one.paid_at is not None]
        if bill_type in ("ALL", "REFUND"):
            lines += [_back(refund) for refund in self._refunds.all() if refund.state != "CLOSED"]
        return sorted(lines, key=lambda line: line.at)

    def _moves(self) -> list[_Move]:
        """Give all movements of all days, the oldest first."""
        with self._lock:
            moves = list(self._payouts)
        for line in self._lines("ALL"):
            words = ("退款", "退款") if line.refund else ("交易", "交易")
            moves.append(_Move(line.at, line.transaction_id, words, line.total - line.refund, line.number))
            if line.fee:
                moves.append(
                    _Move(line.at, line.transaction_id, ("手续费", "扣除交易手续费"), -line.fee // 1_000, line.number)
                )
        return sorted(moves, key=lambda move: move.at)


def fee_of(amount: int) -> int:
    """Give the charge on an amount in thousandths of a fen, rounded to whole fen."""
    return (amount * FEE_PER_10000 + 5_000) // 10_000 * 1_000


def _trade(order: Order, paid_at: datetime) -> _Line:
    caller = order.caller
    names = (order.appid, caller.mchid, caller.sub_mchid, "", order.transaction_id, order.number, order.openid)
    return _paid_line(paid_at, (*names, order.trade_type), (order.description, order.attach), order.total)


def _paid_line(at: datetime, head: tuple[str, ...], words: tuple[str, ...], total: int) -> _Line:
    fee = fee_of(total)
    cells = (_time(at), *head, "SUCCESS", "OTHERS", "CNY", _yuan(total), "0.00", "0", "0", "0.00", "0.00", "", "")
    cells += (*words, _thousandths(fee), "0.60%", _yuan(total), "0.00", "")
    return _Line(at, cells, total, 0, fee, head[4], head[5])


def _back(refund: Refund) -> _Line:
    order, fee = refund.order, -fee_of(refund.amount)
    caller, state = order.caller, "REVOKED" if order.state == "REVOKED" else "REFUND"
    names = (order.appid, caller.mchid, caller.sub_mchid, "", order.transaction_id, order.number, order.openid)
    head = (_time(refund.made_at), *names, order.trade_type, state, "OTHERS", "CNY", "0.00", "0.00")
    middle = (refund.refund_id, refund.number, _yuan(refund.amount), "0.00", "ORIGINAL", refund.state)
    tail = (order.description, order.attach, _thousandths(fee), "0.60%", "0.00", _yuan(refund.amount), "")
    return _Line(refund.made_at, (*head, *middle, *tail), 0, refund.amount, fee, refund.refund_id, refund.number)


def _trade_text(lines: list[_Line]) -> str:
    total, refund, fee = (sum(getattr(line, name) for line in lines) for name in ("total", "refund", "fee"))
    sums = (str(len(lines)), _yuan(total), _yuan(refund), "0.00", _thousandths(fee), _yuan(total), _yuan(refund))
    return _text(COLUMNS, [line.cells for line in lines], SUMS, sums)


def _fund_text(moves: list[_Move], day: date) -> str:
    """Write the movements of a day, with the balance after each; empty if there are none."""
    rows, balance, came, went = [], 0, [0, 0], [0, 0]
    for number, move in enumerate(moves):
        balance += move.amount
        if move.at.astimezone(BEIJING).date() != day:
            continue
        side = came if move.amount >= 0 else went
        side[0], side[1] = side[0] + 1, side[1] + abs(move.amount)
        head = (_time(move.at), move.transaction_id, f"100000{number:010d}", *move.words)
        direction = "收入" if move.amount >= 0 else "支出"
        rows.append((*head, direction, _yuan(abs(move.amount)), _yuan(balance), "system", "", move.voucher))
    sums = (str(len(rows)), str(came[0]), _yuan(came[1]), str(went[0]), _yuan(went[1]))
    return _text(FUND_COLUMNS, rows, FUND_SUMS, sums) if rows else ""


def _text(columns: str, rows: Iterable[tuple[str, ...]], sums: str, totals: tuple[str, ...]) -> str:
    lines = [columns, *(_row(cells) for cells in rows), sums, _row(totals)]
    return "".join(f"{line}\r\n" for line in lines)


def _row(cells: tuple[str, ...]) -> str:
    return "`" + ",`".join(cells)


def _time(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _thousandths(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100_000}.{abs(amount) % 100_000:05d}"
