"""The pages of technicians in a real browser, a story each, in Chinese and English, before a plant of the test."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from scada.model.acceptance import ITEMS
from tests.support.axe import axe_finds
from tests.support.browser import open_page, sign_in
from tests.support.hmi import FakePlant, Json, control_room

NOW = datetime.now(UTC).replace(microsecond=0)
LOST = {"name": "20260301T080100.000000Z-out1-The-link-to-ua1-is-lost.jsonl", "fault": "The-link-to-ua1-is-lost"}
RECORDING = "20260301T080000.000000Z-out1-no_start.jsonl"
FINDING: Json = {
    "severity": "warning",
    "code": "W12",
    "file": "map",
    "row": 7,
    "column": "order",
    "sheet": "",
    "lane": "",
}
CHANGED: Json = {"tag": "out1.meter", "kind": "changed", "columns": {"address": ["HR4", "HR5"]}}
SCAN: Json = {"class": "fast", "period_ms": 50, "tags": 12, "times": {"count": 900, "p50": 8, "p99": 72, "longest": 90}}
DEVICE: Json = {
    "name": "plc1",
    "tag": "dev.plc1",
    "protocol": "modbus-tcp",
    "where": ["10.0.0.9:502"],
    "simulated": False,
}
LOOP: Json = {"edges": 40, "by_loop": 20, "by_camera": 30, "on_s": 2.4, "silent_hours": 0}
PROPOSED: Json = {"key": "t_open_s", "configured_s": 3.0, "proposed_s": 5.5, "seen_s": 3.0, "differs": True}
GATE: Json = {
    "days": [{"day": "2026-03-01", "cycles": 7, "open_ms": 1500, "close_ms": 2000}],
    "open_drift": 0.2, "close_drift": None, "faults": {"NO_START": 1},
    "answer": {"count": 9, "p50": 40.0, "p99": 80.0, "longest": 90.0}, "look": ["the boom did not start"],
}  # fmt: skip


class Town:
    """What the plant's verbs remember from one click to the next."""

    def __init__(self) -> None:
        self.proposals: list[Json] = []
        self.held: Json = {}
        self.sheets: list[Json] = []
        self.me = "wang"

    def bring(self, args: Json) -> Json:
        one = {"number": 1, "at": NOW.isoformat(), "by": self.me, "why": args["why"], "state": "OPEN", "version": 0}
        self.proposals = [{**one, "signed_by": "", "signed_at": ""}]
        return {**self.proposals[0], **self.difference(args)}

    def difference(self, _args: Json) -> Json:
        finding = {**FINDING, "sheet": "", "lane": "", "text": "two words and no order", "remedy": "fill in order"}
        device = {"device": "plc1", "kind": "changed", "restarts": True, "lanes": ["out1"], "columns": {}}
        changes = {"same": False, "devices": [device], "tags": [CHANGED], "count": 1}
        return {"ok": True, "findings": [finding], "differences": changes}

    def sign(self, _args: Json) -> Json:
        self.proposals = [{**self.proposals[0], "state": "SIGNED", "signed_by": self.me}]
        return self.proposals[0]

    def apply(self, _args: Json) -> Json:
        self.proposals = [{**self.proposals[0], "state": "APPLIED", "version": 2}]
        return {"ok": True, "version": 2, "done": ["plc1"], "waiting": {}}

    def hold(self, args: Json) -> Json:
        self.held = {"by": self.me, "why": args["why"], "at": NOW.isoformat()} if args["hold"] else {}
        return {"accepted": True}

    def recording(self, _args: Json) -> Json:
        told = {"name": RECORDING, "lane": "out1", "fault": "no_start", "at": NOW.isoformat(), "size": len(_recorded())}
        return {**told, "held": self.held, "passage": "P7"}

    def sheet(self, _args: Json) -> Json:
        items = [{"key": item.key, "title": item.title, "how": item.how} for item in ITEMS]
        return {"items": items, "facts": {"limits": {"times seen up": 4, "times seen down": 5}}, "sheets": self.sheets}

    def accept(self, args: Json) -> Json:
        content = {"answers": args["answers"], "facts": {}, "note": args["note"]}
        people = {"first": self.me, "second": args["second_name"]}
        self.sheets = [{"id": 1, "lane": args["lane"], "at": NOW.isoformat(), **people, "content": content}]
        return {"sheet": 1}

    def verbs(self) -> dict[str, object]:
        return {
            "sign_in": lambda args: {"name": args["name"], "role": "administrator", "must_change": False},
            "devices": lambda _args: [{**DEVICE, "simulated": False, "scans": [SCAN], "lanes": ["out1"], "tags": 12}],
            "lane_health": lambda _args: {
                "since": NOW.isoformat(), "gate": GATE,
                "loops": {"out1.loop.approach": {**LOOP, "look": ["the loop misses cars that the cameras see"]}},
            },
            "tag_map": lambda _args: {"version": 1, "versions": [], "no_auto": {"in1": "E19: no claim"}},
            "map_proposals": lambda _args: self.proposals,
            "propose_map": self.bring, "map_difference": self.difference, "sign_map": self.sign,
            "apply_map": self.apply,
            "recordings": lambda args: [self.recording(args), self.recording(args) | LOST],
            "recording": self.recording, "hold_recording": self.hold,
            "learn_lane": lambda _args: {"drives": [drive()], "proposals": [{**PROPOSED, "reason": "look"}]},
            "acceptance": self.sheet, "sign_acceptance": self.accept,
            "tag_places": lambda _args: [{"device": "plc1", "class": "fast", "tags": ["out1.loop.safety"]}],
            "tag_facts": lambda _args: {}, "forced_tags": lambda _args: [], "trend_views": lambda _args: [],
        }  # fmt: skip


def drive() -> Json:
    began = NOW.timestamp()
    edges = [(0.0, "loop.approach", True), (2.0, "gate.up", True), (3.0, "loop.safety", True)]
    told = [{"at_s": began + at, "contact": contact, "on": on} for at, contact, on in edges]
    times = dict.fromkeys(("transit_s", "gap_s", "close_s", "pass_s", "under_s"), None)
    return {"edges": told, "on_s": {"loop.approach": 2.5}, **times, "open_s": 3.0, "doubts": ["the boom did not start"]}


def _recorded() -> bytes:
    rows: list[Json] = [
        {"black_box": 1, "lane": "out1", "fault": "no_start", "at": NOW.isoformat()},
        {"image": {"out1.gate.up": [False, "GOOD"], "out1.lane.state": ["idle", "GOOD"]}},
    ]
    for second in range(6):
        at = (NOW + timedelta(seconds=second)).isoformat()
        read = {
            "out1.gate.up": [second % 2 == 0, "GOOD"],
            "out1.lane.state": ["opening", "GOOD" if second < 4 else "STALE"],
        }
        rows.append({"s": second, "at": at, "read": read})
    rows.append({"s": 6, "at": (NOW + timedelta(seconds=6)).isoformat(), "write": "out1.cmd", "told": {"seq": 4}})
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _write_recording(folder: Path) -> None:
    place = folder / "data" / "blackbox"
    place.mkdir(parents=True)
    (place / RECORDING).write_bytes(_recorded())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakePlant, str]]:
    folder = tmp_path_factory.mktemp("house")
    _write_recording(folder)
    with control_room(folder) as (plant, url):
        figures = {
            "state": "down",
            "address": "10.0.0.9:502",
            "errors": 3,
            "late_scans": 1,
            "why": "no answer",
            "holes": 0,
        }
        plant.tell({f"dev.plc1.{point}": value for point, value in figures.items()})
        yield plant, url


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_a_technicians_day(chromium: Browser, house: tuple[FakePlant, str], language: str) -> None:
    plant, url = house
    town = Town()
    plant.verbs.update(town.verbs())  # type: ignore[arg-type]
    with open_page(chromium, language) as page:
        sign_in(page, url, "wang")
        for story in (_devices, _watching, _recordings, _wizard):
            story(page, url)
            assert axe_finds(page) == [], story
        _maps(page, url, town)
        assert axe_finds(page) == []
        _acceptance(page, url, plant)
        page.click("#theme")
        assert axe_finds(page) == []


def _devices(page: Page, url: str) -> None:
    page.goto(f"{url}/devices")
    row = page.locator("tr[data-device=plc1]")
    expect(row.locator("[data-quality=trouble]")).to_have_count(1)
    expect(row).to_contain_text("p99 72 ms")
    row.locator("th a").click()
    expect(page.locator("[data-class=fast] td.late")).to_have_count(2)
    expect(page.locator("[data-health=out1] .look")).to_have_count(2)
    expect(page.locator("[data-health=out1]")).to_contain_text("+20 %")


def _watching(page: Page, url: str) -> None:
    page.goto(f"{url}/tags")
    page.click("[data-watch='out1.loop.safety']")
    page.select_option("[name=place]", "d:plc1:fast")
    expect(page.locator("[data-tag]")).to_have_count(1)
    page.click("[data-kind=watched]")
    page.reload()
    page.click("[data-kind=watched]")
    expect(page.locator("[data-tag]")).to_have_attribute("data-tag", "out1.loop.safety")
    expect(page.locator("[data-rate]")).to_have_text(re.compile(r"\d\.\d"))


def _recordings(page: Page, url: str) -> None:
    page.goto(f"{url}/recordings")
    row = page.locator(f"tr[data-recording='{LOST['name']}']")
    expect(row).to_contain_text(re.compile("The link to ua1 is lost|与 ua1 的通讯中断"))
    is_english = page.locator("html").get_attribute("lang") == "en"
    assert ("The link to ua1 is lost" in row.inner_text()) is is_english
    page.fill("[name=find]", "out1 p7")
    page.click(f"[data-look='{RECORDING}']")
    expect(page.locator("trend-board tr[data-tag='out1.lane.state']")).to_have_count(1)
    expect(page.locator("recordings-page")).to_contain_text("out1.cmd")
    page.fill("[name=why]", "a claim")
    page.click("form:has([name=why]) button")
    expect(page.locator(f"tr[data-recording='{RECORDING}']")).to_contain_text("wang: a claim")
    with page.expect_download() as file:
        page.click("a[download]")
    assert Path(file.value.path()).read_text("utf-8").startswith('{"black_box": 1')


def _wizard(page: Page, url: str) -> None:
    page.goto(f"{url}/wizard/out1")
    expect(page.locator("[data-contact='gate.down']")).to_have_attribute("data-on", "on")
    page.click("[data-do=start]")
    page.click("[data-do=done]")
    expect(page.locator("[data-drive='1'] [data-time=open_s]")).to_have_text("3.00 s")
    expect(page.locator("[data-wait=t_open_s] .look")).to_have_text("5.5")
    expect(page.locator("trend-board tr[data-tag='out1.gate.up']")).to_have_count(1)
    with page.expect_download() as file:
        page.click("[data-do=file]")
    assert "t_open_s = 5.5  # 3 now" in Path(file.value.path()).read_text("utf-8")


def _maps(page: Page, url: str, town: Town) -> None:
    page.goto(f"{url}/maps")
    page.set_input_files("[name=map]", {"name": "m.csv", "mimeType": "text/csv", "buffer": b"tag,device,address,type"})
    page.fill("#bring [name=why]", "meter moved")
    page.click("#bring button")
    expect(page.locator("[data-finding=W12]")).to_contain_text("7")
    expect(page.locator("[data-change='out1.meter']")).to_contain_text("HR5")
    expect(page.locator("[data-proposal='1'] [data-do=sign]")).to_be_disabled()
    town.proposals[0]["by"] = "tina"
    page.reload()
    page.click("[data-proposal='1'] [data-do=sign]")
    page.click("[data-proposal='1'] [data-do=apply]")
    expect(page.locator("maps-page [role=status]")).to_contain_text("2")
    expect(page.locator("[data-proposal='1'] [data-do=apply]")).to_have_count(0)


def _acceptance(page: Page, url: str, plant: FakePlant) -> None:
    page.goto(f"{url}/acceptance/out1")
    expect(page.locator("[data-item=limits] .fact")).to_have_count(2)
    for item in ITEMS:
        page.check(f"[data-item={item.key}] input[value=passed]")
    page.fill("[name=second_name]", "mei")
    page.fill("[name=second_password]", "correct horse")
    page.click("form.sheet button.primary")
    expect(page.locator("[data-sheet='1']")).to_contain_text("mei")
    (asked,) = plant.asked_for("sign_acceptance")[-1:]
    answers = asked["args"]["answers"]  # type: ignore[index]
    assert [one["answer"] for one in answers] == ["passed"] * len(ITEMS)
