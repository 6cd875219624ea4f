"""Every way to pay: by QR code, on a page inside WeChat, in a browser, and by a payer's code at a scanner."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

import pytest
import requests
from wechatpayv3 import core  # type: ignore[import-untyped]

from billing.pay.codes import Said, Step, take
from billing.pay.gateway import Closed, H5Url, Notice, NotVerified, Refused, Reversed, Sheet, Unknown
from billing.settle import Transaction
from scada.model.money import Fen
from scada.model.names import OrderId
from tests.support.wechat import Bench, number, soon

T = TypeVar("T")
DESCRIPTION = "停车费 🚗"


def browser() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


class Quick:
    """Hands that wait for nothing; their clock runs by what they would have waited."""

    def __init__(self) -> None:
        self._now_s = 0.0

    async def call(self, call: Callable[[], T]) -> T:
        return await asyncio.to_thread(call)

    async def sleep(self, seconds: float) -> None:
        self._now_s += seconds

    def seconds(self) -> float:
        return self._now_s


def state(bench: Bench, order: OrderId) -> str:
    found = bench.gateway.query(order)
    assert isinstance(found, Transaction), found
    return found.trade_state


def test_a_page_inside_wechat_pays_only_with_the_merchants_own_signature(at: Bench) -> None:
    order = number()
    sheet = at.gateway.orders.jsapi(order, DESCRIPTION, Fen(700), soon(), "o-driver")
    assert isinstance(sheet, Sheet)
    assert set(sheet.values) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    forged = {**sheet.values, "nonceStr": "another"}
    assert at.phone.post("/phone/sheet", **forged, openid="o-driver") == {"result": "fail"}
    assert at.phone.post("/phone/sheet", **sheet.values, openid="o-driver", choice="cancel") == {"result": "cancel"}
    assert at.phone.post("/phone/sheet", **sheet.values, openid="o-somebody") == {"result": "fail"}
    assert state(at, order) == "NOTPAY"
    assert at.phone.post("/phone/sheet", **sheet.values, openid="o-driver") == {"result": "ok"}
    notice = at.next_notice()
    assert isinstance(notice, Notice)
    assert isinstance(notice.about, Transaction)
    assert (notice.about.out_trade_no, notice.about.amount_fen) == (order, 700)


def test_a_sheets_secrets_stay_out_of_its_text(at: Bench) -> None:
    sheet = at.gateway.orders.jsapi(number(), DESCRIPTION, Fen(700), soon(), "o-driver")
    assert isinstance(sheet, Sheet)
    assert sheet.values["paySign"] not in repr(sheet)


def test_a_browser_pays_from_the_merchants_page_alone(at: Bench) -> None:
    order = number()
    made = at.gateway.orders.h5(order, DESCRIPTION, Fen(900), soon(), "203.0.113.7")
    assert isinstance(made, H5Url)
    with browser() as session:
        assert session.get(made.text, timeout=5).status_code == 403
        shown = session.get(made.text, headers={"Referer": "https://parking.example/pay"}, timeout=5)
    assert "¥9.00" in shown.text


def test_a_payers_code_is_taken_at_once(at: Bench) -> None:
    code = at.phone.post("/phone/code", openid="o-quick")["auth_code"]
    order = number()
    paid = at.gateway.orders.code_pay(order, DESCRIPTION, Fen(300), code, "out1")
    assert isinstance(paid, Transaction)
    assert (paid.trade_state, paid.amount_fen) == ("SUCCESS", 300)
    again = at.gateway.orders.code_pay(number(), DESCRIPTION, Fen(300), code, "out1")
    assert isinstance(again, Refused)


def test_a_code_that_is_none_never_leaves_the_house(at: Bench) -> None:
    answer = at.gateway.orders.code_pay(number(), DESCRIPTION, Fen(300), "6901234567892", "out1")
    assert answer == Refused("AUTH_CODE_INVALID", "not a payer's code: 18 digits from 10 to 15 on")


@pytest.mark.parametrize("status", ["200", "202"])
def test_a_payer_who_is_asked_for_a_password_is_waited_for_and_may_be_undone(at: Bench, status: str) -> None:
    at.switch("facts", userpaying_status=status)
    at.switch("payers", openid="o-slow", asks_password=True)
    orders = [number(), number()]
    for order in orders:
        code = at.phone.post("/phone/code", openid="o-slow")["auth_code"]
        asked = at.gateway.orders.code_pay(order, DESCRIPTION, Fen(300), code, "out1")
        assert isinstance(asked, Transaction if status == "200" else Unknown)
        assert state(at, order) == "USERPAYING"
    at.phone.post("/phone/password", out_trade_no=orders[0])
    assert state(at, orders[0]) == "SUCCESS"
    for order in orders:
        assert at.gateway.orders.reverse(order) == Reversed()
        assert at.gateway.orders.reverse(order) == Reversed()
        assert state(at, order) == "REVOKED"
    given_back = [refund.amount for refund in at.wechat.refunds.all() if refund.order.number in orders]
    assert given_back == [300]


async def heard(_said: Said, _step: Step) -> None:
    """Write nothing down."""


async def test_a_payer_who_gives_up_leaves_no_order_open(at: Bench) -> None:
    await asyncio.to_thread(at.switch, "payers", openid="o-slow", asks_password=True)
    code = (await asyncio.to_thread(at.phone.post, "/phone/code", openid="o-slow"))["auth_code"]
    order, orders = number(), at.gateway.orders
    await asyncio.to_thread(at.phone.plan_answers, "drop_after", "/reverse")
    said = await asyncio.to_thread(orders.code_pay, order, "停车费", Fen(300), code, "out1")
    paid = await take(order, said, orders, Quick(), heard)
    assert paid is None
    assert await asyncio.to_thread(state, at, order) == "REVOKED"


def test_a_payer_without_money_has_not_paid(at: Bench) -> None:
    at.switch("payers", openid="o-poor", balance_fen=100)
    code = at.phone.post("/phone/code", openid="o-poor")["auth_code"]
    answer = at.gateway.orders.code_pay(number(), DESCRIPTION, Fen(300), code, "out1")
    assert isinstance(answer, Refused)
    assert answer.code == "NOT_ENOUGH"


def test_an_order_by_qr_code_cannot_be_reversed(at: Bench) -> None:
    answer = at.gateway.orders.reverse(at.paid_order())
    assert isinstance(answer, Refused)
    assert answer.code == "TRADE_ERROR"


def test_an_answer_about_another_order_proves_nothing(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    other = at.paid_order()
    monkeypatch.setattr(at.wechat.orders, "find", lambda _number: at.wechat.orders._orders[other])
    assert isinstance(at.gateway.query(number()), Unknown)


def test_many_calls_at_once_share_a_few_connections_and_never_one_answer(at: Bench) -> None:
    pool = core.requests.get_adapter(at.config.wechat.base_url).poolmanager
    connections = pool.connection_from_url(at.config.wechat.base_url)
    orders = [at.ordered()[0] for _ in range(8)]
    before = connections.num_connections
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(at.gateway.query, orders * 5))
    assert [one.out_trade_no for one in found if isinstance(one, Transaction)] == orders * 5
    assert connections.num_connections - before <= 4


def test_an_order_can_be_paid_until_its_time_and_not_after(at: Bench) -> None:
    order, code = at.ordered()
    at.switch("clock", ahead_s=timedelta(minutes=6).total_seconds())
    assert at.phone.pay(code) == "expired"
    assert state(at, order) == "NOTPAY"
    assert at.gateway.close(order) == Closed()


# --- notices: the schedule, and what goes wrong on the way ---


def test_a_notice_that_is_not_taken_comes_again_on_wechats_schedule(at: Bench) -> None:
    _, code = at.ordered()
    at.switch("clock", skew_s=-3600)
    assert at.phone.pay(code) == "ok"
    for wait_s in (15, 15, 30, 180, 600):
        assert isinstance(at.next_notice(), NotVerified)
        at.wait_until_scheduled()
        at.switch("clock", ahead_s=wait_s - 1)
        assert at.told == []
        at.switch("clock", ahead_s=2)
    assert isinstance(at.next_notice(), NotVerified)
    at.wait_until_scheduled()
    at.switch("clock", skew_s=0)
    at.switch("clock", ahead_s=1201)
    assert isinstance(at.next_notice(), Notice)


@pytest.mark.parametrize("manner", ["bad_signature", "signtest", "wrong_serial", "altered", "replay"])
def test_a_falsified_notice_is_not_believed_and_the_genuine_one_follows(at: Bench, manner: str) -> None:
    at.phone.plan_notices(manner)
    order = at.paid_order()
    assert isinstance(at.next_notice(), NotVerified)
    at.wait_until_scheduled()
    at.switch("clock", ahead_s=16)
    notice = at.next_notice()
    assert isinstance(notice, Notice)
    assert isinstance(notice.about, Transaction)
    assert notice.about.out_trade_no == order


def test_the_same_notice_twice_has_the_same_id(at: Bench) -> None:
    at.phone.plan_notices("duplicate")
    at.paid_order()
    first, second = at.next_notice(), at.next_notice()
    assert isinstance(first, Notice)
    assert isinstance(second, Notice)
    assert first.id == second.id


def test_notices_may_come_in_another_order(at: Bench) -> None:
    at.phone.plan_notices("swapped")
    earlier, later = at.paid_order(), at.paid_order()
    numbers = []
    for _ in range(2):
        notice = at.next_notice()
        assert isinstance(notice, Notice)
        assert isinstance(notice.about, Transaction)
        numbers.append(notice.about.out_trade_no)
        at.switch("clock", ahead_s=2)
    assert numbers == [later, earlier]
