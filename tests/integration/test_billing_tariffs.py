"""Which tariff charges: signed by two people, in force at the entry, kept with the stay whatever comes later."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from billing.sim.wechat.keys import prepare
from billing.tariff import Tariff
from billing.versions import signatures
from billing.versions.choice import Versions
from billing.versions.files import read_file
from billing.versions.shelf import read_versions
from scada.clock import SystemClock
from scada.config import Config
from scada.model.names import ZoneName
from scada.ports import BillingError
from scada.store.db import Database
from tests.support.billing import IN1, made_config, made_passage, open_till
from tests.support.store import open_database
from tests.support.tariffs import SHANGHAI, SHIPPED, local, simple_tariff

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
