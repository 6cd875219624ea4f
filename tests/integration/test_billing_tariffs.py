"""Which tariff charges: signed by two people, in force at the entry, kept with the stay whatever comes later."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from billing.sim.wechat.keys import prepare
from billing.tariff import HolidayTable, Special, Tariff
from billing.versions import signatures
from billing.versions.choice import Versions, clashes
from billing.versions.files import read_file
from billing.versions.shelf import read_versions
from scada.clock import SystemClock
from scada.config import Config
from scada.model.lane.words import Ending, Reason
from scada.model.names import ZoneName
from scada.ports import BillingError
from scada.store.db import Database
from tests.support.billing import IN1, OUT1, Till, made_config, made_passage, open_till
from tests.support.store import open_database
from tests.support.tariffs import SHANGHAI, SHIPPED, local, simple_tariff

pytestmark = pytest.mark.usefixtures("any_database")

DEMO = SHIPPED / "demo-1.toml"


def site_with(folder: Path, text: str, *, virtual: bool) -> Config:
    """Make a site whose only tariff file holds this text."""
    config = made_config(folder)
    tariffs = folder / "own"
    tariffs.mkdir()
    (tariffs / "mine.toml").write_text(text, "utf-8")
    tariff, site = config.tariff.model_copy(update={"folder": str(tariffs)}), config.site
    return config.model_copy(update={"tariff": tariff, "site": site.model_copy(update={"virtual": virtual})})


async def signed(db: Database, config: Config, tariff: Tariff, *people: str) -> None:
    for name in people:
        await db.write(partial(sign_as, config, tariff, name))


def sign_as(config: Config, tariff: Tariff, name: str, conn: Connection) -> bool:
    return signatures.sign(conn, config.site_id, SystemClock().now(), tariff, name)


async def test_a_real_site_charges_by_what_two_people_have_signed_and_by_nothing_else(tmp_path: Path) -> None:
    text = await asyncio.to_thread(DEMO.read_text, "utf-8")
    config = await asyncio.to_thread(site_with, tmp_path, text.replace("demo = true", "demo = false"), virtual=False)
    tariff = await asyncio.to_thread(read_file, tmp_path / "own" / "mine.toml")
    async with open_database(tmp_path) as db:
        for people in ((), ("wang",), ("Wang",)):
            await signed(db, config, tariff, *people)
            with pytest.raises(BillingError, match="no tariff is in force"):
                await read_versions(config, db, SystemClock().now())
        await signed(db, config, tariff, "li")
        assert (await read_versions(config, db, SystemClock().now())).tariffs == (tariff,)


async def test_a_demo_tariff_never_charges_at_a_real_site(tmp_path: Path) -> None:
    text = await asyncio.to_thread(DEMO.read_text, "utf-8")
    config = await asyncio.to_thread(site_with, tmp_path, text, virtual=False)
    async with open_database(tmp_path) as db:
        with pytest.raises(BillingError, match="no tariff is in force"):
            await read_versions(config, db, SystemClock().now())


async def test_a_stay_keeps_the_version_of_its_entry(tmp_path: Path) -> None:
    config = await asyncio.to_thread(made_config, tmp_path)
    await asyncio.to_thread(prepare, config)
    async with open_database(tmp_path) as db, open_till(config, db) as till:
        stay = await till.come_in("京A12345")
        dearer = replace(till.cashier._visits.versions, tariffs=(simple_tariff(fixed_interval_rule=[DEAR]),))
        till.cashier._visits = replace(till.cashier._visits, versions=dearer)
        till.clock.later_s += 3600
        passage = made_passage(till.clock.now(), IN1, "京A12345", 2)
        assert (await till.cashier.quote(IN1, passage.id, stay)).total_fen == 500


async def charge_by(till: Till, tariff: Tariff) -> None:
    """Let this tariff alone hold for whoever comes in from now on."""
    versions = replace(till.cashier._visits.versions, tariffs=(tariff,))
    till.cashier._visits = replace(till.cashier._visits, versions=versions)


async def cost_of_visits(till: Till, *visits: tuple[int, int], plate: str = "京A12345") -> list[int]:
    """Let one plate come again and again: so many minutes in, so many minutes away. Gives what each visit cost."""
    found = []
    for number, (minutes, away) in enumerate(visits, start=1):
        stay = await till.come_in(plate, number)
        till.clock.later_s += minutes * 60
        passage = made_passage(till.clock.now(), OUT1, plate, number)
        found.append(int((await till.cashier.quote(OUT1, passage.id, stay)).total_fen))
        await till.cashier.end_stay(OUT1, stay, passage, Reason.FREE, "lane", Ending.EXIT)
        till.clock.later_s += away * 60
    return found


@pytest.mark.parametrize(
    ("charging", "costs"),
    [
        ("ONCE_PER_ENTRY", [0, 0, 0, 0]),
        ("ONCE_PER_24_HOURS", [0, 500, 500, 0]),
        ("ONCE_PER_CALENDAR_DAY", [0, 500, 0, 0]),
        ("CUMULATIVE_QUOTA_CALCULATION", [0, 0, 500, 0]),
    ],
)
async def test_a_plate_that_comes_again_has_its_free_minutes_as_often_as_the_tariff_says(
    tmp_path: Path, charging: str, costs: list[int]
) -> None:
    config = await asyncio.to_thread(made_config, tmp_path)
    await asyncio.to_thread(prepare, config)
    async with open_database(tmp_path) as db, open_till(config, db) as till:
        await charge_by(till, simple_tariff(free_period_charging_mode=f"FREE_PERIOD_CHARGING_{charging}"))
        noon = datetime.now(SHANGHAI).replace(hour=20, minute=0, second=0, microsecond=0) + timedelta(days=1)
        till.clock.later_s = (noon - datetime.now(SHANGHAI)).total_seconds()
        # 20:00 ten minutes, 22:10 five minutes, 02:15 ten minutes, and two days later
        assert await cost_of_visits(till, (10, 120), (5, 240), (10, 2880), (10, 0)) == costs


async def test_who_was_given_nothing_yesterday_has_free_minutes_today(tmp_path: Path) -> None:
    config = await asyncio.to_thread(made_config, tmp_path)
    await asyncio.to_thread(prepare, config)
    async with open_database(tmp_path) as db, open_till(config, db) as till:
        await charge_by(till, simple_tariff(free_period_charging_mode="FREE_PERIOD_CHARGING_ONCE_PER_24_HOURS"))
        assert await cost_of_visits(till, (10, 1200), (10, 600), (10, 0)) == [0, 500, 0]


async def test_a_missing_table_of_next_year_alarms_once_a_day_where_a_tariff_asks_for_it(tmp_path: Path) -> None:
    config = await asyncio.to_thread(made_config, tmp_path)
    await asyncio.to_thread(prepare, config)
    days = {day: Special(True, "national-day") for day in (date(2026, 10, 1), date(2027, 10, 1))}
    async with open_database(tmp_path) as db, open_till(config, db) as till:
        cashier = till.cashier
        november = datetime(2026, 10, 31, 15, 0, tzinfo=UTC)
        till.clock.later_s = (november - SystemClock().now()).total_seconds()

        async def told(since: date | None, tariff: Tariff, table: HolidayTable) -> date | None:
            versions = replace(cashier._visits.versions, tariffs=(tariff,), table=table)
            cashier._visits = replace(cashier._visits, versions=versions)
            return await cashier._tell_missing_holidays(since)

        this_year = HolidayTable.of({day: one for day, one in days.items() if day.year == 2026})
        assert await told(None, BY_DAY, this_year) is None
        till.clock.later_s += 3600
        first = await told(None, BY_DAY, this_year)
        assert first == date(2026, 11, 1)
        assert await told(first, BY_DAY, this_year) == first
        assert await told(None, BY_DAY, HolidayTable.of(days)) is None
        assert await told(None, simple_tariff(), this_year) is None
        [alarm] = await till.journal_of("the holiday table is missing")
        assert (alarm.kind, alarm.body["years"]) == ("alarm", [2027])
        assert alarm.body["remedy"] == "daozha holidays seed 2027"
        till.clock.later_s += 86_400
        assert await told(first, BY_DAY, this_year) == date(2026, 11, 2)
        assert len(await till.journal_of("the holiday table is missing")) == 2


def test_two_versions_from_the_same_moment_on_clash_however_the_moment_is_written() -> None:
    one = simple_tariff(version="one", effective_from="2026-05-01")
    for written in ("2026-05-01T00:00", "2026-04-30T16:00:00+00:00", "20260501"):
        other = simple_tariff(version="other", effective_from=written)
        assert clashes(Versions((one, other), SHANGHAI)) == [(one, other)]
    later = simple_tariff(version="later", effective_from="2026-05-01T00:01")
    assert clashes(Versions((one, later), SHANGHAI)) == []
    roof, lot = (simple_tariff(version=zone, zones=[zone]) for zone in ("roof", "lot"))
    assert clashes(Versions((roof, lot), SHANGHAI)) == []


HALF = {"interval_duration": 60, "interval_amount": 250, "interval_rounding": "INTERVAL_ROUND_UP"}
BY_DAY = simple_tariff(
    fixed_interval_rule=[{**HALF, "day_type": "DAY_TYPE_WEEKDAY"}, {**HALF, "day_type": "DAY_TYPE_HOLIDAY"}],
    day_type_mode="DAY_TYPE_OF_UNIT",
    holiday_mode="HOLIDAY_MODE_LEGAL_MODY",
    holiday_missing="HOLIDAY_MISSING_REFUSE",
    straddle="STRADDLE_EARLIER",
)
DEAR = {"interval_duration": 60, "interval_amount": 9900, "interval_rounding": "INTERVAL_ROUND_UP"}


def test_the_last_version_in_force_holds_and_one_for_a_zone_goes_before_one_for_all() -> None:
    old, new = simple_tariff(version="old"), simple_tariff(version="new", effective_from="2026-05-01")
    roof = simple_tariff(version="roof", zones=["roof"])
    versions = Versions((old, new, roof), SHANGHAI)
    lot = ZoneName("lot")
    assert versions.at(local("2026-04-30 23:59"), lot) == old
    assert versions.at(local("2026-05-01 00:00"), lot) == new
    assert versions.at(local("2026-04-30 23:59"), ZoneName("roof")) == roof
    with pytest.raises(BillingError, match="no tariff is in force"):
        versions.at(local("2026-01-01 00:00") - timedelta(seconds=1), lot)
