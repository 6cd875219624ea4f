"""The modes of a lane in a real browser, before a plant that says what the test wants."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from scada.sim.trial.ports import free_port
from tests.support.browser import open_page, sign_in
from tests.support.hmi import FakePlant, Refusal, Verb, web_process, write_config

PERIOD = {
    "id": 7,
    "lane": "out1",
    "mode": "HOLD_OPEN",
    "reason": "QUEUE",
    "note": "concert",
    "by": "wang",
    "second": "li",
    "began_at": "2026-11-22T05:00:00+00:00",
    "until": "2026-11-22T05:30:00+00:00",
    "ended_at": "2026-11-22T05:12:00+00:00",
    "ended_by": "expiry",
}


@dataclass(frozen=True)
class House:
    """A control room that runs, and the plant it shows."""

    plant: FakePlant
    url: str
    role: list[str]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder, port = tmp_path_factory.mktemp("house"), free_port()
    plant = FakePlant(folder / "data" / "run" / "control.sock").start()
    with web_process("control", write_config(folder, control=port)):
        yield House(plant, f"http://127.0.0.1:{port}", ["operator"])
    plant.stop()


@pytest.fixture
def house(running: House) -> House:
    """A plant whose PLC shows at once what is asked for."""
    plant, role = running.plant, running.role
    role[:] = ["operator"]

    def shows(mode: int, name: str) -> Verb:
        def answer(args: dict[str, Any]) -> dict[str, Any]:
            until = (datetime.now(UTC) + timedelta(minutes=args.get("minutes", 1))).isoformat()
            about = {"mode": name, "by": "wang", "second": args.get("second_name", ""), "note": args.get("note", "")}
            period = {**about, "reason": args.get("reason", ""), "began_at": PERIOD["began_at"], "until": until}
            lane, up = args["lane"], mode == 2
            plant.tell({f"{lane}.mode.now": mode, f"{lane}.mode.period": json.dumps(period) if mode != 1 else ""})
            plant.tell({f"{lane}.gate.up": up, f"{lane}.gate.down": not up})
            return {"accepted": True}

        return answer

    plant.verbs.update(
        sign_in=lambda args: {"name": args["name"], "role": role[0], "must_change": False},
        recent_stays=lambda _args: [],
        journal=lambda _args: [],
        mode_periods=lambda _args: [PERIOD],
        hold_open=shows(2, "HOLD_OPEN"),
        test_opening=shows(2, "HOLD_OPEN"),
        lock=shows(3, "LOCKED"),
        auto=shows(1, "AUTO"),
        leave_resync=shows(1, "AUTO"),
        confirm_fault=lambda _args: {"accepted": True},
    )
    plant.begin_again()
    return running


@pytest.fixture
def page(chromium: Browser, house: House) -> Iterator[Page]:
    with open_page(chromium, "en-GB") as page:
        sign_in(page, house.url, "wang")
        yield page


def lane(page: Page, name: str) -> Locator:
    return page.locator(f"[data-lane={name}]")


def modes(page: Page, name: str = "out1") -> Locator:
    lane(page, name).locator("[data-command=mode]").click()
    dialog = page.locator("mode-dialog dialog")
    expect(dialog).to_be_visible()
    return dialog


def test_a_lane_is_held_open_the_boom_goes_up_and_back_in_auto_it_comes_down(page: Page, house: House) -> None:
    dialog = modes(page)
    dialog.get_by_role("button", name="Hold open").click()
    dialog.get_by_role("radio", name="Clearing a queue").check()
    dialog.get_by_role("textbox", name="Note").fill("concert")
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_have_text("The PLC shows it.")
    (asked,) = house.plant.asked_for("hold_open")
    assert asked["args"] == {"lane": "out1", "reason": "QUEUE", "note": "concert", "minutes": 10}
    assert asked["user"] == "wang"
    expect(lane(page, "out1").locator(".boom.up")).to_have_count(1)
    expect(lane(page, "out1").locator(".notice.period")).to_contain_text("HOLD OPEN wang · Clearing a queue, concert")
    expect(lane(page, "out1").locator(".notice.period")).to_contain_text("left")
    before = lane(page, "out1").locator(".notice.period").inner_text()
    expect(lane(page, "out1").locator(".notice.period")).not_to_have_text(before)
    expect(dialog.get_by_role("button", name="Hold open")).to_be_disabled()
    dialog.get_by_role("button", name="Back to AUTO").click()
    dialog.locator("[data-command=confirm]").click()
    expect(lane(page, "out1").locator(".boom.down")).to_have_count(1)
    expect(lane(page, "out1").locator(".notice.period")).to_have_count(0)


def test_above_ten_minutes_a_second_person_signs_in_beside(page: Page, house: House) -> None:
    dialog = modes(page)
    dialog.get_by_role("button", name="Hold open").click()
    expect(dialog.get_by_label("Password")).to_have_count(0)
    dialog.get_by_role("radio", name="Emergency").check()
    dialog.get_by_role("button", name="30").click()
    dialog.get_by_label("Name").fill("li")
    dialog.get_by_label("Password").fill("the boom goes up")
    house.plant.verbs["hold_open"] = _refuse
    dialog.locator("[data-command=confirm]").click()
    refused = "Refused: the second person: the name or the password is wrong"
    expect(dialog.locator("[data-outcome=refused]")).to_have_text(refused)
    expect(dialog.get_by_label("Password")).to_have_value("")
    (asked,) = house.plant.asked_for("hold_open")
    args = asked["args"]
    assert isinstance(args, dict)
    assert (args["minutes"], args["second_name"], args["second_password"]) == (30, "li", "the boom goes up")


def test_where_holds_have_added_up_a_second_person_is_asked_for_after_the_refusal(page: Page, house: House) -> None:
    dialog = modes(page)
    dialog.get_by_role("button", name="Hold open").click()
    dialog.get_by_role("radio", name="Emergency").check()
    expect(dialog.get_by_label("Password")).to_have_count(0)
    takes, house.plant.verbs["hold_open"] = house.plant.verbs["hold_open"], _refuse_alone
    dialog.locator("[data-command=confirm]").click()
    dialog.get_by_label("Name").fill("li")
    dialog.get_by_label("Password").fill("the boom goes up")
    house.plant.verbs["hold_open"] = takes
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_have_count(1)
    args = house.plant.asked_for("hold_open")[-1]["args"]
    assert isinstance(args, dict)
    assert (args["minutes"], args["second_name"]) == (10, "li")


def _refuse_alone(_args: dict[str, Any]) -> None:
    raise Refusal("refused", "above 10 minutes within an hour a second person is needed")


def _refuse(_args: dict[str, Any]) -> None:
    raise Refusal("refused", "the second person: the name or the password is wrong")


def test_each_mode_that_may_not_be_asked_for_says_why(page: Page, house: House) -> None:
    def why(name: str) -> str:
        return dialog.locator(f"div:has(> [data-mode={name}]) .why").inner_text()

    dialog = modes(page)
    assert why("hold-open") == ""
    assert why("lock") == "No other exit is open"
    assert why("auto") == "The lane is in AUTO"
    assert why("leave-resync") == "The lane is in AUTO"
    house.plant.tell({"out1.loop.approach": True, "out1.loop.safety": True})
    expect(dialog.locator("[data-mode=test-opening]")).to_be_disabled()
    assert why("lock") == why("test-opening") == "A vehicle stands under the boom"
    house.plant.tell({"out1.mode.now": 5})
    expect(dialog.locator("[data-mode=hold-open]")).to_be_disabled()
    assert why("hold-open") == "The lane is in MAINTENANCE"


def test_an_entry_is_locked_and_a_period_shows_how_it_ended(page: Page, house: House) -> None:
    dialog = modes(page, "in1")
    expect(dialog.locator("[data-period]")).to_contain_text("HOLD OPEN")
    expect(dialog.locator("[data-period]")).to_contain_text("wang + li · Clearing a queue, concert")
    expect(dialog.locator("[data-period]")).to_contain_text("its time was over")
    dialog.get_by_role("button", name="Lock").click()
    dialog.get_by_role("radio", name="Closed at night").check()
    dialog.locator("[data-command=confirm]").click()
    expect(lane(page, "in1").locator(".chip.attention")).to_contain_text("LOCKED")
    assert house.plant.asked_for("lock")[0]["args"] == {"lane": "in1", "reason": "NIGHT", "note": ""}


def test_a_lane_leaves_resync_when_somebody_says_what_stands_there(page: Page, house: House) -> None:
    house.plant.tell({"out1.mode.now": 6, "out1.loop.approach": True})
    dialog = modes(page)
    dialog.get_by_role("button", name="Leave RESYNC").click()
    dialog.get_by_role("radio", name="A car stands before the boom").check()
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_be_visible()
    args = house.plant.asked_for("leave_resync")[0]["args"]
    assert args == {"lane": "out1", "stands": "a car stands before the boom, nobody under it"}


def test_a_fault_is_confirmed_once_mount_and_limit_agree(page: Page, house: House) -> None:
    house.plant.tell({"out1.lane.state": "faulted", "out1.gate.attached": False})
    dialog = modes(page)
    mended = dialog.locator("[data-mode=confirm-fault]")
    expect(mended).to_be_disabled()
    expect(mended).to_have_attribute("title", "The boom is not on its mount")
    house.plant.tell({"out1.gate.attached": True})
    mended.click()
    dialog.get_by_role("textbox", name="Note").fill("new boom")
    dialog.locator("[data-command=confirm]").click()
    expect(dialog.locator("[data-outcome=done]")).to_have_text("The plant has taken it.")
    assert house.plant.asked_for("confirm_fault")[0]["args"] == {"lane": "out1", "note": "new boom"}


def test_a_technician_may_test_a_lane_and_not_hold_it_open(chromium: Browser, house: House) -> None:
    house.role[:] = ["technician"]
    with open_page(chromium, "en-GB") as page:
        sign_in(page, house.url, "wang")
        dialog = modes(page)
        expect(dialog.locator("[data-mode=hold-open]")).to_be_disabled()
        dialog.get_by_role("button", name="Test opening").click()
        dialog.get_by_role("textbox", name="Note").fill("after the repair")
        dialog.locator("[data-command=confirm]").click()
        expect(dialog.locator("[data-outcome=done]")).to_be_visible()
        assert house.plant.asked_for("test_opening")[0]["args"] == {"lane": "out1", "note": "after the repair"}


def test_it_is_all_there_in_chinese_at_1280_by_800(chromium: Browser, house: House) -> None:
    with open_page(chromium, "zh-CN") as page:
        sign_in(page, house.url, "wang")
        until = (datetime.now(UTC) + timedelta(minutes=9)).isoformat()
        house.plant.tell({"out1.mode.now": 2, "out1.mode.period": json.dumps({**PERIOD, "until": until})})
        expect(lane(page, "out1").locator(".notice.period")).to_contain_text("常抬 wang + li · 排队疏导, concert · 至")
        assert page.evaluate(
            "document.documentElement.scrollWidth <= 1280 && document.documentElement.scrollHeight <= 800"
        )
        dialog = modes(page)
        expect(dialog.get_by_role("heading")).to_have_text("1号出口的模式")
        expect(dialog.locator("[data-period]")).to_contain_text("到期结束")
        dialog.get_by_role("button", name="恢复自动").click()
        dialog.locator("[data-command=confirm]").click()
        expect(dialog.locator("[data-outcome=done]")).to_have_text("PLC已执行。")
