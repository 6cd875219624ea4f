"""Two real car parks in one real control room, over mutual TLS, in a real browser."""

import asyncio
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from scada.clock import VirtualClock
from scada.config import Config
from scada.drawing import MOST_DRAWN
from scada.model.names import LaneName, PassageId
from scada.model.tag import Quality, TagName, TagValue
from scada.ports import JournalEntry
from scada.store.db import Database, database_url
from scada.store.historian import build
from scada.store.journal import write_entries
from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import web_process
from tests.support.sites import DRAWING, PASSWORD, TwoSites, far_plant, two_sites

pytestmark = pytest.mark.timeout(600)

AT = datetime.now(UTC) - timedelta(hours=1)
STAYS = TagName("site.stays_open")
PASSAGE, BOX = "out1-1", f"{AT:%Y%m%dT%H%M%S.%f}Z-out1-no_start.jsonl"
BOX_TEXT = '{"black_box":1,"lane":"out1","fault":"no_start"}\n' * 2


@dataclass(frozen=True)
class Running:
    """Both car parks as they run."""

    two: TwoSites
    north: "subprocess.Popen[str]"

    @property
    def wall(self) -> str:
        """Where the control room is."""
        return self.two.wall

    @property
    def far(self) -> str:
        """Where it shows the far one."""
        return self.two.far


async def give_a_passage(config: Config) -> None:
    """Let a passage, its black box and a point of history lie on the far one's disks."""
    lane, passage = LaneName("out1"), PassageId(PASSAGE)
    step: dict[str, object] = {"from": "identifying", "event": {"reading": {"text": "京A12345", "confidence": 0.98}}}
    steps = [JournalEntry("decision", "lane", "matching", lane, passage, step)]
    async with Database(database_url(config)) as db:
        await db.write(lambda conn: write_entries(conn, config.site_id, AT, steps))
    async with build(config, VirtualClock(AT + timedelta(minutes=1))) as historian:
        historian.record([(STAYS, TagValue(7, Quality.GOOD, AT, AT, 0.0))])
    config.blackbox.mkdir(parents=True)
    (config.blackbox / BOX).write_text(BOX_TEXT, encoding="utf-8")


@pytest.fixture(scope="module")
def sites() -> Iterator[Running]:
    """Run both below a short path, for their Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="dz-") as folder:
        two = two_sites(Path(folder))
        asyncio.run(give_a_passage(two.north))
        with (
            far_plant(two.home),
            far_plant(two.north) as north,
            web_process("control", two.home.folder / "config.toml"),
        ):
            yield Running(two, north)


def card(page: Page, name: str) -> Locator:
    return page.locator(f"[data-lot={name}]")


def sign_in_there(page: Page, name: str, password: str = PASSWORD) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("button.primary")


@dataclass(frozen=True)
class Answer:
    """What a page answered, without following where it leads."""

    status: int
    text: str


def got(page: Page, url: str) -> Answer:
    answer = page.request.get(url, max_redirects=0)
    return Answer(answer.status, answer.text())


def test_who_is_signed_in_at_home_is_a_stranger_at_the_far_one_until_its_plant_has_let_him_in(
    sites: Running, chromium: Browser
) -> None:
    with open_page(chromium, "en") as page:
        sign_in(page, sites.wall, "manager", "/sites")
        expect(card(page, "north")).to_have_attribute("data-heard", "live")
        assert got(page, f"{sites.far}/api/v1/alarms").status == 401
        page.goto(f"{sites.far}/sign-in")
        sign_in_there(page, "manager")
        page.wait_for_url(f"{sites.far}/")
        assert got(page, f"{sites.far}/api/v1/alarms").status == 200
        assert got(page, f"{sites.far}/api/v1/today").status == 200
        assert got(page, f"{sites.far}/sites").status == 404
        page.locator(".bar form button").click()
        page.wait_for_url(f"{sites.far}/sign-in")
        assert got(page, f"{sites.far}/api/v1/alarms").status == 401
        assert got(page, f"{sites.wall}/api/v1/sites").status == 200


def test_what_lies_on_the_far_ones_disks_is_read_there_and_sent_over(sites: Running, chromium: Browser) -> None:
    with open_page(chromium, "zh-CN") as page:
        page.goto(f"{sites.far}/sign-in")
        sign_in_there(page, "manager")
        page.wait_for_url(f"{sites.far}/")
        with page.expect_response(f"{sites.far}/plan/background") as drawn:
            page.goto(f"{sites.far}/")
        assert (drawn.value.status, drawn.value.text()) == (200, DRAWING)
        drawing = sites.two.north.drawing
        assert drawing is not None
        drawing.write_bytes(b" " * (MOST_DRAWN + 1))
        assert got(page, f"{sites.far}/plan/background").status == 404
        page.goto(f"{sites.far}/trends?tag={STAYS}")
        expect(page.locator("canvas").first).to_be_visible()
        expect(page.locator(".state[role=status]")).not_to_contain_text("查询")
        expect(page.locator("main")).not_to_contain_text("保存在该车场")
        told = json.loads(got(page, f"{sites.far}/api/v1/trends?tag={STAYS}&pixels=100").text)["series"]
        assert [(one["tag"], one["unit"], 7.0 in one["last"]) for one in told] == [(STAYS, "", True)]
        file = got(page, f"{sites.far}/api/v1/trends.csv?tag={STAYS}").text
        assert file.startswith("\ufefftag,time,value,text,quality")
        assert f"{STAYS},{AT:%Y-%m-%dT%H:%M:%S}" in file
        bad = got(page, f"{sites.far}/api/v1/trends?tag={STAYS}&since=2026-05-02&until=2026-05-01")
        assert bad.status == 400
        box = got(page, f"{sites.far}/api/v1/recordings/{BOX}")
        assert (box.status, box.text) == (200, BOX_TEXT)
        assert got(page, f"{sites.far}/api/v1/recordings/{BOX.replace('out1', 'out2')}").status == 409
        assert got(page, f"{sites.far}/api/v1/passages/nobody/replay").status == 404
        replay = json.loads(got(page, f"{sites.far}/api/v1/passages/{PASSAGE}/replay").text)
        assert (replay["lane"], replay["covered"], replay["boxes"] >= 1) == ("out1", True, True)
        assert [one["confidence"] for one in replay["entries"] if one["kind"] == "read"] == [0.98]
        assert "京A12345" not in str(replay)
        page.goto(f"{sites.far}/passages/{PASSAGE}")
        expect(page.locator("main")).to_contain_text("98")
        assert axe_finds(page) == []


def test_a_wall_shows_both_leads_to_the_far_ones_own_pages_and_says_when_it_is_lost(
    sites: Running, chromium: Browser
) -> None:
    with open_page(chromium, "zh-CN") as page:
        sign_in(page, sites.wall, "manager", "/sites")
        for name in ("home", "north"):
            expect(card(page, name)).to_have_attribute("data-heard", "live")
        expect(card(page, "north").locator(".lanes li")).to_have_count(2)
        expect(card(page, "north")).to_contain_text("今日收款")
        assert axe_finds(page) == []
        page.click("#theme")
        assert axe_finds(page) == []
        page.click("#theme")
        card(page, "north").locator("h3 a").click()
        page.wait_for_url(f"{sites.far}/sign-in")
        expect(page.locator("main")).to_contain_text("北区停车场")
        sign_in_there(page, "administrator")
        expect(page.locator(".wrong")).to_be_visible()
        sign_in_there(page, "operator")
        page.wait_for_url(f"{sites.far}/")
        expect(page.locator("body")).to_have_attribute("data-link", "live")
        expect(page.locator(".away")).to_contain_text("北区停车场")
        assert axe_finds(page) == []
        far = page.context.new_page()
        far.goto(f"{sites.far}/desk")
        expect(far.locator("body")).to_have_attribute("data-link", "live")
        page.goto(f"{sites.wall}/sites?lang=en")
        expect(card(page, "north")).to_have_attribute("data-heard", "live")
        sites.north.kill()
        expect(card(page, "north")).to_have_attribute("data-heard", re.compile("stale|away"))
        expect(card(page, "north").locator(".old")).to_contain_text("What stands here is of")
        expect(card(page, "home")).to_have_attribute("data-heard", "live")
        expect(far.locator("body")).to_have_attribute("data-link", "lost")
        assert axe_finds(page) == []
