"""A host's people announce a visitor on a phone, in real Chromium, in both languages, by the keyboard of plates."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.phones import phone_pages, sign_in

PATH = "/shop/visitors?staff"
WAIT_MS = 30_000


@pytest.fixture(scope="module", autouse=True)
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the pages, before a browser keeps a loop running in this thread."""
    with phone_pages(tmp_path_factory.mktemp("hosts")) as base:
        yield base


@pytest.mark.parametrize(
    ("language", "button", "done"),
    [("zh-CN", "预约", "访客预约成功。"), ("en-GB", "Announce", "The visitor is announced.")],
)
def test_a_visitor_is_announced_by_the_keyboard_of_plates(
    chromium: Browser, url: str, language: str, button: str, done: str
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale=language, has_touch=True)
    context.set_default_timeout(WAIT_MS)
    sign_in(context, PATH, url)
    page = context.new_page()
    page.goto(url + PATH)
    for sign in "京A12345":
        page.locator("#keys button", has_text=sign).first.click()
    expect(page.locator("#plate")).to_have_value("京A12345")
    page.select_option("#pays", "money:3000")
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status")).to_have_text(done, timeout=WAIT_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
