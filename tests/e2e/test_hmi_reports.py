"""The reports page in a real browser, before a plant that makes the reports that the test wants."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scada.model.saying import say
from scada.reports.documents.document import Chart, Figure, Section, Series, Shape, Table, count, picture, text
from scada.reports.forms.cells import tongue
from scada.reports.forms.files import written
from tests.support.browser import open_page, sign_in
from tests.support.documents import SHANGHAI, sample
from tests.support.hmi import FakePlant, Json, Refusal, control_room, until
from tests.support.peers import PEERS

AXE = PEERS / "node_modules" / "axe-core" / "axe.min.js"
TABLE = Table(
    "lanes",
    (text("lane", say("Lane")), count("openings", say("Openings")), picture("picture", say("Picture"))),
    (("in1", 3, "a.jpg"), ("<script>alert(1)</script>", 4, None)),
)
CHART = Chart(Shape.BARS, ("in1", "out1"), (Series(say("Openings"), (3, 4)),))
REPORT = sample(
    sections=[Section(say("By reason"), figures=(Figure("n", say("Openings"), 7),), table=TABLE, chart=CHART)]
)


class Maker:
    """The plant's desk: a report is made at the second look, or never while it `hangs`, or it fails with a `why`."""

    def __init__(self) -> None:
        self.hangs = False
        self.why = ""
        self._files: dict[str, tuple[str, bytes]] = {}
        self._looks = 0

    def make(self, args: Json) -> Json:
        if args["from"] == "2026-01-01":
            raise Refusal("refused", "many reports are being made: wait for one of them")
        speaks = tongue(str(args["language"]), SHANGHAI)
        file = written(REPORT, speaks, str(args["form"]))
        self._files["j1"], self._looks = (file.name, file.content), 0
        return self._told("making")

    def look(self, _args: Json) -> Json:
        self._looks += 1
        if self.why:
            return {**self._told("failed"), "why": self.why}
        return self._told("making" if self.hangs or self._looks < 2 else "made")

    def part(self, args: Json) -> Json:
        offset = args["offset"]
        assert isinstance(offset, int)
        return {"part_b64": base64.b64encode(self._files["j1"][1][offset : offset + 4096]).decode()}

    def _told(self, state: str) -> Json:
        name, content = self._files["j1"]
        return {"job": "j1", "state": state, "why": "", "name": name, "bytes": len(content)}


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def maker(plant_and_url: tuple[FakePlant, str]) -> Maker:
    plant, maker = plant_and_url[0], Maker()
    plant.begin_again()
    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": args["name"], "must_change": False},
        recent_stays=lambda _args: [],
        journal=lambda _args: [],
        make_report=maker.make,
        report_made=maker.look,
        report_part=maker.part,
        stop_report=lambda _args: {"state": "failed"},
    )
    return maker


@pytest.fixture(params=["en-GB", "zh-CN"])
def page(
    request: pytest.FixtureRequest, chromium: Browser, plant_and_url: tuple[FakePlant, str], maker: Maker
) -> Iterator[Page]:
    with open_page(chromium, request.param) as page:
        sign_in(page, plant_and_url[1], "manager", "/reports")
        yield page


def test_a_report_is_picked_by_keyboard_seen_with_its_chart_and_fetched_as_a_file(
    page: Page, plant_and_url: tuple[FakePlant, str]
) -> None:
    expect(page.locator("[name=from]")).to_have_value(re.compile(r"\d{4}-\d\d-\d\d"))
    page.select_option("[name=report]", "visitors")
    page.locator("[name=host]").fill("ACME")
    page.fill("[name=from]", "2026-05-01")
    page.fill("[name=to]", "2026-05-31")
    page.locator("[name=to]").press("Enter")
    expect(page.locator(".report h1")).to_have_text(re.compile("Openings by hand|人工开闸"))
    expect(page.locator(".report svg rect")).to_have_count(2)
    expect(page.locator(".report tbody tr")).to_have_count(2)
    assert page.locator(".report a").get_attribute("href") == "/pictures/a.jpg"
    assert "<script>alert(1)</script>" in page.locator(".report tbody").inner_text()
    first = plant_and_url[0].asked_for("make_report")[0]["args"]
    assert isinstance(first, dict)
    assert (first["report"], first["host"], first["from"], first["form"]) == ("visitors", "ACME", "2026-05-01", "piece")
    for form, begin in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("json", b"{")):
        with page.expect_download() as fetched:
            page.locator(f"[data-form={form}]").click()
        content = Path(fetched.value.path()).read_bytes()
        assert (content[: len(begin)], fetched.value.suggested_filename) == (
            begin,
            f"demo-lanes-2026-05-01-2026-05-31.{form}",
        )
    assert json.loads(content)["lanes"][0]["openings"] == 3


def test_a_report_that_is_not_wanted_any_more_is_stopped_and_a_refusal_is_told(
    page: Page, maker: Maker, plant_and_url: tuple[FakePlant, str]
) -> None:
    maker.hangs = True
    expect(page.locator("#stop")).to_be_hidden()
    page.locator("#show").click()
    expect(page.locator("#show")).to_be_disabled()
    page.locator("#stop").click()
    expect(page.locator("#word")).to_have_text(re.compile("Stopped|已停止"))
    expect(page.locator("#show")).to_be_enabled()
    until(lambda: bool(plant_and_url[0].asked_for("stop_report")))
    page.fill("[name=from]", "2026-01-01")
    page.locator("#show").click()
    expect(page.locator("#word")).to_have_text(re.compile("wait for one of them|请稍候"))
    expect(page.locator("#downloads")).to_be_hidden()


def test_days_before_all_records_are_refused_in_the_reader_s_words(page: Page, maker: Maker) -> None:
    maker.why = "1990-01-01: nothing is on record before 2000"
    page.locator("#show").click()
    told = {"en": f"Not made: {maker.why}", "zh": "未能生成：1990-01-01 太早，2000 年之前没有记录"}
    expect(page.locator("#word")).to_have_text(told[page.evaluate("document.documentElement.lang")[:2]])


def test_axe_finds_nothing_on_the_page_by_day_and_by_night(page: Page) -> None:
    page.locator("#show").click()
    expect(page.locator(".report h1")).to_be_visible()
    page.evaluate(AXE.read_text("utf-8"))
    for _ in range(2):
        assert [fault["id"] for fault in page.evaluate("axe.run()")["violations"]] == []
        page.locator("#theme").click()


def test_technicians_are_offered_the_reports_about_equipment_only(
    chromium: Browser, plant_and_url: tuple[FakePlant, str], maker: Maker
) -> None:
    with open_page(chromium, "en-GB") as page:
        sign_in(page, plant_and_url[1], "technician", "/reports")
        offered = page.locator("[name=report] option").evaluate_all("all => all.map(one => one.value)")
        assert {"openings", "plates"} <= set(offered)
        assert "visitors" not in offered
