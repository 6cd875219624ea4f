"""Drivers' phones in a real browser before the whole site, whose clock runs fast: nobody of them meets an attendant.

Two pay one stay, and one of them is paid back; one overstays what he paid ahead; a car without a plate comes in by one
phone and leaves by another; one was misread and claims his stay.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from lpr.sim.qr import decode
from tests.support.browser import started_chromium
from tests.support.driver_phone import CAR_MS, bank, got, phone, posted, scanned, screen
from tests.support.site import PARKED_S, LiveSite

SPEED = 10.0
PRICE = 500
OVERSTAY_MS = 300_000
"""The grace and one more step of the price, on the fast clock, and then some."""
NO_PLATE, OVERSTAYS, MISREAD = "粤B10007", "京A12345", "沪B77321"
READ_AS = "沪B77921"
LEFT = {"PAID", "PREPAID"}
"""Who pays while the lane is asking for the price leaves on his credit."""
PAY = re.compile("Pay by WeChat|微信支付")


@pytest.fixture(scope="module")
def site() -> Iterator[LiveSite]:
    with (
        tempfile.TemporaryDirectory(prefix="dz-") as folder,
        LiveSite(Path(folder), speed=SPEED, hour_min=10, t_help_s=600.0) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def chromium(site: LiveSite) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = started_chromium(playwright)
        yield browser
        browser.close()


def until_ended(page: Page, site: LiveSite, plate: str) -> None:
    """Wait until the stay of a plate has ended, and see that nobody let its car out who was not asked for."""
    for _ in range(240):
        rows = [row for row in site.journal("event") if row.what == "stay ended"]
        if found := [row.body["reason"] for row in rows if str(row.body["plate"]).startswith(plate)]:
            assert set(found) <= LEFT
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"the stay of {plate} has not ended")


def money(site: LiveSite, what: str) -> list[int]:
    return [int(str(row.body["amount_fen"])) for row in site.journal("money") if row.what == what]


def known(page: Page) -> None:
    """Be known to WeChat on the page of the fee."""
    if page.get_by_role("link", name=PAY).count():
        page.get_by_role("link", name=PAY).click()
        expect(page.locator("body[data-page=fee]")).to_be_visible()


def paid(page: Page) -> None:
    known(page)
    page.get_by_role("button", name=PAY).click()
    expect(page.locator(".words.good")).to_be_visible(timeout=CAR_MS)


def paid_by_a_clumsy_one(page: Page) -> None:
    """Close WeChat's sheet, change the language, go back, load the page anew, and tap twice."""
    known(page)
    page.evaluate("window.simulatedChoice = 'cancel'")
    page.get_by_role("button", name=PAY).click()
    expect(page.locator("#told")).to_be_hidden()
    expect(page.locator("body[data-state=due]")).to_be_visible()
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("button", name="微信支付")).to_be_visible()
    page.go_back()
    page.reload()
    page.get_by_role("button", name="Pay by WeChat").dblclick()
    expect(page.locator(".words.good")).to_be_visible(timeout=CAR_MS)


def to_the_fee(page: Page) -> None:
    """Go from the page of the boom to that of the fee: it follows the lane by itself until that asks for money."""
    expect(page.locator("body[data-state=paying]")).to_be_visible(timeout=CAR_MS)
    page.locator("a.button.primary").click()
    expect(page.locator("body[data-page=fee]")).to_be_visible()


def claimed(page: Page) -> None:
    """Claim the stay that is offered; whom the car park does not answer is asked again, and says it again."""
    mine, paying = page.get_by_role("button", name="这是我的车"), page.locator("body[data-state=paying]")
    for _ in range(5):
        mine.click()
        expect(page.locator("body[data-state=candidates]")).to_have_count(0, timeout=CAR_MS)
        expect(paying.or_(mine)).to_be_visible(timeout=CAR_MS)
        if paying.count():
            return


def until_offered(page: Page, code: str) -> None:
    """Look at the page of the boom until it offers a stay; whose plate no camera reads at all types it."""
    for _ in range(20):
        page.goto(code)
        if page.locator(".candidate").count():
            return
        page.wait_for_timeout(500)
    page.locator("#plate").fill(MISREAD)
    page.get_by_role("button", name="继续").first.click()


def fee_of(page: Page, site: LiveSite, plate: str) -> bool:
    """Ask for the fee of a plate; False while its car is not inside."""
    page.goto(f"{site.config.web.public.url}/")
    for sign in plate:
        page.locator("#keys").get_by_role("button", name=sign, exact=True).click()
    page.get_by_role("button", name=re.compile("See the fee|查看费用")).click()
    return page.locator("body[data-page=fee]").count() == 1


def until_inside(page: Page, site: LiveSite, plate: str) -> None:
    for _ in range(15):
        if fee_of(page, site, plate):
            return
        page.wait_for_timeout(4000)
    raise AssertionError(f"{plate} did not come in")


def refunds(page: Page, site: LiveSite) -> list[dict[str, Any]]:
    """Give what WeChat has given back, once it has."""
    for _ in range(240):
        found: list[dict[str, Any]] = json.loads(got(f"{bank(site)}/sim/refunds"))
        if any(one["state"] == "SUCCESS" for one in found):
            return found
        page.wait_for_timeout(250)
    raise AssertionError(f"refunds are {found}")


@pytest.mark.timeout(600)
def test_two_phones_pay_one_stay_ahead_one_goes_back_and_who_overstays_pays_the_increment_only(
    chromium: Browser, site: LiveSite
) -> None:
    posted(site, "/sim/refunds/by_itself", state="SUCCESS")
    site.send(1, OVERSTAYS, dead_phone=True, dwell_s=PARKED_S)
    with phone(chromium, site, "oAhead", "en-GB") as ahead, phone(chromium, site, "oSlow", "zh-CN") as slow:
        until_inside(slow, site, OVERSTAYS)
        slow.get_by_role("button", name="用另一部手机").click()
        code = decode(slow.locator("#code img").screenshot())
        assert code
        assert fee_of(ahead, site, OVERSTAYS)
        paid_by_a_clumsy_one(ahead)
        expect(ahead.locator(".words.good")).to_contain_text("Paid. Please leave by")
        [first] = money(site, "settled")
        assert posted(site, "/phone/pay", code_url=code, openid="oSlow") == {"result": "closed"}
        assert "status" not in posted(site, "/sim/late_payment", code_url=code, openid="oSlow")
        assert [one["amount"] for one in refunds(slow, site)] == [first]
        expect(slow.locator(".words.good")).to_contain_text("已支付")
        slow.get_by_role("link", name="我的车").click()
        slow.get_by_role("link", name="微信").click()
        expect(slow.locator("main")).to_contain_text(f"已退 {first / 100:.2f} 元")

        again = ahead.get_by_role("button", name=PAY)
        expect(again).to_be_visible(timeout=OVERSTAY_MS)
        site.call(1)
        scanned(ahead, site, "out1", "weixin://")
        ahead.reload()
        due = round(float(ahead.locator(".due b").inner_text().removeprefix("¥")) * 100)
        paid(ahead)
        until_ended(ahead, site, OVERSTAYS)
    assert (first % PRICE, due % PRICE, due > 0) == (0, 0, True)


@pytest.mark.timeout(300)
def test_a_car_without_a_plate_comes_in_by_one_phone_and_leaves_by_another_with_its_code(
    chromium: Browser, site: LiveSite
) -> None:
    claims = f"{site.config.web.public.url}/c/"
    site.send(2, NO_PLATE, dead_phone=True, dirty=True)
    with phone(chromium, site, "oFirst", "zh-CN") as one:
        one.goto(scanned(one, site, "in1", claims))
        one.get_by_role("button", name="我的车没有车牌").click()
        digits = one.locator(".due b").inner_text()
        assert re.fullmatch("[0-9]{4}", digits)
        for _ in range(40):
            if digits in str(lines := screen(site, "in1")["lines"]):
                break
            one.wait_for_timeout(100)
        assert digits in lines["zh"]
        assert digits in lines["en"]
    with phone(chromium, site, "oSecond", "en-GB") as two:
        at_boom = scanned(two, site, "out1", claims)
        two.goto(at_boom)
        two.locator("#code").fill(digits)
        two.locator("form", has=two.locator("#code")).get_by_role("button").click()
        two.get_by_role("button", name="This is mine").click()
        dead = scanned(two, site, "out1", "weixin://")
        to_the_fee(two)
        expect(two.get_by_role("button", name="Bind this plate")).to_have_count(0)
        paid(two)
        until_ended(two, site, "无牌")
        assert posted(site, "/phone/pay", code_url=dead, openid="oFirst").get("result") != "ok"
        two.goto(at_boom)
        expect(two.locator("body[data-state=gone]")).to_be_visible()


@pytest.mark.timeout(300)
def test_a_driver_whose_plate_is_misread_at_the_exit_claims_his_stay_by_its_picture(
    chromium: Browser, site: LiveSite
) -> None:
    site.send(3, MISREAD, dead_phone=True, leaves_as=READ_AS)
    with phone(chromium, site, "oMisread", "zh-CN") as three:
        at_boom = scanned(three, site, "out1", f"{site.config.web.public.url}/c/")
        until_offered(three, at_boom)
        expect(three.locator(".candidate")).to_contain_text(MISREAD)
        expect(three.locator(".candidate img")).to_be_visible()
        claimed(three)
        to_the_fee(three)
        paid(three)
        until_ended(three, site, MISREAD)
