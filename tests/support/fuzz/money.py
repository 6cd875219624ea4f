"""What brings or prices money: WeChat's notices, answers and bills, payers' codes, tariffs, holidays."""

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from billing.pay.bill import fund_rows, trade_rows
from billing.pay.billfile import BillError, checked, sha1_of
from billing.pay.calls.account import Account
from billing.pay.calls.channel import read, sort
from billing.pay.calls.orders import read_transaction
from billing.pay.calls.refunds import read_refund
from billing.pay.calls.tidings import read_notice
from billing.pay.marks import gather_marks, header_fault
from billing.scanner.code import LONGEST_LINE, Lines, payer_code
from billing.sim.wechat.books.bills import COLUMNS, SUMS
from billing.tariff import price
from billing.versions.files import TariffFileError, read_file
from billing.versions.holidays import HolidayError
from billing.versions.holidays import read as read_holidays
from tests.support.fuzz.change import by_json, plain
from tests.support.fuzz.target import Prepared, Target
from tests.support.house import ROOT

ZONE = ZoneInfo("Asia/Shanghai")
CAME = datetime(2026, 3, 3, 22, 10, tzinfo=ZONE)
OURS = Account("1900000001", "wx0000000001")
PAID: dict[str, Any] = {
    "mchid": OURS.mchid, "appid": OURS.appid, "out_trade_no": "DE260303A1", "transaction_id": "4200001",
    "trade_type": "NATIVE", "trade_state": "SUCCESS", "bank_type": "OTHERS",
    "success_time": "2026-03-03T10:00:00+08:00",
    "payer": {"openid": "o1"}, "amount": {"total": 500, "payer_total": 500, "currency": "CNY"},
}  # fmt: skip
REFUNDED = {
    "mchid": OURS.mchid, "out_trade_no": "DE1", "transaction_id": "42", "out_refund_no": "RDE1A", "refund_id": "50",
    "refund_status": "SUCCESS", "status": "SUCCESS", "success_time": "2026-03-03T10:00:00+08:00",
    "amount": {"total": 500, "refund": 500, "payer_total": 500, "payer_refund": 500},
}  # fmt: skip
PARKED = {
    "sp_mchid": OURS.mchid, "mchid": OURS.mchid, "parking_id": "5K8264", "out_parking_no": "P1",
    "plate_number": "京A12345",
    "plate_color": "BLUE", "start_time": "2026-03-03T10:00:00+08:00", "parking_state": "NORMAL",
    "state_update_time": "1767168000000", "trade_scene": "PARKING", "trade_state": "ACCEPT", "out_trade_no": "DE1",
    "transaction_id": "42", "amount": {"total": 500}, "user_repaid": "N",
}  # fmt: skip


def notice(event: str, resource: object) -> bytes:
    """Write a decrypted notice."""
    return json.dumps({"id": "n1", "event_type": event, "resource": resource}, ensure_ascii=False).encode()


def _notices(_folder: Path) -> Prepared:
    events = ("TRANSACTION.SUCCESS", "TRANSACTION.FAIL", "TRANSACTION.PAY_BACK", "REFUND.SUCCESS")
    seeds = [notice(event, told) for event in events for told in (PAID, REFUNDED, PARKED)]
    seeds.append(notice("VEHICLE.ENTRANCE_STATE_CHANGE", PARKED))

    def take(data: bytes) -> object:
        message = json.loads(data)
        return read_notice(message, OURS) if isinstance(message, dict) else None

    return Prepared(take, seeds, (ValueError,), manners=(by_json,))


def _answers(_folder: Path) -> Prepared:
    seeds = [json.dumps(one).encode() for one in (PAID, REFUNDED, {"code": "ORDERPAID", "message": "京A12345"})]

    def take(data: bytes) -> object:
        status = (200, 202, 204, 400, 404, 429, 500)[len(data) % 7]
        answer = sort("x", status, data, {"plate_number": "京A12345"})
        told = [read("x", answer, read_transaction), read("x", answer, lambda found: read_refund(found, "status"))]
        return type(told[0]).__name__

    return Prepared(take, seeds, manners=(by_json, plain))


def _headers(_folder: Path) -> Prepared:
    good = {"Wechatpay-Timestamp": "1772503200", "Wechatpay-Nonce": "n", "Wechatpay-Serial": "PUB_KEY_ID_1"}
    seeds = [json.dumps({**good, "Wechatpay-Signature": "c2ln", "Wechatpay-Signature-Type": "x"}).encode()]

    def take(data: bytes) -> object:
        told = json.loads(data.decode("utf-8", "replace"))
        texts = {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {}
        return header_fault(gather_marks(texts), "PUB_KEY_ID_1", 1772503200.0)

    return Prepared(take, seeds, (json.JSONDecodeError,), manners=(by_json,))


def _bills(_folder: Path) -> Prepared:
    names = COLUMNS.split(",")
    filled = {"交易时间": "2026-03-03 10:00:00", "交易状态": "SUCCESS", "手续费": "0.03000", "订单金额": "5.00"}
    filled |= {"应结订单金额": "5.00", "申请退款金额": "0.00", "退款金额": "0.00", "商品名称": "停车费, 1"}
    row = "`" + ",`".join(filled.get(name, "") for name in names)
    sums = "`" + ",`".join(("1", "5.00", "0.00", "0.00", "0.03000", "5.00", "0.00"))
    trades = "\ufeff" + "\r\n".join((COLUMNS, row, SUMS, sums)) + "\r\n"
    heads = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    heads += "资金变更提交申请人,备注,业务凭证号"
    move = "`2026-03-03 10:00:00,`42,`7,`交易,`交易,`收入,`5.00,`9.00,`system,`,`DE1"
    funds = "\r\n".join((heads, move, "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额", "`1,`1,`5.00,`0,`0.00"))
    texts = [trades.encode(), funds.encode()]

    def take(data: bytes) -> object:
        file = checked(data, sha1_of(data))
        rows = list((fund_rows if b"\xe8\xae\xb0\xe8\xb4\xa6" in data else trade_rows)(file.lines(), ZONE))
        return len(rows)

    whole = [*texts, *(gzip.compress(text, 1, mtime=0) for text in texts)]
    return Prepared(take, whole, (BillError,), (b",`", b"`", "交易时间".encode(), b"REFUND", b"-5.00", b"0.00001"))


def _bill_bodies(folder: Path) -> Prepared:
    """The same, but what is changed is the text within the packed file."""
    inner = _bills(folder)

    def take(data: bytes) -> object:
        return inner.take(gzip.compress(data, 1, mtime=0))

    return Prepared(take, inner.seeds[:2], inner.allowed, inner.tokens)


def _codes(_folder: Path) -> Prepared:
    def take(data: bytes) -> object:
        state, found = Lines(), 0
        for at in range(0, len(data), 7):
            state, lines_ = state.feed(data[at : at + 7])
            assert len(state.rest) <= LONGEST_LINE
            found += sum(payer_code(line) is not None for line in lines_)
        return found > 0

    return Prepared(take, [b"134567890123456789\r\n", b"134567890123456789\r134567890123456788\n"])


def _tariffs(folder: Path) -> Prepared:
    seeds = [path.read_bytes() for path in sorted((ROOT / "billing" / "tariffs").rglob("*.toml"))]
    path = folder / "tariff.toml"

    def take(data: bytes) -> object:
        path.write_bytes(data)
        priced = price(read_file(path), CAME, CAME + timedelta(days=3, hours=5), ZONE)
        return type(priced).__name__

    words = (b"rule_type = ", b"[[rule]]", b"[[concession]]", b"2026-02-30", b"24:00", b"price = ", b"minutes = 0")
    return Prepared(take, seeds, (TariffFileError,), words)


def _holidays(folder: Path) -> Prepared:
    path = folder / "holidays.csv"

    def take(data: bytes) -> object:
        path.write_bytes(data)
        return read_holidays(path) is not None

    seed = "date,day,name\n2026-10-01,holiday,国庆\n2026-10-10,workday,\n".encode()
    return Prepared(take, [seed], (HolidayError,))


TARGETS = (
    Target("wechat-notice", "a notice, verified and decrypted", _notices),
    Target("wechat-answer", "an answer of WeChat, signed or not", _answers),
    Target("wechat-headers", "the headers of a notice", _headers),
    Target("bill-file", "a bill as it comes, packed or not", _bills),
    Target("bill-text", "a bill's text within a packed file that holds", _bill_bodies),
    Target("payer-code", "what a scanner sends", _codes),
    Target("tariff", "a tariff's file, and a stay of three days priced by it", _tariffs),
    Target("holidays", "a table of holidays", _holidays),
)
