"""The page of a host's own people, without a server and with a plant in memory."""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hmi.public.app import create_app
from scada.bridge import Refused, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped
from tests.support.hosts import seen, shown

PUBLIC = "http://localhost:8081"
PAGE = "/shop/visitors"
FORM = {
    "plate": " 京A12345 ",
    "since": "2026-11-22T09:00",
    "until": "2026-11-22T18:00",
    "pays": "money:2000",
    "entries": "0",
    "note": "Mr Li",
}


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant(
        {
            "host_view": lambda _args: Value(seen()),
            "host_book": lambda _args: Value({"booking": "B5"}),
            "host_change": lambda _args: Value({"booking": "B4"}),
            "host_withdraw": lambda _args: Value({"booking": "B4"}),
            "shop_view": lambda _args: Value({"may_book": True, "most": {}}),
        }
    )


@pytest.fixture
def stranger(plant: MemoryPlant) -> FlaskClient:
    return create_app(shipped(), plant, KEY).test_client()


@pytest.fixture
def people(stranger: FlaskClient) -> FlaskClient:
    stranger.set_cookie("shop", "token", domain="localhost", path="/shop")
    return stranger


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    token = form_token(client.get(PAGE, base_url=PUBLIC))
    return client.post(path, base_url=PUBLIC, data={"csrf_token": token, **form})


def test_a_host_sees_its_visitors_what_they_cost_and_no_more_in_both_languages(people: FlaskClient) -> None:
    english = people.get(f"{PAGE}?lang=en", base_url=PUBLIC).text
    for words in (
        "东门大厦物业",
        "We pay up to 20.00 yuan",
        "We pay the whole stay",
        "As often as needed",
        "11-22 09:00 – 18:00",
        "11-22 09:00 – 11-24 18:00",
        "has come (2 times)",
        "has come · ¥15.00",
        "has not come",
        "¥56.00",
        "¥1000.00",
        "Mr Li &lt;3",
        "30 minutes early",
    ):
        assert words in english, words
    assert (english.count(f"{PAGE}/withdraw"), english.count("change=B4")) == (2, 1)
    chinese = people.get(f"{PAGE}?lang=zh", base_url=PUBLIC).text
    for words in ("访客", "由我方支付全部停车费", "已到访", "未到访", "撤销"):
        assert words in chinese, words


def test_a_visitor_is_announced_with_what_was_filled_in(people: FlaskClient, plant: MemoryPlant) -> None:
    answer = send(people, f"{PAGE}/book?lang=en", **FORM, once="n1", host="Other")
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?lang=en&done=booked")
    whole = {**FORM, "plate": "京A12345", "entries": 0}
    assert plant.asks("host_book") == [{"session": "token", "once": "n1", **whole}]
    assert "The visitor is announced" in people.get(answer.location, base_url=PUBLIC).text


def test_a_booking_is_changed_in_the_form_that_made_it(people: FlaskClient, plant: MemoryPlant) -> None:
    page = people.get(f"{PAGE}?lang=en&change=B4", base_url=PUBLIC).text
    for words in ("Change the visitor", 'value="京A12345"', 'value="2026-11-22T09:00"', 'value="money:2000" selected'):
        assert words in page
    assert send(people, f"{PAGE}/change", **FORM, booking="B4").location == f"{PAGE}?done=changed"
    assert plant.asks("host_change")[0]["booking"] == "B4"
    assert "Change the visitor" not in people.get(f"{PAGE}?lang=en&change=B2", base_url=PUBLIC).text


def test_unusual_sums_and_times_stay_what_they_are_when_a_booking_is_changed(
    people: FlaskClient, plant: MemoryPlant
) -> None:
    plant.verbs["host_view"] = lambda _args: Value(seen(bookings=[shown(4, value=1234, entries=7)]))
    page = people.get(f"{PAGE}?change=B4", base_url=PUBLIC).text
    assert ('value="money:1234" selected' in page, 'value="7" selected' in page) == (True, True)


def test_a_booking_is_withdrawn(people: FlaskClient, plant: MemoryPlant) -> None:
    assert send(people, f"{PAGE}/withdraw", booking="B4").location == f"{PAGE}?done=withdrawn"
    assert plant.asks("host_withdraw") == [{"session": "token", "booking": "B4"}]


@pytest.mark.parametrize(
    ("code", "english"),
    [
        ("again", "announced for this time already"),
        ("open", "No more visitors"),
        ("per_day", "agreed for today"),
        ("month", "agreed for this month"),
        ("unpaid", "used up"),
        ("past", "over already"),
        ("may_not", "does not include visitors"),
        ("wrong", "not after the beginning"),
        ("twice", "sent already"),
    ],
)
def test_a_limit_is_said_in_words_and_the_form_keeps_what_was_typed(
    people: FlaskClient, plant: MemoryPlant, code: str, english: str
) -> None:
    plant.verbs["host_book"] = lambda _args: Refused(code, "plant's own words")
    answer = send(people, f"{PAGE}/book?lang=en", **FORM, once="n")
    assert (answer.status_code, english in answer.text) == (409, True)
    for kept in ('value="京A12345"', 'value="2026-11-22T18:00"', 'value="0" selected', 'value="Mr Li"'):
        assert kept in answer.text, kept
    assert "plant's own words" not in answer.text


def test_whoever_gives_no_vouchers_is_led_to_the_visitors(people: FlaskClient) -> None:
    assert people.get("/shop?lang=en", base_url=PUBLIC).location == f"{PAGE}?lang=en"


@pytest.mark.parametrize("told", [seen(ended=True), seen(may_book=False)])
def test_who_may_book_nobody_has_no_form(people: FlaskClient, plant: MemoryPlant, told: dict[str, object]) -> None:
    plant.verbs["host_view"] = lambda _args: Value(told)
    page = people.get(f"{PAGE}?lang=en", base_url=PUBLIC).text
    assert ("No visitors can be announced" in page, 'id="plate"' in page) == (True, False)


def test_without_a_session_or_its_own_form_nothing_is_asked(stranger: FlaskClient, plant: MemoryPlant) -> None:
    assert "Code of the shop" in stranger.get(f"{PAGE}?lang=en", base_url=PUBLIC).text
    for path in ("book", "change", "withdraw"):
        assert send(stranger, f"{PAGE}/{path}", **FORM, booking="B4").status_code == 401
        assert stranger.post(f"{PAGE}/{path}", base_url=PUBLIC, data=FORM).status_code == 400
    assert plant.asked == []


def test_a_code_that_was_ended_signs_out_at_once(people: FlaskClient, plant: MemoryPlant) -> None:
    token = form_token(people.get(PAGE, base_url=PUBLIC))
    for verb in ("host_view", "host_book"):
        plant.verbs[verb] = lambda _args: Refused("signed_out", "Please sign in.")
    answer = people.post(f"{PAGE}/book", base_url=PUBLIC, data={"csrf_token": token, **FORM})
    assert (answer.status_code, "shop=;" in answer.headers["Set-Cookie"]) == (401, True)
    assert "东门大厦物业" not in people.get(PAGE, base_url=PUBLIC).text


def test_a_plant_that_does_not_answer_is_told(people: FlaskClient, plant: MemoryPlant) -> None:
    token = form_token(people.get(PAGE, base_url=PUBLIC))
    del plant.verbs["host_view"], plant.verbs["host_book"]
    answer = people.post(f"{PAGE}/book?lang=en", base_url=PUBLIC, data={"csrf_token": token, **FORM})
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
