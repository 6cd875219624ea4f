"""The people page's routes: sessions, the password once more, and programs with tokens."""

import hashlib

import pytest

from hmi.control.sessions import FRESH_S, IDLE_S
from scada.bridge import Refused, Value
from tests.support.hmi_pages import CONTROL, ControlRoom

PEOPLE = "/api/v1/people"
WHY = {"reason": "left the company"}
TOKEN = "dz_" + "a" * 43
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def room() -> ControlRoom:
    one = ControlRoom("administrator")
    for verb in ("lock_person", "change_role", "reset_person", "kick", "add_person", "open_gate"):
        one.plant.verbs[verb] = lambda args: Value({"name": args.get("name")})
    one.plant.verbs["journal"] = lambda _args: Value([])
    one.plant.verbs["confirm_password"] = lambda args: (
        Value({"confirmed": True}) if args["password"] == "right" else Refused("refused", "the password is wrong")
    )
    return one


def holds(room: ControlRoom, *rights: str, role: str = "administrator") -> None:
    """Let the token be good for these rights."""
    hashed = hashlib.sha256(TOKEN.encode()).hexdigest()
    room.plant.verbs["bearer"] = lambda args: (
        Value({"token": "t1", "name": "wang", "role": role, "rights": list(rights)})
        if args["hash"] == hashed
        else Refused("refused", "this token is not good, or no longer")
    )


@pytest.mark.parametrize("deed", ["lock", "kick", "password"])
def test_whoever_is_locked_or_kicked_is_signed_out_at_once(room: ControlRoom, deed: str) -> None:
    room.sign_in("li")
    li = room.browser
    room.browser = room.new_browser()
    room.sign_in("zhang")
    assert li.get("/api/v1/snapshot", base_url=CONTROL).status_code == 200
    assert room.command(f"{PEOPLE}/li/{deed}", WHY).status_code == 200
    assert li.get("/api/v1/snapshot", base_url=CONTROL).status_code == 401
    assert room.get("/api/v1/snapshot").status_code == 200


def test_a_refused_kick_ends_nothing(room: ControlRoom) -> None:
    room.sign_in("zhang")
    room.plant.verbs["kick"] = lambda _args: Refused("forbidden", "you may not")
    assert room.command(f"{PEOPLE}/zhang/kick", WHY).status_code == 403
    assert room.get("/api/v1/snapshot").status_code == 200


def test_the_sessions_tell_who_and_how_long_and_no_key(room: ControlRoom) -> None:
    room.sign_in("zhang")
    room.seconds.now += 60
    answer = room.get("/api/v1/sessions")
    row = {"name": "zhang", "role": "administrator", "since_s": 60.0, "idle_s": 60.0, "is_this": True}
    assert answer.get_json() == [row]


def test_a_dangerous_thing_asks_for_a_password_of_five_minutes(room: ControlRoom) -> None:
    room.sign_in("zhang")
    room.seconds.now += FRESH_S + 1
    assert room.command("/api/v1/presence", {}).status_code == 200
    answer = room.command(f"{PEOPLE}/li/lock", WHY)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "password")
    assert not room.plant.asks("lock_person")
    assert room.command("/api/v1/password-again", {"password": "wrong"}).status_code == 409
    assert room.command(f"{PEOPLE}/li/lock", WHY).status_code == 401
    assert room.command("/api/v1/password-again", {"password": "right"}).status_code == 200
    assert room.command(f"{PEOPLE}/li/lock", WHY).status_code == 200


def test_the_password_once_more_wakes_an_idle_screen(room: ControlRoom) -> None:
    room.sign_in("zhang")
    room.seconds.now += IDLE_S + 1
    assert room.command("/api/v1/presence", {}).get_json() == {"may_command": False}
    assert room.command("/api/v1/password-again", {"password": "right"}).status_code == 200
    assert room.command("/api/v1/presence", {}).get_json() == {"may_command": True}


def test_a_program_needs_no_page_but_its_token(room: ControlRoom) -> None:
    holds(room, "journal", "open_gate")
    program = room.new_browser()
    assert program.get("/api/v1/journal", base_url=CONTROL, headers=BEARER).status_code == 200
    assert room.plant.asked[-1][2] == "wang"
    assert room.plant.sessions[-1] == "token t1"
    body = {"passage": "p1", "reason": "EQUIPMENT"}
    answer = program.post("/api/v1/lanes/out1/open", base_url=CONTROL, headers=BEARER, json=body)
    assert answer.status_code == 200


def test_a_token_does_what_it_holds_and_nothing_else(room: ControlRoom) -> None:
    holds(room, "journal")
    program = room.new_browser()
    for path in ("/api/v1/stays", "/api/v1/people", "/api/v1/tokens", "/api/v1/snapshot"):
        assert program.get(path, base_url=CONTROL, headers=BEARER).status_code == 403, path
    assert [verb for verb, *_ in room.plant.asked] == ["bearer"] * 4


@pytest.mark.parametrize(
    "header",
    ["Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer " + "x" * 5000],
)
def test_a_wrong_token_opens_nothing(room: ControlRoom, header: str) -> None:
    holds(room, "journal")
    answer = room.new_browser().get("/api/v1/journal", base_url=CONTROL, headers={"Authorization": header})
    assert answer.status_code == 401
    assert not room.plant.asks("journal")


def test_a_token_in_an_address_or_a_cookie_opens_nothing(room: ControlRoom) -> None:
    holds(room, "journal")
    program = room.new_browser()
    program.set_cookie("Authorization", f"Bearer {TOKEN}", domain="127.0.0.1")
    assert program.get(f"/api/v1/journal?access_token={TOKEN}", base_url=CONTROL).status_code == 401


def test_a_token_opens_no_page_and_ends_no_need_of_a_pages_own_token(room: ControlRoom) -> None:
    holds(room, "journal")
    program = room.new_browser()
    assert program.get("/", base_url=CONTROL, headers=BEARER).status_code == 302
    room.sign_in("zhang")
    assert room.post("/sign-out", headers=BEARER).status_code == 400


def test_who_comes_with_a_wrong_token_is_not_let_in_by_a_cookie(room: ControlRoom) -> None:
    holds(room, "journal")
    room.sign_in("zhang")
    assert room.get("/api/v1/journal", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert room.post("/api/v1/presence", json={}, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_program_that_asks_too_often_is_told_so(room: ControlRoom) -> None:
    holds(room, "look")
    program = room.new_browser()
    statuses = [program.get("/api/v1/snapshot", base_url=CONTROL, headers=BEARER).status_code for _ in range(601)]
    assert (statuses[:600], statuses[600]) == ([200] * 600, 429)
    room.sign_in("zhang")
    assert room.get("/api/v1/snapshot").status_code == 200


def test_a_plant_that_does_not_answer_lets_no_program_in(room: ControlRoom) -> None:
    assert room.new_browser().get("/api/v1/journal", base_url=CONTROL, headers=BEARER).status_code == 503


@pytest.mark.parametrize("role", ["operator", "technician", "manager", "auditor"])
def test_the_page_shows_each_role_its_own_part(role: str) -> None:
    room = ControlRoom(role)
    room.sign_in()
    page = room.get("/settings/people").text
    assert f'"seesPeople": {"true" if role == "auditor" else "false"}' in page.replace("&#34;", '"').replace(
        "&quot;", '"'
    )
    assert '"changesPeople": false' in page.replace("&#34;", '"').replace("&quot;", '"')
