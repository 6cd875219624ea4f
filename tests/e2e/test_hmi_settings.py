"""The pages of settings in a real browser, in both languages, by keys where drawing is by mouse; axe looks at them."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from hmi.sheets import as_csv
from tests.support.browser import open_page, sign_in
from tests.support.cameras import jpeg_of, shaded
from tests.support.hmi import FakePlant, Json, Refusal, control_room
from tests.support.peers import PEERS
from tests.support.settingpages import AUDIT, CAMERA, CARDS, FILE, PHRASE, PICTURE, SHOPS, TARIFF, YEAR, rights

AXE = PEERS / "node_modules" / "axe-core" / "axe.min.js"
TEXT = 'version = "summer"\nrule_type = "A"\n\n[[fixed_interval_rule]]\ninterval_amount = 500 # fen\n'
PAGES = (
    "/settings/tariffs",
    "/settings/tariffs/edit?key=draft:summer",
    "/settings/tariffs/compare?one=a&other=b",
    "/settings/cards?card=C1",
    "/settings/merchants?merchant=Shop",
    "/settings/lists",
    "/settings/holidays?year=2026",
    "/settings/texts",
    "/settings/site",
    "/settings/cameras",
    "/settings/audit",
)
FACTS = dict.fromkeys(("phone", "company", "tax_number", "address", "bank", "bank_account"), "")


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("settings")) as made:
        yield made


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    picture = base64.b64encode(jpeg_of(shaded(120, 1))).decode()
    quote = {"total_fen": 1500, "payable_fen": 1000, "next_change_at": None, "next_total_fen": None}
    line = {"start": "2026-05-01T00:00:00+00:00", "text": "3 × 5.00 元", "text_en": "3 × 5.00 yuan", "amount_fen": 1500}
    off = {"text": "抵扣券", "text_en": "voucher", "amount_fen": 500}
    rule = {"place": "interval_amount", "before": 500, "after": 700}
    sample = {"entered_at": "2026-01-06T02:00:00+00:00", "minutes": 61, "one_fen": 1000, "other_fen": 1400}
    counts = {"new": 1, "changed": 0, "gone": 0, "same": 2}
    seen: Json = {"mistaken": 0, "mistakes": [], "changed": [], "gone": []}
    light = [{"text": "欢迎 京A12345", "colour": "green"}]
    answers: dict[str, object] = {
        **{verb: reply.value for verb, reply in {**CARDS, **SHOPS}.items()},
        "audit": AUDIT,
        "tariffs": [TARIFF, FILE],
        "tariff": {**TARIFF, "text": TEXT},
        "compare_tariffs": {"rules": [rule], "samples": [sample]},
        "try_tariff": {**quote, "lines": [line], "credit_lines": [off]},
        "save_tariff": {"key": "draft:summer", "seen": 3},
        "price_under_draft": {"run": 1, "done": 0, "of": 9, "result": None, "error": ""},
        "draft_prices": {"run": 1, "done": 4, "of": 9, "result": None, "error": ""},
        "rights": rights(),
        "check_rights": {**seen, "counts": counts, "digest": "d", "new": rights()[:1]},
        "import_rights": counts,
        "holidays": YEAR,
        "display_texts": [PHRASE],
        "preview_display_text": {"pages": [light], "voice": "你好"},
        "site_facts": {"facts": {"name": "东门", "name_en": "East Gate", **FACTS}, "seen": 0},
        "camera_aims": [CAMERA],
        "aim_camera": {"seen": 3},
        "try_aim": [{"picture": PICTURE, "plates": [], "why": "no plate is found"}],
        "picture": {"jpeg_b64": picture},
        "recent_stays": [],
        "journal": [],
    }
    for verb, answer in answers.items():
        plant.verbs[verb] = lambda _args, answer=answer: answer  # type: ignore[misc]

    def stop(_args: Json) -> object:
        over = {"run": 1, "done": 4, "of": 9, "result": None, "error": "it was stopped"}
        plant.verbs["draft_prices"] = lambda _args: over
        return over

    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": args["name"], "must_change": False},
        check_tariff=checked,
        stop_draft=stop,
    )
    return plant


def checked(args: Json) -> object:
    """Find fault with a price of 999."""
    wrong = {"line": 5, "key": "interval_amount", "what": "is too dear", "remedy": "write less"}
    is_wrong = "999" in str(args["text"])
    return {"mistakes": [wrong] if is_wrong else [], "tariff": None if is_wrong else {"digest": "d"}}


@pytest.fixture(params=["en-GB", "zh-CN"])
def page(
    request: pytest.FixtureRequest, chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> Iterator[Page]:
    with open_page(chromium, request.param) as page:
        sign_in(page, plant_and_url[1], "administrator")
        page.goto(f"{plant_and_url[1]}/settings/tariffs")
        yield page


def faults(page: Page) -> list[str]:
    """Give the serious faults that axe finds, each with the first thing that has it."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']} {one['nodes'][0]['html']}" for one in found if one["impact"] in ("serious", "critical")]


def test_axe_finds_no_serious_fault_on_any_page_by_day_and_by_night(page: Page) -> None:
    base = page.url.partition("/settings")[0]
    for path in PAGES:
        page.goto(base + path)
        expect(page.locator("#link")).to_have_text(re.compile("Live|实时"))
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.click("#theme")
        assert faults(page) == [], f"{path} by night"
        page.click("#theme")


def test_a_tariff_is_written_in_form_and_text_tried_priced_and_saved(page: Page, plant: FakePlant) -> None:
    page.goto(page.url.partition("?")[0] + "/edit?key=draft:summer")
    expect(page.locator("#verdict")).to_have_text(re.compile("No mistakes|没有错误"))
    page.locator("#fields summary").nth(1).click()
    amount = page.locator("#fields input[type=number]")
    amount.fill("999")
    amount.press("Tab")
    expect(page.locator("#mistakes li")).to_contain_text("is too dear")
    assert "interval_amount = 999 # fen" in page.locator("#text").input_value()
    page.locator("#mistakes button").click()
    page.keyboard.type("interval_amount = 700")
    expect(page.locator("#verdict")).to_have_text(re.compile("No mistakes|没有错误"))
    page.locator("[name=entry]").fill("2026-05-01T08:00")
    page.locator("[name=exit]").fill("2026-05-01T11:00")
    page.locator("[name=exit]").press("Enter")
    expect(page.locator("#tried")).to_contain_text("¥10.00")
    assert "interval_amount = 700" in str(plant.asked_for("try_tariff")[-1]["args"])
    page.locator("#past [name=from]").fill("2026-04-01")
    page.locator("#past [name=to]").fill("2026-04-30")
    page.click("#begin")
    expect(page.locator("#progress")).to_have_attribute("value", "4")
    page.click("#stop")
    expect(page.locator("#priced")).to_have_text(re.compile("it was stopped|已停止"))
    expect(page.locator("#stop")).to_be_hidden()
    page.locator("#draft [name=reason]").fill("summer prices")
    page.keyboard.press("Enter")
    expect(page.locator(".told")).to_have_text(re.compile("charges nobody before|两人签署前"))
    saved = plant.asked_for("save_tariff")[-1]["args"]
    assert isinstance(saved, dict)
    assert (saved["subject"], saved["seen"], saved["reason"]) == ("summer", 2, "summer prices")


def test_a_table_is_looked_through_before_it_is_applied(page: Page, plant: FakePlant) -> None:
    page.goto(page.url.replace("tariffs", "lists"))
    table = as_csv(["plate", "kind"], [["京A00001", "white"]])
    page.locator("[name=file]").set_input_files({"name": "rights.csv", "mimeType": "text/csv", "buffer": table})
    page.locator("#import [name=reason]").fill("new year")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text(re.compile("New: 1|新增 1"))
    assert plant.asked_for("import_rights") == []
    page.click("#apply")
    expect(page.locator(".told")).to_have_text(re.compile("Imported|已导入"))
    asked = plant.asked_for("import_rights")[-1]["args"]
    rows = [["plate", "kind"], ["京A00001", "white"]]
    assert asked == {"rows": rows, "digest": "d", "end_gone": False, "reason": "new year"}


def test_a_region_is_drawn_by_mouse_and_keys_tried_and_set(page: Page, plant: FakePlant) -> None:
    page.goto(page.url.replace("tariffs", "cameras"))
    view = page.locator("#view svg")
    expect(view).to_be_visible()
    page.wait_for_function("document.querySelector('#view svg').getAttribute('viewBox') !== '0 0 1600 900'")
    box = view.bounding_box()
    assert box is not None
    for x, y in ((0.2, 0.2), (0.8, 0.2), (0.5, 0.8)):
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(page.locator(".corner")).to_have_count(3)
    page.click("#corner")
    expect(page.locator(".corner")).to_have_count(4)
    page.keyboard.press("Delete")
    expect(page.locator(".corner")).to_have_count(3)
    page.locator(".corner").first.focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".corner").first).to_have_attribute("aria-label", re.compile("25 ?%"))
    page.click("#try")
    expect(page.locator("#found")).to_contain_text(re.compile("no plate is found|未发现车牌"))
    page.locator("#save [name=reason]").fill("the camera was turned")
    page.keyboard.press("Enter")
    expect(page.locator("#word")).to_have_text(re.compile("from now on|已生效"))
    told = plant.asked_for("aim_camera")[-1]["args"]
    assert isinstance(told, dict)
    assert (len(told["region"]), told["perspective"], told["seen"]) == (3, [], 2)
    assert told["region"][0][0] == pytest.approx(0.25, abs=0.01)


def test_a_displays_text_is_drawn_while_it_is_written(page: Page, plant: FakePlant) -> None:
    page.goto(page.url.replace("tariffs", "texts"))
    expect(page.locator("#drawn svg")).to_have_attribute("aria-label", "欢迎 京A12345")

    def refuse(_args: Json) -> object:
        raise Refusal("bad_args", "welcome.zh[0]: in braces stand only plate")

    plant.verbs["preview_display_text"] = refuse
    page.locator("[name=zh]").fill("{colour}")
    expect(page.locator("#drawn")).to_contain_text("in braces stand only")


def _asks(plant: FakePlant, verb: str) -> list[Json]:
    asks = [one["args"] for one in plant.asked if one["verb"] == verb]
    return [args for args in asks if isinstance(args, dict)]


def test_what_was_typed_stays_and_what_another_set_meanwhile_stands_beside_it(page: Page, plant: FakePlant) -> None:
    base = page.url.partition("/settings")[0]
    page.goto(f"{base}/settings/site")
    page.fill("#facts [name=phone]", "010-1 <b>")
    page.fill("#facts [name=reason]", "moved")
    now = {"name": "西门", "name_en": "East Gate", **FACTS}
    plant.verbs["site_facts"] = lambda _args: {"facts": now, "seen": 1}

    def overtaken(_args: Json) -> object:
        raise Refusal("refused", "somebody else has changed it meanwhile: look at it again")

    plant.verbs["set_site_facts"] = overtaken
    page.click("#facts button.primary")
    expect(page.locator(".told")).to_have_text(re.compile("somebody else has changed it|期间已有他人修改"))
    expect(page.locator("#facts [name=phone]")).to_have_value("010-1 <b>")
    expect(page.locator("#facts [name=reason]")).to_have_value("moved")
    expect(page.locator("#facts .now-set")).to_have_text(re.compile("西门"))
    assert page.url == f"{base}/settings/site", "a reload asks for the page"
    plant.verbs["set_site_facts"] = lambda _args: {"seen": 2}
    page.click("#facts button.primary")
    expect(page.locator(".told")).to_have_text(re.compile("Saved|已保存"))
    assert [args["seen"] for args in _asks(plant, "set_site_facts")] == [0, 1]


def test_the_site_is_named_in_the_head_as_the_plant_has_it_and_no_name_is_cut(page: Page) -> None:
    expect(page.locator(".bar h1")).to_have_text(re.compile("Daozha demo car park|道闸示范停车场"))
    cut = "(one) => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 3"
    for width in (1280, 1366, 1600, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert [name for name in (".bar h1", ".bar .who") if page.locator(name).evaluate(cut)] == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
