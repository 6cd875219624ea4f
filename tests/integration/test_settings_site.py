"""Holidays, displays' texts, a site's facts and where cameras look, set in the control room and heard at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import insert

from billing.doors.settings.holidays import HolidayOffice
from billing.versions.shelf import read_versions
from lpr.aiming.desk import AimDesk
from lpr.aiming.run import Trials
from lpr.aiming.task import Task
from lpr.display.office import TextOffice
from lpr.display.texts import load_texts
from lpr.evidence import PictureStore
from scada.config import Config
from scada.engine.doors.peer import BridgeRefusal
from scada.engine.doors.settings.facts import FactDesk
from scada.model.names import PictureId
from scada.settings.cameras import Camera
from scada.store.schema import camera_read, journal
from tests.support.billing import made_config
from tests.support.settings import WORDS, Office, open_office, with_people

BESIDE = {"second_name": "li", "second_password": WORDS["li"]}
AT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    return await asyncio.to_thread(made_config, tmp_path)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as made:
        yield made


async def test_a_years_holidays_are_seeded_changed_and_signed_by_two(office: Office, config: Config) -> None:
    await with_people(office)
    office.verbs = HolidayOffice(config, office.office).verbs()
    seeded = (await office.ask("seed_holidays", year=2026))["days"]
    assert {"date": "2026-10-01", "day": "holiday", "name": "national-day"} in seeded
    with pytest.raises(BridgeRefusal, match="2100"):
        await office.ask("seed_holidays", year=2100)
    days = [*seeded, {"date": "2026-12-24", "day": "holiday", "name": "ours"}]
    with pytest.raises(BridgeRefusal, match="second person"):
        await office.ask("set_holidays", year=2026, days=days)
    await office.ask("set_holidays", year=2026, days=days, **BESIDE)
    shown = await office.ask("holidays", year=2026)
    assert (shown["signed_by"], shown["seen"], len(shown["days"])) == ("li", 1, len(days))
    now = office.office.clock.now()
    table = (await read_versions(config, office.db, now)).table
    assert table.days[datetime(2026, 12, 24, tzinfo=UTC).date()].name == "ours"
    wrong: list[dict[str, str]]
    for wrong, why in (
        ([{"date": "soon", "day": "holiday"}], "no day"),
        ([{"date": "2027-01-01", "day": "holiday"}], "not of 2026"),
        ([{"date": "2026-01-01", "day": "half"}], "holiday or workday"),
        ([{"date": "2026-12-24", "day": "workday"}], "worked anyway"),
        ([days[0], days[0]], "twice"),
        ([], "from 1 to"),
    ):
        with pytest.raises(BridgeRefusal, match=why):
            await office.ask("set_holidays", year=2026, days=wrong, seen=1, **BESIDE)


async def test_a_displays_text_is_tried_set_and_given_back(office: Office) -> None:
    texts = await asyncio.to_thread(load_texts)
    office.verbs = TextOffice(texts, office.office).verbs()
    content = {"zh": ["欢迎 {plate}", "余位 {free}"], "en": ["Hello {plate}"], "zh_voice": "你好"}
    tried = await office.ask("preview_display_text", name="welcome", content=content, lines=2)
    assert [[line["text"] for line in one] for one in tried["pages"]] == [
        ["欢迎 京A12345", "余位 42"],
        ["Hello 京A12345"],
    ]
    assert tried["voice"] == "你好"
    shipped = texts.of("welcome").lines["en"]
    await office.ask("set_display_text", name="welcome", content=content)
    assert texts.of("welcome").lines["en"] == ("Hello {plate}",)
    rows = {row["name"]: row for row in await office.ask("display_texts")}
    assert (rows["welcome"]["en"], rows["welcome"]["base"]["en"]) == (["Hello {plate}"], list(shipped))
    with pytest.raises(BridgeRefusal, match="in braces stand only"):
        await office.ask("set_display_text", name="welcome", content={**content, "en": ["{colour}"]}, seen=1)
    await office.ask("set_display_text", name="welcome", content={}, seen=1)
    assert texts.of("welcome").lines["en"] == shipped
    for name in ("ticket", "no_places", "places_unknown"):
        row = rows[name]
        assert (await office.ask("preview_display_text", name=name, content={"zh": row["zh"]}, lines=4))["pages"]


async def test_a_sites_facts_are_told_to_whoever_connects(office: Office, config: Config) -> None:
    told: dict[str, object] = {"name": config.site.name, "id": "demo"}
    office.verbs = FactDesk(config.site, office.office, told).verbs()
    facts = {"name": "东门停车场", "name_en": "East Gate", "phone": "010-1", "tax_number": "91X"}
    await office.ask("set_site_facts", **facts)
    assert (told["name"], told["id"]) == ("东门停车场", "demo")
    shown = await office.ask("site_facts")
    assert (shown["facts"]["phone"], shown["facts"]["bank"], shown["seen"]) == ("010-1", "", 1)
    for wrong in ({"name": ""}, {"phone": "x" * 33}, {"bank": "a\nb"}):
        with pytest.raises(BridgeRefusal):
            await office.ask("set_site_facts", **{**facts, **wrong}, seen=1)
    row = await office.db.read(lambda conn: conn.execute(journal.select()).one())
    assert {"place": "name", "before": config.site.name, "after": "东门停车场"} in row.body["changes"]


@dataclass
class Cameras:
    """Hears where cameras shall look, and reads the same plate in every picture."""

    aimed: list[Camera] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)

    def aim(self, camera: Camera) -> None:
        self.aimed.append(camera)

    async def run(self, task: Task) -> list[dict[str, Any]]:
        self.tasks.append(task)
        return [{"plates": [{"text": "京A12345", "chosen": True}], "why": ""} for _ in task.pictures]


async def test_a_camera_is_aimed_tried_and_set(office: Office, config: Config, tmp_path: Path) -> None:
    pictures, cameras = PictureStore(tmp_path / "pictures"), Cameras()
    name = config.cameras[0].name
    trials = cast("Trials", cameras)
    office.verbs = AimDesk(config, office.office, office.operators, pictures, cameras, trials).verbs()
    region = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
    with pytest.raises(BridgeRefusal, match="no picture yet"):
        await office.ask("try_aim", camera=name, region=region)
    picture = await asyncio.to_thread(pictures.keep, b"jpeg", AT)
    await office.db.write(lambda conn: conn.execute(insert(camera_read), [read_of(config, name, picture)]))
    [tried] = await office.ask("try_aim", camera=name, region=region)
    assert (tried["picture"], tried["plates"][0]["text"]) == (picture, "京A•••••")
    assert cameras.tasks[0].region == ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9))
    await office.ask("aim_camera", camera=name, region=region)
    assert [(camera.name, len(camera.region)) for camera in cameras.aimed] == [(name, 3)]
    rows = {row["name"]: row for row in await office.ask("camera_aims")}
    assert (rows[name]["region"], rows[name]["seen"], rows[name]["pictures"]) == (region, 1, [picture])
    mistakes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"region": region[:2]}, "from 3 to 12"),
        ({"region": [*region, [1.1, 0]]}, "outside the picture"),
        ({"perspective": region}, "four corners"),
        ({"camera": "nobody"}, "no such camera"),
    )
    for wrong, why in mistakes:
        with pytest.raises(BridgeRefusal, match=why):
            await office.ask("aim_camera", **{"camera": name, **wrong}, seen=1)


def read_of(config: Config, camera: str, picture: PictureId) -> dict[str, object]:
    known = {column.name: column for column in camera_read.columns}
    made = {"site": config.site_id, "camera": camera, "lane": "in1", "passage": "p", "picture": picture, "at": AT}
    empty = {"String": "", "Integer": 0, "Float": 0.0, "Boolean": False}
    rest = {
        name: empty.get(type(column.type).__name__)
        for name, column in known.items()
        if name not in made and not column.nullable and not column.primary_key
    }
    return {**rest, **made}
