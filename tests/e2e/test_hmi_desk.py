"""The operator's page in a real browser: cases resolved from the one page, by mouse and by keyboard alone."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import open_page, sign_in
from tests.support.desk import ACTS, AT, CAR_CASE, PAPER, PASSAGE, STAY, DeskPlant, car
from tests.support.hmi import FakePlant, Json, Refusal, control_room
from tests.support.peers import PEERS

AXE = PEERS / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    DeskPlant(plant)
    return plant


def asked(plant: FakePlant, verb: str) -> list[object]:
    return [one["args"] for one in plant.asked_for(verb)]


def opened(page: Page, url: str) -> None:
    sign_in(page, url, "operator", "/desk")
    expect(page.locator("[data-case]")).to_have_count(2)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_case_is_resolved_by_mouse_from_the_one_page(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> None:
    with open_page(chromium, "zh-CN") as page:
        opened(page, plant_and_url[1])
        case = page.locator(f"[data-case='{CAR_CASE}']")
        expect(case).to_contain_text("轮到您")
        case.locator("[data-deed=take]").click()
        expect(case.locator(".owner")).to_have_text("我的")
        car = page.locator("desk-car")
        expect(car).to_contain_text("京A12346")
        expect(car.locator(".pictures img")).to_have_count(3)
        expect(car).to_contain_text("外观相似 93%")
        expect(car.locator(".explained")).to_contain_text("首小时 5 元")
        timeline = car.get_by_role("region", name="付款时间线").locator("tr")
        expect(timeline.first).to_contain_text("订单待付")
        expect(car.locator("[data-fakes]")).to_be_visible()
        expect(page.locator("[data-live-age]")).to_have_text(re.compile("秒前"))
        grey = page.locator("[data-act='end-stay']")
        expect(grey).to_have_attribute("aria-disabled", "true")
        grey.hover()
        expect(page.locator(".deeds-bar .why")).to_contain_text("该车正停在闸前")
        fits(page)
        page.locator("[data-act=open]").click()
        dialog = page.locator("lane-dialog dialog")
        dialog.locator("[value=MISREAD]").check()
        dialog.locator("[data-command=confirm]").click()
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
        dialog.locator("[data-command=close]").click()
        expect(page.locator("[data-case]")).to_have_count(1)
        expect(page.locator("[data-over]")).to_be_visible()
    assert asked(plant, "open_gate") == [{"lane": "out1", "passage": PASSAGE, "reason": "MISREAD", "note": ""}]
    assert asked(plant, "take_desk_case") == [{"case": CAR_CASE}]


@pytest.mark.parametrize(
    ("key", "dialog"), [("i", "desk-dialog"), ("o", "lane-dialog"), ("c", "cash-dialog"), ("h", "mode-dialog")]
)
def test_a_question_that_closes_late_does_not_take_the_next_one_with_it(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant, key: str, dialog: str
) -> None:
    with open_page(chromium, "en-GB") as page:
        opened(page, plant_and_url[1])
        page.keyboard.press("j")
        expect(page.locator("[data-act='plate-history']")).to_have_attribute("aria-disabled", "false")
        page.keyboard.press(key)
        expect(page.locator(f"{dialog} dialog")).to_be_visible()
        page.evaluate(
            """([dialog, key]) => {
              document.querySelector(`${dialog} dialog`).close();
              document.dispatchEvent(new KeyboardEvent('keydown', {key}));
            }""",
            [dialog, key],
        )
        page.wait_for_timeout(300)
        expect(page.locator(f"{dialog} dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(f"{dialog} dialog")).to_have_count(0)


def test_cases_are_resolved_without_the_mouse(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> None:
    with open_page(chromium, "en-GB") as page:
        opened(page, plant_and_url[1])
        keys = page.keyboard
        keys.press("?")
        expect(page.locator("desk-help dialog")).to_be_visible()
        keys.press("Escape")
        keys.press("j")
        expect(page.locator(f"[data-case='{CAR_CASE}']")).to_have_class(re.compile("chosen"))
        keys.press("t")
        expect(page.locator(f"[data-case='{CAR_CASE}'] .owner")).to_have_text("mine")
        expect(page.locator("[data-act='plate-history']")).to_have_attribute("aria-disabled", "false")
        keys.press("i")
        dialog = page.locator("desk-dialog dialog")
        expect(dialog.locator("[name=plate]")).to_have_value("京A12346")
        dialog.locator("[name=purpose]").press_sequentially("he says he was here")
        keys.press("Enter")
        expect(dialog.locator("[data-table=history] tr")).to_have_count(1)
        keys.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.locator("[data-act='send-fee']")).to_have_attribute("aria-disabled", "false")
        keys.press("f")
        expect(dialog.locator("[data-command=confirm]")).to_be_visible()
        dialog.locator("[data-command=confirm]").press("Enter")
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
        keys.press("Escape")
        expect(dialog).to_be_hidden()
        keys.press("ArrowDown")
        expect(page.locator(f"[data-case='{PAPER}']")).to_have_class(re.compile("chosen"))
        keys.press("t")
        expect(page.locator(f"[data-case='{PAPER}'] .owner")).to_have_text("mine")
        keys.press("v")
        dialog.locator("[name=outcome]").first.press("Space")
        dialog.locator("[data-command=confirm]").press("Enter")
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
        keys.press("Escape")
        expect(page.locator("[data-case]")).to_have_count(1)
    assert asked(plant, "plate_history") == [{"case": CAR_CASE, "plate": "京A12346", "purpose": "he says he was here"}]
    assert asked(plant, "send_fee") == [{"lane": "out1", "passage": PASSAGE}]
    assert asked(plant, "settle_desk_case") == [{"case": PAPER, "outcome": "the debt stands", "note": ""}]


def test_a_car_that_came_in_by_an_uncertain_entry_is_told_by_keys_and_its_stay_picked(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> None:
    entry = {"id": 7, "plate": "京A12345", "at": AT, "lane": "in1", "why": "nobody saw how it ended", "picture": None}

    def unknown(args: Json) -> object:
        told = car(args)
        if not told["live"]:
            return told
        legal = [{"act": act, "why": ""} for act in ACTS]
        return {**told, "stay": None, "due": None, "candidates": [], "in_doubt": [entry], "legal": legal}

    plant.verbs.update(
        desk_car=unknown,
        settle_doubt=lambda _args: {"settled": True, "stay": STAY},
        pick_stay=lambda _args: {"accepted": True},
    )
    with open_page(chromium, "zh-CN") as page:
        opened(page, plant_and_url[1])
        page.keyboard.press("j")
        expect(page.locator("[data-in-doubt]")).to_contain_text("京A12345")
        expect(page.locator("[data-act='came-in']")).to_have_attribute("aria-disabled", "false")
        fits(page)
        page.keyboard.press("u")
        dialog = page.locator("desk-dialog dialog")
        expect(dialog.locator("[name=id]")).to_be_checked()
        expect(dialog.locator("[name=evidence]")).to_have_value("此车现停在1号出口")
        dialog.locator("[data-command=confirm]").press("Enter")
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
    assert asked(plant, "settle_doubt") == [{"id": 7, "found": "inside", "evidence": "此车现停在1号出口"}]
    assert asked(plant, "pick_stay") == [{"lane": "out1", "passage": PASSAGE, "stay": STAY}]


def test_nothing_serious_stands_in_anybody_s_way_by_day_and_by_night(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> None:
    with open_page(chromium, "en-GB") as page:
        opened(page, plant_and_url[1])
        page.locator(f"[data-case='{CAR_CASE}'] .pick").click()
        expect(page.locator("desk-car .explained")).to_be_visible()
        for theme in ("day", "night"):
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
            serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
            assert serious == [], json.dumps([(one["id"], one["nodes"][0]["html"]) for one in serious])
            page.click("#theme")


def test_a_payment_is_given_back_from_the_desk_by_keys_and_what_was_typed_stays_when_it_is_refused(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> None:
    tried: list[Json] = []

    def refund(args: Json) -> object:
        tried.append(args)
        if "second_name" not in args:
            raise Refusal("refused", "above 20.00 yuan it needs a second person")
        return {"number": "RD1B", "state": "WANTED"}

    def paid(args: Json) -> object:
        told = car(args)
        return {**told, "legal": [{"act": act, "why": ""} for act in ACTS]} if told["live"] else told

    paid_by = {"order": "D1", "amount_fen": 5000, "paid_at": AT, "left_fen": 5000, "stay": STAY}
    plant.verbs.update(desk_car=paid, payments=lambda _args: [paid_by], refund=refund)
    with open_page(chromium, "zh-CN") as page:
        opened(page, plant_and_url[1])
        page.keyboard.press("j")
        expect(page.locator("[data-act=refund]")).to_have_attribute("aria-disabled", "false")
        page.keyboard.press("m")
        dialog = page.locator("desk-dialog dialog")
        dialog.locator("[name=order]").first.press("Space")
        amount = dialog.locator("[name=amount]")
        amount.press_sequentially("-3")
        dialog.locator("[name=reason][value=OVERCHARGED]").press("Space")
        dialog.locator("[data-command=confirm]").press("Enter")
        expect(amount).to_have_js_property("validity.patternMismatch", True)
        assert tried == []
        amount.fill("25.50")
        dialog.locator("[name=note]").fill("<b>twice</b>")
        dialog.locator("[data-command=confirm]").press("Enter")
        expect(dialog.locator("[data-outcome=refused]")).to_be_visible()
        expect(amount).to_have_value("25.50")
        dialog.locator("[name=second_name]").fill("li")
        dialog.locator("[name=second_password]").fill("word")
        dialog.locator("[data-command=confirm]").press("Enter")
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    first = {"order": "D1", "reason": "OVERCHARGED", "note": "<b>twice</b>", "amount_fen": 2550}
    assert tried == [first, {**first, "second_name": "li", "second_password": "word"}]
