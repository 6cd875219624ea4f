"""The stocktake in a real browser: very many cars page by page, a counted list in and out, closing one by one."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import FakePlant, Json, Refusal, control_room

CARS = 430
GHOST: Json = {"stay": "S7", "why": "SAME", "confidence": 95, "passage": "out1-1"}


def car(n: int) -> Json:
    at = f"2026-05-{1 + n // 60:02}T00:{n % 60:02}:00+00:00"
    return {"id": f"S{n}", "plate": f"京A{n:05}", "zone": "lot", "entry_lane": "in1", "entered_at": at,
            "entry_picture": None, "paid_fen": 0}  # fmt: skip


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("stocktake")) as made:
        yield made


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    inside = [car(n) for n in range(CARS)]

    def end_stay(args: Json) -> object:
        if args["stay"] == "S9":
            raise Refusal("refused", "the car stands at a boom now")
        inside[:] = [one for one in inside if one["id"] != args["stay"]]
        return {"ended": True}

    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": args["name"], "must_change": False},
        stocktake=lambda _args: {"inside": inside, "ghosts": [GHOST], "doubts": [], "at": "2026-05-09T00:00:00+00:00"},
        end_stay=end_stay,
        recent_stays=lambda _args: [],
        journal=lambda _args: [],
    )
    return plant


@pytest.fixture(params=["en-GB", "zh-CN"])
def page(
    request: pytest.FixtureRequest, chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant
) -> Iterator[Page]:
    with open_page(chromium, request.param) as page:
        sign_in(page, plant_and_url[1], "administrator")
        page.goto(f"{plant_and_url[1]}/stocktake")
        expect(page.locator("[data-table=inside] tbody tr")).to_have_count(200)
        yield page


def test_more_cars_than_a_page_are_said_and_found(page: Page) -> None:
    rows, shown = page.locator("[data-table=inside] tbody tr"), page.locator("[data-shown]")
    expect(shown).to_contain_text("1–200")
    expect(shown).to_contain_text("430")
    expect(rows.first).to_have_attribute("data-stay", "S7")
    expect(rows.first).to_contain_text(re.compile("Entry 1|1号入口"))
    page.click("[data-page=on]")
    page.click("[data-page=on]")
    expect(rows).to_have_count(30)
    expect(page.locator("[data-page=on]")).to_be_disabled()
    page.fill("[name=q]", "a00429")
    expect(rows).to_have_count(1)
    expect(shown).to_contain_text("1–1")
    page.fill("[name=q]", "")
    page.select_option("[name=which]", "proposed")
    expect(rows).to_have_count(1)
    assert axe_finds(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_list_goes_out_as_a_workbook_and_comes_back_counted(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as downloading:
        page.click("[data-out]")
    file = tmp_path / "inside.xlsx"
    downloading.value.save_as(file)
    book = load_workbook(file)
    sheet = book.worksheets[0]
    assert sheet.max_row == CARS + 1
    sheet.delete_rows(11)
    sheet.delete_rows(3)
    book.save(tmp_path / "counted.xlsx")
    page.set_input_files("[data-in]", tmp_path / "counted.xlsx")
    expect(page.locator("[data-difference]")).to_contain_text(re.compile("Plates counted: 428|已盘点 428"))
    page.select_option("[name=which]", "missing")
    expect(page.locator("[data-table=inside] tbody tr")).to_have_count(2)


def test_a_wrong_file_is_told_in_words_and_loses_nothing(page: Page, tmp_path: Path) -> None:
    page.locator("[data-stay=S3] input").check()
    wrong, out = tmp_path / "wrong.xlsx", io.BytesIO()
    wrong.write_bytes(b"PK no workbook")
    page.set_input_files("[data-in]", wrong)
    expect(page.locator("[data-fault]")).to_have_count(1)
    book = Workbook()
    book.worksheets[0].append(["<b>colour</b>"])
    book.save(out)
    (tmp_path / "no-plates.xlsx").write_bytes(out.getvalue())
    page.set_input_files("[data-in]", tmp_path / "no-plates.xlsx")
    expect(page.locator("[data-fault='1']")).to_have_count(1)
    expect(page.locator("[data-stay=S3] input")).to_be_checked()


def test_what_could_not_be_closed_stays_chosen(page: Page) -> None:
    for stay in ("S3", "S9"):
        page.locator(f"[data-stay={stay}] input").check()
    page.fill("[name=evidence]", "walked <all> rows")
    page.click("[data-command=end]")
    expect(page.locator("[data-result=S3]")).to_contain_text(re.compile("closed|已结束|已关闭"))
    expect(page.locator("[data-result=S9]")).to_contain_text(re.compile("stands at a boom|拒绝"))
    expect(page.locator("[data-stay=S3]")).to_have_count(0)
    expect(page.locator("[data-stay=S9] input")).to_be_checked()
    expect(page.locator("[name=evidence]")).to_have_value("walked <all> rows")
