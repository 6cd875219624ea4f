"""The durable job: days made up for, tries that wait longer, an alarm in the evening, and kills at every step."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from billing.accounts.chart import Account
from billing.books import Books
from billing.doors.bills import BillDesk
from billing.reconcile.intake.days import BACK_OFF_S, State
from billing.reconcile.intake.shelf import Shelf
from billing.reconcile.job import BillJob, Reach
from billing.reconcile.reconciler import Reconciler
from billing.reconcile.setup import FOLDER
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.store.schema import bill_day, bill_row, journal, ledger_entry, money_case
from tests.support.bills import Day, new_reconciler

T = TypeVar("T")
REACH = Reach(30, 100)


class Killed(Exception):
    """The server is killed here."""


def job_of(day: Day, reconciler: Reconciler | None = None) -> BillJob:
    config = day.at.config
    shelf = Shelf(config.data / FOLDER)
    zone = config.site.zone_info
    return BillJob(day.till.db, Books.of(config), reconciler or day.reconciler, day.till.clock, zone, shelf, REACH)


async def states(day: Day) -> list[tuple[str, str]]:
    return sorted((row.kind, row.state) for row in await day.till.rows(bill_day))


async def test_every_morning_yesterdays_bills_are_reconciled_without_anybody(at_day: Day) -> None:
    await at_day.car()
    job = job_of(at_day)
    await job.look()
    assert await states(at_day) == [], "the day is not over"
    await at_day.morning(hour=9)
    await job.look()
    assert await states(at_day) == [], "WeChat has not made its bills yet"
    await at_day.morning()
    await job.look()
    assert await states(at_day) == [("funds", "MATCHED"), ("trades", "MATCHED")]


async def test_a_server_that_was_off_makes_up_for_every_day(at_day: Day) -> None:
    await at_day.car()
    await at_day.morning(hour=11, days=4)
    await job_of(at_day).look()
    found = {(row.day, row.kind): row.state for row in await at_day.till.rows(bill_day)}
    days = [at_day.day + timedelta(days=n) for n in range(4)]
    assert {day for day, _ in found} == set(days)
    assert found[days[0], "trades"] == "MATCHED"
    assert all(found[day, kind] == "EMPTY" for day in days[1:] for kind in ("trades", "funds"))


async def test_a_day_that_fails_is_tried_again_later_and_later_and_told_in_the_evening_once(at_day: Day) -> None:
    await at_day.car()
    await at_day.morning()
    job = job_of(at_day)
    await asyncio.to_thread(at_day.at.phone.plan_answers, "system_error", "/v3/bill/", 100)
    for tries in range(1, 4):
        await job.look()
        await job.look()
        (trades, *_) = [row for row in await at_day.till.rows(bill_day) if row.kind == "trades"]
        assert (trades.state, trades.tries) == ("FAILED", tries), "not before its time"
        assert trades.next_at > at_day.till.clock.now() + timedelta(seconds=BACK_OFF_S[tries - 1] - 5)
        await at_day.moved(BACK_OFF_S[tries - 1] + 1)
    assert await at_day.till.journal_of("WeChat's bill is not reconciled") == []
    await at_day.morning(hour=18)
    for _ in range(2):
        await job.look()
    told = await at_day.till.journal_of("WeChat's bill is not reconciled")
    assert sorted(row.body["bill"] for row in told) == ["funds", "trades"]
    await asyncio.to_thread(lambda: at_day.at.switch("clear"))
    await at_day.moved(3601)
    await job.look()
    assert await states(at_day) == [("funds", "MATCHED"), ("trades", "MATCHED")]


async def test_a_day_that_did_not_agree_is_compared_again_the_next_morning(deaf_day: Day) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.pay(order)
    await asyncio.to_thread(deaf_day.at.phone.plan_answers, "system_error", "/out-trade-no/", 1000)
    await deaf_day.morning()
    job = job_of(deaf_day)
    await job.look()
    assert [case.body["list"] for case in await deaf_day.cases()] == ["only_theirs"], "WeChat could not be asked"
    await asyncio.to_thread(lambda: deaf_day.at.switch("clear"))
    await deaf_day.morning(days=2)
    await job.look()
    assert await deaf_day.cases() == []
    await deaf_day.until_paid(order.id)


async def test_killed_anywhere_the_next_run_ends_as_if_nothing_had_been(at_day: Day) -> None:
    for _ in range(2):
        await at_day.car()
    await asyncio.to_thread(lambda: at_day.at.switch("payout", amount=100))
    await at_day.morning()
    steps = 0
    while True:
        steps += 1
        try:
            await job_of(at_day, dying(at_day, steps)).look()
        except Killed:
            continue
        if await states(at_day) == [("funds", "MATCHED"), ("trades", "MATCHED")]:
            break
    assert steps > 8, "it was killed at every transaction and every file"
    entries = [row.ref for row in await at_day.till.rows(ledger_entry) if row.kind in ("channel_fee", "paid_out")]
    assert len(entries) == len(set(entries)) == 3
    assert len(await at_day.till.rows(bill_row)) == 2
    assert await at_day.till.rows(money_case) == []
    (funds,) = [row for row in await at_day.till.rows(bill_day) if row.kind == "funds"]
    assert funds.balance_fen == await at_day.holds(Account.WECHAT)


def dying(day: Day, at: int) -> Reconciler:
    """Give a reconciler whose server is killed at its so many-th step: before a transaction, or after it."""
    left = at

    def step() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise Killed

    class Db:
        async def read(self, work: Callable[[Connection], T]) -> T:
            return await day.till.db.read(work)

        async def write(self, work: Callable[[Connection], T]) -> T:
            step()
            done = await day.till.db.write(work)
            step()
            return done

    class Dying(Shelf):
        def keep(self, *what: object) -> None:
            step()
            super().keep(*what)  # type: ignore[arg-type]
            step()

    config = day.at.config
    shelf = Dying(config.data / FOLDER)
    return Reconciler(Db(), Books.of(config), day.at.gateway, day.till.clock, config.site.zone_info, shelf)  # type: ignore[arg-type]


async def test_a_bill_that_was_lost_from_the_disk_is_fetched_again(at_day: Day) -> None:
    await at_day.car()
    await at_day.morning()
    with pytest.raises(Killed):
        await dying(at_day, 7).trades(at_day.day)
    for path in (at_day.at.config.data / FOLDER).iterdir():
        path.unlink()
    found = await new_reconciler(at_day.at, at_day.till).trades(at_day.day)
    assert found.bill.state is State.MATCHED


async def test_the_control_room_sees_the_days_takes_cases_and_asks_for_a_day_again(deaf_day: Day) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.believe(order)
    await deaf_day.morning()
    job = job_of(deaf_day)
    desk = BillDesk(Books.of(deaf_day.at.config), deaf_day.till.db, deaf_day.till.clock, job).verbs()

    async def asked(verb: str, **args: object) -> object:
        return await desk[verb](Ask("control", verb, args, "ann", "manager", "s1", ""))

    assert await asked("run_reconciliation", day=deaf_day.day.isoformat()) == {"asked": deaf_day.day.isoformat()}
    await job.look()
    shown = await asked("reconciliation")
    assert isinstance(shown, list)
    assert [(one["bill"], one["state"], one["only_ours"]) for one in shown] == [
        ("trades", "EMPTY", 1),
        ("funds", "EMPTY", 0),
    ]
    listed = await asked("cases")
    assert isinstance(listed, list)
    (case,) = listed
    await asked("take_case", case=case["id"])
    await asked("comment_case", case=case["id"], note="asked the bank")
    await asked("close_case", case=case["ref"], outcome="written off")
    found = await asked("case", case=case["id"])
    assert isinstance(found, dict)
    assert (found["owner"], found["closed_by"], found["outcome"]) == ("ann", "ann", "written off")
    assert [one["note"] for one in found["notes"]] == ["taken", "asked the bank", "closed: written off"]
    assert await asked("cases") == []
    for verb, wrong in (("close_case", {"outcome": "again"}), ("take_case", {})):
        with pytest.raises(BridgeRefusal):
            await asked(verb, case=case["id"], **wrong)
    with pytest.raises(BridgeRefusal):
        await asked("run_reconciliation", day="yesterday")
    people = [row.what for row in await deaf_day.till.rows(journal) if row.actor == "ann"]
    assert people == ["reconciliation asked for"]
