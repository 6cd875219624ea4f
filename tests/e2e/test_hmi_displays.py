"""The displays by level in a real browser, before a plant that says what the test wants."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import open_page, sign_in
from tests.support.displays import furnish, lane_equipment, standing_car
from tests.support.hmi import COMMUNICATION, STALE, FakePlant, control_room, idle_lane
from tests.support.peers import PEERS

AXE = PEERS / "node_modules" / "axe-core" / "axe.min.js"
FORCED = 0x00960000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("house")) as (plant, url):
        yield plant, url


@pytest.fixture
def plant(house: tuple[FakePlant, str]) -> FakePlant:
    house[0].begin_again()
    furnish(house[0])
    return house[0]


@pytest.fixture(scope="module")
def pages(chromium: Browser, house: tuple[FakePlant, str]) -> Iterator[tuple[Page, Page]]:
    """Two screens signed in: an English one by night, a Chinese one by day."""
    furnish(house[0])
    with open_page(chromium, "en-GB") as english, open_page(chromium, "zh-CN") as chinese:
        for page in (english, chinese):
            sign_in(page, house[1], "wang")
        english.click("#theme")
        yield english, chinese


def show(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("body")).to_have_attribute("data-link", "live")


def faults(page: Page) -> list[str]:
    """Give what axe finds serious in the page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']} {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


def test_a_lane_is_shown_whole_and_what_may_not_be_believed_is_not_shown_as_live(
    pages: tuple[Page, Page], house: tuple[FakePlant, str], plant: FakePlant
) -> None:
    page, chinese = pages
    show(page, f"{house[1]}/lanes/out1")
    expect(page.locator(".panel.step")).to_contain_text("Waiting for payment")
    expect(page.locator(".in-step")).to_have_text(re.compile(r"for \d\d:\d\d"))
    expect(page.locator(".panel.command")).to_contain_text("carried out")
    expect(page.locator(".panel.counters")).to_contain_text("Rises of the boom")
    expect(page.locator("[data-camera=cam-out1]")).to_contain_text("old")
    expect(page.locator("[data-camera=cam-in1]")).to_have_count(0)
    expect(page.locator(".panel.step a[href^='/passages/']")).to_have_count(1)
    expect(page.get_by_role("button", name="Open for this car")).to_be_enabled()
    assert faults(page) == []

    plant.tell({"out1.loop.safety": True}, FORCED)
    expect(page.locator(".mimic text.forced")).to_have_text("forced")
    plant.tell({"out1.gate.motor_a": 0.4}, STALE)
    expect(page.locator("[data-tag='out1.gate.motor_a']")).to_have_attribute("data-quality", "uncertain")
    expect(page.locator("[data-tag='out1.gate.motor_a']")).to_contain_text(re.compile(r"0\.40 \d\d:\d\d"))

    wires = {**idle_lane("out1"), **lane_equipment("out1"), **standing_car("out1")}
    plant.tell(wires, COMMUNICATION)
    expect(page.locator("[data-tag^='out1.'][data-quality=good]")).to_have_count(0)
    expect(page.locator(".mimic .unknown:text('?')").first).to_be_visible()
    expect(page.get_by_role("button", name="Open for this car")).to_be_disabled()

    plant.tell(wires)
    show(chinese, f"{house[1]}/lanes/out1")
    expect(chinese.locator(".panel.step")).to_contain_text("等待付款")
    expect(chinese.locator("lane-panels")).not_to_contain_text(re.compile("[a-z]{4,} [a-z]{3,}"))
    assert faults(chinese) == []


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([1, 2, 3], "M 0.0 10.0 L 5.0 5.0 L 10.0 0.0"),
        ([1, None, 3, 3], "M 0.0 10.0 h 1.5 M 6.7 0.0 L 10.0 0.0"),
        ([None, None], ""),
        ([4, 4], "M 0.0 5.0 L 10.0 5.0"),
    ],
)
def test_a_small_trend_leaves_gaps_where_nothing_is_known(
    pages: tuple[Page, Page], house: tuple[FakePlant, str], plant: FakePlant, values: list[int | None], path: str
) -> None:
    page = pages[0]
    if "/lanes/" not in page.url:
        show(page, f"{house[1]}/lanes/out1")
    script = page.locator("script[type=module]").first.get_attribute("src")
    assert script is not None
    module = str(Path(script).parent / "spark.js")
    drawn = page.evaluate(
        "async ([module, values]) => (await import(module)).sparkPath(values, 10, 10)", [module, values]
    )
    assert drawn == path
