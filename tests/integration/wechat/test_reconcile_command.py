"""`daozha reconcile` and `daozha cases` beside a plant that runs: what they answer, and their exit codes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from billing.reconcile.intake.days import State
from scada.__main__ import main
from tests.support.bills import Day

Out = pytest.CaptureFixture[str]


async def said(day: Day, capsys: Out, *words: str) -> tuple[int, str, str]:
    """Give a command's exit code and what it said, on standard output and standard error."""
    capsys.readouterr()
    code = await asyncio.to_thread(main, [*words, "--config", str(day.at.config.folder / "config.toml")])
    out, err = capsys.readouterr()
    return code, out, err


async def as_json(day: Day, capsys: Out, *words: str) -> tuple[int, Any]:
    code, out, _ = await said(day, capsys, *words, "--json")
    return code, json.loads(out)


async def test_a_day_that_agrees_ends_with_0_and_one_that_does_not_with_1(at_day: Day, capsys: Out) -> None:
    await at_day.car()
    date = ("--date", at_day.day.isoformat())
    code, _, err = await said(at_day, capsys, "reconcile", *date)
    assert (code, "has not made the bill yet" in err) == (2, True)
    await at_day.morning()
    code, found = await as_json(at_day, capsys, "reconcile", *date)
    assert (code, found["state"], found["agreed"], found["only_ours"]) == (0, "MATCHED", 1, [])
    assert found["funds"] == {"state": "MATCHED", "balance_fen": 497, "unexplained": 0, "why": ""}
    _, order = await at_day.car(pays=False)
    await at_day.believe(order)
    code, found = await as_json(at_day, capsys, "reconcile", *date)
    assert (code, [one["ours"]["order"] for one in found["only_ours"]]) == (1, [order.id])
    code, out, _ = await said(at_day, capsys, "reconcile", *date)
    assert (code, "1 only in our books" in out, "1 trades agree, 5.00 yuan" in out) == (1, True, True)


async def test_a_bill_that_somebody_brings_is_compared_without_wechat(
    deaf_day: Day, tmp_path: Path, capsys: Out
) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.believe(order)
    await deaf_day.morning()
    bill = await deaf_day.billed_by_hand([(order.id, order.due_fen)])
    file = tmp_path / "bill.csv.gz"
    file.write_bytes(bill.content)
    for path in (deaf_day.at.config.data / "wechat").iterdir():
        path.unlink()
    words = ("reconcile", "--date", deaf_day.day.isoformat())
    assert (await said(deaf_day, capsys, *words))[0] == 2, "without its keys WeChat cannot be asked"
    assert (await as_json(deaf_day, capsys, *words, "--file", str(file)))[0] == 0
    file.write_bytes(bill.content[:-20])
    code, _, err = await said(deaf_day, capsys, *words, "--file", str(file))
    assert (code, "cut off" in err or "broken" in err) == (2, True)
    assert (await said(deaf_day, capsys, *words, "--file", str(tmp_path / "none")))[0] == 2
    other = ("reconcile", "--date", "2026-01-01", "--file", str(file))
    file.write_bytes(bill.content)
    code, _, err = await said(deaf_day, capsys, *other)
    assert (code, "not of 2026-01-01" in err) == (2, True)


async def test_a_person_takes_a_case_says_something_and_closes_it(deaf_day: Day, capsys: Out) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.believe(order)
    await deaf_day.morning()
    found = await deaf_day.reconciler.trades(deaf_day.day)
    assert found.bill.state is State.EMPTY
    code, (case,) = await as_json(deaf_day, capsys, "cases", "list")
    assert (code, case["owner"], case["body"]["order"]) == (0, "ann", order.id)
    assert (await said(deaf_day, capsys, "cases", "take", case["id"], "--by", "bob"))[0] == 0
    assert (await said(deaf_day, capsys, "cases", "comment", case["ref"], "--by", "bob", "--note", "asked"))[0] == 0
    closing = ("cases", "close", case["id"], "--by", "bob", "--outcome", "WeChat's mistake")
    assert [(await said(deaf_day, capsys, *closing))[0] for _ in range(2)] == [0, 1]
    code, shown = await as_json(deaf_day, capsys, "cases", "show", case["id"])
    assert (code, shown["owner"], shown["outcome"]) == (0, "bob", "WeChat's mistake")
    assert [one["note"] for one in shown["notes"]] == ["taken", "asked", "closed: WeChat's mistake"]
    code, out, _ = await said(deaf_day, capsys, "cases", "show", case["id"])
    assert (code, "WeChat's mistake" in out) == (0, True)
    assert (await as_json(deaf_day, capsys, "cases", "list"))[1] == []
    assert len((await as_json(deaf_day, capsys, "cases", "list", "--closed"))[1]) == 1
    assert (await said(deaf_day, capsys, "cases", "show", "nothing"))[0] == 1


async def test_the_report_holds_our_orders_wechats_bills_and_the_bank_side_by_side(at_day: Day, capsys: Out) -> None:
    await at_day.car()
    await asyncio.to_thread(lambda: at_day.at.switch("payout", amount=300))
    await at_day.morning()
    span = ("--from", at_day.day.isoformat(), "--to", at_day.day.isoformat())
    code, found = await as_json(at_day, capsys, "report", "reconciliation", *span)
    assert (code, found["days"][0]["state"], found["days"][0]["agrees"]) == (1, "", False), "there is no bill yet"
    await at_day.reconciler.trades(at_day.day)
    await at_day.reconciler.funds(at_day.day)
    code, found = await as_json(at_day, capsys, "report", "reconciliation", *span)
    (day,) = found["days"]
    assert (code, day["agrees"]) == (0, True)
    assert (day["orders"], day["taken_fen"], day["came_fen"], day["fee_fen"], day["bill_fee_fen"]) == (
        1,
        500,
        500,
        3,
        3,
    )
    assert (day["bank_fen"], day["held_fen"], day["ledger_fen"]) == (300, 197, 197)
    code, out, _ = await said(at_day, capsys, "report", "reconciliation", *span)
    assert (code, "Every day agrees." in out) == (0, True)
    assert (await said(at_day, capsys, "report", "reconciliation", *span, "--format", "csv"))[0] == 0
