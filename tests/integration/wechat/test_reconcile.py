"""Every day's bill against the ledger, with bills that the simulator makes: what agrees, what does not, what heals."""

import asyncio
from zoneinfo import ZoneInfo

import pytest

from billing.accounts.chart import Account
from billing.books import Books
from billing.cases import close_case, notes_of
from billing.ids import out_trade_no
from billing.reconcile.compare.match import Side
from billing.reconcile.intake.days import State
from scada.model.names import OrderId
from scada.store.schema import settlement
from tests.support.bills import OWNER, Day

pytestmark = pytest.mark.usefixtures("any_database")


async def test_a_day_that_agrees_leaves_its_fees_in_the_ledger_and_no_case(at_day: Day) -> None:
    for _ in range(3):
        await at_day.car()
    await at_day.morning()
    found = await at_day.reconciler.trades(at_day.day)
    assert found.matched is not None
    assert (found.bill.state, found.bill.rows, found.matched.agreed) == (State.MATCHED, 3, 3)
    assert found.matched.differences == ()
    assert await at_day.cases() == []
    fee = await at_day.holds(Account.CHANNEL_FEE)
    assert fee > 0
    assert await at_day.holds(Account.WECHAT) == found.matched.agreed_fen - fee


async def test_a_second_run_changes_nothing(at_day: Day) -> None:
    await at_day.car()
    await at_day.morning()
    await at_day.reconciler.trades(at_day.day)
    before = await at_day.everything()
    await at_day.reconciler.trades(at_day.day)
    await at_day.reconciler.trades(at_day.day, anew=True)
    assert await at_day.everything() == before


async def test_a_payment_that_only_the_bill_knows_of_is_asked_for_and_settled(deaf_day: Day) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.pay(order)
    await deaf_day.morning()
    found = await deaf_day.reconciler.trades(deaf_day.day)
    assert found.matched is not None
    assert (found.matched.agreed, found.matched.differences) == (1, ())
    await deaf_day.until_paid(order.id)
    assert await deaf_day.cases() == []
    assert [row.source for row in await deaf_day.till.rows(settlement)] == ["bill"]


async def test_a_payment_that_wechat_never_took_is_a_case_of_the_accountant(deaf_day: Day) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.believe(order)
    await deaf_day.morning()
    found = await deaf_day.reconciler.trades(deaf_day.day)
    assert found.matched is not None
    assert [one.trade.order for one in found.matched.of(Side.ONLY_OURS)] == [order.id]
    (case,) = await deaf_day.cases()
    assert (case.owner, case.body["list"], case.body["ours_fen"]) == (OWNER, "only_ours", order.due_fen)


async def test_a_sale_under_a_number_like_ours_that_we_never_made_is_a_case_and_never_guessed(at_day: Day) -> None:
    stranger = out_trade_no(at_day.at.config.site_id, "0" * 16, 1, at_day.till.clock.now(), ZoneInfo("Asia/Shanghai"))
    await asyncio.to_thread(at_day.sell, stranger)
    await at_day.car()
    await at_day.morning()
    found = await at_day.reconciler.trades(at_day.day)
    assert found.matched is not None
    assert [one.trade.order for one in found.matched.of(Side.ONLY_THEIRS)] == [stranger]
    assert [case.body["theirs_fen"] for case in await at_day.cases()] == [300]


async def test_another_systems_trades_at_our_merchant_stand_apart(at_day: Day) -> None:
    await asyncio.to_thread(at_day.sell, OrderId("SHOP0001"), 1000)
    await at_day.car()
    await at_day.morning()
    found = await at_day.reconciler.trades(at_day.day)
    assert found.matched is not None
    assert (found.bill.rows, found.matched.agreed, found.matched.differences) == (2, 1, ())
    assert (found.bill.others, found.bill.others_fen) == (1, 994)
    assert await at_day.holds(Account.OTHERS) == -994


@pytest.mark.parametrize("status", ["400", "404"])
async def test_a_day_without_a_bill_is_held_against_our_books_like_any_other(deaf_day: Day, status: str) -> None:
    await asyncio.to_thread(lambda: deaf_day.at.switch("facts", no_statement_status=status))
    _, order = await deaf_day.car(pays=False)
    await deaf_day.morning()
    empty = await deaf_day.reconciler.trades(deaf_day.day)
    assert (empty.bill.state, empty.matched and empty.matched.differences) == (State.EMPTY, ())
    await deaf_day.believe(order)
    again = await deaf_day.reconciler.trades(deaf_day.day)
    assert again.matched is not None
    assert [one.trade.order for one in again.matched.of(Side.ONLY_OURS)] == [order.id]


async def test_a_bill_that_is_not_made_yet_is_no_empty_day(at_day: Day) -> None:
    await at_day.car()
    await at_day.morning(hour=9)
    early = await at_day.reconciler.trades(at_day.day)
    assert (early.bill.state, early.matched) == (State.WANTED, None)
    assert early.bill.next_at > at_day.till.clock.now()
    await at_day.morning()
    assert (await at_day.reconciler.trades(at_day.day)).bill.state is State.MATCHED


@pytest.mark.parametrize("hashed", ["unpacked", "packed"])
async def test_a_file_of_either_hash_is_taken_and_a_broken_one_is_asked_for_again(at_day: Day, hashed: str) -> None:
    await asyncio.to_thread(lambda: at_day.at.switch("facts", bill_hash=hashed))
    await at_day.car()
    await at_day.morning()
    await asyncio.to_thread(at_day.at.phone.plan_answers, "half_body", "/v3/billdownload")
    broken = await at_day.reconciler.trades(at_day.day)
    assert (broken.bill.state, broken.bill.tries, broken.matched) == (State.FAILED, 1, None)
    assert (await at_day.reconciler.trades(at_day.day)).bill.state is State.MATCHED


async def test_a_case_closes_when_it_is_solved_and_opens_again_when_it_is_not(deaf_day: Day) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.morning()
    await deaf_day.reconciler.trades(deaf_day.day)
    await deaf_day.believe(order)
    await deaf_day.reconciler.trades(deaf_day.day)
    (case,) = await deaf_day.cases()
    books, at = Books.of(deaf_day.at.config), deaf_day.till.clock.now()
    await deaf_day.till.db.write(lambda conn: close_case(conn, books, at, case.ref, "ann", "the payer was told"))
    await deaf_day.reconciler.trades(deaf_day.day)
    assert await deaf_day.cases() == [], "what a person has decided stays decided"
    bill = await deaf_day.billed_by_hand([(order.id, order.due_fen + 1)])
    await deaf_day.reconciler.trades(deaf_day.day, bill)
    (again,) = await deaf_day.cases()
    assert (again.ref, again.body["list"]) == (case.ref, "differs")
    await deaf_day.reconciler.trades(deaf_day.day, await deaf_day.billed_by_hand([(order.id, order.due_fen)]))
    assert await deaf_day.cases() == []
    said = await deaf_day.till.db.read(lambda conn: notes_of(conn, books.site, case.ref))
    assert [(one.by, one.note.split(":")[0]) for one in said] == [
        ("ann", "closed"),
        ("billing", "opened again"),
        ("billing", "closed"),
    ]
