"""Money back, and the day's bills: what WeChat accepted, what became of it, and whether the sums agree."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from billing.pay.bill import FundBill, TradeBill
from billing.pay.calls.bills import NO_TRADE, NOT_YET
from billing.pay.gateway import Notice, Refund, Refused, Unknown
from billing.sim.wechat.books.refunds import refund_notice
from billing.sim.wechat.clock import BEIJING
from billing.sim.wechat.crypto import sealed, signed_headers
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.store.schema import notice
from tests.support.billing import open_till
from tests.support.store import open_database
from tests.support.wechat import Bench, bench, number

REASON = "重复支付"


def refunded(at: Bench, order: OrderId, name: str, amount: int, total: int = 500) -> Refund | Refused | Unknown:
    return at.gateway.refunds.refund(name, order, Fen(amount), Fen(total), REASON)


def test_a_refund_is_accepted_then_done_and_never_twice(at: Bench) -> None:
    order = at.paid_order()
    name = f"R{order}A"
    first = refunded(at, order, name, 200)
    assert isinstance(first, Refund)
    assert (first.status, first.amount_fen, first.success_at) == ("PROCESSING", 200, None)
    assert refunded(at, order, name, 200) == first
    assert at.next_notice()
    at.switch("refunds", out_refund_no=name)
    done = at.gateway.refunds.query(name)
    assert isinstance(done, Refund)
    assert (done.status, done.amount_fen) == ("SUCCESS", 200)
    assert done.success_at is not None
    told = at.next_notice()
    assert isinstance(told, Notice)
    assert told.event_type == "REFUND.SUCCESS"
    assert told.about == done
    assert [one.amount for one in at.wechat.refunds.all() if one.number == name] == [200]


@pytest.mark.parametrize("end", ["CLOSED", "ABNORMAL"])
def test_a_refund_that_fails_says_so(at: Bench, end: str) -> None:
    order = at.paid_order()
    refunded(at, order, f"R{order}A", 500)
    assert at.next_notice()
    at.switch("refunds", out_refund_no=f"R{order}A", state=end)
    told = at.next_notice()
    assert isinstance(told, Notice)
    assert isinstance(told.about, Refund)
    assert (told.event_type, told.about.status) == (f"REFUND.{end}", end)


def test_a_refund_whose_answer_was_lost_is_asked_for_by_the_same_number(at: Bench) -> None:
    order = at.paid_order()
    at.phone.plan_answers("drop_after", "/refunds")
    assert isinstance(refunded(at, order, f"R{order}A", 500), Unknown)
    assert isinstance(at.gateway.refunds.query(f"R{order}A"), Refund)
    assert isinstance(refunded(at, order, f"R{order}A", 500), Refund)
    assert len([one for one in at.wechat.refunds.all() if one.order.number == order]) == 1


def test_no_more_goes_back_than_came(at: Bench) -> None:
    order = at.paid_order()
    too_much, wrong_total = refunded(at, order, "RX1A", 501), refunded(at, order, "RX2A", 400, 501)
    assert isinstance(too_much, Refused)
    assert isinstance(wrong_total, Refused)
    unpaid, _ = at.ordered()
    never = [refunded(at, unpaid, "RX3A", 1), refunded(at, number(), "RX4A", 1)]
    assert [one.code for one in never if isinstance(one, Refused)] == ["TRADE_ERROR", "RESOURCE_NOT_EXISTS"]


def test_refunds_of_one_order_are_a_minute_apart_and_fifty_at_most(at: Bench) -> None:
    order = at.paid_order(100)
    for n in range(50):
        assert isinstance(refunded(at, order, f"RM{order}{n}", 1, 100), Refund)
        haste = refunded(at, order, f"RN{order}{n}", 1, 100)
        assert isinstance(haste, Refused)
        at.wechat.clock.move(61)
    last = refunded(at, order, f"RO{order}", 1, 100)
    assert isinstance(last, Refused)
    assert last.code == "RULE_LIMIT"


def test_a_merchant_without_money_is_told_so_and_may_try_again(at: Bench) -> None:
    order = at.paid_order()
    at.switch("merchant", balance_fen=10)
    refused = refunded(at, order, f"R{order}A", 500)
    assert isinstance(refused, Refused)
    assert refused.code == "NOT_ENOUGH"
    at.switch("merchant", balance_fen=1000)
    assert isinstance(refunded(at, order, f"R{order}A", 500), Refund)


def test_a_long_reason_is_cut_between_signs(at: Bench) -> None:
    order = at.paid_order()
    answer = at.gateway.refunds.refund(f"R{order}A", order, Fen(5), Fen(500), "退" * 60)
    assert isinstance(answer, Refund)


# --- bills ---


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, date, list[OrderId]]]:
    """A day with three payments and a refund, and the morning after it."""
    with bench(tmp_path_factory.mktemp("traded")) as at:
        orders = [at.paid_order(total, name) for total, name in ((500, "停车费"), (1, "a,b,`c"), (12_345, "停车费"))]
        refund = refunded(at, orders[0], f"R{orders[0]}A", 123)
        assert isinstance(refund, Refund)
        day = at.wechat.clock.now().astimezone(BEIJING).date()
        yield at, day, orders


def to(at: Bench, day: date, hour: int) -> None:
    """Move business time to an hour of a day."""
    then = datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING)
    at.wechat.clock.move((then - at.wechat.clock.now()).total_seconds())


@pytest.mark.parametrize("hashed", ["unpacked", "packed"])
def test_a_days_bill_names_every_payment_and_refund_and_its_sums_agree(
    traded: tuple[Bench, date, list[OrderId]], hashed: str
) -> None:
    at, day, orders = traded
    at.switch("facts", bill_hash=hashed)
    to(at, day + timedelta(days=1), 10)
    bill = at.gateway.bills.trades(day)
    assert isinstance(bill, TradeBill)
    assert [(row.out_trade_no, row.total_fen) for row in bill.rows if not row.is_refund] == [
        (orders[0], 500),
        (orders[1], 1),
        (orders[2], 12_345),
    ]
    assert [(row.out_refund_no, row.refund_fen) for row in bill.rows if row.is_refund] == [(f"R{orders[0]}A", 123)]
    assert bill.totals.fee_millifen == 76_000
    funds = at.gateway.bills.funds(day)
    assert isinstance(funds, FundBill)
    assert (
        sum(row.amount_fen for row in funds.rows)
        == funds.totals.income_fen - funds.totals.outgo_fen
        == 12_846 - 123 - 76
    )


def test_a_bill_is_not_there_before_ten_and_an_empty_day_is_another_answer(
    traded: tuple[Bench, date, list[OrderId]],
) -> None:
    at, day, _ = traded
    to(at, day + timedelta(days=1), 9)
    early = at.gateway.bills.trades(day)
    to(at, day + timedelta(days=9), 10)
    empty = [at.gateway.bills.trades(day + timedelta(days=5))]
    at.switch("facts", no_statement_status="404")
    empty.append(at.gateway.bills.trades(day + timedelta(days=5)))
    assert isinstance(early, Refused)
    assert early.code == NOT_YET
    assert [one.code for one in empty if isinstance(one, Refused)] == [NO_TRADE, NO_TRADE]


def test_a_bill_that_is_not_what_wechat_signed_is_unknown(
    traded: tuple[Bench, date, list[OrderId]], monkeypatch: pytest.MonkeyPatch
) -> None:
    at, day, _ = traded
    to(at, day + timedelta(days=2), 10)
    falsified = gzip.compress("交易时间\r\n".encode())
    fetch = at.wechat.bills.fetch

    def other(token: str) -> object:
        file = fetch(token)
        return None if file is None else type(file)(falsified, file.hash_value, file.until)

    monkeypatch.setattr(at.wechat.bills, "fetch", other)
    answer = at.gateway.bills.trades(day)
    assert isinstance(answer, Unknown)
    assert "hash" in answer.why


def test_a_bill_that_lies_elsewhere_is_not_fetched(traded: tuple[Bench, date, list[OrderId]]) -> None:
    at, _, _ = traded
    channel = at.gateway.bills.channel
    assert channel.fetch("bill", "https://elsewhere.example/v3/billdownload/file?token=1") == Unknown(
        "bill: the file lies at elsewhere.example"
    )
    late = channel.fetch("bill", f"{at.config.wechat.base_url}/v3/billdownload/file?token=old")
    assert isinstance(late, Refused)


async def test_the_desk_keeps_a_refunds_notice_and_applies_it_to_no_payment(at: Bench, tmp_path: Path) -> None:
    order = await asyncio.to_thread(at.paid_order)
    name = f"R{order}A"
    await asyncio.to_thread(refunded, at, order, name, 200)
    platform, found = at.wechat.platform, at.wechat.refunds.find(name)
    assert found is not None
    assert at.wechat.refunds.end(found, "SUCCESS")
    resource = sealed(platform.apiv3_key, refund_notice(found), "refund")
    message = {"id": "n-r", "event_type": "REFUND.SUCCESS", "resource_type": "encrypt-resource", "resource": resource}
    body = json.dumps(message).encode()
    headers = signed_headers(platform.key, platform.key_id, body, at.wechat.clock.signing_s())
    async with open_database(tmp_path) as db, open_till(at.config, db) as till:
        assert (await till.cashier.notice(headers, body)).status == 204
        [kept] = await till.rows(notice)
    assert (kept.event_type, kept.verdict, kept.out_trade_no) == ("REFUND.SUCCESS", "unknown_refund", order)
