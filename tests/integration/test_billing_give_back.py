"""A person gives money back: how much, in whose name, beside whom; and what is done about a refund that went wrong."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.books import Books
from billing.doors.refunds import RefundDesk
from billing.driver.account import payments
from billing.refunds.asked import NotRefunded
from billing.refunds.office import RefundOffice
from billing.refunds.words import RefundReason
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.lane.words import Order, Reason
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.model.rights import VOUCH, may
from scada.store.schema import pay_order, refund, settlement
from tests.support.refunds import Desk, Site, open_desk, site_with_wechat


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_with_wechat(tmp_path_factory.mktemp("site")) as site:
        yield site


@dataclass
class Office:
    """A desk at a site, its refund office, and one payment of a car that has left."""

    desk: Desk
    office: RefundOffice
    order: Order

    async def gives(self, amount: int, reason: RefundReason = RefundReason.OVERCHARGED) -> object:
        """Give so much of the payment back."""
        return await self.office.give_back(self.order.id, Fen(amount), reason, "wang", "", "")

    async def minutes_later(self, minutes: float = 2.0) -> None:
        """Let time pass, at WeChat as well."""
        self.desk.till.clock.later_s += minutes * 60
        self.desk.site.wechat.clock.move(minutes * 60)

    async def held(self, account: Account) -> int:
        """What an account holds."""
        return await self.desk.till.db.read(lambda conn: balance(conn, self.desk.till.config.site_id, account))


@pytest.fixture
async def office(whole_site: Site, tmp_path: Path) -> AsyncIterator[Office]:
    whole_site.set_back()
    async with open_desk(whole_site, tmp_path) as desk:
        parked = await desk.till.come_in()
        order = await desk.at_exit(parked, 1.9)
        assert await desk.pay(order) == "ok"
        await desk.settled(1)
        await desk.leave(parked, Reason.PAID)
        till = desk.till
        made = RefundOffice(till.db, Books.of(till.config), till.cashier.refunder, till.clock)
        yield Office(desk, made, order)


async def test_parts_of_a_payment_go_back_under_numbers_of_their_own_and_never_more_than_came(office: Office) -> None:
    assert office.order.due_fen == 1000
    await office.gives(300)
    await office.desk.until_refunds([(300, "SUCCESS")])
    await office.minutes_later()
    await office.gives(200, RefundReason.GOODWILL)
    await office.desk.until_refunds([(300, "SUCCESS"), (200, "SUCCESS")])
    await office.minutes_later()
    refused = await office.gives(501)
    assert isinstance(refused, NotRefunded)
    assert "500 fen may go back" in refused.why
    numbers = sorted(row.out_refund_no for row in await office.desk.till.rows(refund))
    assert numbers == [f"R{office.order.id}B", f"R{office.order.id}C"]
    assert await office.held(Account.REFUNDED) == 500
    await office.desk.agree()


async def test_two_refunds_of_a_payment_within_a_minute_are_one(office: Office) -> None:
    await office.gives(300)
    again = await office.gives(300)
    assert isinstance(again, NotRefunded)
    assert "within the last minute" in again.why
    await office.desk.until_refunds([(300, "SUCCESS")])
    assert len(office.desk.site.refunds()) == 1


async def test_nothing_of_what_was_paid_more_than_a_year_ago_goes_back(office: Office) -> None:
    long_ago = office.desk.till.clock.now() - timedelta(days=366)
    await office.desk.till.db.write(lambda conn: conn.execute(update(settlement).values(paid_at=long_ago)))
    refused = await office.gives(1)
    assert isinstance(refused, NotRefunded)
    assert "within a year" in refused.why


async def test_nothing_goes_back_while_the_car_is_still_in(office: Office) -> None:
    parked = await office.desk.till.come_in("沪B67890", 3)
    order = await office.desk.at_exit(parked, 0.98, 4)
    assert await office.desk.pay(order) == "ok"
    await office.desk.settled(2)
    refused = await office.office.give_back(order.id, Fen(100), RefundReason.GOODWILL, "wang", "", "")
    assert isinstance(refused, NotRefunded)
    assert "still in" in refused.why


async def test_a_refund_that_wechat_closed_goes_out_anew_under_another_number_once(office: Office) -> None:
    office.desk.site.wechat.refunds.by_itself = "CLOSED"
    await office.gives(400)
    [closed] = await office.desk.until_refunds([(400, "CLOSED")])
    office.desk.site.wechat.refunds.by_itself = "SUCCESS"
    await office.minutes_later()
    await office.office.again(closed.out_refund_no, "wang")
    refused = await office.office.again(closed.out_refund_no, "wang")
    assert isinstance(refused, NotRefunded)
    await office.desk.until_refunds([(400, "CLOSED"), (400, "SUCCESS")])
    assert await office.desk.cases() == {"REFUND_CLOSED": True}
    till, [paid] = office.desk.till, await office.desk.till.rows(pay_order)
    at, site = till.clock.now(), till.config.site_id
    [shown] = await till.db.read(lambda conn: payments(conn, site, paid.payer, at))
    assert shown.refunded_fen == 400
    await office.desk.agree()


async def test_what_wechat_closed_is_still_owed_and_nobody_gives_it_back_a_second_time(office: Office) -> None:
    office.desk.site.wechat.refunds.by_itself = "CLOSED"
    await office.gives(400)
    [closed] = await office.desk.until_refunds([(400, "CLOSED")])
    office.desk.site.wechat.refunds.by_itself = "SUCCESS"
    await office.minutes_later()
    refused = await office.gives(601)
    assert isinstance(refused, NotRefunded)
    assert "600 fen may go back" in refused.why
    await office.gives(600)
    await office.desk.until_refunds([(400, "CLOSED"), (600, "SUCCESS")])
    await office.minutes_later()
    await office.office.again(closed.out_refund_no, "wang")
    await office.desk.until_refunds([(400, "CLOSED"), (600, "SUCCESS"), (400, "SUCCESS")])
    await office.desk.agree()


async def test_a_refund_of_a_dead_card_is_paid_to_our_own_account_when_a_person_says_so(office: Office) -> None:
    office.desk.site.wechat.refunds.by_itself = "ABNORMAL"
    await office.gives(400)
    [row] = await office.desk.until_refunds([(400, "ABNORMAL")])
    office.desk.site.wechat.refunds.by_itself = "SUCCESS"
    await office.office.again(row.out_refund_no, "wang")
    await office.desk.until_refunds([(400, "SUCCESS")])
    assert await office.desk.cases() == {"REFUND_ABNORMAL": True}
    await office.desk.agree()


class Two:
    """Operators, of whom one vouches."""

    async def vouch(self, name: str, password: str, beside: str, right: str) -> Any:  # noqa: ANN401
        """Know Li by his password."""
        assert (name, password, beside, right) == ("li", "secret", "wang", VOUCH)
        return type("Vouched", (), {"name": name})()


async def asked(desk: RefundDesk, verb: str, **args: object) -> Any:  # noqa: ANN401
    """Ask as the control room does."""
    verbs: Mapping[str, Any] = desk.verbs()
    return await verbs[verb](Ask("control", verb, args, "wang", "manager", "", ""))


async def test_above_the_limit_two_people_give_money_back_and_the_page_is_told_what_may_go(office: Office) -> None:
    operators: Any = Two()
    desk = RefundDesk(office.office, operators, Fen(500))
    [row] = await office.desk.till.rows(settlement)
    [shown] = await asked(desk, "payments", stay=row.stay)
    assert (shown["order"], shown["rest_fen"], shown["why_not"]) == (office.order.id, 1000, "")
    wanted: dict[str, object] = {"order": office.order.id, "amount_fen": 501, "reason": "GOODWILL"}
    with pytest.raises(BridgeRefusal, match="two people"):
        await asked(desk, "refund", **wanted)
    with pytest.raises(BridgeRefusal, match="fixed reasons"):
        await asked(desk, "refund", **wanted | {"reason": "SURPLUS"})
    made = await asked(desk, "refund", **wanted, second_name="li", second_password="secret")
    assert (made["by"], made["second"], made["state"]) == ("wang", "li", "WANTED")
    await office.desk.until_refunds([(501, "SUCCESS")])
    [listed] = await asked(desk, "refunds")
    assert (listed["number"], listed["state"]) == (f"R{office.order.id}B", "SUCCESS")
    assert await asked(desk, "refunds", open=True) == []
    [told] = await office.desk.till.journal_of("refund wanted")
    assert (told.body["by"], told.body["second"], told.body["reason"]) == ("wang", "li", "GOODWILL")


async def test_who_may_not_give_an_amount_back_alone_does_not_give_it_back_in_parts_either(office: Office) -> None:
    operators: Any = Two()
    desk = RefundDesk(office.office, operators, Fen(500))
    part: dict[str, object] = {"order": office.order.id, "amount_fen": 300, "reason": "GOODWILL"}
    await asked(desk, "refund", **part)
    await office.desk.until_refunds([(300, "SUCCESS")])
    await office.minutes_later()
    with pytest.raises(BridgeRefusal, match="two people"):
        await asked(desk, "refund", **part)
    assert (await asked(desk, "refund", **part | {"amount_fen": 200}))["second"] == ""


async def test_only_a_payment_that_is_there_goes_back(office: Office) -> None:
    refused = await office.office.give_back(OrderId("DE260303NONE001"), Fen(1), RefundReason.GOODWILL, "wang", "", "")
    assert refused == NotRefunded("no payment of ours has this number")


@pytest.mark.parametrize(
    ("role", "verb", "allowed"),
    [
        ("manager", "refund", True),
        ("operator", "refund", True),
        ("operator", "refund_again", True),
        ("technician", "refund", False),
        ("auditor", "refund", False),
        ("auditor", "refunds", True),
        ("technician", "refunds", False),
    ],
)
def test_who_may_give_money_back(role: str, verb: str, allowed: bool) -> None:
    assert may(role, verb) is allowed
