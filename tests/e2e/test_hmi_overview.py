"""The overview in a real browser, before a plant that says what the test wants."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from scada.sim.trial.ports import free_port
from tests.support.browser import open_page, sign_in
from tests.support.hmi import COMMUNICATION, FakePlant, Json, Refusal, web_process, write_config

CAR = {
    "out1.loop.approach": True,
    "out1.lane.state": "awaiting_operator",
    "out1.passage": "out1-20261122052210-31",
    "out1.plate.text": "京PL3N67",
    "out1.plate.colour": "BLUE",
    "out1.plate.confidence": 0.71,
    "out1.plate.by": "camera",
    "out1.case": "no open stay under this plate",
    "out1.stay": "S9",
    "out1.quote.due_fen": 1230,
    "out1.quote.minutes": 134,
}
STAY = {
    "stay": "S1",
    "plate": "沪C77777",
    "entered_at": "2026-11-22T01:30:00+00:00",
    "exited_at": "2026-11-22T03:00:00+00:00",
    "ending": "EXIT",
    "fee_fen": 1000,
    "paid_fen": 1000,
    "arrears_fen": 0,
    "exit_reason": "PAID",
}


@dataclass(frozen=True)
class House:
    """A control room that runs, and the plant it shows."""

    plant: FakePlant
    url: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, port = tmp_path_factory.mktemp("house"), free_port()
    plant = FakePlant(folder / "data" / "run" / "control.sock").start()
    with web_process("control", write_config(folder, control=port)):
        yield House(plant, f"http://127.0.0.1:{port}")
    plant.stop()


@pytest.fixture
def plant(house: House) -> FakePlant:
    journal: list[dict[str, Any]] = []

    def open_gate(args: dict[str, Any]) -> dict[str, Any]:
        row = {"n": 1, "at": "2026-11-22T05:00:00+00:00", "kind": "person", "actor": "wang", "what": "open gate"}
        journal.append({**row, "lane": args["lane"], "body": {"reason": args["reason"], "note": args["note"]}})
        return {"taken": True, "why": ""}

    house.plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": "operator", "must_change": False},
        recent_stays=lambda _args: [STAY],
        open_stays=lambda _args: [{**STAY, "picture": None}],
        journal=lambda _args: journal,
        open_gate=open_gate,
        pick_stay=lambda _args: {"accepted": True},
        correct_plate=lambda _args: {"accepted": True},
    )
    house.plant.begin_again()
    return house.plant


@pytest.fixture
def url(house: House) -> str:
    return house.url


@pytest.fixture
def page(chromium: Browser, url: str, plant: FakePlant) -> Iterator[Page]:
    with open_page(chromium, "en-GB") as page:
        sign_in(page, url, "wang")
        yield page


def lane(page: Page, name: str) -> Locator:
    return page.locator(f"[data-lane={name}]")


def test_a_car_comes_and_goes_in_the_drawing(page: Page, plant: FakePlant) -> None:
    expect(lane(page, "in1").locator(".car")).to_have_count(0)
    expect(lane(page, "in1").locator(".boom.down")).to_have_count(1)
    plant.tell({"in1.loop.approach": True, "in1.lane.state": "identifying", "in1.passage": "in1-1"})
    expect(lane(page, "in1").locator(".loop.on[data-loop=approach]")).to_have_count(1)
    expect(lane(page, "in1").locator(".car.first")).to_have_count(1)
    expect(lane(page, "in1").locator(".state")).to_have_text("Reading the plate")
    plant.tell({"in1.gate.down": False, "in1.passage.phase": 2, "in1.light.green": True, "in1.light.red": False})
    expect(lane(page, "in1").locator(".boom.moving")).to_have_count(1)
    expect(lane(page, "in1").locator(".boom.ghost .turn-90")).to_have_count(1)
    plant.tell({"in1.gate.up": True, "in1.loop.approach": False, "in1.loop.safety": True})
    expect(lane(page, "in1").locator(".boom.up .turn-90")).to_have_count(1)
    expect(lane(page, "in1").locator(".boom.ghost")).to_have_count(0)
    plant.tell({"in1.loop.safety": False, "in1.gate.up": False, "in1.gate.down": True, "in1.passage": ""})
    expect(lane(page, "in1").locator(".car")).to_have_count(0)
    expect(
        lane(page, "in1").get_by_role("img", name="Approach loop: free, Safety loop: free, Boom down")
    ).to_be_visible()


def test_an_operator_opens_by_hand_with_a_reason_and_sees_it_written_down(page: Page, plant: FakePlant) -> None:
    plant.tell(CAR)
    lane(page, "out1").get_by_role("button", name="Open for this car").click()
    page.get_by_role("radio", name="Paid, not arrived").check()
    page.get_by_label("Note").fill("shows the receipt")
    expect(page.locator("[data-outcome=done]")).to_have_count(0)
    page.get_by_role("button", name="Open the gate").click()
    expect(page.locator("[data-outcome=done]")).to_have_text("The plant has taken it.")
    (asked,) = plant.asked_for("open_gate")
    assert asked["user"] == "wang"
    assert asked["args"] == {
        "lane": "out1",
        "passage": "out1-20261122052210-31",
        "reason": "PAID_NOT_ARRIVED",
        "note": "shows the receipt",
    }
    expect(page.locator("#journal li")).to_contain_text("wang open gate · Exit 1")
    expect(page.locator("#journal .details")).to_have_text("Paid, not arrived · shows the receipt")


def test_goodwill_above_the_limit_or_of_an_unknown_amount_needs_a_second_person(page: Page, plant: FakePlant) -> None:
    plant.tell({**CAR, "out1.quote.due_fen": 2000})
    lane(page, "out1").get_by_role("button", name="Open for this car").click()
    dialog = page.locator("lane-dialog dialog")
    dialog.get_by_role("radio", name="Goodwill").check()
    expect(dialog.get_by_label("Password")).to_have_count(0)
    plant.tell({"out1.quote.due_fen": 0})
    expect(dialog.get_by_text("Second person: nobody knows yet how much is waived")).to_be_visible()
    plant.tell({"out1.quote.due_fen": 2001})
    expect(dialog.get_by_text("Second person: above ¥20.00 nobody waives alone")).to_be_visible()
    dialog.get_by_role("radio", name="Emergency").check()
    expect(dialog.get_by_label("Password")).to_have_count(0)
    dialog.get_by_role("radio", name="Goodwill").check()
    dialog.get_by_label("Name").fill("li")
    dialog.get_by_label("Password").fill("the boom goes up")
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_have_count(1)
    expect(dialog.get_by_label("Password")).to_have_value("")
    args = plant.asked_for("open_gate")[-1]["args"]
    assert isinstance(args, dict)
    assert (args["reason"], args["second_name"], args["second_password"]) == ("GOODWILL", "li", "the boom goes up")


def test_it_all_works_from_the_keyboard(page: Page, plant: FakePlant) -> None:
    plant.tell(CAR)
    button = lane(page, "out1").get_by_role("button", name="Open for this car")
    expect(button).to_be_enabled()
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="Special vehicle").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("[data-outcome=done]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_refusal_is_shown_in_words(page: Page, plant: FakePlant) -> None:
    def refuse(_args: dict[str, Any]) -> None:
        raise Refusal("refused", "that car is gone")

    plant.verbs["open_gate"] = refuse
    plant.tell(CAR)
    lane(page, "out1").get_by_role("button", name="Open for this car").click()
    page.get_by_role("radio", name="Emergency").check()
    page.get_by_role("button", name="Open the gate").click()
    expect(page.locator("[data-outcome=refused]")).to_have_text("Refused: that car is gone")


def test_no_answer_is_never_shown_as_done(page: Page, plant: FakePlant) -> None:
    plant.tell(CAR)
    lane(page, "out1").get_by_role("button", name="Open for this car").click()
    page.get_by_role("radio", name="Emergency").check()
    plant.verbs["open_gate"] = lambda _args: plant.stop()
    page.get_by_role("button", name="Open the gate").click()
    expect(page.locator("[data-outcome=unknown]")).to_contain_text("Nobody knows whether it happened.")


def test_a_dialog_serves_only_the_car_it_was_opened_for(page: Page, plant: FakePlant) -> None:
    plant.tell(CAR)
    lane(page, "out1").get_by_role("button", name="Open for this car").click()
    page.get_by_role("radio", name="Emergency").check()
    plant.tell({"out1.passage": "out1-20261122052299-32"})
    expect(page.locator(".outcome")).to_have_text("This car has gone")
    expect(page.get_by_role("button", name="Open the gate")).to_be_disabled()


def test_a_button_that_cannot_be_pressed_says_why(page: Page, plant: FakePlant) -> None:
    expect(lane(page, "out1").locator(".why")).to_have_text("No car stands in the lane")
    plant.tell({**CAR, "out1.mode.now": 5})
    expect(lane(page, "out1").locator(".why")).to_have_text("The lane is in MAINTENANCE")
    plant.tell({"out1.mode.now": 1}, quality=COMMUNICATION)
    expect(lane(page, "out1").locator(".why")).to_have_text("The PLC does not answer")
    expect(lane(page, "out1").get_by_role("button", name="Open for this car")).to_be_disabled()


def test_a_bad_value_is_withheld_and_never_shown_as_zero(page: Page, plant: FakePlant) -> None:
    plant.tell(CAR)
    expect(lane(page, "out1").locator("dd.value")).to_contain_text("¥12.30")
    plant.tell({"out1.quote.due_fen": 0, "out1.loop.safety": False, "out1.gate.down": True}, quality=COMMUNICATION)
    expect(lane(page, "out1").locator("dd.value")).to_have_text("?")
    expect(lane(page, "out1").locator(".loop.unknown[data-loop=safety]")).to_have_count(1)
    expect(lane(page, "out1").locator(".boom.unknown")).to_have_count(1)


def test_a_driver_who_calls_is_answered_with_one_press_and_his_wait_is_counted(page: Page, plant: FakePlant) -> None:
    since = (datetime.now(UTC) - timedelta(seconds=75)).isoformat()
    plant.tell({"out1.help.state": "calling", "out1.help.since": since})
    call = lane(page, "out1").locator(".notice.call")

    def says(state: str) -> Json:
        plant.tell({"out1.help.state": state})
        return {}

    expect(call).to_contain_text("A driver calls for help")
    expect(call.locator(".waits")).to_have_text(re.compile("^01:[12]"))
    plant.verbs["answer_help"] = lambda _args: says("answered")
    call.get_by_role("button", name="Answer").click()
    expect(call).to_contain_text("You speak with a driver")
    plant.verbs["end_help"] = lambda _args: says("")
    call.get_by_role("button", name="Helped").click()
    expect(call).to_have_count(0)


@pytest.mark.parametrize("how", ["hangs up", "falls silent"])
def test_the_page_says_that_the_plant_is_lost(page: Page, plant: FakePlant, how: str) -> None:
    plant.tell(CAR)
    expect(lane(page, "out1").get_by_role("button", name="Open for this car")).to_be_enabled()
    plant.stop() if how == "hangs up" else plant.fall_silent()
    expect(page.locator("#link")).to_have_text("LOST")
    expect(page.get_by_role("alert")).to_contain_text("What you see is of 20")
    expect(lane(page, "out1").get_by_role("button", name="Open for this car")).to_be_disabled()
    expect(page.locator("#clock")).to_have_text("--:--:--")


def test_a_page_that_hears_nothing_more_says_so_after_two_seconds_by_its_own_clock(page: Page) -> None:
    is_cut = threading.Event()

    def cut(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        server.on_message(lambda message: None if is_cut.is_set() else line.send(message))

    page.route_web_socket("**/socket.io/**", cut)
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    page.reload()
    expect(page.locator("#link")).to_have_text("Live")
    is_cut.set()
    page.clock.run_for(1_900)
    assert page.locator("#link").text_content() == "Live"
    page.clock.run_for(400)
    assert page.locator("#link").text_content() == "LOST"


def test_a_page_lives_again_after_the_servers_clock_has_stood(page: Page) -> None:
    """A computer that was suspended, or whose host was, counts no seconds meanwhile: all that comes looks late."""
    stood_s = [0.0]

    def behind(line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            text = message if isinstance(message, str) else message.decode()
            line.send(re.sub(r'"s":([0-9.]+)', lambda found: f'"s":{float(found[1]) - stood_s[0]:.3f}', text))

        server.on_message(pass_on)

    page.route_web_socket("**/socket.io/**", behind)
    page.reload()
    expect(page.locator("#link")).to_have_text("Live")
    stood_s[0] = 10.0
    expect(page.locator("#link")).to_have_text("LOST")
    expect(page.locator("#link")).to_have_text("Live", timeout=20_000)


_WHERE = """(() => {
  window.places = {};
  const look = () => {
    for (const link of document.querySelectorAll('header.bar nav > a, header.bar nav summary')) {
      const places = (window.places[link.textContent.trim()] ??= []);
      const x = Math.round(link.getBoundingClientRect().x);
      if (places.at(-1) !== x) places.push(x);
    }
    requestAnimationFrame(look);
  };
  look();
})()"""


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_the_links_to_other_pages_stand_still_while_a_page_comes_alive(
    chromium: Browser, url: str, plant: FakePlant, language: str
) -> None:
    """Whoever clicks at once hits what he aimed at."""
    with open_page(chromium, language) as page:
        page.add_init_script(_WHERE)
        sign_in(page, url, "wang")
        expect(page.locator("#clock")).to_have_text(re.compile(r"^\d\d:"))
        places = page.evaluate("window.places")
        assert len(places) > 5
        assert [link for link, stood in places.items() if len(stood) > 1] == [], places


def test_the_page_lives_again_when_the_plant_is_back(page: Page, plant: FakePlant) -> None:
    plant.stop()
    expect(page.locator("#link")).to_have_text("LOST")
    plant.start()
    expect(page.locator("#link")).to_have_text("Live")
    plant.tell({"in1.lane.state": "faulted"})
    expect(lane(page, "in1").locator(".state")).to_have_text("Fault")


def test_a_script_in_a_tag_is_shown_as_text(page: Page, plant: FakePlant) -> None:
    attack = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    plant.tell(
        {**CAR, "out1.plate.text": attack, "out1.case": attack, "out1.plate.colour": '"><script>', "in1.alarm": attack}
    )
    expect(lane(page, "out1").locator(".notice")).to_contain_text("<script>")
    assert page.title() != "owned"


def test_the_other_commands_ask_for_what_they_need(page: Page, plant: FakePlant) -> None:
    plant.tell(CAR)
    lane(page, "out1").get_by_role("button", name="Pick stay").click()
    page.get_by_role("radio", name="沪C77777").check()
    page.get_by_role("button", name="Take this stay").click()
    expect(page.locator("[data-outcome=done]")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    lane(page, "out1").get_by_role("button", name="Correct plate").click()
    page.get_by_role("button", name="沪").click()
    page.keyboard.type("C77777")
    page.get_by_role("button", name="Take this plate").click()
    expect(page.locator("[data-outcome=done]")).to_be_visible()
    assert plant.asked_for("pick_stay")[0]["args"] == {"lane": "out1", "passage": CAR["out1.passage"], "stay": "S1"}
    assert plant.asked_for("correct_plate")[0]["args"] == {
        "lane": "out1",
        "passage": CAR["out1.passage"],
        "plate": "沪C77777",
    }


def test_chinese_day_and_night_at_1280_by_800(chromium: Browser, url: str, plant: FakePlant) -> None:
    plant.tell({**CAR, "out1.display": json.dumps({"message": "help_comes"})})
    with open_page(chromium, "zh-CN") as page:
        sign_in(page, url, "wang")
        expect(lane(page, "out1").locator(".state")).to_have_text("等待人工处理")
        expect(lane(page, "out1").locator(".notice")).to_contain_text("该车牌没有在场记录")
        expect(page.locator("#stays tbody tr")).to_contain_text("沪C7777711-22 09:30")
        assert page.evaluate(
            "document.documentElement.scrollWidth <= 1280 && document.documentElement.scrollHeight <= 800"
        )
        page.get_by_role("button", name="日 / 夜").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "night")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "night")
        assert smallest_text_px(page) >= 14


def smallest_text_px(page: Page) -> float:
    """Measure the smallest text on the page."""
    return float(
        page.evaluate(
            """() => Math.min(...[...document.querySelectorAll('body *')]
              .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
              .filter((e) => e.checkVisibility())
              .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
        )
    )


def test_signing_out_leads_every_tab_to_the_door(page: Page, plant: FakePlant, url: str) -> None:
    second = page.context.new_page()
    second.goto(url)
    expect(second.locator("#link")).to_have_text("Live")
    page.get_by_role("button", name="Sign out").click()
    expect(second.get_by_role("button", name="Sign in")).to_be_visible()
