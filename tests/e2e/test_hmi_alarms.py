"""The alarms in a real browser: the band on every page, the list, what a person does, all of it by keyboard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import FakePlant, Json, control_room, until

SINCE = "2026-11-26T02:15:00+00:00"


def alarm(name: str, priority: int, state: str = "UNACK", **more: object) -> Json:
    place, code = name.split(".")
    return {
        "id": name, "code": code, "place": place, "lane": place, "priority": priority, "since": SINCE,
        "changed_at": SINCE, "repeats": 1, "value": "in1.gate.motor_a = 9.5", "detail": "", "passage": "",
        "is_first": False, "acked_by": "", "acked_at": None, "comment": "", "comment_by": "", "shelved_by": "",
        "shelved_why": "", "taken_out_by": "", "work_order": "", "text": f"{code} happened", "text_zh": f"{code} 发生",
        "consequence": "cars wait", "consequence_zh": "车辆等待", "response": "look at the lane",
        "response_zh": "查看车道", "state": state, "shown": state, "unknown": False, "tab": "active", "shelved": False,
        "shelved_until": None, "suppressed_by": [], "limit": 8.0, "why": "in1.gate.motor_a > 8",
        "inputs": [["in1.gate.motor_a", 9.5, 0]], "within_s": 60, "link": "/alarms", "shelve_most_min": 480, **more,
    }  # fmt: skip


class Alarms:
    """The alarms of a plant that is ours."""

    def __init__(self, plant: FakePlant) -> None:
        self.plant = plant
        self.seq = 0
        self.rows: list[Json] = []
        event = {
            "n": 1, "at": SINCE, "alarm": "in1.tailgate", "code": "tailgate", "lane": "in1", "priority": 3,
            "what": "raised", "state": "UNACK", "by": "", "note": "", "value": "", "announced": True,
        }  # fmt: skip
        figures = {
            "announced": 3, "a_day": 0.1, "an_hour": 0.0, "in_ten_min": 0.0, "most_in_ten_min": 2,
            "hours_above_30": 0.0, "ten_min_above_10": 0.0, "flood_share": 0.02, "floods": 1, "top_share": 1.0,
            "top": [{"alarm": "in1.tailgate", "count": 3, "share": 1.0}], "chattering": [], "fleeting": [],
            "stale": [], "by_priority": [0, 0, 3, 0],
        }  # fmt: skip
        plant.verbs.update(
            sign_in=lambda args: {"name": args["name"], "role": "technician", "must_change": False},
            alarms=lambda _args: {"at": SINCE, "alarms": self.rows},
            acknowledge_alarms=self._acknowledge,
            shelve_alarm=lambda _args: {"accepted": True},
            silence_alarms=self._silence,
            alarm_events=lambda _args: {"events": [event]},
            alarm_figures=lambda _args: figures,
        )

    def tell(self, rows: list[Json], sounding: int) -> None:
        self.rows, self.seq = rows, self.seq + 1
        active = [row for row in rows if row["tab"] == "active"]
        counts: Json = {
            f"site.alarms_p{number}": sum(row["priority"] == number for row in active) for number in (1, 2, 3, 4)
        }
        self.plant.tell({**counts, "site.alarms_seq": self.seq, "site.alarms_sounding": sounding})

    def _acknowledge(self, args: Json) -> Json:
        names = args["alarms"]
        assert isinstance(names, list)
        self.tell([{**row, "state": "ACKED"} if row["id"] in names else row for row in self.rows], 0)
        return {"done": names}

    def _silence(self, _args: Json) -> Json:
        self.tell(self.rows, 0)
        return {"accepted": True}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Alarms, str]]:
    with control_room(tmp_path_factory.mktemp("house")) as (plant, url):
        yield Alarms(plant), url


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_an_alarm_is_heard_found_understood_and_answered(
    chromium: Browser, room: tuple[Alarms, str], language: str
) -> None:
    alarms, url = room
    alarms.plant.asked.clear()
    alarms.tell([], 0)
    with open_page(chromium, language) as page:
        sign_in(page, url, "wang", "/alarms")
        band = page.locator("alarm-band")
        expect(band).to_contain_text(re.compile("No alarms|无.警"))
        alarms.tell([alarm("in1.motor", 4), alarm("out1.safety", 1)], 1)
        expect(band.locator(".newest")).to_have_attribute("data-alarm", "out1.safety")
        expect(band.locator(".newest")).to_contain_text(re.compile("Exit 1|1号出口"))
        expect(band.locator("[role=alert]")).to_contain_text(re.compile("safety happened|safety 发生"))
        band.locator("[data-silence]").click()
        expect(band.locator("[data-silence]")).to_have_count(0)
        _by_keyboard(page, alarms)
        _the_other_lists(page)
        for theme in ("day", "night"):
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            assert axe_finds(page) == []
            page.click("#theme")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


_SAID = """async (words) => {
  const script = document.querySelector("script[src$='alarms-page.js']").src;
  const {said} = await import(script.replace('alarms/alarms-page.js', 'texts.js'));
  return words.map(said);
}"""


def test_words_of_the_plant_are_translated_whole_or_not_at_all(chromium: Browser, room: tuple[Alarms, str]) -> None:
    with open_page(chromium, "zh-CN") as page:
        sign_in(page, room[1], "wang", "/alarms")
        expect(page.locator("alarm-table")).to_be_visible()
        known = page.evaluate(_SAID, ["remove one of the two", "in1.a stands in row 7 already"])
        assert known == ["请删除其中之一", "in1.a 已在第 7 行出现"]
        unknown = ["nine of ten cars were late", "two lamps at noon"]
        assert page.evaluate(_SAID, unknown) == unknown


def _by_keyboard(page: Page, alarms: Alarms) -> None:
    """Choose a row, read why and what to do, acknowledge it with a comment; rows do not move meanwhile."""
    rows = page.locator("alarm-table tbody tr")
    expect(rows).to_have_count(2)
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    facts = page.locator("alarm-facts")
    expect(facts).to_contain_text(re.compile("look at the lane|查看车道"))
    expect(facts).to_contain_text("in1.gate.motor_a > 8")
    chosen = rows.nth(1).get_attribute("data-alarm")
    alarms.tell([alarm("in1.newer", 1), *alarms.rows], 1)
    expect(rows).to_have_count(3)
    assert rows.nth(1).get_attribute("data-alarm") == chosen, "a row does not move under who looks at it"
    page.keyboard.press("Enter")
    page.locator("alarm-facts input[name=note]").fill("seen")
    page.locator("[data-order=acknowledge]").press("Enter")
    expect(page.locator(f"tr[data-alarm='{chosen}']")).to_have_attribute("data-state", "ACKED")
    (asked,) = alarms.plant.asked_for("acknowledge_alarms")
    assert asked["args"] == {"alarms": [chosen], "comment": "seen"}
    page.locator("[data-order=shelve]").press("Enter")
    until(lambda: bool(alarms.plant.asked_for("shelve_alarm")))


def _the_other_lists(page: Page) -> None:
    page.locator("[data-tab=active]").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".kpis .beyond")).to_have_count(1)
    page.keyboard.press("ArrowLeft")
    expect(page.locator("alarm-table tbody tr")).to_contain_text("in1.tailgate")
    page.locator("[data-tab=active]").click()
