"""The control room's page of visitors, without a server and with a plant in memory."""

import re

import pytest

from hmi.control.sessions import IDLE_S
from scada.bridge import Message, Refused, Reply, Unknown, Value
from tests.support.hmi_pages import ControlRoom, form_token
from tests.support.hosts import shown

HOST: Message = {"merchant": "ACME", "hosting": {"open": 20}, "ended_at": None}
SHOP: Message = {"merchant": "Books", "hosting": None, "ended_at": None}
OVER: Message = {"merchant": "Gone", "hosting": {"open": 20}, "ended_at": "2026-01-01T00:00:00+00:00"}
FORM = {
    "host": "ACME",
    "plate": "京A12345",
    "since": "2026-11-22T09:00",
    "until": "2026-11-22T18:00",
    "pays": "full",
    "entries": "0",
    "note": "Mr Li",
    "reason": "the host rang",
}


def office(role: str = "operator", **verbs: Reply) -> ControlRoom:
    room = ControlRoom(role)
    rows = [shown(4), shown(2, "came", plate="京B12388", came=1, part_fen=1500, may_change=False)]
    answers: dict[str, Reply] = {"bookings": Value(rows), "merchants": Value([HOST, SHOP, OVER]), **verbs}
    for verb, reply in answers.items():
        room.plant.verbs[verb] = lambda _args, reply=reply: reply  # type: ignore[misc]
    room.sign_in()
    return room


def send(room: ControlRoom, path: str, **fields: str) -> tuple[int, str]:
    """Send a form of the page; gives the status, and the text or where it leads."""
    data = {"csrf_token": form_token(room.get("/visitors?lang=en")), **fields}
    answer = room.post(path, data=data, headers={"Origin": "http://127.0.0.1:8080"})
    return answer.status_code, answer.location or answer.text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("访客", "今天", "由被访单位支付，最多 20.00 元", "已到访", "何人以何方式提出")),
        ("en", ("Visitors", "Today", "The host pays up to 20.00 yuan", "has come", "Who asked for it, and how")),
    ],
)
def test_todays_visitors_stand_beside_the_form(lang: str, words: tuple[str, ...]) -> None:
    room = office()
    text = room.get(f"/visitors?lang={lang}").text
    assert [word for word in (*words, "京A12345", "09:00 – 18:00", "¥15.00", "Mr Li &lt;3") if word not in text] == []
    assert re.findall(r'<option value="(ACME|Books|Gone)"', text) == ["ACME"]
    assert room.plant.asks("bookings") == [{"today": True}]
    assert (text.count("change=B4"), text.count("change=B2")) == (1, 0)
    for which, asked in (("coming", {"to_come": True}), ("all", {}), ("no-such", {"today": True})):
        room.get(f"/visitors?which={which}")
        assert room.plant.asks("bookings")[-1] == asked


def test_a_visitor_is_announced_changed_and_withdrawn_with_a_reason() -> None:
    done: Reply = Value({"booking": "B9", "stays": []})
    room = office(book_visitor=done, change_booking=done, withdraw_booking=done)
    assert send(room, "/visitors/book?which=coming", **FORM) == (303, "/visitors?which=coming&done=booked")
    assert room.plant.asks("book_visitor") == [{**FORM, "entries": 0}]
    page = room.get("/visitors?lang=en&change=B4").text
    for words in ("Change the visitor", 'value="2026-11-22T09:00"', 'value="money:2000" selected', "Mr Li &lt;3"):
        assert words in page
    assert send(room, "/visitors/change", **FORM, booking="B4") == (303, "/visitors?done=changed")
    assert room.plant.asks("change_booking") == [{**FORM, "entries": 0, "booking": "B4"}]
    assert "Withdraw the booking" in room.get("/visitors?lang=en&withdraw=B4").text
    assert send(room, "/visitors/withdraw", booking="B4", reason="ill") == (303, "/visitors?done=withdrawn")
    assert room.plant.asks("withdraw_booking") == [{"booking": "B4", "reason": "ill"}]
    assert "Withdrawn. It lets nobody in any more." in room.get("/visitors?lang=en&done=withdrawn").text


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Refused("again", "x"), 409, "This plate is announced for this time already."),
        (Refused("per_day", "x"), 409, "All visitors that are agreed for today have been announced."),
        (Refused("bad_args", "x"), 400, "This is not a plate."),
        (Refused("forbidden", "wang may not"), 400, "Refused: wang may not"),
        (Unknown("no answer"), 400, "Nobody knows whether it was done. Look at the list."),
    ],
)
def test_a_form_that_was_refused_says_why_and_stays_filled_in(reply: Reply, status: int, words: str) -> None:
    room = office(book_visitor=reply)
    got, text = send(room, "/visitors/book?lang=en", **FORM)
    assert (got, words in text) == (status, True)
    for kept in ('value="京A12345"', 'value="2026-11-22T18:00"', 'value="full" selected', 'value="the host rang"'):
        assert kept in text


def test_nobody_books_without_a_reason_or_on_a_screen_that_was_left_or_without_our_form() -> None:
    room = office()
    status, text = send(room, "/visitors/book?lang=en", **{**FORM, "reason": " "})
    assert (status, "Say who asked for it, and how." in text) == (400, True)
    assert room.post("/visitors/book", data=FORM).status_code == 400
    data = {"csrf_token": form_token(room.get("/visitors")), **FORM}
    room.seconds.now += IDLE_S + 1
    answer = room.post("/visitors/book", data=data, headers={"Origin": "http://127.0.0.1:8080"})
    assert (answer.status_code, answer.location) == (302, "/sign-in")
    assert room.plant.asks("book_visitor") == []


@pytest.mark.parametrize(
    ("role", "sees", "books"),
    [
        ("operator", 200, True),
        ("manager", 200, True),
        ("administrator", 200, True),
        ("auditor", 200, False),
        ("technician", 403, False),
    ],
)
def test_each_role_sees_and_does_what_is_its_own(role: str, sees: int, books: bool) -> None:
    room = office(role, book_visitor=Value({"booking": "B9"}))
    answer = room.get("/visitors")
    assert (answer.status_code, 'action="/visitors/book' in answer.text) == (sees, books)
    assert ('href="/visitors"' in room.get("/").text) is (sees == 200)
    data = {"csrf_token": form_token(room.get("/")), **FORM}
    posted = room.post("/visitors/book", data=data, headers={"Origin": "http://127.0.0.1:8080"})
    assert posted.status_code == (303 if books else 403)
