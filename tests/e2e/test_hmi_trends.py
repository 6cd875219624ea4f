"""The trends page in a real browser: the past from a real history, the present from a plant that a test tells."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scada.clock import SystemClock
from scada.model.names import SiteId
from scada.model.tag import Quality, TagName, TagValue
from scada.store.historian.embedded import EmbeddedHistorian
from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import COMMUNICATION, FakePlant, Json, control_room, until

MOTOR, SAFETY, STATE = "out1.gate.motor_a", "out1.loop.safety", "out1.lane.state"
FACTS: dict[str, Json] = {
    MOTOR: {"unit": "A", "shape": "number"},
    SAFETY: {"unit": "", "shape": "bool"},
    STATE: {"unit": "", "shape": "text"},
}
BEGAN = datetime.now(UTC) - timedelta(minutes=6)
VIEWS: dict[str, Json] = {}


async def _record(folder: Path) -> None:
    """Four minutes: a motor that swings, with half a minute in which nobody heard it; a loop and a state."""
    async with EmbeddedHistorian(folder / "data" / "history" / "history.db", SiteId("demo"), SystemClock()) as history:
        for second in range(240):
            at = BEGAN + timedelta(seconds=second)
            quality = Quality.FAULT if 90 <= second < 120 else Quality.GOOD
            history.record([(TagName(MOTOR), TagValue(float(second % 20), quality, None, at, 0.0))])
            if second % 10 == 0:
                history.record([(TagName(SAFETY), TagValue(second % 20 == 0, Quality.GOOD, None, at, 0.0))])
            if second % 60 == 0:
                state = ("idle", "opening", "open", "closing")[second // 60]
                history.record([(TagName(STATE), TagValue(state, Quality.GOOD, None, at, 0.0))])


def _keep(args: Json) -> Json:
    VIEWS[str(args["name"])] = {"name": args["name"], "content": args["content"]}
    return {"accepted": True}


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    folder = tmp_path_factory.mktemp("house")
    # in a thread: the browser's driver keeps a loop running in this one
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _record(folder)).result()
    happened = {"n": 7, "at": (BEGAN + timedelta(seconds=100)).isoformat(), "kind": "alarm", "who": "lane"}
    with control_room(folder) as (plant, url):
        plant.verbs.update(
            sign_in=lambda args: {"name": args["name"], "role": "technician", "must_change": False},
            tag_facts=lambda _args: FACTS,
            forced_tags=lambda _args: [],
            trends=lambda _args: {name: facts["unit"] for name, facts in FACTS.items()},
            trend_events=lambda _args: {
                "events": [
                    {**happened, "lane": "out1", "what": "no_start", "text": "the boom does not move"},
                    {**happened, "kind": "command", "lane": "out1", "what": "open done", "who": "plc", "text": ""},
                ],
                "cut": False,
            },
            trend_views=lambda _args: list(VIEWS.values()),
            keep_trend_view=_keep,
            drop_trend_view=lambda args: VIEWS.pop(str(args["name"])) and {"accepted": True},
        )
        plant.tell({MOTOR: 1.0, SAFETY: False, STATE: "idle"})
        yield plant, url


@pytest.fixture(scope="module", params=["en-GB", "zh-CN"])
def page(request: pytest.FixtureRequest, chromium: Browser, plant_and_url: tuple[FakePlant, str]) -> Iterator[Page]:
    VIEWS.clear()
    with open_page(chromium, request.param) as page:
        sign_in(page, plant_and_url[1], "wang")
        yield page


def test_from_a_value_to_its_curve_to_two_cursors_to_a_kept_view_and_out_as_a_file(
    page: Page, plant_and_url: tuple[FakePlant, str]
) -> None:
    plant, url = plant_and_url
    _a_value_is_clicked_and_followed(page, plant, url)
    _others_are_found_and_dropped(page)
    _the_past_is_looked_at_with_its_gap(page)
    _two_cursors_tell_what_was_and_the_difference(page)
    _one_zooms_and_moves_by_mouse_and_by_keys(page)
    _a_view_is_kept_and_opened_again(page, url)
    _it_goes_out_as_a_file_and_as_a_picture(page)
    for theme in ("day", "night"):
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert axe_finds(page) == []
        before = _picture(page)
        page.click("#theme")
        until(partial(_is_another, page, before))


def _picture(page: Page) -> str:
    return str(page.locator(".pane canvas").first.evaluate("(canvas) => canvas.toDataURL()"))


def _is_another(page: Page, before: str) -> bool:
    return _picture(page) != before


def _a_value_is_clicked_and_followed(page: Page, plant: FakePlant, url: str) -> None:
    page.goto(f"{url}/tags?q=motor_a")
    page.click(f"[data-tag='{MOTOR}'] td.value a")
    page.wait_for_url(f"**/trends?tag={MOTOR}")
    now = page.locator(f"trend-board tr[data-tag='{MOTOR}'] [data-at=now]")
    for value in (2.5, 7.25):
        plant.tell({MOTOR: value})
        expect(now).to_have_text(f"{value} A")
    plant.tell({MOTOR: 7.25}, COMMUNICATION)
    expect(now).to_have_attribute("data-doubt", "bad")
    plant.tell({MOTOR: 3.0})
    expect(now).to_have_text("3 A")


def _others_are_found_and_dropped(page: Page) -> None:
    page.fill("[name=q]", "out1 safety")
    page.drag_and_drop(f"[data-add='{SAFETY}']", "trend-board")
    expect(page.locator(".pane")).to_have_count(2)
    page.fill("[name=q]", "out1 lane state")
    page.keyboard.press("Enter")
    expect(page.locator(f".pane:has(tr[data-tag='{SAFETY}']) tr[data-tag='{STATE}']")).to_have_count(1)


def _the_past_is_looked_at_with_its_gap(page: Page) -> None:
    page.goto(f"{page.url}&tag={SAFETY}&tag={STATE}&since={_utc(0)}&until={_utc(240)}")
    expect(page.locator("[data-do=live]")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("trend-events [data-kind=alarm]")).to_contain_text(re.compile("the boom does not move|没有"))
    expect(page.locator("trend-events [data-kind=command]")).to_contain_text(
        re.compile("open · carried out|开闸 · 已执行")
    )
    _point_at(page, 105)
    expect(page.locator(f"trend-board tr[data-tag='{MOTOR}'] [data-at=now]")).to_have_text("–")
    _point_at(page, 75)
    expect(page.locator(f"trend-board tr[data-tag='{STATE}'] [data-at=now]")).to_have_text(
        re.compile("Opening|正在开启|开")
    )


def _two_cursors_tell_what_was_and_the_difference(page: Page) -> None:
    for second in (43, 57):
        x, y = _place_of(page, second)
        page.mouse.click(x, y)
    row = page.locator(f"trend-board tr[data-tag='{MOTOR}']")
    expect(row.locator("[data-at=difference]")).to_have_text(re.compile(r"^\+1\d(\.\d+)? A$"))
    expect(page.locator(".tools .state")).to_contain_text("B − A 1")


def _one_zooms_and_moves_by_mouse_and_by_keys(page: Page) -> None:
    (left, y), (right, _) = _place_of(page, 60), _place_of(page, 120)
    page.mouse.move(left, y)
    page.mouse.down()
    page.mouse.move(right, y, steps=4)
    with page.expect_response(re.compile(r"/api/v1/trends\?")) as asked:
        page.mouse.up()
    assert re.search(r"pixels=\d+", asked.value.url)
    expect(page.locator("[name=span] option:checked")).to_contain_text(re.compile("^(59|60|00:01:0)"))
    with page.expect_response(re.compile(r"/api/v1/trends\?")):
        page.keyboard.press("ArrowLeft")
    with page.expect_response(re.compile(r"/api/v1/trends\?")):
        page.keyboard.press("-")
    page.keyboard.press("Home")
    expect(page.locator("[data-do=live]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    expect(page.locator(".tools .state")).not_to_contain_text("B − A")


def _a_view_is_kept_and_opened_again(page: Page, url: str) -> None:
    page.fill(".kept [name=name]", "Exit 1")
    page.click(".kept button:not([type=button])")
    expect(page.locator("[name=view] option[value='Exit 1']")).to_have_count(1)
    page.goto(f"{url}/trends?view=Exit%201")
    expect(page.locator("trend-board tr[data-tag]")).to_have_count(3)


def _it_goes_out_as_a_file_and_as_a_picture(page: Page) -> None:
    page.goto(f"{page.url}&since={_utc(0)}&until={_utc(240)}")
    expect(page.locator("[data-do=live]")).to_have_attribute("aria-pressed", "false")
    with page.expect_download() as file:
        page.click("[data-do=csv]")
    lines = Path(file.value.path()).read_text("utf-8-sig").splitlines()
    assert lines[0] == "tag,time,value,text,quality"
    assert len([line for line in lines if line.startswith(MOTOR)]) >= 200
    with page.expect_download() as picture:
        page.click("[data-do=png]")
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")


def _utc(second: int) -> str:
    return (BEGAN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _place_of(page: Page, second: int) -> tuple[float, float]:
    """Give the point of the first pane over a second of the four minutes that are shown."""
    box = page.locator(".pane .u-over").first.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * second / 240, box["y"] + box["height"] / 2


def _point_at(page: Page, second: int) -> None:
    x, y = _place_of(page, second)
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
