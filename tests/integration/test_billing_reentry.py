"""A car that was away for some minutes: its stay goes on with the old one, as far as its tariff says so."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from billing.doors.fee import FeeDesk
from billing.sim.wechat.keys import prepare
from billing.tariff import Tariff
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.lane.words import Ending, Reason
from scada.model.names import StayId
from scada.store.schema import stay
from tests.support.billing import IN1, OUT1, Till, made_config, made_passage, open_till
from tests.support.store import open_database
from tests.support.tariffs import SHANGHAI, simple_tariff

pytestmark = pytest.mark.usefixtures("any_database")

CHARGED = simple_tariff(reentry_mode="REENTRY_GAP_CHARGED", reentry_duration=30)
FREE = simple_tariff(reentry_mode="REENTRY_GAP_FREE", reentry_duration=30)
"""15 minutes free, 5 yuan an hour, 40 yuan a day."""


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    """A till in the middle of a minute: seconds are not charged, but a visit must not cross one minute more."""
    config = await asyncio.to_thread(made_config, tmp_path)
    await asyncio.to_thread(prepare, config)
    async with open_database(tmp_path) as db, open_till(config, db) as opened:
        opened.clock.later_s = (30 - opened.clock.now().second) % 60
        yield opened


def charge_by(till: Till, tariff: Tariff) -> None:
    versions = replace(till.cashier._visits.versions, tariffs=(tariff,))
    till.cashier._visits = replace(till.cashier._visits, versions=versions)


async def visit(
    till: Till, number: int, minutes: int, reason: Reason = Reason.MISREAD, ending: Ending = Ending.EXIT
) -> tuple[StayId, int]:
    """Let the car in for so many minutes and out again; gives what it was told to pay."""
    parked = await till.come_in("京A12345", number)
    till.clock.later_s += minutes * 60
    passage = made_passage(till.clock.now(), OUT1, "京A12345", number)
    told = await till.cashier.quote(OUT1, passage.id, parked)
    await till.cashier.end_stay(OUT1, parked, passage, reason, "lane", ending)
    return parked, int(told.due_fen)


async def told(till: Till, number: int, *visits: tuple[int, int], reason: Reason = Reason.MISREAD) -> list[int]:
    """Let it in so many minutes and away so many, again and again; gives what it was told each time."""
    found = []
    for count, (minutes, away) in enumerate(visits, start=number):
        found.append((await visit(till, count, minutes, reason))[1])
        till.clock.later_s += away * 60
    return found


async def test_it_is_charged_as_if_it_had_not_left_and_has_no_free_time_twice(till: Till) -> None:
    charge_by(till, CHARGED)
    assert await told(till, 1, (50, 10), (10, 10), (45, 0)) == [500, 500, 500]
    rows = sorted(await till.rows(stay), key=lambda row: str(row.entered_at))
    assert [row.fee_fen for row in rows] == [500, 500, 500]
    begun = [row.body.get("goes_on") for row in await till.journal_of("stay begun")]
    assert begun == [None, rows[0].id, rows[1].id]


async def test_the_minutes_away_are_not_charged_where_the_tariff_says_so(till: Till) -> None:
    charge_by(till, FREE)
    assert await told(till, 1, (50, 20), (8, 20), (7, 0)) == [500, 0, 500]


@pytest.mark.parametrize("reason", [Reason.MISREAD, Reason.GOODWILL])
async def test_what_was_charged_counts_whether_it_is_owed_or_was_waived(till: Till, reason: Reason) -> None:
    charge_by(till, CHARGED)
    assert await told(till, 1, (50, 5), (4, 0), reason=reason) == [500, 0]


async def test_its_driver_is_told_why_it_costs_what_it_costs(till: Till) -> None:
    charge_by(till, FREE)
    await visit(till, 1, 50)
    till.clock.later_s += 10 * 60
    parked = await till.come_in("京A12345", 2)
    till.clock.later_s += 20 * 60
    ask = Ask("control", "explain_fee", {"stay": parked}, "wang", "operator", "", "")
    told: Any = await FeeDesk(till.cashier, SHANGHAI).verbs()["explain_fee"](ask)
    assert told["total_fen"] == 500
    assert told["zh"][0].endswith(" 每 1 小时 5.00 元 × 2，计 10.00 元")
    assert told["zh"][1].endswith(" 短时离场，不计费")
    assert told["zh"][2:4] == ["此前停车已计费，-5.00 元", "停车费合计 5.00 元"]
    assert len(told["en"]) == len(told["zh"])
    assert told["next_total_fen"] == 1000
    ended = (await till.rows(stay))[0].id
    with pytest.raises(BridgeRefusal, match="it has ended"):
        await FeeDesk(till.cashier, SHANGHAI).verbs()["explain_fee"](replace(ask, args={"stay": ended}))


async def test_the_day_cap_holds_for_both_together(till: Till) -> None:
    charge_by(till, CHARGED)
    assert await told(till, 1, (7 * 60, 10), (5 * 60, 0)) == [3500, 500]


async def test_a_car_that_stays_away_longer_begins_anew(till: Till) -> None:
    charge_by(till, CHARGED)
    assert await told(till, 1, (50, 31), (15, 0)) == [500, 0]


async def test_without_the_rule_every_entry_begins_anew(till: Till) -> None:
    charge_by(till, simple_tariff())
    assert await told(till, 1, (50, 1), (15, 0)) == [500, 0]


async def test_of_a_car_that_nobody_saw_leaving_nobody_knows_how_long_it_was_away(till: Till) -> None:
    charge_by(till, CHARGED)
    await visit(till, 1, 50, ending=Ending.EXIT_UNSEEN)
    assert (await visit(till, 2, 15))[1] == 0


async def test_the_price_goes_on_under_the_version_of_the_first_entry(till: Till) -> None:
    charge_by(till, CHARGED)
    await visit(till, 1, 50)
    dear = {"interval_duration": 60, "interval_amount": 9900, "interval_rounding": "INTERVAL_ROUND_UP"}
    charge_by(till, simple_tariff(version="simple-2", fixed_interval_rule=[dear], fee_limit=None))
    assert (await visit(till, 2, 30))[1] == 500


async def test_a_stay_that_was_annulled_parts_nothing(till: Till) -> None:
    charge_by(till, CHARGED)
    await visit(till, 1, 50)
    passage = made_passage(till.clock.now(), IN1, "京A12345", 2)
    await till.cashier.begin_stay(IN1, passage, Reason.ADMITTED, "lane")
    await till.cashier.annul_stay(IN1, passage.id)
    till.clock.later_s += 300
    assert (await visit(till, 3, 30))[1] == 500


async def test_free_minutes_that_both_had_together_are_counted_once_against_later_stays(till: Till) -> None:
    once = "FREE_PERIOD_CHARGING_CUMULATIVE_QUOTA_CALCULATION"
    terms = {"reentry_mode": "REENTRY_GAP_CHARGED", "reentry_duration": 30, "free_period_charging_mode": once}
    charge_by(till, simple_tariff(**terms))
    assert await told(till, 1, (4, 2), (4, 60), (5, 60), (1, 0)) == [0, 0, 0, 500]
