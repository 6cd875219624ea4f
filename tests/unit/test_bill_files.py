"""A bill that is damaged in any way is refused as a whole; one that is only unusual is read."""

import gzip
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from billing.pay.bill import SUMS_DIFFER, read_trade_bill, whole_fen
from billing.pay.billfile import BillError, BillFile, checked, sha1_of
from billing.reconcile.compare.funds import Move, sort_funds, unexplained
from billing.reconcile.intake.days import Kind
from billing.reconcile.intake.fetch import checked_sums
from scada.model.money import Fen
from tests.support.bills import Sold, as_file, made_bill

ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 3, 3)
NOON = datetime(2026, 3, 3, 12, tzinfo=ZONE)
MCHID = "1900000001"


def text(*rows: Sold, **sums: str) -> str:
    return made_bill(rows or [Sold("A1", 500, NOON, fee="0.03000")], MCHID, changed_sums=sums)


def test_a_bill_without_a_row_is_read_and_adds_up_to_nothing() -> None:
    read = read_trade_bill(made_bill([], MCHID), ZONE)
    assert (read.rows, read.totals.rows, read.totals.total_fen) == ((), 0, 0)


def test_a_name_of_goods_may_hold_commas_and_the_end_of_a_line() -> None:
    read = read_trade_bill(text(Sold("A1", 500, NOON, name="a,b\r\nc"), Sold("A2", 1, NOON)), ZONE)
    assert [row.out_trade_no for row in read.rows] == ["A1", "A2"]


@pytest.mark.parametrize(
    "sums",
    [{"总交易单数": "2"}, {"订单总金额": "5.01"}, {"应结订单总金额": "4.99"}, {"手续费总金额": "0.02000"}],
    ids=lambda one: next(iter(one)),
)
def test_a_bill_that_does_not_add_up_to_its_sums_is_no_bill(sums: dict[str, str]) -> None:
    with pytest.raises(BillError, match=SUMS_DIFFER):
        read_trade_bill(text(**sums), ZONE)


DAMAGES: dict[str, Callable[[str], str]] = {
    "no header": lambda one: one.split("\r\n", 1)[1],
    "another header": lambda one: one.replace("商户订单号", "订单"),
    "a row twice": lambda one: one.replace("\r\n`", "\r\n`2026-03-03 12:00:00\r\n`", 1),
    "no sums": lambda one: one.rsplit("\r\n", 2)[0],
    "more after the sums": lambda one: f"{one}`1\r\n",
    "bare commas": lambda one: one.replace(",`", ","),
    "no time": lambda one: one.replace("2026-03-03 12:00:00", "2026-03-03T12:00"),
    "an error page": lambda _: "<html>",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_text_is_refused(damage: str) -> None:
    with pytest.raises(BillError):
        read_trade_bill(DAMAGES[damage](text()), ZONE)


def test_a_broken_file_is_refused_and_either_hash_is_taken() -> None:
    file = as_file(text())
    plain, packed = sha1_of(file.content), sha1_of(gzip.decompress(file.content))
    assert plain == packed == file.sha1
    for content in (file.content[:-9], file.content[:40], b"\x1f\x8b" + b"0" * 30):
        with pytest.raises(BillError):
            checked(content, file.sha1)
    with pytest.raises(BillError, match="hash"):
        checked(file.content, "0" * 40)


def test_a_bill_of_another_day_is_not_this_ones() -> None:
    assert checked_sums(as_file(text()), Kind.TRADES, DAY, ZONE).rows == 1
    with pytest.raises(BillError, match="not of 2026-03-04"):
        checked_sums(as_file(text()), Kind.TRADES, date(2026, 3, 4), ZONE)
    with pytest.raises(BillError):
        checked_sums(BillFile(b"\xff\xfe`", ""), Kind.TRADES, DAY, ZONE)


@pytest.mark.parametrize(("millifen", "fen"), [(0, 0), (499, 0), (500, 1), (-499, 0), (-500, -1), (2_999, 3)])
def test_a_fee_is_rounded_to_a_fen_alike_when_it_is_kept_and_when_it_is_given_back(millifen: int, fen: int) -> None:
    assert whole_fen(millifen) == fen


def test_an_account_that_moved_by_itself_is_not_explained() -> None:
    nothing = dict.fromkeys(Move, Fen(0))
    assert unexplained(sort_funds([]), nothing, Fen(100)) == ()
    (why,) = unexplained(sort_funds([]), {**nothing, Move.TRADE: Fen(500)}, None)
    assert "trades, refunds and fees moved 0 fen, the trade bill has 500" in why
