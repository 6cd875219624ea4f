"""The page of a phone that is known inside WeChat, without a server and with a plant in memory."""

import pytest
from flask.testing import FlaskClient

from hmi.public.app import create_app
from scada.bridge import Refused, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped

PUBLIC = "http://localhost:8081"
PAYMENT = {
    "order": "DE260301X1",
    "plate": "京A12345",
    "paid_at": "2026-11-22T01:30:00+00:00",
    "amount_fen": 1000,
    "refunded_fen": 200,
    "refund_state": "SUCCESS",
    "invoice": False,
}


@pytest.fixture
def plant() -> MemoryPlant:
    plates = [{"plate": "京A12345", "since": "2026-11-22T01:30:00+00:00", "others": 0}]
    mine = {"plates": plates, "lost": [], "payments": [PAYMENT]}
    return MemoryPlant(
        {
            "me_view": lambda _args: Value(mine),
            "me_bind": lambda _args: Value({"done": True}),
            "me_invoice": lambda _args: Value({"done": True}),
        }
    )


@pytest.fixture
def phone(plant: MemoryPlant) -> FlaskClient:
    client = create_app(shipped(), plant, KEY).test_client()
    client.set_cookie("phone", "sealed", domain="localhost")
    return client


def seal(phone: FlaskClient, page: str = "/me") -> dict[str, str]:
    return {"csrf_token": form_token(phone.get(page, base_url=PUBLIC))}


def test_a_phone_sees_its_plates_and_payments(phone: FlaskClient, plant: MemoryPlant) -> None:
    text = phone.get("/me?lang=en", base_url=PUBLIC).text
    for words in ("京A12345", "¥10.00", "2.00 yuan went back", "2026-11-22 09:30", "Receipt"):
        assert words in text
    assert plant.asks("me_view") == [{"phone": "sealed"}]


def test_a_phone_is_told_of_others_that_are_told_of_its_plate_and_why_it_lost_one(plant: MemoryPlant) -> None:
    plates = [{"plate": "京A12345", "since": "2026-11-22T01:30:00+00:00", "others": 2}]
    lost = [{"plate": "京B11111", "why": "gate"}, {"plate": "京B22222", "why": "revoked"}]
    plant.verbs["me_view"] = lambda _args: Value({"plates": plates, "lost": lost, "payments": []})
    client = create_app(shipped(), plant, KEY).test_client()
    client.set_cookie("phone", "sealed", domain="localhost")
    text = client.get("/me?lang=en", base_url=PUBLIC).text
    assert "Told of it besides this phone: 2." in text
    assert "京B11111 is bound to this phone no longer: another phone proved at the gate" in text
    assert "京B22222 is bound to this phone no longer: the car park has ended it" in text
    assert "已解除绑定" in client.get("/me?lang=zh", base_url=PUBLIC).text


def test_a_form_that_somebody_else_was_given_does_nothing_in_this_phone(phone: FlaskClient, plant: MemoryPlant) -> None:
    other = create_app(shipped(), plant, KEY).test_client()
    other.set_cookie("phone", "sealed-2", domain="localhost")
    form = {**seal(other), "plate": "沪B77777"}
    assert phone.post("/me/bind", base_url=PUBLIC, data=form).status_code == 400
    assert plant.asks("me_bind") == []


def test_a_phone_that_nobody_knows_is_asked_to_open_the_page_inside_wechat(plant: MemoryPlant) -> None:
    stranger = create_app(shipped(), plant, KEY).test_client()
    text = stranger.get("/me?lang=en", base_url=PUBLIC).text
    assert "Open this page inside WeChat" in text
    assert "京A12345" not in text
    assert plant.asks("me_view") == []


def test_a_plate_is_bound_with_what_the_form_says_and_nothing_more(phone: FlaskClient, plant: MemoryPlant) -> None:
    form = {**seal(phone), "plate": "京A12345", "openid": "oOther"}
    assert phone.post("/me/bind", base_url=PUBLIC, data=form).status_code == 303
    [asked] = plant.asks("me_bind")
    assert (asked["phone"], asked["plate"]) == ("sealed", "京A12345")
    assert "openid" not in asked
    assert phone.post("/me/bind", base_url=PUBLIC, data={"plate": "京A12345"}).status_code == 400
    assert phone.post("/me/drop", base_url=PUBLIC, data=form).status_code == 404


def test_why_something_is_not_done_is_told(phone: FlaskClient, plant: MemoryPlant) -> None:
    why = "Pay for a stay of this plate first, or scan the code at the gate."
    plant.verbs["me_bind"] = lambda _args: Refused("refused", why)
    answer = phone.post("/me/bind?lang=en", base_url=PUBLIC, data={**seal(phone), "plate": "京A12345"})
    assert (answer.status_code, why in answer.text) == (409, True)
    plant.verbs["me_view"] = lambda _args: Refused("unknown_phone", "WeChat does not know this visit")
    assert "Open this page inside WeChat" in phone.get("/me?lang=en", base_url=PUBLIC).text


def test_a_receipt_is_of_an_own_payment_and_asks_for_an_invoice(phone: FlaskClient, plant: MemoryPlant) -> None:
    page = "/me/receipt/DE260301X1?lang=en"
    text = phone.get(page, base_url=PUBLIC).text
    for words in ("DE260301X1", "¥10.00", "¥2.00", "Ask for an invoice"):
        assert words in text
    assert phone.get("/me/receipt/DE9", base_url=PUBLIC).status_code == 404
    form = {**seal(phone, page), "order": "DE260301X1", "title": "道闸", "tax_number": "", "mail": "a@b.example"}
    assert phone.post("/me/invoice", base_url=PUBLIC, data=form).status_code == 303
    assert plant.asks("me_invoice")[0]["title"] == "道闸"


def test_whoever_comes_back_from_wechat_for_his_own_page_gets_there(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["phone_sign_in"] = lambda args: Value({"url": f"https://open.example/?state={args['state']}"})
    plant.verbs["phone_known"] = lambda _args: Value({"phone": "sealed"})
    state = phone.get("/f/me/wechat", base_url=PUBLIC).location.partition("state=")[2]
    assert phone.get(f"/wechat/back?code=c1&state={state}", base_url=PUBLIC).location == "/me"
