"""The control room's pages and API, without a server and with a plant in memory."""

import base64
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from hmi.control.sessions import ABSOLUTE_S, IDLE_S
from scada.bridge import Message, Refused, Reply, Unknown, Value
from scada.config import Config
from scada.drawing import MOST_DRAWN
from scada.settings.plan import Plan
from tests.support.hmi_pages import CONTROL, PASSWORD, ControlRoom, form_token, shipped

OPEN = "/api/v1/lanes/out1/open"
WISH = {"passage": "out1-20261122052210-31", "reason": "EQUIPMENT", "note": "printer jammed"}


@pytest.fixture
def room() -> ControlRoom:
    return ControlRoom()


def test_nothing_but_sign_in_and_health_answers_without_a_session(room: ControlRoom) -> None:
    answering = set()
    for rule in room.app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = room.new_browser().open(path, method=method, base_url=CONTROL)
            if answer.status_code == 200:
                answering.add((method, rule.endpoint))
    assert answering == {("GET", "auth.sign_in"), ("GET", "health")}
    assert room.plant.asked == []


def test_forged_headers_open_no_door(room: ControlRoom) -> None:
    forged = {"Referer": CONTROL, "Origin": CONTROL, "X-Forwarded-User": "admin", "X-Forwarded-For": "127.0.0.1"}
    assert room.get("/api/v1/snapshot", headers=forged).status_code == 401


def test_who_knows_the_password_gets_in(room: ControlRoom) -> None:
    answer = room.sign_in()
    assert (answer.status_code, answer.location) == (302, "/")
    assert room.get("/").status_code == 200


def test_the_cookie_is_ours_alone_and_out_of_reach_of_scripts(room: ControlRoom) -> None:
    cookie = room.sign_in().headers["Set-Cookie"]
    assert cookie.startswith("__Host-daozha_control=")
    for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie


def test_a_wrong_password_is_refused_in_words(room: ControlRoom) -> None:
    answer = room.sign_in(password="wrong")
    assert answer.status_code == 403
    assert "姓名或密码不对" in answer.text


def test_a_lock_out_is_told(room: ControlRoom) -> None:
    room.plant.verbs["sign_in"] = lambda _args: Refused("refused", "too many tries, wait 42 s")
    assert "请一分钟后再试" in room.sign_in().text


def test_signing_in_anew_ends_the_session_before(room: ControlRoom) -> None:
    room.sign_in()
    before = room.browser.get_cookie("__Host-daozha_control", domain="127.0.0.1")
    room.sign_in("li")
    assert before is not None
    other = room.new_browser()
    other.set_cookie("__Host-daozha_control", before.value, domain="127.0.0.1")
    assert other.get("/api/v1/snapshot", base_url=CONTROL).status_code == 401


def test_five_wrong_tries_in_a_minute_are_enough(room: ControlRoom) -> None:
    statuses = [room.sign_in(password="wrong").status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    assert room.sign_in().status_code == 429


def test_who_guesses_through_the_proxy_keeps_nobody_else_out(room: ControlRoom) -> None:
    """All come from the proxy on this machine; it says from where, and what a browser claims before that counts not."""

    def tries(name: str, told: str) -> int:
        token = form_token(room.get("/sign-in"))
        said = {"name": name, "password": "wrong" if name != "wang" else PASSWORD, "csrf_token": token}
        return room.post("/sign-in", data=said, headers={"X-Forwarded-For": told}).status_code

    assert [tries(f"guess{n}", f"10.9.9.{n}, 10.0.0.7") for n in range(6)] == [403] * 5 + [429]
    assert tries("wang", "10.0.0.8") == 302
    assert [args["address"] for args in room.plant.asks("sign_in")] == ["10.0.0.7"] * 5 + ["10.0.0.8"]


def test_signing_in_well_is_not_counted_as_guessing(room: ControlRoom) -> None:
    assert [room.sign_in().status_code for _ in range(8)] == [302] * 8


def test_a_silent_plant_lets_nobody_in(room: ControlRoom) -> None:
    room.plant.verbs["sign_in"] = lambda _args: Unknown("no answer")
    assert room.sign_in().status_code == 503
    assert room.get("/").status_code == 302


def test_a_silent_plant_is_nobodys_guess(room: ControlRoom) -> None:
    answers = room.plant.verbs["sign_in"]
    room.plant.verbs["sign_in"] = lambda _args: Unknown("no answer")
    assert [room.sign_in().status_code for _ in range(8)] == [503] * 8
    room.plant.verbs["sign_in"] = answers
    assert room.sign_in().status_code == 302


def test_a_changed_password_ends_all_other_sessions_of_its_owner_and_nobody_elses(room: ControlRoom) -> None:
    room.plant.verbs["change_password"] = lambda _args: Value({"changed": True})
    browsers = {}
    for key, name in (("thief", "wang"), ("colleague", "li"), ("owner", "wang")):
        room.browser = browsers[key] = room.new_browser()
        room.sign_in(name)
    fields = {"old": PASSWORD, "new": "a new password", "again": "a new password"}
    assert room.post("/password", data={**fields, "csrf_token": form_token(room.get("/password"))}).status_code == 302
    statuses = {key: one.get("/api/v1/snapshot", base_url=CONTROL).status_code for key, one in browsers.items()}
    assert statuses == {"thief": 401, "colleague": 200, "owner": 200}


def test_who_was_removed_at_the_plant_is_signed_out_at_the_next_look(room: ControlRoom) -> None:
    room.sign_in()
    room.plant.verbs["recent_stays"] = lambda _args: Refused("forbidden", "wang may not recent stays")
    assert room.get("/api/v1/stays").status_code == 401
    assert room.get("/api/v1/snapshot").status_code == 401


def test_a_copied_cookie_is_worth_nothing_after_sign_out(room: ControlRoom) -> None:
    room.sign_in()
    cookie = room.browser.get_cookie("__Host-daozha_control", domain="127.0.0.1")
    assert cookie is not None
    assert room.post("/sign-out", data={"csrf_token": form_token(room.get("/"))}).status_code == 302
    thief = room.new_browser()
    thief.set_cookie("__Host-daozha_control", cookie.value, domain="127.0.0.1")
    assert thief.get("/api/v1/snapshot", base_url=CONTROL).status_code == 401


def test_the_first_password_must_be_changed_before_anything_else() -> None:
    room = ControlRoom(must_change=True)
    room.plant.verbs["change_password"] = lambda _args: Value({"changed": True})
    assert room.sign_in().location == "/password"
    assert room.get("/").location == "/password"
    assert room.get("/api/v1/snapshot").status_code == 403
    fields = {"old": PASSWORD, "new": "a new password", "again": "a new password"}
    answer = room.post("/password", data={**fields, "csrf_token": form_token(room.get("/password"))})
    assert answer.location == "/"
    assert room.get("/").status_code == 200
    assert room.plant.asks("change_password") == [{"name": "wang", "old": PASSWORD, "new": "a new password"}]


@pytest.mark.parametrize(("new", "again"), [("short", "short"), ("a new password", "another password")])
def test_a_password_too_short_or_mistyped_is_not_even_asked_for(new: str, again: str) -> None:
    room = ControlRoom(must_change=True)
    room.sign_in()
    fields = {"old": PASSWORD, "new": new, "again": again, "csrf_token": form_token(room.get("/password"))}
    assert room.post("/password", data=fields).status_code == 400
    assert room.plant.asks("change_password") == []


def test_every_post_needs_the_csrf_token(room: ControlRoom) -> None:
    room.sign_in()
    paths = [
        rule.rule.replace("<lane>", "out1") for rule in room.app.url_map.iter_rules() if "POST" in (rule.methods or ())
    ]
    assert len(paths) >= 8
    assert {path: room.post(path, json=WISH).status_code for path in paths} == dict.fromkeys(paths, 400)


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://127.0.0.1:8081"}]
)
def test_a_form_on_another_port_of_this_host_is_refused(room: ControlRoom, headers: dict[str, str]) -> None:
    room.sign_in()
    token = form_token(room.get("/"))
    assert room.post("/sign-out", data={"csrf_token": token}, headers=headers).status_code == 403
    assert room.get("/").status_code == 200


def test_a_foreign_host_is_refused(room: ControlRoom) -> None:
    assert room.browser.get("/sign-in", base_url="http://evil.example").status_code == 400


def test_every_answer_carries_the_strict_headers(room: ControlRoom) -> None:
    headers = room.get("/sign-in").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_script_or_style(room: ControlRoom) -> None:
    room.sign_in()
    for page in (room.get("/").text, room.new_browser().get("/sign-in", base_url=CONTROL).text):
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page)


def test_an_operator_opens_with_a_reason_and_is_named(room: ControlRoom) -> None:
    room.sign_in()
    room.plant.verbs["open_gate"] = lambda _args: Value({"taken": True, "why": ""})
    answer = room.command(OPEN, WISH)
    assert (answer.status_code, answer.json) == (200, {"taken": True, "why": ""})
    assert room.plant.asked[-1] == ("open_gate", {"lane": "out1", **WISH}, "wang", "operator")


def test_who_stands_for_goodwill_besides_goes_to_the_plant_with_name_and_password(room: ControlRoom) -> None:
    room.sign_in()
    room.plant.verbs["open_gate"] = lambda _args: Value({"taken": True, "why": ""})
    second = {"second_name": "li", "second_password": PASSWORD}
    assert room.command(OPEN, {**WISH, "reason": "GOODWILL", **second}).status_code == 200
    assert room.plant.asks("open_gate") == [{"lane": "out1", **WISH, "reason": "GOODWILL", **second}]
    assert room.command(OPEN, {**WISH, **second, "second_name": "x" * 65}).status_code == 422


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Value({"taken": False, "why": "that car is gone"}), 409),
        (Refused("refused", "that car is gone"), 409),
        (Refused("forbidden", "wang may not open gate"), 403),
        (Unknown("no answer within 8 s"), 504),
    ],
)
def test_no_button_hears_of_success_before_the_plant_says_so(room: ControlRoom, reply: Reply, status: int) -> None:
    room.sign_in()
    room.plant.verbs["open_gate"] = lambda _args: reply
    answer = room.command(OPEN, WISH)
    assert answer.status_code == status
    assert answer.json
    assert answer.json["why"]


@pytest.mark.parametrize("role", ["technician", "manager", "auditor"])
def test_who_may_only_look_is_refused_before_the_plant_is_asked(role: str) -> None:
    room = ControlRoom(role)
    room.sign_in()
    for name in ("open", "plate", "stay", "send-back"):
        assert room.command(f"/api/v1/lanes/out1/{name}", WISH).status_code == 403
    assert [verb for verb, *_ in room.plant.asked] == ["sign_in"]


@pytest.mark.parametrize(
    "body",
    [
        {**WISH, "reason": "TEST"},
        {**WISH, "reason": "because"},
        {**WISH, "passage": ""},
        {**WISH, "note": "x" * 201},
        {**WISH, "passage": 7},
        ["open"],
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_here(room: ControlRoom, body: object) -> None:
    room.sign_in()
    assert room.command(OPEN, body).status_code in (400, 422)
    assert room.plant.asks("open_gate") == []


def test_a_lane_that_is_not_there_is_not_found(room: ControlRoom) -> None:
    room.sign_in()
    assert room.command("/api/v1/lanes/out9/open", WISH).status_code == 404


def test_an_idle_screen_still_shows_but_commands_nothing(room: ControlRoom) -> None:
    room.sign_in()
    room.seconds.now += IDLE_S + 1
    assert room.get("/api/v1/snapshot").status_code == 200
    assert room.command(OPEN, WISH).status_code == 401
    assert room.command("/api/v1/presence", {}).json == {"may_command": False}
    assert room.plant.asks("open_gate") == []


def test_a_touched_screen_stays_good_for_commands(room: ControlRoom) -> None:
    room.sign_in()
    room.plant.verbs["open_gate"] = lambda _args: Value({"taken": True, "why": ""})
    for _ in range(3):
        room.seconds.now += IDLE_S - 1
        assert room.command("/api/v1/presence", {}).json == {"may_command": True}
    assert room.command(OPEN, WISH).status_code == 200


def test_no_session_outlives_its_shift(room: ControlRoom) -> None:
    room.sign_in()
    room.seconds.now += ABSOLUTE_S + 1
    assert room.get("/api/v1/snapshot").status_code == 401


def test_a_picture_comes_as_a_picture_and_nothing_else_does(room: ControlRoom) -> None:
    room.sign_in()
    room.plant.verbs["picture"] = lambda _args: Value({"jpeg_b64": base64.b64encode(b"jpeg").decode()})
    answer = room.get("/pictures/20261122-a.jpg")
    assert (answer.data, answer.mimetype) == (b"jpeg", "image/jpeg")
    for name in ("..", "%2e%2e%2fetc%2fpasswd", "a%2fb.jpg", ".hidden", "a%00.jpg", "..%5cx"):
        assert room.get(f"/pictures/{name}").status_code in (302, 308, 404)
    assert len(room.plant.asks("picture")) == 1


def test_the_journal_can_show_only_what_people_did_however_much_happened_since(room: ControlRoom) -> None:
    room.sign_in()
    rows = [{"n": 2, "kind": "person", "what": "open gate"}]
    room.plant.verbs["journal"] = lambda _args: Value(rows)
    assert room.get("/api/v1/journal?kind=person&limit=7&lane=out1").json == rows
    assert room.get("/api/v1/journal").json == rows
    assert room.plant.asks("journal") == [
        {"limit": 7, "kind": "person", "lane": "out1"},
        {"limit": 50, "kind": "", "lane": ""},
    ]


def test_the_snapshot_names_each_tag_with_value_quality_and_time(room: ControlRoom) -> None:
    room.sign_in()
    live = room.app.extensions["room"].live
    live.replace("2026-11-22T05:00:00Z", [["in1.beam", True, 0, "2026-11-22T04:59:59Z"]])
    content = room.get("/api/v1/snapshot").json
    assert content
    assert content["tags"] == {"in1.beam": {"value": True, "status": 0, "at": "2026-11-22T04:59:59Z"}}


def test_a_name_that_is_a_script_is_shown_as_text() -> None:
    room = ControlRoom()
    room.plant.verbs["sign_in"] = _with_a_bad_name
    room.sign_in()
    page = room.get("/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def _with_a_bad_name(_args: Message) -> Reply:
    return Value({"name": "<script>alert(1)</script>", "role": "operator", "must_change": False})


def test_the_page_speaks_chinese_first_and_english_when_asked(room: ControlRoom) -> None:
    assert "登录" in room.get("/sign-in", headers={"Accept-Language": "fr"}).text
    assert "Sign in" in room.get("/sign-in?lang=en").text
    assert "Sign in" in room.get("/sign-in").text


def test_assets_are_kept_for_ever_under_their_hash_and_nothing_else_is_served(room: ControlRoom) -> None:
    found = re.search(r'href="(/assets/[0-9a-f]{16}/control/page.css)"', room.get("/sign-in").text)
    assert found
    answer = room.get(found[1])
    assert "immutable" in answer.headers["Cache-Control"]
    answer.close()
    base = found[1].removesuffix("control/page.css")
    for name in ("vendor/build/package.json", "public/phone.css", "../server.py", "..%2fserver.py", "/etc/passwd"):
        assert room.get(base + name).status_code in (302, 308, 404)


def test_the_sites_own_drawing_is_shown_as_a_picture_in_which_nothing_runs(tmp_path: Path) -> None:
    plan, svg = Plan(background="site.SVG"), '<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
    config = shipped().model_copy(update={"plan": plan, "folder": tmp_path})
    room = ControlRoom(config=config)
    room.sign_in()
    assert room.get("/plan/background").status_code == 404
    (tmp_path / "site.SVG").write_text(svg)
    answer = room.get("/plan/background")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    (tmp_path / "site.SVG").write_bytes(b" " * (MOST_DRAWN + 1))
    assert room.get("/plan/background").status_code == 404


@pytest.mark.parametrize("plan", [{"zones": {"moon": [[1, 1], [2, 1], [2, 2]]}}, {"lanes": {"in9": [1, 1]}}])
def test_a_drawing_names_zones_and_lanes_that_there_are(plan: object) -> None:
    with pytest.raises(ValidationError, match="is none of the site"):
        Config.model_validate({**shipped().model_dump(by_alias=True), "plan": plan})
