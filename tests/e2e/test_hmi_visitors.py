"""The control room's page of visitors in a real browser, by the keyboard alone, in both languages; axe looks at it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import FakePlant, Json, Refusal, control_room
from tests.support.hosts import shown

HOSTS: list[Json] = [{"merchant": name, "hosting": {"open": 20}, "ended_at": None} for name in ("ACME", "东门大厦物业")]


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("visitors")) as made:
        yield made


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    rows = [shown(4)]

    def book(args: Json) -> object:
        if args["plate"] == "京A12345":
            raise Refusal("again", "this plate is booked for this time already")
        rows.append(shown(5, plate=args["plate"], host=args["host"], note=args["note"]))
        return {"booking": "B5", "stays": []}

    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": args["name"], "must_change": False},
        recent_stays=lambda _args: [],
        journal=lambda _args: [],
        bookings=lambda _args: rows,
        merchants=lambda _args: HOSTS,
        book_visitor=book,
        withdraw_booking=lambda _args: {"booking": "B4", "stays": []},
    )
    return plant


@pytest.fixture(params=["en-GB", "zh-CN"])
def page(
    request: pytest.FixtureRequest, chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> Iterator[Page]:
    with open_page(chromium, request.param) as page:
        sign_in(page, plant_and_url[1], "operator", "/visitors")
        yield page


def test_a_visitor_is_announced_and_withdrawn_without_a_mouse(page: Page, plant: FakePlant) -> None:
    page.locator("select[name=host]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("京A12345")
    page.locator("input[name=reason]").focus()
    page.keyboard.type("the host rang")
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_contain_text(re.compile("announced for this time already|已预约"))
    assert page.locator("input[name=reason]").input_value() == "the host rang"
    page.locator("input[name=plate]").fill("沪B77777")
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_have_text(re.compile("The visitor is announced.|访客预约成功。"))
    expect(page.locator("[data-booking=B5] th")).to_have_text("沪B77777")
    told = plant.asked_for("book_visitor")[-1]["args"]
    assert isinstance(told, dict)
    assert (told["host"], told["plate"], told["reason"]) == ("东门大厦物业", "沪B77777", "the host rang")
    page.locator("[data-booking=B4] .deeds a").last.focus()
    page.keyboard.press("Enter")
    page.locator("input[name=reason]").fill("ill")
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_have_text(re.compile("lets nobody in any more|不再|已撤销"))
    assert plant.asked_for("withdraw_booking")[-1]["args"] == {"booking": "B4", "reason": "ill"}


def test_axe_finds_no_serious_fault_by_day_and_by_night(page: Page) -> None:
    for path in ("/visitors", "/visitors?change=B4", "/visitors?withdraw=B4"):
        page.goto(page.url.partition("/visitors")[0] + path)
        expect(page.locator("#link")).to_have_text(re.compile("Live|实时"))
        assert axe_finds(page) == []
    page.click("#theme")
    assert axe_finds(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
