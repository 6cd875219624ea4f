"""The tags page in a real browser, before a plant that says what the test wants."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import open_page, sign_in
from tests.support.hmi import COMMUNICATION, STALE, FakePlant, Json, control_room

FORCED = 0x00960000
MOTOR: Json = {"device": "plc1", "address": "HR33", "class": "slow", "access": "ro", "unit": "A"}
KNOWN: dict[str, Json] = {
    "in1.gate.motor_a": {**MOTOR, "description": "Motor current", "description_zh": "电机电流"},
    "in1.lamp": {
        **{**MOTOR, "address": "C5", "unit": "", "access": "rw", "description": "Lamp"},
        **{"shape": "bool", "lo": None, "hi": None, "not_forced": "", "not_written": "", "formula": "", "wrong": ""},
    },
    "in1.cmd": {**MOTOR, "address": "HR1026:9", "access": "wo", "unit": "", "description": "Command block"},
}


@pytest.fixture(scope="module")
def plant_and_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    with control_room(tmp_path_factory.mktemp("house")) as (plant, url):
        plant.verbs.update(
            sign_in=lambda args: {"name": args["name"], "role": "technician", "must_change": False},
            recent_stays=lambda _args: [],
            journal=lambda _args: [],
            forced_tags=lambda _args: list(FORCED_NOW.values()),
            force_tag=_force,
            unforce_tag=lambda args: FORCED_NOW.pop(str(args["name"])) and {"accepted": True},
            tag_facts=lambda args: {name: KNOWN.get(str(name), {"device": ""}) for name in _names(args)},
        )
        plant.tell({"in1.gate.motor_a": 1.85, "in1.cmd": None})
        yield plant, url


FORCED_NOW: dict[str, Json] = {}


def _force(args: Json) -> Json:
    name = str(args["name"])
    until = (datetime.now(UTC) + timedelta(minutes=15)).isoformat()
    FORCED_NOW[name] = {"name": name, "value": args["value"], "by": "wang", "why": args["why"], "until": until}
    FORCED_NOW[name] |= {"real": False, "at": until, "is": "GOOD"}
    return FORCED_NOW[name]


def _names(args: Json) -> list[object]:
    names = args["names"]
    return names if isinstance(names, list) else []


@pytest.fixture
def plant(plant_and_url: tuple[FakePlant, str]) -> FakePlant:
    plant = plant_and_url[0]
    plant.begin_again()
    FORCED_NOW.clear()
    plant.tell(
        {"in1.gate.motor_a": 1.85, "in1.cmd": None, "in1.loop.safety": False, "in1.lamp": False, "site.forced": 0}
    )
    return plant


@pytest.fixture
def page(chromium: Browser, plant_and_url: tuple[FakePlant, str], plant: FakePlant) -> Iterator[Page]:
    with open_page(chromium, "en-GB") as page:
        sign_in(page, plant_and_url[1], "wang", "/tags")
        yield page


def test_a_value_is_shown_live_with_its_unit_its_place_and_what_it_is(page: Page, plant: FakePlant) -> None:
    row = page.locator("[data-tag='in1.gate.motor_a']")
    expect(row).to_contain_text("1.85 A")
    expect(row).to_contain_text("plc1 HR33 slow")
    expect(row).to_contain_text("Motor current")
    plant.tell({"in1.gate.motor_a": 2.5})
    expect(row.locator("td.value")).to_have_text("2.5 A")


def test_bad_stale_and_forced_are_told_apart_by_word_and_look(page: Page, plant: FakePlant) -> None:
    row = page.locator("[data-tag='in1.loop.safety']")
    for status, word, look in (
        (COMMUNICATION, "communication error", "bad"),
        (STALE, "stale", "uncertain"),
        (FORCED, "forced", "forced"),
        (0, "good", "good"),
    ):
        plant.tell({"in1.loop.safety": True}, status)
        expect(row.locator(".quality")).to_have_text(word)
        expect(row).to_have_attribute("data-quality", look)


def test_only_what_is_not_good_can_be_shown_and_what_is_only_written_is_not_among_it(
    page: Page, plant: FakePlant
) -> None:
    expect(page.locator("[data-tag='in1.cmd'] td").nth(1)).to_have_text("only written")
    plant.tell({"in1.loop.safety": True}, COMMUNICATION)
    page.click("[data-kind=doubtful]")
    expect(page.locator("[data-tag]")).to_have_count(1)
    expect(page.locator("[data-kind=doubtful] b")).to_have_text("1")
    plant.tell({"in1.loop.safety": True})
    expect(page.locator("tag-table")).to_contain_text("No tag is like that")


def test_a_tag_is_found_by_parts_of_its_name(page: Page) -> None:
    page.fill("[name=q]", "in1 safe")
    expect(page.locator("[data-tag]")).to_have_count(1)
    expect(page.locator("[data-tag]")).to_have_attribute("data-tag", "in1.loop.safety")


def test_a_technician_forces_with_a_reason_and_it_stands_above_all_until_it_ends(page: Page, plant: FakePlant) -> None:
    expect(page.locator("[data-tag='in1.gate.motor_a'] [data-hand-on]")).to_have_count(1)
    page.click("[data-hand-on='in1.lamp']")
    page.click("dialog [data-hand=force]")
    page.check("dialog input[name=value][value='1']")
    page.click("dialog [data-command=confirm]")
    assert not FORCED_NOW
    page.fill("dialog [name=why]", "lamp test")
    page.click("dialog [data-command=confirm]")
    expect(page.locator("dialog .outcome")).to_have_attribute("data-outcome", "done")
    page.click("dialog [data-command=close]")
    plant.tell({"in1.lamp": True}, FORCED)
    plant.tell({"site.forced": 1})
    row = page.locator("[data-forced='in1.lamp']")
    expect(row).to_contain_text("lamp test")
    expect(row).to_contain_text("wang")
    expect(page.locator("#forced")).to_have_text("Forced values: 1")
    page.click("[data-stop='in1.lamp']")
    page.fill("dialog [name=why]", "done")
    page.click("dialog [data-command=confirm]")
    plant.tell({"in1.lamp": False, "site.forced": 0})
    expect(page.locator("[data-forced]")).to_have_count(0)
    expect(page.locator("#forced")).to_be_hidden()


def test_what_may_not_be_done_says_why(page: Page) -> None:
    KNOWN["in1.lamp"] |= {"not_forced": "in1.lamp is never read: there is nothing to force"}
    try:
        page.reload()
        page.click("[data-hand-on='in1.lamp']")
        expect(page.locator("dialog [data-hand=force]")).to_be_disabled()
        expect(page.locator("dialog")).to_contain_text("there is nothing to force")
        expect(page.locator("dialog [data-hand=unforce]")).to_be_disabled()
    finally:
        KNOWN["in1.lamp"] |= {"not_forced": ""}


def test_a_link_that_is_down_is_among_what_is_not_good_although_its_tag_is(page: Page, plant: FakePlant) -> None:
    plant.tell({"dev.plc1.state": "down"})
    page.click("[data-kind=doubtful]")
    expect(page.locator("[data-tag='dev.plc1.state']")).to_have_attribute("data-quality", "trouble")
    plant.tell({"dev.plc1.state": "up"})
    expect(page.locator("[data-tag='dev.plc1.state']")).to_have_count(0)


def test_what_is_stale_shows_its_age(page: Page, plant: FakePlant) -> None:
    plant.tell({"in1.loop.safety": True}, STALE)
    expect(page.locator("[data-tag='in1.loop.safety'] small").first).to_contain_text("(00:0")
