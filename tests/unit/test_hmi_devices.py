"""The lanes' displays, without a server and with a plant in memory."""

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from hmi.devices.app import create_app
from scada.bridge import Refused, Reply, Unknown, Value
from tests.support.hmi_pages import KEY, MemoryPlant, shipped

DEVICES = "http://localhost:8082"
CODE = "weixin://wxpay/bizpayurl?pr=abc123"
LINES = {"zh": ["京A12345", "请付 12.30 元"], "en": ["京A12345", "Pay 12.30 yuan"]}
SHOWN = {"message": "scan_pay", "plate": "京A12345", "due_fen": 1230, "minutes": 95, "qr": CODE, "title": "1号出口"}
SHOWN |= {"lines": LINES}


@pytest.fixture
def plant() -> MemoryPlant:
    return MemoryPlant({"display": lambda _args: Value(dict(SHOWN))})


@pytest.fixture
def screen(plant: MemoryPlant) -> FlaskClient:
    return create_app(shipped(), plant, KEY).test_client()


def test_the_page_of_a_lane_is_there_and_of_no_other(screen: FlaskClient) -> None:
    assert "1号出口" in screen.get("/display/out1", base_url=DEVICES).text
    assert screen.get("/display/out9", base_url=DEVICES).status_code == 404


def test_the_state_has_the_lines_of_both_languages_and_hides_what_the_code_leads_to(screen: FlaskClient) -> None:
    content = screen.get("/display/out1/state", base_url=DEVICES).json
    assert content
    assert content["lines"] == LINES
    assert content["qr_version"]
    assert CODE not in str(content)


@pytest.mark.parametrize(
    ("query", "way"), [("", None), ("?way=exit", "exit"), ("?way=entry", "entry"), ("?way=up", None)]
)
def test_a_display_asks_for_what_those_see_who_go_its_way(
    screen: FlaskClient, plant: MemoryPlant, query: str, way: str | None
) -> None:
    screen.get(f"/display/out1/state{query}", base_url=DEVICES)
    screen.get(f"/display/out1/qr.png{query}", base_url=DEVICES)
    assert [args.get("way") for args in plant.asks("display")] == [way, way]


def test_a_phone_can_read_the_code(screen: FlaskClient) -> None:
    answer = screen.get("/display/out1/qr.png", base_url=DEVICES)
    pixels = cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert cv2.QRCodeDetector().detectAndDecode(pixels)[0] == CODE


def test_without_a_code_there_is_no_picture(screen: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["display"] = lambda _args: Value({**SHOWN, "qr": ""})
    assert screen.get("/display/out1/qr.png", base_url=DEVICES).status_code == 404
    assert screen.get("/display/out1/state", base_url=DEVICES).get_json()["qr_version"] == ""


def test_of_a_silent_plant_the_page_hears_that_nobody_knows(screen: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["display"] = lambda _args: Unknown("no answer")
    answer = screen.get("/display/out1/state", base_url=DEVICES)
    assert answer.status_code == 503
    assert screen.get("/display/out1/qr.png", base_url=DEVICES).status_code == 404


def test_a_lane_the_plant_does_not_know_is_not_found(screen: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["display"] = lambda _args: Refused("bad_args", "no such lane")
    assert screen.get("/display/out9/state", base_url=DEVICES).status_code == 404


# What units push

TOLD = {"body_b64": "eyJSZXN1bHQiOnRydWV9", "content_type": "application/json"}


@pytest.mark.parametrize("rest", ["", "/NotificationInfo/TollgateInfo"])
def test_a_units_message_goes_to_the_plant_raw_and_the_plants_answer_back(
    screen: FlaskClient, plant: MemoryPlant, rest: str
) -> None:
    plant.verbs["push"] = lambda _args: Value(dict(TOLD))
    answer = screen.post(f"/units/u1/key{rest}", base_url=DEVICES, data=b"\x00raw", content_type="text/xml")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b'{"Result":true}', "application/json")
    (asked,) = plant.asks("push")
    assert asked == {
        "unit": "u1",
        "key": "key",
        "rest": rest[1:],
        "address": "127.0.0.1",
        "content_type": "text/xml",
        "body_b64": "AHJhdw==",
    }


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (Refused("unknown", "there is no such unit"), 404),
        (Refused("bad_args", "the body is no JSON"), 400),
        (Refused("failed", "the book is full"), 503),
        (Unknown("no answer"), 503),
        (Value({"info": "ok"}), 503),
    ],
)
def test_a_unit_that_is_not_answered_by_the_plant_gets_an_empty_answer(
    screen: FlaskClient, plant: MemoryPlant, said: Reply, status: int
) -> None:
    plant.verbs["push"] = lambda _args: said
    answer = screen.post("/units/u1/key", base_url=DEVICES, data=b"{}")
    assert (answer.status_code, answer.data) == (status, b"")


def test_a_message_that_is_too_large_is_not_read(screen: FlaskClient, plant: MemoryPlant) -> None:
    plant.verbs["push"] = lambda _args: Value(dict(TOLD))
    large = screen.post("/units/u1/key", base_url=DEVICES, data=b"x" * 20_000_000)
    assert large.status_code == 413
    assert b"ok" not in large.data
    assert plant.asks("push") == []
    assert screen.post("/units/u1/key", base_url=DEVICES, data=b"x" * 2_800_000).status_code == 200
