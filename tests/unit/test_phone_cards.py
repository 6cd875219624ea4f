"""The pages of month cards on a phone, without a server and with a plant in memory."""

import pytest
from flask.testing import FlaskClient

from hmi.public.app import create_app
from scada.bridge import Message, Refused, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped
from tests.support.phones import CARD, CARDS, OWN_CARD

PUBLIC = "http://localhost:8081"
WECHAT = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"}


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant(
        {
            "my_cards": lambda _args: Value(CARDS),
            "card_view": lambda _args: Value(CARD),
            "card_buy": lambda _args: Value({"token": "tok"}),
            "card_renew": lambda _args: Value({"token": "tok"}),
            "card_change": lambda _args: Value({"done": True}),
        }
    )


@pytest.fixture
def phone(plant: MemoryPlant) -> FlaskClient:
    client = create_app(shipped(), plant, KEY).test_client()
    client.set_cookie("phone", "sealed", domain="localhost")
    return client


def seal(phone: FlaskClient, page: str = "/me/cards") -> dict[str, str]:
    return {"csrf_token": form_token(phone.get(page, base_url=PUBLIC))}


def test_a_phone_sees_its_cards_and_what_is_sold(phone: FlaskClient) -> None:
    text = phone.get("/me/cards?lang=en", base_url=PUBLIC).text
    for words in ("京A12345", "Good until 2026-12-21", "Renew: ¥300.00", "Still to be had: 3", "Sold out.", "Buy"):
        assert words in text
    assert "夜间月卡" in phone.get("/me/cards?lang=zh", base_url=PUBLIC).text


@pytest.mark.parametrize(
    ("days", "words"),
    [(0, "still opens for a few days"), (-3, "still opens for a few days"), (-4, "Renewed, it begins anew")],
)
def test_a_card_that_is_over_says_whether_it_still_opens(
    phone: FlaskClient, plant: MemoryPlant, days: int, words: str
) -> None:
    plant.verbs["my_cards"] = lambda _args: Value({**CARDS, "cards": [{**OWN_CARD, "days": days}]})
    assert words in phone.get("/me/cards?lang=en", base_url=PUBLIC).text


def test_buying_and_renewing_lead_to_the_page_on_which_it_is_paid(phone: FlaskClient, plant: MemoryPlant) -> None:
    bought = phone.post(
        "/me/cards/buy", base_url=PUBLIC, data={**seal(phone), "product": "month", "plate": ["沪B77777", "京A12345"]}
    )
    assert bought.location == "/k/tok"
    assert plant.asks("card_buy") == [{"phone": "sealed", "product": "month", "plates": ["沪B77777", "京A12345"]}]
    assert phone.post("/me/cards/renew", base_url=PUBLIC, data={**seal(phone), "card": "C1"}).location == "/k/tok"
    assert plant.asks("card_renew") == [{"phone": "sealed", "card": "C1"}]
    assert phone.post("/me/cards/buy", base_url=PUBLIC, data={"product": "month"}).status_code == 400


def test_a_plate_is_changed_and_why_not_is_told(phone: FlaskClient, plant: MemoryPlant) -> None:
    form = {**seal(phone), "card": "C1", "old": "京A12345", "new": "沪B77777"}
    answer = phone.post("/me/cards/change?lang=en", base_url=PUBLIC, data=form)
    assert "The card is now for 沪B77777" in answer.text
    why = "The plate of this card cannot be changed again this month."
    plant.verbs["card_change"] = lambda _args: Refused("refused", why)
    answer = phone.post("/me/cards/change", base_url=PUBLIC, data=form)
    assert (answer.status_code, "本月该卡不能再更换车牌" in answer.text) == (409, True)


@pytest.mark.parametrize(
    ("lang", "buttons"),
    [
        ("zh", ("添加</button>", "移除</button>", "更换</button>")),
        ("en", ("Add this plate</button>", "Take this plate off</button>", "Use the new plate</button>")),
    ],
)
def test_a_family_card_gets_and_loses_plates(
    phone: FlaskClient, plant: MemoryPlant, lang: str, buttons: tuple[str, ...]
) -> None:
    text = phone.get(f"/me/cards?lang={lang}", base_url=PUBLIC).text
    assert [text.count(button) for button in buttons] == [1, 1, 2]
    for fields, words in (
        ({"new": "沪B77777"}, {"zh": "月卡现用于 沪B77777", "en": "The card is now for 沪B77777."}),
        ({"old": "京D44444"}, {"zh": "月卡不再用于 京D44444", "en": "The card is no longer for 京D44444."}),
    ):
        form = {**seal(phone), "card": "C2", **fields}
        assert words[lang] in phone.post(f"/me/cards/change?lang={lang}", base_url=PUBLIC, data=form).text
    assert [(ask["old"], ask["new"]) for ask in plant.asks("card_change")] == [("", "沪B77777"), ("京D44444", "")]


def test_the_page_of_a_purchase_offers_the_ways_of_its_browser_and_follows_the_plant(
    phone: FlaskClient, plant: MemoryPlant
) -> None:
    inside = phone.get("/k/tok?lang=en", base_url=PUBLIC, headers=WECHAT)
    for words in ("¥300.00", "2026-12-21", 'data-way="JSAPI"', 'data-follow="/k/tok/state"'):
        assert words in inside.text
    assert 'data-way="H5"' in phone.get("/k/tok", base_url=PUBLIC).text
    before = phone.get("/k/tok/state", base_url=PUBLIC).json
    plant.verbs["card_view"] = lambda _args: Value({**CARD, "state": "paid"})
    assert phone.get("/k/tok/state", base_url=PUBLIC).json != before
    assert "Paid. The card is good until 2026-12-21" in phone.get("/k/tok?lang=en", base_url=PUBLIC).text


def test_a_purchase_is_paid_by_the_ways_of_the_fee_pages(phone: FlaskClient, plant: MemoryPlant) -> None:
    def paid(args: Message) -> Value:
        return Value({"way": "QR", "code_url": "weixin://x"} if args["way"] == "QR" else {"way": "JSAPI", "sheet": {}})

    plant.verbs["card_pay"] = paid
    form, json = {**seal(phone, "/k/tok"), "way": "JSAPI"}, {"Accept": "application/json"}
    assert phone.post("/k/tok/pay", base_url=PUBLIC, data=form, headers=json).json == {"sheet": {}}
    code = phone.post("/k/tok/pay", base_url=PUBLIC, data={**form, "way": "QR"}).text
    assert 'href="/k/tok"' in code
    assert phone.post("/k/other/pay", base_url=PUBLIC, data=form).status_code == 400


def test_a_page_that_is_over_or_cannot_be_paid_says_so(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["card_view"] = lambda _args: Refused("gone", "this page is no longer valid")
    answer = phone.get("/k/tok?lang=en", base_url=PUBLIC)
    assert (answer.status_code, "Please begin again" in answer.text) == (410, True)
    assert phone.get("/k/tok/state", base_url=PUBLIC).json == {"version": "gone"}
    plant.verbs["card_view"] = lambda _args: Value(
        {**CARD, "state": "over", "why": "All of these month cards are sold."}
    )
    assert "已售完" in phone.get("/k/tok", base_url=PUBLIC).text


def test_a_phone_that_nobody_knows_is_asked_to_open_the_page_inside_wechat(plant: MemoryPlant) -> None:
    stranger = create_app(shipped(), plant, KEY).test_client()
    assert "Open this page inside WeChat" in stranger.get("/me/cards?lang=en", base_url=PUBLIC).text
    assert plant.asked == []
    plant.verbs["phone_sign_in"] = lambda args: Value({"url": f"https://open.example/?state={args['state']}"})
    plant.verbs["phone_known"] = lambda _args: Value({"phone": "sealed"})
    for subject, target in (("cards", "/me/cards"), ("card:tok", "/k/tok")):
        state = stranger.get(f"/f/{subject}/wechat", base_url=PUBLIC).location.partition("state=")[2]
        assert stranger.get(f"/wechat/back?code=c1&state={state}", base_url=PUBLIC).location == target
