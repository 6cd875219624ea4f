"""The pages of help on a phone, without a server and with a plant in memory."""

import pytest
from flask.testing import FlaskClient

from hmi.public.app import create_app
from scada.bridge import Refused, Value
from tests.support.hmi_pages import KEY, MemoryPlant, form_token, shipped

PUBLIC = "http://localhost:8081"
CALL = {"state": "calling", "lane": "out1", "called_at": "2026-11-22T01:30:00+00:00", "answered_at": ""}


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant({"my_help": lambda _args: Value({"help": "h1"}), "help_view": lambda _args: Value(CALL)})


@pytest.fixture
def phone(plant: MemoryPlant) -> FlaskClient:
    client = create_app(shipped(), plant, KEY).test_client()
    client.set_cookie("phone", "sealed", domain="localhost")
    return client


def test_a_known_phone_says_where_it_is_and_follows_its_call(phone: FlaskClient, plant: MemoryPlant) -> None:
    form = {"csrf_token": form_token(phone.get("/me/help", base_url=PUBLIC)), "lane": "out1"}
    assert phone.post("/me/help", base_url=PUBLIC, data=form).location == "/h/h1"
    assert plant.asks("my_help") == [{"phone": "sealed", "lane": "out1"}]
    assert phone.post("/me/help", base_url=PUBLIC, data={"lane": "out1"}).status_code == 400
    plant.verbs["my_help"] = lambda _args: Refused("slow", "Too many tries. Please wait a minute.")
    assert phone.post("/me/help", base_url=PUBLIC, data=form).status_code == 429


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("calling", "being called since 09:30"),
        ("answered", "Somebody answered at 09:31"),
        ("ended", "call again: by the code or the button"),
    ],
)
def test_the_page_says_how_the_call_stands_and_what_happens_next(
    phone: FlaskClient, plant: MemoryPlant, state: str, words: str
) -> None:
    before = phone.get("/h/h1/state", base_url=PUBLIC).json
    told = {**CALL, "state": state, "answered_at": "2026-11-22T01:31:00+00:00"}
    plant.verbs["help_view"] = lambda _args: Value(told)
    text = phone.get("/h/h1?lang=en", base_url=PUBLIC).text
    for part in (words, 'data-follow="/h/h1/state"'):
        assert part in text
    assert (phone.get("/h/h1/state", base_url=PUBLIC).json != before) == (state != "calling")


def test_a_call_that_is_none_is_gone(phone: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["help_view"] = lambda _args: Refused("gone", "this page is no longer valid")
    assert phone.get("/h/x", base_url=PUBLIC).status_code == 410
    assert phone.get("/h/x/state", base_url=PUBLIC).json == {"version": "gone"}


def test_a_phone_that_nobody_knows_is_sent_to_the_gate_or_into_wechat(plant: MemoryPlant) -> None:
    stranger = create_app(shipped(), plant, KEY).test_client()
    text = stranger.get("/me/help?lang=en", base_url=PUBLIC).text
    assert "scan the code on its display" in text
    assert 'href="/f/help/wechat"' in text
