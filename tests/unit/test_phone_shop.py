"""The page of a shop's own staff, without a server and with a plant in memory."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hmi.public.app import create_app
from scada.bridge import Refused, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped

PUBLIC = "http://localhost:8081"


def given(number: int, state: str = "ISSUED", plate: str = "京A12345", today: bool = True) -> dict[str, object]:
    return {
        "id": f"V{number}",
        "plate": plate,
        "kind": "money",
        "value": 500,
        "state": state,
        "today": today,
        "given_at": "2026-11-22T01:30:00+00:00",
        "amount_fen": 500 if state == "USED" else 0,
        "part_fen": 250 if state == "USED" else 0,
    }


def seen(**more: object) -> dict[str, object]:
    return {
        "name": "东门电影院",
        "ended": False,
        "most": {"minutes": 90, "money": 2000, "full": 0},
        "manner": "PREPAID",
        "left_fen": 123_400,
        "owes_fen": -123_400,
        "per_plate": 2,
        "per_day": 30,
        "today": {"given": 4, "used": 0, "part_fen": 0},
        "month": {"given": 17, "used": 9, "part_fen": 5600},
        "vouchers": [given(2), given(1, "USED", "京B•••88", today=False)],
        **more,
    }


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant(
        {
            "shop_sign_in": lambda _args: Value({"session": "token"}),
            "shop_view": lambda _args: Value(seen()),
            "shop_report": lambda args: Value({"vouchers": [] if args["before"] else seen()["vouchers"]}),
            "shop_give": lambda _args: Value({"voucher": "V3"}),
            "shop_withdraw": lambda _args: Value({"voucher": "V2"}),
        }
    )


@pytest.fixture
def stranger(plant: MemoryPlant) -> FlaskClient:
    return create_app(shipped(), plant, KEY).test_client()


@pytest.fixture
def shop(stranger: FlaskClient) -> FlaskClient:
    stranger.set_cookie("shop", "token", domain="localhost", path="/shop")
    return stranger


def seal(client: FlaskClient) -> dict[str, str]:
    return {"csrf_token": form_token(client.get("/shop", base_url=PUBLIC))}


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return client.post(path, base_url=PUBLIC, data={**seal(client), **form})


def test_a_shop_sees_what_it_may_give_and_has_given_in_both_languages(shop: FlaskClient, plant: MemoryPlant) -> None:
    english = shop.get("/shop?lang=en", base_url=PUBLIC).text
    for words in (
        "东门电影院",
        "90 minutes",
        "5.00 yuan",
        "The whole fee",
        "¥1234.00",
        "京A12345",
        "京B•••88",
        "Take back",
    ):
        assert words in english
    assert "120 minutes" not in english
    assert english.count('name="voucher"') == 1
    chinese = shop.get("/shop?lang=zh", base_url=PUBLIC).text
    for words in ("90 分钟", "5.00 元", "停车费全免", "作废", "2026-11-22 09:30"):
        assert words in chinese
    assert plant.asks("shop_view") == [{"session": "token"}] * 2


def test_without_a_code_nothing_is_shown_and_nothing_asked(stranger: FlaskClient, plant: MemoryPlant) -> None:
    for lang, words in (("en", "Code of the shop"), ("zh", "商户码")):
        assert words in stranger.get(f"/shop?lang={lang}", base_url=PUBLIC).text
    for path in ("/shop/give", "/shop/withdraw"):
        assert send(stranger, path, plate="京A12345", what="full:0", voucher="V2").status_code == 401
    assert stranger.get("/shop/month.csv", base_url=PUBLIC).status_code == 401
    assert plant.asked == []


def test_the_session_is_a_cookie_that_no_script_and_no_other_site_can_use(stranger: FlaskClient) -> None:
    answer = send(stranger, "/shop/in", code=" ABCDE-23456 ")
    cookie = answer.headers["Set-Cookie"]
    assert answer.status_code == 303
    for part in ("shop=token", "HttpOnly", "SameSite=Lax", "Path=/shop", "Max-Age=43200"):
        assert part in cookie
    out = send(stranger, "/shop/out")
    assert (out.status_code, "shop=;" in out.headers["Set-Cookie"]) == (303, True)
    assert "Code of the shop" in stranger.get("/shop?lang=en", base_url=PUBLIC).text


def test_a_wrong_code_is_told_and_the_address_goes_to_the_plant(stranger: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["shop_sign_in"] = lambda _args: Refused("refused", "wrong")
    answer = send(stranger, "/shop/in?lang=en", code="wrong")
    assert (answer.status_code, "This code is wrong" in answer.text) == (409, True)
    plant.verbs["shop_sign_in"] = lambda _args: Refused("slow", "Too many tries. Please wait a minute.")
    assert send(stranger, "/shop/in", code="wrong").status_code == 429
    assert plant.asks("shop_sign_in")[0] == {"code": "wrong", "address": "127.0.0.1"}
    behind = {"X-Forwarded-For": "10.9.9.9, 203.0.113.7"}
    stranger.post("/shop/in", base_url=PUBLIC, data={**seal(stranger), "code": "wrong"}, headers=behind)
    assert plant.asks("shop_sign_in")[-1]["address"] == "203.0.113.7"
    assert "Set-Cookie" not in answer.headers


def test_a_voucher_is_given_with_what_was_chosen(shop: FlaskClient, plant: MemoryPlant) -> None:
    answer = send(shop, "/shop/give?lang=en", plate="京A12345", what="minutes:90", once="n1", merchant="Other")
    assert (answer.status_code, answer.location) == (303, "/shop?lang=en&done=given")
    assert send(shop, "/shop/give", plate="京A12345", what="full:0", once="n2").status_code == 303
    first, second = plant.asks("shop_give")
    assert first == {"session": "token", "kind": "minutes", "value": 90, "plate": "京A12345", "once": "n1"}
    assert second == {"session": "token", "kind": "full", "plate": "京A12345", "once": "n2"}
    assert "It counts for the next 24 hours" in shop.get(answer.location, base_url=PUBLIC).text


@pytest.mark.parametrize(
    ("code", "english", "chinese"),
    [
        ("per_plate", "all the vouchers that are agreed for 24 hours", "24 小时"),
        ("per_day", "agreed for today", "今天"),
        ("unpaid", "used up", "余额"),
        ("size", "larger than agreed", "超出"),
        ("twice", "sent already", "已经提交"),
    ],
)
def test_a_limit_that_is_reached_is_said_in_words(
    shop: FlaskClient, plant: MemoryPlant, code: str, english: str, chinese: str
) -> None:
    plant.verbs["shop_give"] = lambda _args: Refused(code, "plant's own words")
    for lang, words in (("en", english), ("zh", chinese)):
        answer = send(shop, f"/shop/give?lang={lang}", plate="京A12345", what="minutes:90", once="n")
        assert (answer.status_code, words in answer.text, "京A12345" in answer.text) == (409, True, True)
        assert "plant's own words" not in answer.text


def test_a_code_that_was_ended_signs_out_at_once(shop: FlaskClient, plant: MemoryPlant) -> None:
    form = {**seal(shop), "voucher": "V2"}
    for verb in ("shop_view", "shop_withdraw", "shop_report"):
        plant.verbs[verb] = lambda _args: Refused("signed_out", "Please sign in.")
    answer = shop.post("/shop/withdraw?lang=en", base_url=PUBLIC, data=form)
    assert (answer.status_code, "sign in again" in answer.text) == (401, True)
    assert "shop=;" in answer.headers["Set-Cookie"]
    assert "京A12345" not in shop.get("/shop", base_url=PUBLIC).text


def test_a_form_of_another_session_or_of_no_page_is_refused(shop: FlaskClient, plant: MemoryPlant) -> None:
    form = {**seal(shop), "voucher": "V2"}
    assert shop.post("/shop/withdraw", base_url=PUBLIC, data={"voucher": "V2"}).status_code == 400
    shop.set_cookie("shop", "other", domain="localhost", path="/shop")
    assert shop.post("/shop/withdraw", base_url=PUBLIC, data=form).status_code == 400
    far = {"Origin": "https://evil.example"}
    assert shop.post("/shop/withdraw", base_url=PUBLIC, data=form, headers=far).status_code == 403
    assert plant.asks("shop_withdraw") == []


def test_the_month_is_a_table_with_money_in_yuan(shop: FlaskClient, plant: MemoryPlant) -> None:
    answer = shop.get("/shop/month.csv", base_url=PUBLIC)
    head, first, second = answer.get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert answer.mimetype == "text/csv"
    assert head == "given_at,plate,kind,value,state,let_off_yuan,our_part_yuan,voucher"
    assert first == "2026-11-22 09:30,京A12345,money,5.00,ISSUED,0.00,0.00,V2"
    assert second == "2026-11-22 09:30,京B•••88,money,5.00,USED,5.00,2.50,V1"
    assert [asked["before"] for asked in plant.asks("shop_report")] == ["", "V1"]


def test_a_plant_that_does_not_answer_is_told(shop: FlaskClient, plant: MemoryPlant) -> None:
    form = seal(shop)
    del plant.verbs["shop_view"], plant.verbs["shop_give"]
    answer = shop.post("/shop/give?lang=en", base_url=PUBLIC, data={**form, "plate": "京A12345", "what": "full:0"})
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
