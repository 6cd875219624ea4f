"""The cameras page in a real browser, before a plant that says what the test wants."""

import base64
from collections.abc import Iterator

import cv2
import pytest
from playwright.sync_api import Browser, Page, expect

from lpr.sim.drawing.scene import draw_scene
from scada.model.plate import Plate
from tests.support.browser import open_page, sign_in
from tests.support.hmi import STALE, FakePlant, Json, control_room

AT = "2026-11-26T02:15:00.123456+00:00"
PICTURE = "20261126T021500123-in1-20261126021459-7-entry-0123456789ab.jpg"
SCENE = base64.b64encode(cv2.imencode(".jpg", draw_scene(Plate("京A12345"), 3))[1].tobytes()).decode()
WELL: Json = {
    "trouble": "", "fps": 25.0, "age_s": 0.0, "reopens": 0, "brightness": 118.0, "dark": 0.01, "glare": 0.02,
    "focus": 1.02, "detail": 0.98, "view": 0.93, "shift": 0.001, "passages": 200, "read_rate": 0.985,
    "under_gate": 0.01, "confidence_p10": 0.87, "confidence_p50": 0.97, "corrected": 0.005,
}  # fmt: skip
LANE: Json = {"loops_hour": 41, "plates_hour": 40, "unread_hour": 0.0244}
REJECTED: Json = {
    "camera": "cam-in1", "lane": "in1", "passage": "in1-20261126021459-7", "at": AT, "way": "entry",
    "why": "a sign is too faint: 0.41 of 0.80", "plate": "京A1234S", "confidence": 0.41, "frames": 9,
    "picture": PICTURE, "corrected": False,
}  # fmt: skip


def tell(plant: FakePlant, camera: str, points: Json, status: int = 0) -> None:
    plant.tell({f"camera.{camera}.{point}": value for point, value in points.items()}, status)


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("house")) as (plant, url):
        last = {"name": "cam-in1", "lane": "in1", "picture": PICTURE, "at": AT}
        plant.verbs.update(
            sign_in=lambda args: {"name": args["name"], "role": "operator", "must_change": False},
            recent_stays=lambda _args: [],
            journal=lambda _args: [],
            cameras=lambda _args: {
                "cameras": [last, {**last, "name": "cam-out1", "picture": None}],
                "rejected": [REJECTED],
            },
            relearn_camera=lambda _args: {"accepted": True},
            picture=lambda _args: {"jpeg_b64": SCENE, "covered": False},
        )
        yield plant, url


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    tell(plant, "cam_in1", WELL)
    plant.tell({f"in1.camera.{point}": value for point, value in LANE.items()})
    return plant


@pytest.fixture(params=["en-GB", "zh-CN"])
def page(
    request: pytest.FixtureRequest, chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> Iterator[Page]:
    with open_page(chromium, request.param) as page:
        sign_in(page, plant_and_url[1], "wang", "/cameras")
        yield page


def test_a_camera_is_one_row_and_what_is_not_known_is_not_shown_as_zero(page: Page, plant: FakePlant) -> None:
    row, other = page.locator("[data-camera=cam-in1]"), page.locator("[data-camera=cam-out1]")
    expect(row).to_have_attribute("data-state", "ok")
    for figure in ("99 %", "0.97", "102 %", "118", "93 %", "25.0/s", "2 %"):
        expect(row).to_contain_text(figure)
    expect(row.locator("img")).to_have_js_property("naturalWidth", 1280)
    expect(other).to_have_attribute("data-state", "unknown")
    expect(other.locator("td").nth(4)).to_have_text("–")
    tell(plant, "cam_in1", {"trouble": "camera_blocked, camera_unkept"})
    tell(plant, "cam_in1", {"focus": 0.4}, STALE)
    expect(row).to_have_attribute("data-state", "trouble")
    expect(row.locator(".state")).not_to_contain_text("camera_")
    expect(row.locator(".doubtful")).to_have_text("(40 %)")


def test_who_may_repair_takes_a_view_that_was_turned_on_purpose_for_right(page: Page, plant: FakePlant) -> None:
    row = page.locator("[data-camera=cam-in1]")
    expect(row.locator("[data-relearn]")).to_have_count(0)
    tell(plant, "cam_in1", {"trouble": "camera_moved"})
    row.locator("[data-relearn]").click()
    expect(row.locator("[role=status]")).to_be_visible()
    asked = [one for one in plant.asked if one["verb"] == "relearn_camera"]
    assert [one["args"] for one in asked] == [{"camera": "cam-in1"}]


def test_a_rejected_read_is_shown_with_its_picture_and_why(page: Page) -> None:
    row = page.locator("[data-passage='in1-20261126021459-7']")
    expect(row).to_contain_text("10:15:00")
    expect(row).to_contain_text("京A1234S")
    expect(row).to_contain_text("0.41")
    expect(row.locator("img")).to_have_js_property("naturalWidth", 1280)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
