"""Tariffs written, tried, compared and signed in the control room: an unsigned one charges nobody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from billing.doors.settings.tariffs import TariffOffice
from billing.versions.shelf import read_versions
from scada.config import Config
from scada.engine.doors.peer import BridgeRefusal
from scada.model.names import ZoneName
from scada.store.journal import verify
from tests.support.billing import made_config
from tests.support.settings import WORDS, Office, open_office, with_people
from tests.support.tariffs import SHIPPED

pytestmark = pytest.mark.usefixtures("any_database")

KEY = "draft:summer"


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    return await asyncio.to_thread(made_config, tmp_path)


@pytest.fixture
async def office(tmp_path: Path, config: Config) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as made:
        made.verbs = TariffOffice(config, made.office, made.operators).verbs()
        yield made


async def summer() -> str:
    text = await asyncio.to_thread((SHIPPED / "demo-1.toml").read_text, "utf-8")
    text = text.replace('version = "demo-1"', 'version = "summer"').replace("demo = true", "demo = false")
    return text.replace("interval_amount = 500", "interval_amount = 700").replace("2020-01-01", "2021-01-01")


async def charging(office: Office, config: Config) -> str:
    now = office.office.clock.now()
    return (await read_versions(config, office.db, now)).at(now, ZoneName("site")).version


async def test_a_draft_is_written_changed_signed_by_two_and_charges_from_then_on(
    office: Office, config: Config
) -> None:
    await with_people(office)
    text = await summer()
    made = await office.ask("save_tariff", subject="summer", text=text.replace("700", "7o0"))
    assert made == {"key": KEY, "seen": 1}
    broken = await office.ask("tariff", key=KEY)
    assert [one["line"] for one in broken["mistakes"]] == [27]
    with pytest.raises(BridgeRefusal, match="mistakes: line 27"):
        await office.ask("sign_tariff", key=KEY, digest="x")
    await office.ask("save_tariff", subject="summer", text=text, seen=1)
    shown = await office.ask("tariff", key=KEY)
    assert (shown["mistakes"], shown["charges"], shown["seen"]) == ([], False, 2)
    with pytest.raises(BridgeRefusal, match="changed meanwhile"):
        await office.ask("sign_tariff", key=KEY, digest="x")
    signing = {"key": KEY, "digest": shown["digest"]}
    assert (await office.ask("sign_tariff", **signing))["missing"] == 1
    with pytest.raises(BridgeRefusal, match="signed it already"):
        await office.ask("sign_tariff", **signing)
    assert await charging(office, config) == "demo-1"
    with pytest.raises(BridgeRefusal, match="the second person"):
        await office.ask("sign_tariff", **signing, second_name="li", second_password="a wrong one, surely")
    beside = {"second_name": "li", "second_password": WORDS["li"]}
    assert await office.ask("sign_tariff", **signing, **beside) == {"signed": ["li"], "missing": 0}
    assert await charging(office, config) == "summer"
    with pytest.raises(BridgeRefusal, match="two people have signed it"):
        await office.ask("save_tariff", subject="summer", text=text.replace("700", "800"), seen=2)
    with pytest.raises(BridgeRefusal, match="it is in force"):
        await office.ask("withdraw_tariff", key=KEY)
    await office.ask("save_tariff", subject="autumn", text=text.replace('"summer"', '"autumn"'))
    again = await office.ask("tariff", key="draft:autumn")
    with pytest.raises(BridgeRefusal, match="from the same moment on"):
        await office.ask("sign_tariff", key="draft:autumn", digest=again["digest"])
    await office.ask("withdraw_tariff", key="draft:autumn")
    assert [row["key"] for row in await office.ask("tariffs")] == [KEY, "file:demo-1.toml"]
    assert await office.db.read(verify) is None


async def test_a_draft_for_a_demo_is_not_signed_and_charges_nobody(office: Office, config: Config) -> None:
    text = (await summer()).replace("demo = false", "demo = true")
    await office.ask("save_tariff", subject="summer", text=text)
    shown = await office.ask("tariff", key=KEY)
    with pytest.raises(BridgeRefusal, match="take `demo` out"):
        await office.ask("sign_tariff", key=KEY, digest=shown["digest"])
    assert await charging(office, config) == "demo-1"
    for subject in ("", "a b", "../x", "x" * 41):
        with pytest.raises(BridgeRefusal, match="subject"):
            await office.ask("save_tariff", subject=subject, text=text)


async def test_what_a_stay_costs_is_told_while_a_draft_is_written(office: Office) -> None:
    text = await summer()
    checked = await office.ask("check_tariff", text="name = 1\nversion =")
    assert (checked["tariff"], checked["mistakes"][0]["line"]) == (None, 2)
    times = {"entry": "2026-03-03T10:00", "exit": "2026-03-03T12:01"}
    told = await office.ask("try_tariff", text=text, **times, voucher="money:500")
    assert (told["total_fen"], told["payable_fen"], told["next_total_fen"]) == (2100, 1600, 2800)
    for wrong in ({"exit": "2026-03-03T09:00"}, {"vehicle": "bicycle"}, {"voucher": "x"}, {"entry": "soon"}):
        with pytest.raises(BridgeRefusal):
            await office.ask("try_tariff", text=text, **{**times, **wrong})


async def test_two_versions_are_compared_rule_by_rule_and_by_stays(office: Office) -> None:
    await office.ask("save_tariff", subject="summer", text=await summer())
    found = await office.ask("compare_tariffs", one="file:demo-1.toml", other=KEY)
    assert found["rules"][0] == {"place": "fixed_interval_rule.1.interval_amount", "before": 500, "after": 700}
    assert {row["place"] for row in found["rules"]} > {"version", "effective_from", "demo"}
    costs = {(row["entered_at"], row["minutes"]): (row["one_fen"], row["other_fen"]) for row in found["samples"]}
    assert costs["2021-01-05T10:00:00+08:00", 61] == (1000, 1400)
    assert costs["2021-01-02T10:00:00+08:00", 1440] == (4000, 4000)
    with pytest.raises(BridgeRefusal, match="no such tariff"):
        await office.ask("compare_tariffs", one="file:gone.toml", other=KEY)
