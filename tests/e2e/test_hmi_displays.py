"""The displays by level in a real browser, before a plant that says what the test wants."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.test_replay_recording import a_car_leaves
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


@pytest.fixture(scope="module")
def recorded(house: tuple[FakePlant, str]) -> str:
    """A passage in the database that the control room reads."""
    folder = house[0].path.parents[1]
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, a_car_leaves(folder)).result(60).passage


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


def test_a_passage_is_replayed_moment_by_moment_with_the_drawing_moving_along(
    pages: tuple[Page, Page], house: tuple[FakePlant, str], plant: FakePlant, recorded: str
) -> None:
    page, chinese = pages
    show(page, f"{house[1]}/passages/{recorded}")
    expect(page.locator("#replay .entries li")).not_to_have_count(0)
    names, lines = (page.locator(f"#replay .lines {one}").bounding_box() for one in ("ul", "svg"))
    assert names
    assert lines
    assert (lines["y"], lines["height"]) == pytest.approx((names["y"], names["height"]), abs=1), "a line has its name"
    expect(page.locator(".head")).to_contain_text("Not live")
    scrubber = page.locator("input[name=at]")
    scrubber.focus()
    page.keyboard.press("Home")
    expect(page.locator(".mimic .boom.unknown")).to_have_count(1)
    expect(page.locator("[data-now=state]")).to_have_text("unknown")
    page.keyboard.press("]")
    expect(page.locator(".mimic .car.first")).to_have_count(1)
    page.locator("[data-kind=state]", has_text="Car passing").get_by_role("button").click()
    expect(page.locator(".mimic .boom.up")).to_have_count(1)
    expect(page.locator("[data-now=state]")).to_have_text("Car passing")
    plant.tell({"out1.gate.up": False, "out1.gate.down": True})
    scrubber.focus()
    page.keyboard.press("End")
    expect(page.locator(".mimic .boom.down")).to_have_count(1)
    expect(page.locator("[data-now=state]")).to_have_text("Waiting for a car")
    page.click("[data-go=play]")
    expect(page.locator("[data-go=play]")).to_have_attribute("aria-pressed", "true")
    page.click("[data-go=play]")
    assert faults(page) == []
    show(chinese, f"{house[1]}/passages/{recorded}")
    expect(chinese.locator("#replay")).to_contain_text("等待来车")
    assert faults(chinese) == []


def test_who_need_not_see_plates_sees_them_when_he_has_said_what_for(
    pages: tuple[Page, Page], house: tuple[FakePlant, str], plant: FakePlant, recorded: str
) -> None:
    page = pages[0]
    plant.verbs["replay_passage"] = lambda args: {"covered": "purpose" not in args}
    show(page, f"{house[1]}/passages/{recorded}")
    expect(page.locator("[data-kind=read]").first).to_contain_text("plate covered")
    page.fill("[name=purpose]", "complaint of the driver")
    page.get_by_role("button", name="Show plates").click()
    expect(page.locator("[data-kind=read]").first).to_contain_text("京A12345")
    assert plant.asked_for("replay_passage")[-1]["args"] == {"passage": recorded, "purpose": "complaint of the driver"}


def test_a_passage_that_nobody_recorded_is_told_so(
    pages: tuple[Page, Page], house: tuple[FakePlant, str], plant: FakePlant
) -> None:
    show(pages[0], f"{house[1]}/passages/in1-19700101000000-1")
    expect(pages[0].locator("#replay")).to_contain_text("no lane has recorded such a passage")


def test_the_plan_shows_how_full_the_car_park_is_how_far_that_may_be_wrong_and_which_lane_wants_somebody(
    pages: tuple[Page, Page], house: tuple[FakePlant, str], plant: FakePlant, recorded: str
) -> None:
    page, chinese = pages
    show(page, house[1])
    zone, lane = page.locator("[data-zone=lot]"), page.locator("[data-plan-lane=out1]")
    expect(zone).to_contain_text("640 ± 7")
    expect(zone).to_contain_text("353–367")
    expect(page.locator("[data-today=in]")).to_have_text("0")
    expect(lane).to_have_attribute("data-wrong", "")
    for state, mode, kind, word in (
        ("faulted", 1, "fault", "Fault"),
        ("idle", 2, "mode", "HOLD OPEN"),
        ("awaiting_operator", 1, "person", "Help"),
    ):
        plant.tell({"out1.lane.state": state, "out1.mode.now": mode})
        expect(lane).to_have_attribute("data-wrong", kind)
        expect(lane).to_contain_text(word)
    plant.tell({"out1.mode.now": 1, "zone.lot.cars": 640}, COMMUNICATION)
    expect(lane).to_have_attribute("data-wrong", "unknown")
    expect(zone).not_to_contain_text("640")
    assert faults(page) == []
    plant.tell({"out1.mode.now": 1, "zone.lot.cars": 640})
    show(chinese, house[1])
    expect(chinese.locator("[data-zone=lot]")).to_contain_text("空闲")
    page.locator("[data-plan-lane=in1]").click()
    page.wait_for_url("**/lanes/in1")


def test_diagnosis_shows_which_link_which_instrument_and_which_value_is_in_trouble(
    pages: tuple[Page, Page], house: tuple[FakePlant, str], plant: FakePlant
) -> None:
    page, chinese = pages
    show(page, f"{house[1]}/diagnosis")
    expect(page.locator("[data-device=plc1]")).to_contain_text("12.5")
    expect(page.locator("[data-instrument='out1.gate']")).to_have_attribute("data-mark", "")
    expect(page.locator("[data-instrument='cam-in1']")).to_have_attribute("data-mark", "")
    assert faults(page) == []
    plant.tell({"dev.plc1.state": "down", "dev.plc1.errors": 3, "camera.cam_in1.trouble": "camera_moved"})
    plant.tell({"out1.gate.attached": False, "in1.mode.now": 5})
    plant.tell({"in1.loop.safety": False}, COMMUNICATION)
    expect(page.locator("tr.odd[data-device=plc1] .state")).to_have_text("not connected")
    expect(page.locator("tr[data-device=ua1]")).not_to_have_class("odd")
    for instrument, mark in (
        ("in1.loop.safety", "F"), ("in1.loop.approach", "C"), ("out1.gate", "F"), ("cam-in1", "S"), ("cam-out1", ""),
    ):  # fmt: skip
        expect(page.locator(f"[data-instrument='{instrument}']")).to_have_attribute("data-mark", mark)
    expect(page.locator(".points [data-tag='in1.loop.safety']")).to_have_attribute("data-quality", "bad")
    expect(page.locator(".points [data-tag='in1.loop.safety']")).to_have_text("?")
    show(chinese, f"{house[1]}/diagnosis")
    expect(chinese.locator(".instruments")).to_contain_text("闸杆不在位")
    assert faults(chinese) == []
    plant.tell({"dev.plc1.state": "up", "camera.cam_in1.trouble": "", "out1.gate.attached": True, "in1.mode.now": 1})
