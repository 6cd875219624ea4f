"""The drivers' pages and WeChat's notices, without a server and with a plant in memory."""

import base64
import io
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hmi.assets import STATIC
from hmi.public.app import create_app
from hmi.public.notice import BODY_LIMIT
from scada.bridge import Refused, Unknown, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped

PUBLIC = "http://localhost:8081"
PAGE = "/c/tok-1"
VIEW = {
    "lane": "out1",
    "title": "1号出口",
    "title_en": "Exit 1",
    "direction": "exit",
    "plate": "京A12345",
    "state": "asking",
    "known": False,
    "stage": "asks",
    "paid": False,
    "help": "",
    "help_at": "",
    "version": "v1",
}
OFFERED = {
    "stay": "S1",
    "plate": "京A12346",
    "entered_at": "2026-11-22T01:30:00+00:00",
    "minutes": 95,
    "jpeg_b64": base64.b64encode(b"jpeg").decode(),
}


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant({"claim_view": lambda _args: Value(VIEW)})


@pytest.fixture
def phone(plant: MemoryPlant) -> FlaskClient:
    return create_app(shipped(), plant, KEY).test_client()


def seal(phone: FlaskClient, page: str = PAGE) -> dict[str, str]:
    return {"csrf_token": form_token(phone.get(page, base_url=PUBLIC))}


def state_of(text: str) -> str:
    found = re.search(r'<body data-state="(\w+)"', text)
    assert found
    return found[1]


def test_the_page_asks_for_the_plate_and_keeps_no_cookie(phone: FlaskClient) -> None:
    answer = phone.get(PAGE, base_url=PUBLIC)
    assert state_of(answer.text) == "asking"
    assert 'name="plate"' in answer.text
    assert f'action="{PAGE}/help"' in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_page_is_light_enough_for_a_garage(phone: FlaskClient) -> None:
    page = phone.get(PAGE, base_url=PUBLIC)
    assert len(page.data) + (Path(STATIC) / "public" / "phone.css").stat().st_size < 60_000
    scripts = re.findall('<script type="module" src="([^"]+)"></script>', page.text)
    assert len(scripts) == page.text.count("<script") == 1
    assert "fee" in scripts[0]


def test_it_speaks_the_phones_language_and_the_other_one_when_asked(phone: FlaskClient) -> None:
    assert "您的车牌" in phone.get(PAGE, base_url=PUBLIC, headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
    assert "Your plate" in phone.get(PAGE, base_url=PUBLIC, headers={"Accept-Language": "en-GB"}).text
    english = phone.get(f"{PAGE}?lang=en", base_url=PUBLIC, headers={"Accept-Language": "zh-CN"}).text
    assert "Your plate" in english
    assert f'action="{PAGE}?lang=en"' in english


def test_an_entering_driver_says_the_plate_and_is_done(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_plate"] = lambda _args: Value({"accepted": True, "version": "v1"})
    answer = phone.post(PAGE, base_url=PUBLIC, data={**seal(phone), "plate": "京a 12345"})
    assert state_of(answer.text) == "accepted"
    assert plant.asks("claim_plate") == [{"token": "tok-1", "plate": "京A12345"}]


def test_a_leaving_driver_picks_among_what_the_plant_offers(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_plate"] = lambda _args: Value({"accepted": True, "candidates": [OFFERED]})
    plant.verbs["claim_stay"] = lambda _args: Value({"accepted": True, "version": "v1"})
    answer = phone.post(PAGE, base_url=PUBLIC, data={**seal(phone), "plate": "京A12345"})
    assert state_of(answer.text) == "candidates"
    assert 'data-plate="京A12346" data-entered-at="2026-11-22T01:30:00+00:00"' in answer.text
    assert "11-22 09:30" in answer.text
    assert len(answer.data) < 60_000
    picture = phone.get(f"{PAGE}/picture/S1", base_url=PUBLIC)
    assert (picture.data, picture.mimetype) == (b"jpeg", "image/jpeg")
    done = phone.post(f"{PAGE}/stay", base_url=PUBLIC, data={"csrf_token": form_token(answer), "stay": "S1"})
    assert state_of(done.text) == "accepted"
    assert f'class="button primary" href="{PAGE}"' in done.text
    assert plant.asks("claim_stay") == [{"token": "tok-1", "stay": "S1"}]


def test_a_picture_offered_to_one_token_is_hidden_from_all_others(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_plate"] = lambda _args: Value({"accepted": True, "candidates": [OFFERED]})
    phone.post(PAGE, base_url=PUBLIC, data={**seal(phone), "plate": "京A12345"})
    assert phone.get("/c/tok-2/picture/S1", base_url=PUBLIC).status_code == 404


def test_a_plate_nobody_knows_may_be_tried_again_or_a_person_called(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_plate"] = lambda _args: Value({"accepted": False, "candidates": []})
    plant.verbs["call_help"] = lambda _args: Value({"help": "h1"})
    answer = phone.post(PAGE, base_url=PUBLIC, data={**seal(phone), "plate": "京A12345"})
    assert state_of(answer.text) == "refused"
    assert 'name="plate"' in answer.text
    called = phone.post(f"{PAGE}/help", base_url=PUBLIC, data={"csrf_token": form_token(answer)})
    assert (called.status_code, called.location) == (303, "/h/h1")
    assert plant.asks("call_help") == [{"token": "tok-1"}]


def test_nonsense_is_not_even_asked_for(phone: FlaskClient, plant: MemoryPlant) -> None:
    answer = phone.post(PAGE, base_url=PUBLIC, data={**seal(phone), "plate": "<script>alert(1)</script>"})
    assert state_of(answer.text) == "refused"
    assert "<script>" not in answer.text
    assert plant.asks("claim_plate") == []


def test_a_code_whose_car_is_gone_is_gone(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_view"] = lambda _args: Refused("gone", "gone")
    answer = phone.get(PAGE, base_url=PUBLIC)
    assert (answer.status_code, state_of(answer.text)) == (410, "gone")
    assert "<form" not in answer.text


def followed(text: str) -> tuple[str | None, ...]:
    """Give what the page follows: where it asks, where it goes, and what it was made from."""
    found = [re.search(rf'data-{name}="([^"]*)"', text) for name in ("follow", "home", "version")]
    return tuple(one[1] if one else None for one in found)


@pytest.mark.parametrize("state", ["asking", "done", "paying"])
def test_each_page_of_the_boom_follows_the_plant(phone: FlaskClient, plant: MemoryPlant, state: str) -> None:
    plant.verbs["claim_view"] = lambda _args: Value({**VIEW, "state": state, "due_fen": 500, "fee": "f", "own": []})
    plant.verbs["claim_state"] = lambda _args: Value({"version": "v2"})
    text = phone.get(f"{PAGE}?lang=en", base_url=PUBLIC).text
    assert followed(text) == (f"{PAGE}/state", f"{PAGE}?lang=en", "v1")
    assert phone.get(f"{PAGE}/state", base_url=PUBLIC).json == {"version": "v2"}
    assert plant.asks("claim_state") == [{"token": "tok-1"}]


def test_an_answer_to_a_form_goes_on_from_what_was_there_before_it(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_plate"] = lambda _args: Value({"accepted": True, "version": "v1"})
    taken = phone.post(PAGE, base_url=PUBLIC, data={**seal(phone), "plate": "京A12345"})
    assert followed(taken.text) == (f"{PAGE}/state", PAGE, "v1")
    plant.verbs["claim_plate"] = lambda _args: Value({"accepted": False, "candidates": []})
    refused = phone.post(PAGE, base_url=PUBLIC, data={**seal(phone), "plate": "京A12345"})
    assert followed(refused.text) == (f"{PAGE}/state", PAGE, None)


def test_a_page_that_could_say_nothing_goes_on_as_soon_as_the_plant_answers(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    plant.verbs["claim_view"] = lambda _args: Unknown("no answer")
    assert followed(phone.get(PAGE, base_url=PUBLIC).text) == (f"{PAGE}/state", PAGE, "silent")
    assert phone.get(f"{PAGE}/state", base_url=PUBLIC).status_code == 503


@pytest.mark.parametrize("form", ["", "/stay", "/ticket", "/unplated", "/help"])
def test_a_form_of_which_nobody_knows_whether_it_was_taken_shows_what_is_so_as_soon_as_the_plant_answers(
    phone: FlaskClient, plant: MemoryPlant, form: str
) -> None:
    for verb in ("claim_plate", "claim_stay", "claim_ticket", "claim_unplated", "call_help"):
        plant.verbs[verb] = lambda _args: Unknown("no answer")
    said = phone.post(f"{PAGE}{form}", base_url=PUBLIC, data={**seal(phone), "plate": "京A12345", "stay": "S1"})
    assert (said.status_code, followed(said.text)) == (503, (f"{PAGE}/state", PAGE, "silent"))


def test_phones_that_follow_do_not_use_up_what_their_drivers_may_look_at(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    plant.verbs["claim_state"] = lambda _args: Value({"version": "v1"})
    polls = {phone.get(f"{PAGE}/state", base_url=PUBLIC).status_code for _ in range(400)}
    assert polls == {200}
    assert phone.get(PAGE, base_url=PUBLIC).status_code == 200


def test_who_guesses_codes_by_what_pages_follow_is_told_nothing_before_long(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    plant.verbs["claim_state"] = lambda _args: Refused("gone", "gone")
    said = [phone.get(f"/c/guess-{n}/state", base_url=PUBLIC) for n in range(65)]
    assert said[0].json == {"version": "gone"}
    assert [one.status_code for one in said] == [410] * 60 + [429] * 5
    assert phone.get(PAGE, base_url=PUBLIC).status_code == 200


@pytest.mark.parametrize(
    ("told", "zh", "en"),
    [
        ({"stage": "opens", "paid": True}, "已支付，道闸即将开启。", "Paid. The gate opens now."),
        ({"stage": "open", "paid": True}, "已支付，道闸已开，请通行。", "Paid. The gate is open. Please drive on."),
        ({"stage": "open"}, "道闸已开，请通行。", "The gate is open. Please drive on."),
        ({"stage": "passes"}, "谢谢，祝您一路平安。", "Thank you. Have a safe journey."),
        ({"stage": "passes", "direction": "entry"}, "欢迎光临，请入场停车。", "Welcome. Please drive in and park."),
        ({"stage": "person"}, "此车需人工处理", "A person must look at this car first."),
        ({"stage": "wait"}, "请稍候，本页会自动更新。", "One moment please. This page goes on by itself."),
        ({"stage": "back"}, "请看显示屏", "Look at the display."),
    ],
)
def test_the_page_of_the_boom_always_says_how_far_the_car_has_come(
    phone: FlaskClient, plant: MemoryPlant, told: dict[str, object], zh: str, en: str
) -> None:
    plant.verbs["claim_view"] = lambda _args: Value({**VIEW, "state": "done", **told})
    assert zh in phone.get(f"{PAGE}?lang=zh", base_url=PUBLIC).text
    assert en in phone.get(f"{PAGE}?lang=en", base_url=PUBLIC).text


@pytest.mark.parametrize(
    ("told", "zh", "en"),
    [
        ({"plate": ""}, "未能识别您的车牌", "Your plate was not read. Please type it."),
        ({}, "未找到该车牌的入场记录", "No stay is known for this plate. If it was misread, please correct it."),
        ({"direction": "entry"}, "这是您的车牌吗", "Is this your plate? If it was misread, please correct it."),
        ({"known": True}, "请稍候", "One moment please."),
    ],
)
def test_a_driver_who_is_asked_for_his_plate_is_told_why(
    phone: FlaskClient, plant: MemoryPlant, told: dict[str, object], zh: str, en: str
) -> None:
    plant.verbs["claim_view"] = lambda _args: Value({**VIEW, **told})
    assert zh in phone.get(f"{PAGE}?lang=zh", base_url=PUBLIC).text
    assert en in phone.get(f"{PAGE}?lang=en", base_url=PUBLIC).text


def test_help_is_offered_where_a_person_must_look_and_told_no_more_when_the_gate_opens(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    called = {"help": "answered", "help_at": OFFERED["entered_at"]}
    for stage, is_offered, is_told in (("person", True, True), ("opens", False, False)):
        plant.verbs["claim_view"] = lambda _args, stage=stage: Value(  # type: ignore[misc]
            {**VIEW, "state": "done", "stage": stage, **called}
        )
        text = phone.get(f"{PAGE}?lang=en", base_url=PUBLIC).text
        assert (f"{PAGE}/help" in text, "Somebody answered" in text) == (is_offered, is_told)


@pytest.mark.parametrize(
    ("how", "zh", "en"),
    [
        ("calling", "09:30", "The control room is being called since 09:30."),
        ("answered", "09:30", "Somebody answered at 09:30 and is looking at it."),
    ],
)
def test_who_called_from_the_boom_reads_there_how_his_call_stands(
    phone: FlaskClient, plant: MemoryPlant, how: str, zh: str, en: str
) -> None:
    plant.verbs["claim_view"] = lambda _args: Value({**VIEW, "help": how, "help_at": OFFERED["entered_at"]})
    assert zh in phone.get(f"{PAGE}?lang=zh", base_url=PUBLIC).text
    assert en in phone.get(f"{PAGE}?lang=en", base_url=PUBLIC).text


def test_a_lane_that_asks_for_nothing_says_so(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_view"] = lambda _args: Value({**VIEW, "state": "done"})
    answer = phone.get(PAGE, base_url=PUBLIC)
    assert state_of(answer.text) == "accepted"
    assert "<form" not in answer.text


def test_a_silent_plant_is_told_in_words(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_view"] = lambda _args: Unknown("no answer")
    answer = phone.get(PAGE, base_url=PUBLIC)
    assert (answer.status_code, state_of(answer.text)) == (503, "refused")


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/stay", f"{PAGE}/help", f"{PAGE}/unplated", f"{PAGE}/ticket"])
def test_a_form_must_be_one_that_our_page_gave_for_this_token(
    phone: FlaskClient, path: str, plant: MemoryPlant
) -> None:
    other = seal(phone, "/c/tok-2")
    before = len(plant.asked)
    for token in ({}, {"csrf_token": "x"}, other):
        assert phone.post(path, base_url=PUBLIC, data={**token, "plate": "京A12345"}).status_code == 400
    assert len(plant.asked) == before


def test_a_token_may_be_tried_a_few_times_a_minute(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_plate"] = lambda _args: Value({"accepted": False, "candidates": []})
    form = {**seal(phone), "plate": "京A12345"}
    statuses = [phone.post(PAGE, base_url=PUBLIC, data=form).status_code for _ in range(14)]
    assert statuses[:12] == [409] * 12
    assert statuses[12:] == [429] * 2


def test_an_entering_driver_without_a_plate_gets_a_code_and_his_phone_keeps_the_ticket(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    plant.verbs["claim_view"] = lambda _args: Value({**VIEW, "plate": "", "unplated": "entry", "code": ""})
    plant.verbs["claim_unplated"] = lambda _args: Value({"code": "0042", "ticket": "signed", "version": "v1"})
    asked = phone.get(PAGE, base_url=PUBLIC, headers={"Accept-Language": "zh-CN"})
    assert "我的车没有车牌" in asked.text
    assert 'name="code"' not in asked.text
    answer = phone.post(f"{PAGE}/unplated?lang=en", base_url=PUBLIC, data={"csrf_token": form_token(asked)})
    assert state_of(answer.text) == "accepted"
    assert "<b>0042</b>" in answer.text
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("ticket=signed;")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    phone.get(PAGE, base_url=PUBLIC)
    assert plant.asks("claim_view")[-1] == {"token": "tok-1", "ticket": "signed"}


@pytest.mark.parametrize(
    ("language", "button", "label"),
    [
        ("zh-CN", "我是无牌车，入场时用的本手机", "我是无牌车，取车码"),
        ("en", "I came in without a plate, with this phone", "I came in without a plate: my code"),
    ],
)
def test_a_leaving_driver_without_a_plate_is_known_by_his_phone_or_by_the_code(
    phone: FlaskClient, plant: MemoryPlant, language: str, button: str, label: str
) -> None:
    plant.verbs["claim_view"] = lambda _args: Value({**VIEW, "plate": "", "unplated": "exit", "code": ""})
    plant.verbs["claim_ticket"] = lambda args: Value({"candidates": [OFFERED] if args.get("code") == "0042" else []})
    headers = {"Accept-Language": language}
    asked = phone.get(PAGE, base_url=PUBLIC, headers=headers)
    assert button not in asked.text
    assert f'<label for="code">{label}</label>' in asked.text
    phone.set_cookie("ticket", "signed", domain="localhost")
    assert button in phone.get(PAGE, base_url=PUBLIC, headers=headers).text
    form = {"csrf_token": form_token(asked)}
    for data in (form, {**form, "code": "9999"}):
        answer = phone.post(f"{PAGE}/ticket", base_url=PUBLIC, data=data, headers=headers)
        assert (answer.status_code, state_of(answer.text)) == (409, "refused")
        assert 'name="code"' in answer.text
    right = phone.post(f"{PAGE}/ticket", base_url=PUBLIC, data={**form, "code": "0042"}, headers=headers)
    assert state_of(right.text) == "candidates"
    assert plant.asks("claim_ticket") == [
        {"token": "tok-1", "ticket": "signed", "phone": ""},
        {"token": "tok-1", "code": "9999"},
        {"token": "tok-1", "code": "0042"},
    ]


def test_too_many_codes_are_told_in_words(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["claim_ticket"] = lambda _args: Refused("refused", "too many codes were tried; call for help")
    form = {**seal(phone), "code": "0042"}
    answer = phone.post(f"{PAGE}/ticket?lang=zh", base_url=PUBLIC, data=form)
    assert "取车码尝试次数过多，请呼叫帮助" in answer.text
    assert f'action="{PAGE}/help' in answer.text


def test_a_notice_of_no_kind_has_no_door(phone: FlaskClient, plant: MemoryPlant) -> None:
    assert phone.post("/wechat/notice/other", base_url=PUBLIC, data=b"{}").status_code == 404
    assert not plant.asks("notice")


@pytest.mark.parametrize("kind", ["pay", "refund", "parking"])
def test_a_notice_goes_to_the_plant_as_it_came_and_its_answer_back(
    phone: FlaskClient, plant: MemoryPlant, kind: str
) -> None:
    plant.verbs["notice"] = lambda _args: Value({"status": 204, "body": ""})
    body = '{"id":"n1", "spaces":  "kept", "中": 1}'.encode()
    headers = {
        "Wechatpay-Signature": "c2ln",
        "Wechatpay-Serial": "S",
        "Content-Type": "application/json",
        "Cookie": "a=b",
    }
    answer = phone.post(f"/wechat/notice/{kind}", base_url=PUBLIC, data=body, headers=headers)
    assert answer.status_code == 204
    (asked,) = plant.asks("notice")
    assert base64.b64decode(str(asked["body_b64"])) == body
    assert asked["headers"] == {
        "Wechatpay-Signature": "c2ln",
        "Wechatpay-Serial": "S",
        "Content-Type": "application/json",
    }


@pytest.mark.parametrize("reply", [Unknown("no answer"), Refused("failed", "disk full")])
def test_a_notice_the_plant_did_not_take_must_come_again(
    phone: FlaskClient, plant: MemoryPlant, reply: Unknown | Refused
) -> None:
    plant.verbs["notice"] = lambda _args: reply
    assert phone.post("/wechat/notice/pay", base_url=PUBLIC, data=b"{}").status_code == 503


@pytest.mark.parametrize("length", [70_000, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_of_a_huge_notice_only_the_beginning_reaches_the_plant_which_refuses_it(
    phone: FlaskClient, plant: MemoryPlant, length: int, chunked: bool
) -> None:
    plant.verbs["notice"] = lambda _args: Value({"status": 401, "body": "{}"})
    stream = io.BytesIO(b"x" * length)
    environ = {"wsgi.input_terminated": True} if chunked else {"CONTENT_LENGTH": str(length)}
    answer = phone.post("/wechat/notice/pay", base_url=PUBLIC, input_stream=stream, environ_overrides=environ)
    assert answer.status_code == 401
    (asked,) = plant.asks("notice")
    assert len(base64.b64decode(str(asked["body_b64"]))) == BODY_LIMIT + 1


def test_a_foreign_host_is_refused(phone: FlaskClient) -> None:
    assert phone.get(PAGE, base_url="http://evil.example").status_code == 400
