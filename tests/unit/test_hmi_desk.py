"""The desk's page without a browser: what a role may press, and the sheet of a shift as it is printed."""

import pytest

from scada.bridge import Refused, Unknown, Value
from tests.support.hmi_pages import ControlRoom

SHEET = {
    "id": "01KAZ0000000000000000000EF",
    "operator": "li <b>",
    "began_at": "2026-11-26T00:00:00+00:00",
    "ended_at": "2026-11-26T08:30:00+00:00",
    "taken_by": "wang",
    "note": "<script>alert(1)</script>",
    "sheet": {
        "totals": {
            "answered": 7, "resolved": 5, "deeds": {"open gate": 3}, "openings": {"MISREAD": 2, "QUEUE": 1},
            "receipts": 2, "cash_fen": 123_456,
        },
        "cases": [
            {"ref": "tailgate:1", "kind": "tailgate", "lane": "out1", "owner": "li", "since": "",
             "why": "a car followed another one out and owes its fee"},
        ],
    },
}  # fmt: skip


def test_a_shift_is_printed_in_the_words_of_the_trade_and_to_the_fen() -> None:
    room = ControlRoom()
    room.sign_in()
    room.plant.verbs["desk_shift_sheet"] = lambda _args: Value(SHEET)
    page = room.get("/desk/shifts/01KAZ0000000000000000000EF")
    assert page.status_code == 200
    for words in ("¥1234.56", "2026-11-26 08:00 – 2026-11-26 16:30", "人工开闸：识别更正", "7 / 5"):
        assert words in page.text
    assert "1号出口 · 跟车欠费 · " in page.text
    assert "Exit 1 · Tailgater owes · a car followed another one out and owes its fee" in page.text
    for code in ("MISREAD", "tailgate:", "<script>alert", "li <b>"):
        assert code not in page.text


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Refused("bad_args", "no such shift was handed over"), 404),
        (Refused("forbidden", "zhao may not desk shift sheet"), 403),
        (Unknown("no answer"), 503),
    ],
)
def test_a_sheet_that_is_not_shown_says_why_by_its_status(reply: Refused | Unknown, status: int) -> None:
    room = ControlRoom()
    room.sign_in()
    room.plant.verbs["desk_shift_sheet"] = lambda _args: reply
    assert room.get("/desk/shifts/01KAZ").status_code == status


@pytest.mark.parametrize(("role", "may"), [("operator", "true"), ("manager", "true"), ("auditor", "false")])
def test_only_who_may_give_money_back_is_shown_that_he_may(role: str, may: str) -> None:
    room = ControlRoom(role)
    room.sign_in()
    page = room.get("/desk").text.replace("&#34;", '"').replace("&quot;", '"')
    assert f'"mayRefund": {may}' in page
