"""Two real car parks in one real control room, over mutual TLS, in a real browser."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import web_process
from tests.support.sites import PASSWORD, TwoSites, far_plant, two_sites

pytestmark = pytest.mark.timeout(600)


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


@pytest.fixture(scope="module")
def sites() -> Iterator[Running]:
    """Run both below a short path, for their Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="dz-") as folder:
        two = two_sites(Path(folder))
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
        refused = got(page, f"{sites.far}/api/v1/trends?tag=site.stays_open")
        assert (refused.status, "at_site" in refused.text) == (409, True)
        assert got(page, f"{sites.far}/sites").status == 404
        page.locator(".bar form button").click()
        page.wait_for_url(f"{sites.far}/sign-in")
        assert got(page, f"{sites.far}/api/v1/alarms").status == 401
        assert got(page, f"{sites.wall}/api/v1/sites").status == 200


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
        page.goto(f"{sites.far}/trends")
        expect(page.locator(".away")).to_contain_text("保存在该车场")
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
