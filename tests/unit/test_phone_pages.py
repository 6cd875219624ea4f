"""The pages on which a driver sees the fee and pays, without a server and with a plant in memory."""

import re

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from hmi.public import forms
from hmi.public.app import create_app
from hmi.whence import address, seat
from scada.bridge import Refused, Unknown, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped

PUBLIC = "http://localhost:8081"
WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}
JSON = {"Accept": "application/json"}
DUE = {
    "state": "due",
    "plate": "京A12345",
    "entered_at": "2026-11-22T01:30:00+00:00",
    "minutes": 95,
    "total_fen": 1000,
    "paid_fen": 0,
    "due_fen": 1000,
    "said": {"zh": ["每 1 小时 5.00 元 × 2，计 10.00 元"], "en": ["every hour 5.00 yuan × 2: 10.00 yuan"]},
    "leave_by": None,
    "tariff": "demo-1",
    "at_exit": "",
    "ways": ["QR", "H5", "JSAPI"],
}


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant(
        {
            "fee_find": lambda args: Value({"token": "tok-1" if args["plate"] == "京A12345" else ""}),
            "fee_view": lambda _args: Value(dict(DUE)),
        }
    )


@pytest.fixture
def phone(plant: MemoryPlant) -> FlaskClient:
    return create_app(shipped(), plant, KEY).test_client()


def get(phone: FlaskClient, path: str, **headers: str) -> str:
    return phone.get(path, base_url=PUBLIC, headers={**headers}).text


def seal(phone: FlaskClient, page: str) -> dict[str, str]:
    return {"csrf_token": form_token(phone.get(page, base_url=PUBLIC))}


def test_a_plate_leads_to_its_fee_without_any_sign_in(phone: FlaskClient, plant: MemoryPlant) -> None:
    answer = phone.post("/fee", base_url=PUBLIC, data={**seal(phone, "/"), "plate": " 京a·12345 "})
    assert (answer.status_code, answer.location) == (303, "/f/tok-1")
    assert plant.asks("fee_find") == [{"plate": "京A12345"}]
    assert "Set-Cookie" not in answer.headers


def test_a_plate_that_is_not_inside_and_one_that_is_none_are_told_so(phone: FlaskClient, plant: MemoryPlant) -> None:
    form = seal(phone, "/")
    assert "没有这辆车" in phone.post("/fee", base_url=PUBLIC, data={**form, "plate": "沪B77777"}).text
    answer = phone.post("/fee", base_url=PUBLIC, data={**form, "plate": "hello"})
    assert answer.status_code == 400
    assert len(plant.asks("fee_find")) == 1


def test_a_form_that_is_not_of_our_page_is_refused(phone: FlaskClient) -> None:
    assert phone.post("/fee", base_url=PUBLIC, data={"plate": "京A12345"}).status_code == 400
    assert phone.post("/f/tok-1/pay", base_url=PUBLIC, data={**seal(phone, "/"), "way": "QR"}).status_code == 400


def test_who_asks_too_often_is_slowed_down(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["fee_find"] = lambda _args: Refused("slow", "Too many tries. Please wait a minute.")
    answer = phone.post("/fee", base_url=PUBLIC, data={**seal(phone, "/"), "plate": "京A12345"})
    assert (answer.status_code, "尝试次数过多" in answer.text) == (429, True)


def test_one_address_may_not_go_on_for_ever(phone: FlaskClient) -> None:
    form = seal(phone, "/")
    codes = [phone.post("/fee", base_url=PUBLIC, data={**form, "plate": "沪B77777"}).status_code for _ in range(31)]
    assert codes[-1] == 429


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("¥10.00", "1 小时 35 分", "每 1 小时 5.00 元 × 2", "demo-1")),
        ("en", ("¥10.00", "1 h 35 min", "every hour 5.00 yuan × 2", "demo-1")),
    ],
)
def test_the_fee_is_shown_with_all_that_makes_it(phone: FlaskClient, lang: str, words: tuple[str, ...]) -> None:
    text = get(phone, f"/f/tok-1?lang={lang}")
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"state": "paid", "due_fen": 0, "leave_by": "2026-11-22T03:20:00+00:00"}, "Paid. Please leave by 11:20."),
        ({"state": "paid", "due_fen": 0, "at_exit": "out1"}, "The gate opens now."),
        ({"state": "free", "due_fen": 0}, "Nothing to pay now."),
        ({"state": "person"}, "A person must look at this stay first."),
        ({"state": "left", "due_fen": 0}, "This stay has ended."),
        ({"state": "left", "due_fen": 700}, "7.00 yuan are still owed."),
        ({"at_exit": "out1"}, "Your car waits at Exit 1."),
    ],
)
def test_a_driver_is_always_told_what_to_do_next(
    phone: FlaskClient, plant: MemoryPlant, told: dict[str, object], words: str
) -> None:
    plant.verbs["fee_view"] = lambda _args: Value({**DUE, **told})
    assert words in get(phone, "/f/tok-1?lang=en")


@pytest.mark.parametrize("may", [True, False])
def test_only_who_may_is_offered_to_bind_the_plate(phone: FlaskClient, plant: MemoryPlant, may: bool) -> None:
    phone.set_cookie("phone", "sealed", domain="localhost")
    plant.verbs["fee_view"] = lambda _args: Value({**DUE, "may_bind": may})
    assert ("Bind this plate" in get(phone, "/f/tok-1?lang=en", **WECHAT)) is may


@pytest.mark.parametrize(("lang", "words"), [("zh", "无牌车"), ("en", "Car without a plate")])
def test_a_car_without_a_plate_has_no_name_of_ours_on_its_drivers_phone(
    phone: FlaskClient, plant: MemoryPlant, lang: str, words: str
) -> None:
    plant.verbs["fee_view"] = lambda _args: Value({**DUE, "plate": "无牌7K3M9Q2X"})
    text = get(phone, f"/f/tok-1?lang={lang}")
    assert f'<p class="plate-shown">{words}</p>' in text
    assert "7K3M9Q2X" not in text


def test_nothing_can_be_paid_where_nothing_is_due(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["fee_view"] = lambda _args: Value({**DUE, "state": "free", "due_fen": 0})
    assert 'id="ways"' not in get(phone, "/f/tok-1")


def test_the_page_follows_the_plant(phone: FlaskClient, plant: MemoryPlant) -> None:
    found = re.search(r'data-version="(\w+)"', get(phone, "/f/tok-1"))
    assert found
    state = "/f/tok-1/state"
    assert phone.get(state, base_url=PUBLIC).json == {"version": found[1]}
    plant.verbs["fee_view"] = lambda _args: Value({**DUE, "minutes": 96})
    assert phone.get(state, base_url=PUBLIC).json == {"version": found[1]}
    plant.verbs["fee_view"] = lambda _args: Value({**DUE, "state": "paid", "due_fen": 0, "paid_fen": 1000})
    assert phone.get(state, base_url=PUBLIC).json != {"version": found[1]}
    plant.verbs["fee_view"] = lambda _args: Unknown("no answer")
    assert phone.get(state, base_url=PUBLIC).status_code == 503
    plant.verbs["fee_view"] = lambda _args: Refused("gone", "old")
    gone = phone.get(state, base_url=PUBLIC)
    assert (gone.status_code, gone.json) == (410, {"version": "gone"})
    assert phone.get("/f/tok-1", base_url=PUBLIC).status_code == 410


def test_outside_wechat_a_browser_pays_by_h5_and_another_phone_by_code(phone: FlaskClient, plant: MemoryPlant) -> None:
    text = get(phone, "/f/tok-1")
    assert 'data-way="H5"' in text
    assert 'data-way="JSAPI"' not in text
    form = {**seal(phone, "/f/tok-1"), "way": "H5"}
    plant.verbs["fee_pay"] = lambda _args: Value({"due_fen": 1000, "way": "H5", "h5_url": "https://wx.tenpay.com/x"})
    assert phone.post("/f/tok-1/pay", base_url=PUBLIC, data=form, headers=JSON).json == {
        "go": "https://wx.tenpay.com/x"
    }
    plant.verbs["fee_pay"] = lambda _args: Value({"due_fen": 1000, "way": "QR", "code_url": "weixin://pay/1"})
    told = phone.post("/f/tok-1/pay", base_url=PUBLIC, data={**form, "way": "QR"}, headers=JSON).get_json()
    picture = phone.get(told["code"], base_url=PUBLIC)
    drawn = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_COLOR)
    assert drawn is not None
    assert cv2.QRCodeDetector().detectAndDecode(drawn)[0] == "weixin://pay/1"
    assert "code.png" in phone.post("/f/tok-1/pay", base_url=PUBLIC, data={**form, "way": "QR"}).text


def test_nobody_has_our_page_draw_a_code_of_his_own(phone: FlaskClient) -> None:
    assert phone.get("/f/tok-1/code.png?c=weixin://mine", base_url=PUBLIC).status_code == 404


def test_who_pays_on_a_page_that_lay_open_too_long_is_given_it_anew(
    phone: FlaskClient, plant: MemoryPlant, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {**seal(phone, "/f/tok-1"), "way": "QR"}
    monkeypatch.setattr(forms, "FORM_LIFE_S", -1)
    answer = phone.post("/f/tok-1/pay", base_url=PUBLIC, data=form, headers=JSON)
    assert (answer.status_code, answer.json) == (400, {"reload": True})
    assert phone.post("/f/tok-1/pay", base_url=PUBLIC, data=form).status_code == 400
    assert plant.asks("fee_pay") == []


@pytest.mark.parametrize(("lang", "button"), [("zh", "呼叫客服"), ("en", "Call for help")])
def test_the_page_of_a_car_at_the_exit_calls_for_help_and_follows_the_call(
    phone: FlaskClient, plant: MemoryPlant, lang: str, button: str
) -> None:
    elsewhere = get(phone, f"/f/tok-1?lang={lang}")
    assert button not in elsewhere
    assert f"/me/help?lang={lang}" in elsewhere
    plant.verbs["fee_view"] = lambda _args: Value({**DUE, "at_exit": "out1"})
    plant.verbs["fee_help"] = lambda _args: Value({"help": "h1"})
    assert button in get(phone, f"/f/tok-1?lang={lang}")
    assert phone.post("/f/tok-1/help", base_url=PUBLIC, data=seal(phone, "/")).status_code == 400
    called = phone.post(f"/f/tok-1/help?lang={lang}", base_url=PUBLIC, data=seal(phone, "/f/tok-1"))
    assert (called.status_code, called.location) == (303, f"/h/h1?lang={lang}")
    assert plant.asks("fee_help") == [{"token": "tok-1"}]
    plant.verbs["fee_help"] = lambda _args: Refused("refused", "Your car waits at no exit now.")
    refused = phone.post("/f/tok-1/help?lang=en", base_url=PUBLIC, data=seal(phone, "/f/tok-1"))
    assert (refused.status_code, "Your car waits at no exit now." in refused.text) == (409, True)


def test_a_page_that_is_slowed_down_says_so_in_words(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["fee_pay"] = lambda _args: Refused("refused", "You cannot pay this way.")
    form = {**seal(phone, "/f/tok-1"), "way": "QR"}
    said = [phone.post("/f/tok-1/pay?lang=en", base_url=PUBLIC, data=form, headers=JSON) for _ in range(31)]
    assert said[-1].json == {"why": "Too many tries. Please wait a minute."}


def test_inside_wechat_a_visitor_is_made_known_once_and_the_code_leaves_the_address(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    assert "/f/tok-1/wechat" in get(phone, "/f/tok-1", **WECHAT)
    plant.verbs["phone_sign_in"] = lambda args: Value({"url": f"https://open.example/?state={args['state']}"})
    plant.verbs["phone_known"] = lambda args: Value({"phone": f"sealed-{args['code']}"})
    gone = phone.get("/f/tok-1/wechat", base_url=PUBLIC)
    state = gone.location.partition("state=")[2]
    back = phone.get(f"/wechat/back?code=c1&state={state}", base_url=PUBLIC)
    assert (back.status_code, back.location) == (303, "/f/tok-1")
    cookie = phone.get_cookie("phone", domain="localhost")
    assert cookie is not None
    assert (cookie.value, cookie.http_only, cookie.same_site) == ("sealed-c1", True, "Lax")
    assert 'data-way="JSAPI"' in get(phone, "/f/tok-1", **WECHAT)
    plant.verbs["fee_pay"] = lambda _args: Value({"due_fen": 1000, "way": "JSAPI", "sheet": {"appId": "wx1"}})
    form = {**seal(phone, "/f/tok-1"), "way": "JSAPI"}
    assert phone.post("/f/tok-1/pay", base_url=PUBLIC, data=form, headers=JSON).json == {"sheet": {"appId": "wx1"}}
    assert plant.asks("fee_pay")[0]["phone"] == "sealed-c1"


def test_a_visit_that_did_not_begin_here_makes_nobody_known(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["phone_sign_in"] = lambda args: Value({"url": f"https://open.example/?state={args['state']}"})
    state = phone.get("/f/tok-1/wechat", base_url=PUBLIC).location.partition("state=")[2]
    stranger = create_app(shipped(), plant, KEY).test_client()
    assert stranger.get(f"/wechat/back?code=c1&state={state}", base_url=PUBLIC).status_code == 400
    assert phone.get("/wechat/back?code=c1&state=mine", base_url=PUBLIC).status_code == 400
    assert plant.asks("phone_known") == []


def test_a_refusal_is_told_and_a_silent_plant_promises_nothing(phone: FlaskClient, plant: MemoryPlant) -> None:
    form = {**seal(phone, "/f/tok-1"), "way": "QR"}
    plant.verbs["fee_pay"] = lambda _args: Refused("refused", "The payment cannot be made now. Please try again.")
    refused = phone.post("/f/tok-1/pay", base_url=PUBLIC, data=form, headers=JSON)
    assert (refused.status_code, refused.get_json()["why"]) == (409, "现在无法付款，请重试。")
    plant.verbs["fee_pay"] = lambda _args: Unknown("no answer")
    assert phone.post("/f/tok-1/pay", base_url=PUBLIC, data=form, headers=JSON).status_code == 503
    plant.verbs["fee_pay"] = lambda _args: Value({"due_fen": 0, "way": ""})
    assert phone.post("/f/tok-1/pay", base_url=PUBLIC, data=form, headers=JSON).json == {"reload": True}


def test_a_visitor_has_the_address_that_the_proxy_saw_and_none_that_he_wrote_himself(phone: FlaskClient) -> None:
    for came, told, seen in (
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "nobody", "127.0.0.1"),
        ("127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
    ):
        around = {"REMOTE_ADDR": came, "HTTP_X_FORWARDED_FOR": told}
        with phone.application.test_request_context("/", environ_overrides=around):
            assert address() == seen
    with phone.application.test_request_context("/", environ_overrides={"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}):
        line = seat()
    with phone.application.test_request_context("/", environ_overrides={"REMOTE_ADDR": "2001:db8:1:2::9"}):
        assert seat() == line


def test_who_replays_old_codes_is_slowed_down_under_whatever_address_he_claims(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    plant.verbs["claim_view"] = lambda _args: Refused("gone", "old")
    codes = [
        phone.get(f"/c/guess-{n}", base_url=PUBLIC, headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"})
        for n in range(31)
    ]
    assert [one.status_code for one in codes] == [410] * 30 + [429]
    assert phone.get("/f/tok-1", base_url=PUBLIC).status_code == 200


def test_a_cookie_that_is_no_word_of_ours_breaks_nothing(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["phone_sign_in"] = lambda args: Value({"url": f"https://open.example/?state={args['state']}"})
    state = phone.get("/f/tok-1/wechat", base_url=PUBLIC).location.partition("state=")[2]
    phone.set_cookie("back", "\u00e9", domain="localhost")
    assert phone.get(f"/wechat/back?code=c1&state={state}", base_url=PUBLIC).status_code == 400


def test_each_page_weighs_less_than_sixty_kilobytes(phone: FlaskClient) -> None:
    for page in ("/", "/f/tok-1"):
        text = get(phone, page)
        sizes = [size(phone, one) for one in re.findall(r'(?:src|href)="(/assets/[^"]+)"', text)]
        assert len(sizes) == 2
        assert len(text.encode()) + sum(sizes) < 60_000


def size(phone: FlaskClient, asset: str) -> int:
    with phone.get(asset, base_url=PUBLIC) as answer:
        return len(answer.data)


def test_at_the_exit_the_driver_sees_his_car_and_goes_on_to_pay(phone: FlaskClient, plant: MemoryPlant) -> None:
    own = {"stay": "S1", "plate": "京A12345", "entered_at": DUE["entered_at"], "minutes": 95, "jpeg_b64": "anBlZw=="}
    lane = {"lane": "out1", "title": "1号出口", "title_en": "Exit 1", "direction": "exit", "plate": "京A12345"}
    paying = {"state": "paying", "due_fen": 1000, "fee": "tok-9", "own": [own], "candidates": []}
    plant.verbs["claim_view"] = lambda _args: Value({**lane, **paying})
    text = get(phone, "/c/tok")
    assert "/f/tok-9" in text
    assert "¥10.00" in text
    assert phone.get("/c/tok/picture/S1", base_url=PUBLIC).data == b"jpeg"


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/c/tok/stay", "/c/tok"),
        ("/c/tok/ticket?lang=en", "/c/tok?lang=en"),
        ("/f/tok/pay?lang=zh", "/f/tok?lang=zh"),
        ("/me/cards/change", "/me/cards"),
        ("/me/bind?lang=//evil", "/me"),
        ("/fee", "/"),
        ("/shop/visitors/book", "/shop/visitors"),
    ],
)
def test_whoever_loads_the_answer_to_a_form_anew_is_led_to_its_page(
    phone: FlaskClient, address: str, page: str
) -> None:
    answer = phone.get(address, base_url=PUBLIC)
    assert (answer.status_code, answer.location) == (303, page)
    assert phone.get("/wechat/notice/pay", base_url=PUBLIC).status_code == 405
