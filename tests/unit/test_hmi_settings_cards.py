"""The pages of month cards, lists and merchants, without a server and with a plant in memory."""

import base64
from typing import Any

import pytest

from billing.accounts.chart import Account
from hmi.sheets import as_xlsx
from scada.bridge import Value
from tests.support.settingpages import CARDS, SHOPS, office, rights, send

PAGE = "/settings/cards"


def test_cards_are_searched_and_more_promised_than_there_is_is_told() -> None:
    room = office(**CARDS)
    text = room.get(f"{PAGE}?lang=en&q=zhao").text
    words = ("Oversold: site has 2 spaces, and month cards promise 3.", "京A12345 京A12346", "300.00", "2 : 1")
    assert [word for word in words if word not in text] == []
    assert "roof" not in text
    assert "data-card" not in room.get(f"{PAGE}?q=nobody").text
    assert "京A12346" in room.get(f"{PAGE}/file.csv").data.decode("utf-8-sig")


def test_a_card_is_sold_renewed_changed_and_ended_each_with_a_reason() -> None:
    changing = ("sell_card", "renew_card", "change_card_plate", "end_card", "set_card_product")
    answers: dict[str, Any] = {**CARDS, **{verb: Value({}) for verb in changing}}
    room = office(**answers)
    assert send(room, PAGE, f"{PAGE}/sell", product="month", plates="京A1")[0] == 400
    fields = {"product": "month", "plates": "京A1，京A2 京A3", "holder": "Li", "means": "BANK", "reason": "paid"}
    assert send(room, PAGE, f"{PAGE}/sell", **fields)[0] == 303
    plates = ["京A1", "京A2", "京A3"]
    assert room.plant.asks("sell_card") == [{**fields, "plates": plates}]
    send(room, f"{PAGE}?card=C1", f"{PAGE}/plate", card="C1", old="京A12345", new="京B1", reason="sold the car")
    assert room.plant.asks("change_card_plate")[0]["new"] == "京B1"
    send(room, PAGE, f"{PAGE}/end", card="C1", means="SAFE", reason="moved")
    assert room.plant.asks("end_card") == [{"card": "C1", "out_of": "SAFE", "why": "moved", "reason": "moved"}]
    product = {"name": "month", "seen": "4", "title": "月卡", "price": "299.5", "months": "1", "plates": "2"}
    assert send(room, PAGE, f"{PAGE}/product", **{**product, "price": "dear"}, reason="x")[0] == 400
    assert send(room, PAGE, f"{PAGE}/product", **product, reason="cheaper")[0] == 303
    asked = room.plant.asks("set_card_product")[0]
    assert (asked["name"], asked["seen"]) == ("month", 4)
    terms = asked["product"]
    assert isinstance(terms, dict)
    assert (terms["price_fen"], terms["months"], terms["change_inside"]) == (29_950, 1, False)
    operator = office("operator", **CARDS)
    assert send(operator, PAGE, f"{PAGE}/end", card="C1", reason="x")[0] == 403
    assert office("technician", **CARDS).get(PAGE).status_code == 403


def test_a_table_of_rights_goes_to_the_plant_as_texts() -> None:
    head, row = ["plate", "kind"], ["京A12345", "white"]
    room = office(check_rights=Value({"counts": {}}), import_rights=Value({}))
    file_b64 = base64.b64encode(as_xlsx("rights", head, [row])).decode()
    assert room.command("/api/v1/settings/lists/check", {"file_b64": file_b64}).status_code == 200
    assert room.plant.asks("check_rights") == [{"rows": [head, row]}]
    body = {"file_b64": file_b64, "digest": "d", "reason": "new year", "end_gone": True}
    assert room.command("/api/v1/settings/lists/import", body).status_code == 200
    asked = room.plant.asks("import_rights")
    assert asked == [{"rows": [head, row], "digest": "d", "end_gone": True, "reason": "new year"}]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"PK\x03\x04x", "the workbook cannot be read"), (b"\xff\xfe", "neither a workbook"), (b"\n", "empty")],
)
def test_a_file_that_is_no_table_is_refused_with_words(content: bytes, why: str) -> None:
    room = office()
    answer = room.command("/api/v1/settings/lists/check", {"file_b64": base64.b64encode(content).decode()})
    assert (answer.status_code, why in answer.get_json()["why"]) == (400, True)
    assert room.command("/api/v1/settings/lists/check", {"file_b64": "%%%"}).status_code == 400
    assert room.plant.asks("check_rights") == []


def test_lists_are_shown_by_kind_and_changed_with_a_reason() -> None:
    room = office(rights=Value(rights()), add_right=Value({}), remove_right=Value({}))
    text = room.get("/settings/lists?kind=black&lang=en").text
    assert ("京A2" in text, "京A1" in text, "&lt;b&gt;" in text) == (True, False, True)
    page = "/settings/lists"
    assert send(room, page, f"{page}/add", plate="京A3", kind="white", note="x", reason="guest")[0] == 303
    assert room.plant.asks("add_right")[0]["plate"] == "京A3"
    send(room, page, f"{page}/remove", plate="京A1", kind="white", reason="over")
    assert room.plant.asks("remove_right") == [{"plate": "京A1", "kind": "white", "zone": "", "reason": "over"}]
    assert office("operator").get(page).status_code == 403


def test_a_merchant_shows_what_it_owes_its_vouchers_and_its_statement() -> None:
    room = office(**SHOPS)
    text = room.get("/settings/merchants?lang=en&merchant=Shop").text
    assert [word for word in ("¥12.50", "Yuan 5.00", "2026-05-01 08:00", 'value="900.00"') if word not in text] == []
    assert room.plant.asks("statement") == [{"account": Account.MERCHANT.value, "subject": "M1"}]


def test_an_agreement_is_changed_and_a_code_is_shown_once() -> None:
    page = "/settings/merchants"
    link = Value({"code": "ABCDE-FGHJK"})
    room = office(**SHOPS, change_merchant=Value({}), add_merchant=Value({}), renew_merchant_link=link)
    terms = {"manner": "PREPAID", "may_money": "on", "most_money": "5", "may_full": "on", "limit": "100"}
    fields = {**terms, "book_month": "0", "pays_percent": "50", "merchant": "Shop", "reason": "new contract"}
    assert send(room, page, f"{page}/save", **fields)[0] == 303
    asked = room.plant.asks("change_merchant")[0]
    assert (asked["most"], asked["limit_fen"], asked["pays_percent"]) == ({"money": 500, "full": 0}, 10_000, 50)
    send(room, page, f"{page}/save", **{**fields, "merchant": "New"}, is_new="on")
    assert room.plant.asks("add_merchant")[0]["name"] == "New"
    assert send(room, page, f"{page}/save", **{**fields, "limit": "much"})[0] == 400
    status, text = send(room, page, f"{page}/link", merchant="Shop", reason="staff has changed")
    assert (status, "ABCDE-FGHJK" in text) == (200, True)
    assert send(room, page, f"{page}/link", merchant="Shop")[0] == 400
    operator = office("operator", **SHOPS)
    assert send(operator, page, f"{page}/link", merchant="Shop", reason="x")[0] == 403
