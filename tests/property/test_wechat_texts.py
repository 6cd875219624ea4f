"""Whatever text comes, a bill, a notice or an answer is read as what it is, or refused; nothing else happens."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.pay.bill import FundBill, TradeBill, read_fund_bill, read_trade_bill
from billing.pay.billfile import BillError, checked
from billing.pay.calls.account import Account
from billing.pay.calls.channel import sort
from billing.pay.calls.tidings import read_notice
from billing.pay.gateway import Notice, Refused, Unknown
from billing.pay.marks import WINDOW_S, Nonces, gather_marks, header_fault
from billing.sim.wechat.books.bills import COLUMNS, SUMS

ZONE = ZoneInfo("Asia/Shanghai")
OURS = Account("1900000001", "wx0000000001")
NAMES = COLUMNS.split(",")
EVENTS = (
    "TRANSACTION.SUCCESS",
    "TRANSACTION.FAIL",
    "TRANSACTION.PAY_BACK",
    "REFUND.SUCCESS",
    "VEHICLE.ENTRANCE_STATE_CHANGE",
    "SOMETHING.NEW",
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=6,
)
FIELDS = [
    *("mchid", "sp_mchid", "out_trade_no", "trade_state", "transaction_id", "amount", "success_time"),
    *("refund_id", "out_refund_no", "refund_status", "trade_scene", "bank_type"),
    *("parking_id", "out_parking_no", "parking_state", "state_update_time"),
]
resources = st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8)
fen = st.integers(0, 10**9)
goods = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"), blacklist_characters="`"), max_size=20)


def yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"


def row(**cells: str) -> str:
    filled = {"交易时间": "2026-03-03 10:00:00", "交易状态": "SUCCESS", "手续费": "0.00000"}
    filled |= {"订单金额": "0.00", "申请退款金额": "0.00", "退款金额": "0.00"} | cells
    filled.setdefault("应结订单金额", filled["订单金额"])
    return "`" + ",`".join(filled.get(name, "") for name in NAMES)


def bill(rows: list[str], *sums: str) -> str:
    return "\ufeff" + "\r\n".join([COLUMNS, *rows, SUMS, "`" + ",`".join(sums)]) + "\r\n"


@given(st.lists(st.tuples(fen, goods), max_size=5))
def test_every_amount_and_every_name_of_goods_comes_through_a_bill(trades: list[tuple[int, str]]) -> None:
    rows = [row(订单金额=yuan(amount), 商品名称=name, 商户订单号=f"N{n}") for n, (amount, name) in enumerate(trades)]
    total = yuan(sum(amount for amount, _ in trades))
    read = read_trade_bill(bill(rows, str(len(rows)), total, "0.00", "0.00", "0.00", total, "0.00"), ZONE)
    assert [(one.out_trade_no, one.total_fen) for one in read.rows] == [
        (f"N{n}", amount) for n, (amount, _) in enumerate(trades)
    ]
    assert read.totals.total_fen == sum(amount for amount, _ in trades)
    assert all(one.at == datetime(2026, 3, 3, 2, tzinfo=UTC) for one in read.rows)


@settings(max_examples=80)
@given(st.text(max_size=60) | st.text(alphabet="`,\r\n订单1.0 \ufeff", max_size=80))
def test_a_text_that_is_no_bill_is_refused_as_such(text: str) -> None:
    for reader in (read_trade_bill, read_fund_bill):
        try:
            assert isinstance(reader(text, ZONE), TradeBill | FundBill)
        except BillError:
            continue


@given(fen, st.sampled_from(["1.005", "-", "1,00", "１.00", "NaN", "1e3", "", "--1", "0x1", "1.0.0"]))
def test_an_amount_that_is_no_whole_fen_is_refused(good: int, bad: str) -> None:
    rows = [row(订单金额=yuan(good)), row(订单金额=bad)]
    with pytest.raises(BillError, match="订单金额"):
        read_trade_bill(bill(rows, "2", "0", "0", "0", "0", "0", "0"), ZONE)


@given(st.binary(max_size=60), st.booleans())
def test_a_file_that_is_not_what_was_signed_is_refused(content: bytes, packed: bool) -> None:
    with pytest.raises(BillError):
        checked(b"\x1f\x8b" + content if packed else content, "0" * 40)


@settings(max_examples=120)
@given(st.sampled_from(EVENTS), resources, st.dictionaries(st.sampled_from(["id", "event_type"]), json_values))
def test_a_signed_notice_is_read_or_refused_whatever_it_holds(
    event: str, resource: dict[str, object], other: dict[str, object]
) -> None:
    try:
        notice = read_notice({"id": "n", "event_type": event, "resource": resource} | other, OURS)
    except ValueError:
        return
    assert isinstance(notice, Notice)


@given(st.integers(200, 599), json_values, st.booleans())
def test_only_a_plain_200_or_204_is_done_and_only_a_known_4xx_is_refused(
    status: int, content: object, broken: bool
) -> None:
    answer = sort("x", status, "{" if broken else json.dumps(content), {})
    if isinstance(answer, dict):
        assert status in (200, 204)
    if isinstance(answer, Refused):
        assert 400 <= status < 500
    if status == 202 or 300 <= status < 400 or status >= 500:
        assert isinstance(answer, Unknown)


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=6), st.floats(0, 4e9))
def test_no_headers_raise(headers: dict[str, str], now_s: float) -> None:
    header_fault(gather_marks(headers), "PUB_KEY_ID_1", now_s)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2 * WINDOW_S)), max_size=30))
def test_within_the_window_no_message_counts_twice(messages: list[tuple[int, int]]) -> None:
    nonces, now_s = Nonces(), 1e9
    believed: dict[tuple[str, str], float] = {}
    for name, wait_s in messages:
        now_s += timedelta(seconds=wait_s / 10).total_seconds()
        marks = {"Wechatpay-Timestamp": "1000000000", "Wechatpay-Nonce": str(name)}
        key = ("1000000000", str(name))
        if nonces.is_new(marks, now_s):
            assert now_s - believed.get(key, 0) > WINDOW_S
            believed[key] = now_s
