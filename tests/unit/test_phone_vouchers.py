"""The page of vouchers on a phone, without a server and with a plant in memory."""

import pytest
from flask.testing import FlaskClient

from hmi.public.app import create_app
from scada.bridge import Refused, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped
from tests.support.phones import VOUCHERS

PUBLIC = "http://localhost:8081"


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant(
        {"my_vouchers": lambda _args: Value(VOUCHERS), "voucher_claim": lambda _args: Value({"done": True})}
    )


@pytest.fixture
def phone(plant: MemoryPlant) -> FlaskClient:
    client = create_app(shipped(), plant, KEY).test_client()
    client.set_cookie("phone", "sealed", domain="localhost")
    return client


def test_a_phone_sees_what_waits_and_what_was_used(phone: FlaskClient) -> None:
    text = phone.get("/me/vouchers?lang=en", base_url=PUBLIC).text
    for words in ("60 minutes", "书店", "good until 11-23 09:30", "5.00 yuan", "4.00 yuan let off", "11-19 09:30"):
        assert words in text


def test_a_code_that_was_scanned_stands_in_the_form_and_is_attached_to_the_chosen_plate(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    page = phone.get("/v/AB12CD34EF", base_url=PUBLIC)
    assert 'value="AB12CD34EF"' in page.text
    form = {"csrf_token": form_token(page), "code": "AB12CD34EF", "plate": "沪B77777"}
    assert phone.post("/me/vouchers", base_url=PUBLIC, data=form).location == "/me/vouchers"
    assert plant.asks("voucher_claim") == [{"phone": "sealed", "code": "AB12CD34EF", "plate": "沪B77777"}]
    assert phone.post("/me/vouchers", base_url=PUBLIC, data={**form, "csrf_token": ""}).status_code == 400
    plant.verbs["voucher_claim"] = lambda _args: Refused("refused", "There is no such code, or it is used up.")
    answer = phone.post("/me/vouchers", base_url=PUBLIC, data=form)
    assert (answer.status_code, "券码不存在或已使用" in answer.text, "AB12CD34EF" in answer.text) == (409, True, True)


def test_a_phone_that_nobody_knows_comes_back_from_wechat_with_the_code_it_scanned(plant: MemoryPlant) -> None:
    stranger = create_app(shipped(), plant, KEY).test_client()
    assert "Open this page inside WeChat" in stranger.get("/me/vouchers?lang=en", base_url=PUBLIC).text
    assert 'href="/f/voucher:AB12CD34EF/wechat"' in stranger.get("/v/AB12CD34EF", base_url=PUBLIC).text
    plant.verbs["phone_sign_in"] = lambda args: Value({"url": f"https://open.example/?state={args['state']}"})
    plant.verbs["phone_known"] = lambda _args: Value({"phone": "sealed"})
    for subject, target in (("vouchers", "/me/vouchers"), ("voucher:AB12", "/v/AB12")):
        state = stranger.get(f"/f/{subject}/wechat", base_url=PUBLIC).location.partition("state=")[2]
        assert stranger.get(f"/wechat/back?code=c1&state={state}", base_url=PUBLIC).location == target
