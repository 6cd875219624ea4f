"""A driver's phone in a real browser before the whole site: pays ahead, binds the plate, is pushed the fee, leaves."""

import json
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import create_engine

from billing.driver.bindings import Binding, Phones
from billing.driver.tokens import Tokens
from scada.model.plate import Plate
from scada.secretfile import own_key
from scada.store.db import database_url
from tests.support.browser import started_chromium
from tests.support.driver_phone import CAR_MS, bank, got, phone
from tests.support.site import PARKED_S, LiveSite

PLATE = "京A12345"


@pytest.fixture(scope="module")
def site() -> Iterator[LiveSite]:
    with tempfile.TemporaryDirectory(prefix="dz-") as folder, LiveSite(Path(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(site: LiveSite) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = started_chromium(playwright)
        yield browser
        browser.close()


def messages(site: LiveSite, openid: str) -> list[dict[str, Any]]:
    return list(json.loads(got(f"{bank(site)}/phone/messages?openid={openid}"))["messages"])


def type_plate(page: Page, plate: str) -> None:
    for sign in plate:
        page.locator("#keys").get_by_role("button", name=sign, exact=True).click()
    expect(page.locator("#plate")).to_have_value(plate)


def at_boom(site: LiveSite, url: str) -> str:
    """Give the page of the same stay that whoever scans the code at the boom is led to."""
    with ThreadPoolExecutor(1) as thread:
        key = thread.submit(own_key, site.config.data / "keys" / "driver.key").result(10)
    now = datetime.now(UTC)
    stay = Tokens(key, "fee").subject(urlsplit(url).path.rpartition("/")[2], now)
    assert stay is not None
    return f"{site.config.web.public.url}/f/{Tokens(key, 'boom').make(stay, now)}"


def until_inside(page: Page, site: LiveSite) -> None:
    """Ask for the fee until the car has come in."""
    for _ in range(60):
        page.goto(f"{site.config.web.public.url}/")
        type_plate(page, PLATE)
        page.get_by_role("button", name=re.compile("See the fee|查看费用")).click()
        if page.locator("body[data-page=fee]").count():
            return
        page.wait_for_timeout(2500)
    raise AssertionError("the car did not come in")


def reasons(site: LiveSite) -> list[str]:
    """Give why each stay that has ended was let out."""
    return [str(row.body["reason"]) for row in site.journal("event") if row.what == "stay ended"]


@pytest.mark.timeout(500)
def test_a_driver_pays_ahead_binds_the_plate_and_is_pushed_the_fee_next_time(chromium: Browser, site: LiveSite) -> None:
    site.send(1, PLATE, dead_phone=True, dwell_s=PARKED_S)
    with phone(chromium, site, "oDriver", "en-GB") as page:
        until_inside(page, site)
        expect(page.locator(".due b")).to_have_text("¥5.00")
        page.get_by_role("link", name="Pay by WeChat").click()
        expect(page.locator("body[data-page=fee]")).to_be_visible()
        assert "code=" not in page.url
        page.get_by_role("button", name="Pay by WeChat").click()
        expect(page.locator(".words.good")).to_contain_text("Paid. Please leave by")
        page.goto(at_boom(site, page.url))
        page.get_by_role("button", name="Bind this plate to my WeChat").click()
        expect(page.locator(".row b").first).to_have_text(PLATE)
        page.get_by_role("link", name="Receipt").click()
        expect(page.locator(".receipt")).to_contain_text("¥5.00")
        [settled] = [row for row in site.journal("money") if row.what == "settled"]
        assert settled.body["amount_fen"] == 500

        site.call(1)
        for _ in range(240):
            if "PREPAID" in reasons(site):
                break
            page.wait_for_timeout(500)
        assert reasons(site) == ["PREPAID"]

    before = len(messages(site, "oDriver"))
    site.send(2, PLATE, dead_phone=True, dwell_s=1.0)
    with phone(chromium, site, "oDriver", "zh-CN") as page:
        for _ in range(240):
            if found := [one for one in messages(site, "oDriver")[: -before or None] if one["template"] == "SIM_FEE"]:
                break
            page.wait_for_timeout(500)
        assert (found[0]["data"]["plate"], found[0]["data"]["lane"]) == (PLATE, "1号出口")
        page.goto(found[0]["url"])
        expect(page.locator("main")).to_contain_text("您的车辆在1号出口")
        page.get_by_role("link", name="微信支付").click()
        page.get_by_role("button", name="微信支付").click()
        expect(page.locator(".words.good")).to_contain_text("已支付")
        expect(page.locator(".words.good")).to_contain_text("本次停车已结束", timeout=CAR_MS)
    assert [one["template"] for one in messages(site, "oDriver")].count("SIM_PAID") == 1
    ended = reasons(site)
    assert len(ended) == 2
    assert set(ended) <= {"PAID", "PREPAID"}  # a phone may be quicker than the lane's own order
    assert len([row for row in site.journal("money") if row.what == "settled"]) == 2


def bind(site: LiveSite, openid: str, plate: str) -> None:
    """Bind a plate to a phone, as if it had scanned the code at a boom."""

    def work() -> None:
        engine = create_engine(database_url(site.config))
        with engine.begin() as conn:
            bound = Phones(site.config.site_id, conn).bind(datetime.now(UTC), openid, Plate(plate), at_boom=True)
        engine.dispose()
        assert isinstance(bound, Binding)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result(20)


@pytest.mark.timeout(240)
def test_a_driver_buys_a_month_card_inside_wechat_and_renews_it(chromium: Browser, site: LiveSite) -> None:
    bind(site, "oCard", "京C33333")
    with phone(chromium, site, "oCard", "zh-CN") as page:
        page.goto(f"{site.config.web.public.url}/me/cards")
        page.locator("a.button.primary").click()
        page.get_by_role("button", name="购买").click()
        expect(page.locator("body[data-page=card]")).to_have_attribute("data-state", "due")
        page.get_by_role("button", name="微信支付").click()
        expect(page.locator(".words.good")).to_contain_text("已支付，月卡有效期至")
        page.goto(f"{site.config.web.public.url}/me/cards?lang=en")
        expect(page.locator("main")).to_contain_text("Good until")
        page.get_by_role("button", name="Renew: ¥300.00").click()
        page.get_by_role("button", name="Pay by WeChat").click()
        expect(page.locator(".words.good")).to_contain_text("Paid. The card is good until")
        page.goto(f"{site.config.web.public.url}/me?lang=en")
        expect(page.locator("main")).to_contain_text("¥300.00 Month card")
        page.get_by_role("link", name="Call for help").click()
        page.get_by_role("button", name="Call the control room").click()
        expect(page.locator(".words")).to_contain_text("None of your cars is in the car park now")
    paid = [row.body["price_fen"] for row in site.journal("money") if row.what == "card paid"]
    assert paid == [30_000, 30_000]
