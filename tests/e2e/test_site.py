"""The whole site in a real browser: PLCs, cameras, WeChat, drivers, and a person at the screen."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.support.browser import open_page, started_chromium
from tests.support.site import LiveSite

CAR_MS = 120_000
NEW_PASSWORD = "the boom goes up at noon"


@pytest.fixture(scope="module")
def chromium(site: LiveSite) -> Iterator[Browser]:
    """Chromium, started after the site: its driver keeps a loop running in this thread."""
    with sync_playwright() as playwright:
        browser = started_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site() -> Iterator[LiveSite]:
    """A site below a short path: Unix sockets have no room for more."""
    with tempfile.TemporaryDirectory(prefix="dz-") as folder, LiveSite(Path(folder)) as running:
        yield running


def sign_in_for_the_first_time(page: Page, site: LiveSite) -> None:
    page.goto(site.url)
    page.fill("[name=name]", "admin")
    page.fill("[name=password]", site.password)
    page.click("button.primary")
    page.fill("[name=old]", site.password)
    page.fill("[name=new]", NEW_PASSWORD)
    page.fill("[name=again]", NEW_PASSWORD)
    page.click("button.primary")
    expect(page.locator("#link")).to_have_text("Live")


def lane(page: Page, name: str) -> Locator:
    return page.locator(f"[data-lane={name}]")


@pytest.mark.timeout(400)
def test_a_car_comes_pays_and_goes_and_a_person_lets_one_out_by_hand(chromium: Browser, site: LiveSite) -> None:
    with open_page(chromium, "en-GB") as page:
        sign_in_for_the_first_time(page, site)
        site.send(1, "京A12345")
        expect(lane(page, "in1").locator(".car.first")).to_have_count(1, timeout=CAR_MS)
        expect(page.locator("#stays")).to_contain_text("京A12345", timeout=CAR_MS)
        expect(lane(page, "out1").locator(".car.first")).to_have_count(1, timeout=CAR_MS)
        expect(page.locator("#inside")).to_have_text("0", timeout=CAR_MS)

        site.send(2, "沪B77321", dead_phone=True)
        open_button = lane(page, "out1").get_by_role("button", name="Open for this car")
        expect(page.locator("#inside")).to_have_text("1", timeout=CAR_MS)
        expect(lane(page, "out1").locator(".car.first")).to_have_count(1, timeout=CAR_MS)
        owes = lane(page, "out1").locator(".state[data-state=awaiting_payment]")
        expect(owes).to_have_count(1, timeout=CAR_MS)
        expect(open_button).to_be_enabled(timeout=CAR_MS)
        open_button.click()
        page.get_by_role("radio", name=re.compile("quipment")).check()
        page.get_by_label("Note").fill("phone is dead")
        page.get_by_role("button", name="Open the gate").click()
        expect(page.locator("[data-outcome=done]")).to_be_visible(timeout=CAR_MS)
        expect(page.locator("#inside")).to_have_text("0", timeout=CAR_MS)
        expect(page.locator("#journal")).to_contain_text("phone is dead")
    [opening] = [row for row in site.journal("person") if row.what == "open gate"]
    assert opening.actor == "admin"
    assert opening.body == {"reason": "EQUIPMENT", "note": "phone is dead"}
