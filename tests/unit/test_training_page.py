"""The training's page and band: nobody takes it for the real car park, and a hidden lesson is told to nobody."""

import re

import pytest

from hmi.control.app import COOKIE, TRAINING_COOKIE
from hmi.devices.app import create_app as devices_app
from scada.bridge import Message, Refused, Value
from scada.config import Config
from scada.model.training.lessons import LESSONS
from scada.settings.training import Training
from tests.support.hmi_pages import KEY, ControlRoom, shipped

AT = "2026-11-26T04:00:00+00:00"
NOW: Message = {"lesson": "misread", "trainee": "wang", "hidden": False, "phase": "running", "plate": "京A12345",
       "since_s": 4.0, "answered_s": None}  # fmt: skip
MARK = {"trainee": "wang", "lesson": "misread", "at": AT, "by": "", "answered_s": 4.0, "ended_s": 61.5,
        "deeds": ["plate", "open:GOODWILL"], "verdict": "wrong", "points": 20, "remarks": ["wrong-deed"]}  # fmt: skip
PAGES = ("/", "/desk", "/training", "/settings/people", "/help/training", "/no-such-page", "/training/record")


def in_training() -> Config:
    return shipped().model_copy(update={"training": Training(door=9)})


def room(role: str = "operator", *, hidden: bool = False) -> ControlRoom:
    made = ControlRoom(role, config=in_training())
    now: Message = {**NOW, "hidden": hidden}
    state: Message = {"lessons": list(LESSONS), "now": now, "trouble": "", "results": [MARK]}
    made.plant.verbs["training"] = lambda _args: Value(state)
    made.plant.verbs["start_lesson"] = lambda _args: Value({"begun": True})
    made.sign_in()
    return made


def test_every_page_wears_the_band_and_no_page_of_a_real_site_does() -> None:
    made = room()
    stranger = made.new_browser()
    assert 'class="training-band"' in stranger.get("/sign-in", base_url="http://127.0.0.1:8080").text
    for path in PAGES:
        page = made.get(path).text
        assert page.count('id="training-band"') == 1, path
        assert "<title>TRAINING 培训 · " in page, path
    real = ControlRoom()
    real.sign_in()
    assert "training-band" not in real.get("/desk").text
    assert real.get("/training").status_code == 404


def test_the_lanes_displays_wear_it_too() -> None:
    class Silent:
        def ask(self, verb: str, args: Message, *, within_s: float = 2.0) -> Value:
            return Value({})

    browser = devices_app(in_training(), Silent(), KEY).test_client()
    assert 'class="training-band"' in browser.get("/display/in1", base_url="http://127.0.0.1:8082").text


def test_a_training_signs_nobody_out_of_the_real_control_room() -> None:
    assert room().app.config["SESSION_COOKIE_NAME"] == TRAINING_COOKIE != COOKIE
    assert ControlRoom().app.config["SESSION_COOKIE_NAME"] == COOKIE


@pytest.mark.parametrize(("lang", "heard"), [("en", "My plate is 京A12345"), ("zh", "我的车牌是 京A12345")])
def test_what_is_heard_is_told_in_the_language_of_the_page(lang: str, heard: str) -> None:
    told = room().get(f"/api/v1/training?lang={lang}").get_json()
    assert heard in told["now"]["heard"]
    assert told["now"]["title"] == {"en": "A plate read wrongly at the exit", "zh": "出口误识车牌"}[lang]


def test_a_hidden_lesson_is_told_to_nobody_before_it_is_over() -> None:
    now = room(hidden=True).get("/api/v1/training?lang=en").get_json()["now"]
    assert (now["lesson"], now["title"]) == ("", "A surprise")
    assert "misread" not in str(now)


def test_a_mark_is_told_with_what_would_have_been_better() -> None:
    told = room().get("/api/v1/training?lang=en").get_json()
    (mark,) = told["results"]
    assert mark["verdict_words"] == "Wrong"
    assert mark["deeds"] == ["Plate corrected", "Opened: Goodwill"]
    assert mark["remarks"] == ["What was done was wrong here."]
    assert mark["better"] == str(LESSONS["misread"].better)
    assert told["score"]["points"] == 20


def test_a_lesson_is_begun_by_name_and_a_refusal_is_told() -> None:
    made = room()
    assert made.command("/api/v1/training/lessons", {"lesson": "full"}).get_json() == {"begun": True}
    assert made.plant.asks("start_lesson")[-1] == {"lesson": "full", "trainee": ""}
    made.plant.verbs["start_lesson"] = lambda _args: Refused("refused", "a lesson is under way: end it first, or wait")
    assert made.command("/api/v1/training/lessons", {"lesson": "full"}).status_code == 409


def test_an_auditor_takes_no_lessons() -> None:
    assert room("auditor").command("/api/v1/training/lessons", {"lesson": "full"}).status_code == 403


def test_a_record_is_printed_in_both_languages_and_only_a_trainer_prints_another_s() -> None:
    page = room().get("/training/record?name=wang").text
    for words in ("wang", "出口误识车牌", "A plate read wrongly at the exit", "开闸：客诉减免", "Opened: Goodwill"):
        assert words in page
    assert len(re.findall("<li>", page)) == len(LESSONS) - 1
    assert room().get("/training/record?name=li").status_code == 403
    assert room("administrator").get("/training/record?name=li").status_code == 200
