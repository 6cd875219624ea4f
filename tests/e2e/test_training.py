"""A training as it really runs: a lesson comes about at a lane, is solved on the pages of every day, and is judged."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.axe import axe_finds
from tests.support.browser import open_page, started_chromium
from tests.support.training import Trainee, Training, solve, training

LESSON_MS = 180_000


@pytest.fixture(scope="module")
def there() -> Iterator[Training]:
    """A training below a short path: Unix sockets have no room for more."""
    with tempfile.TemporaryDirectory(prefix="dzt-") as folder, training(Path(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(there: Training) -> Iterator[Browser]:
    """Chromium, started after the site: its driver keeps a loop running in this thread."""
    with sync_playwright() as playwright:
        browser = started_chromium(playwright)
        yield browser
        browser.close()


def signed_in(page: Page, there: Training, name: str) -> None:
    page.goto(f"{there.url}/sign-in")
    expect(page.locator("#training-band")).to_be_visible()
    page.fill("[name=name]", name)
    page.fill("[name=password]", there.passwords[name])
    page.click("button.primary")
    expect(page.locator("#link")).to_have_text("实时")


@pytest.mark.timeout(900)
def test_an_ambulance_that_is_let_in_at_once_is_worth_a_right_deed(there: Training) -> None:
    trainee = Trainee(there.url, "zhang", there.passwords["zhang"])
    try:
        mark = solve(trainee, "ambulance")
    finally:
        trainee.close()
    assert (mark["lesson"], mark["verdict"], mark["trainee"]) == ("ambulance", "right", "zhang")
    assert mark["answered_s"] is not None
    assert mark["ended_s"] is not None


@pytest.mark.timeout(900)
def test_a_lesson_is_chosen_heard_solved_at_the_desk_and_judged(chromium: Browser, there: Training) -> None:
    with open_page(chromium, "zh-CN") as page:
        signed_in(page, there, "zhang")
        page.click("nav >> text=培训")
        expect(page.locator("[data-lesson='unread-plate']")).to_be_enabled(timeout=LESSON_MS)
        page.click("[data-lesson='unread-plate']")
        expect(page.locator("[data-heard]")).to_contain_text("我的车牌是", timeout=LESSON_MS)
        plate = page.locator("[data-heard]").inner_text().split("我的车牌是 ")[1][:8].strip("，。；")
        assert axe_finds(page) == []
        page.click("[data-desk]")
        expect(page.locator("#training-heard")).to_contain_text(plate[:7], timeout=LESSON_MS)
        case = page.locator("[data-case^='passage:']").first
        case.locator("[data-deed=take]").click()
        page.click("[data-act=plate]")
        dialog = page.locator("lane-dialog dialog")
        dialog.locator("[name=plate]").fill(plate)
        dialog.locator("[data-command=confirm]").click()
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
        page.goto(f"{there.url}/training?lang=en")
        mark = page.locator("[data-mark='unread-plate']").first
        expect(mark).to_contain_text("Plate corrected", timeout=LESSON_MS)
        expect(mark).to_have_attribute("data-verdict", "right")
        expect(page.locator("#training-band")).to_contain_text("nothing here is real")
        assert axe_finds(page) == []
        page.goto(f"{there.url}/training/record")
        expect(page.locator("main")).to_contain_text("A plate that no camera reads")
