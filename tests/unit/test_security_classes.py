"""The classes of weakness by which systems of this kind were broken, one table each: docs/security.md names them."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from hmi.control.api.described import SAFE
from scada.bridge import Message, Reply
from scada.config import Config
from tests.support.hmi import ROOT
from tests.support.hmi_pages import CONTROL, KEY, PASSWORD, ControlRoom, page_token, shipped

BAD = "<script>alert(1)</script>"
ROLES = ("operator", "technician", "manager", "administrator", "auditor")


def scripted() -> Config:
    """Give a site all of whose names are scripts."""
    site = shipped()
    lanes = tuple(lane.model_copy(update={"title": BAD, "title_en": BAD}) for lane in site.lanes)
    return site.model_copy(update={"lanes": lanes, "site": site.site.model_copy(update={"name": BAD, "name_en": BAD})})


def pages(room: ControlRoom) -> Iterator[str]:
    """Give every page that needs nothing in its address."""
    for rule in room.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith("/api/"):
            yield rule.rule


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_name_that_is_a_script_is_shown_and_not_run(language: str) -> None:
    room = ControlRoom("administrator", config=scripted())
    room.sign_in(BAD)
    seen = 0
    for page in pages(room):
        answer = room.get(f"{page}?lang={language}&which={BAD}&change={BAD}&lane={BAD}&next={BAD}")
        assert BAD not in answer.text, page
        seen += BAD.replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert seen >= 5


def test_no_script_of_ours_writes_text_as_markup() -> None:
    writes = re.compile(
        r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|unsafeHTML|document\.write\b|\beval\(|new Function\b"
    )
    for path in sorted((ROOT / "hmi" / "static").rglob("*.js")):
        if "vendor" not in path.parts:
            assert not writes.search(path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize(
    "headers",
    [
        {"Referer": f"{CONTROL}/"},
        {"Referer": f"{CONTROL}/sign-in", "Origin": CONTROL},
        {"X-Forwarded-User": "admin", "Remote-User": "admin", "X-Remote-User": "admin"},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
        {"X-Original-URL": "/sign-in", "X-Rewrite-URL": "/health"},
        {"X-HTTP-Method-Override": "GET", "X-Method-Override": "GET"},
        {"Authorization": "Basic YWRtaW46YWRtaW4="},
        {"Authorization": "Bearer null"},
        {"X-CSRFToken": "null", "Cookie": "__Host-daozha_control=eyJrZXkiOiJ4In0.x.y"},
    ],
)
def test_no_forged_header_opens_a_door(headers: dict[str, str]) -> None:
    room = ControlRoom()
    for path in ("/api/v1/snapshot", "/api/v1/people", "/", "/settings/people"):
        answer = room.get(path, headers=headers)
        assert answer.status_code in (302, 401, 503), path
        assert answer.headers.get("Location", "/sign-in") == "/sign-in"


@pytest.mark.parametrize(
    "where", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil.example"]
)
def test_a_sign_in_leads_home_and_nowhere_else(where: str) -> None:
    room = ControlRoom()
    form = room.get(f"/sign-in?next={where}&url={where}&return_to={where}")
    token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
    assert token
    fields = {"name": "wang", "password": PASSWORD, "csrf_token": token[1], "next": where}
    assert room.post(f"/sign-in?next={where}", data=fields).location == "/"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:8080@evil.example", "[::1]evil"])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/v1/snapshot", "/health"])
def test_a_foreign_host_is_answered_nothing(host: str, path: str) -> None:
    answer = ControlRoom().new_browser().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8081"},
    ],
)
def test_a_page_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    room = ControlRoom("administrator")
    room.sign_in()
    token, asked = page_token(room), len(room.plant.asked)
    for rule in room.app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in sorted((rule.methods or set()) - SAFE):
            answer = room.browser.open(
                path, method=method, base_url=CONTROL, json={}, headers={**headers, "X-CSRFToken": token}
            )
            assert answer.status_code == 403, path
    assert len(room.plant.asked) == asked


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "....//....//etc/passwd",
        "..\\..\\etc\\passwd",
        "/etc/passwd",
        "control/../../config.toml",
        "%00../config.toml",
    ],
)
def test_no_path_leads_out_of_its_folder(name: str) -> None:
    room = ControlRoom("administrator")
    room.sign_in()
    version = re.search(r"/assets/([0-9a-f]+)/", room.get("/").text)
    assert version
    for place in (f"/assets/{version[1]}/", "/pictures/", "/reports/", "/money/receipts/"):
        answer = room.get(f"{place}{name}")
        assert answer.status_code >= 300, place
        assert "root:" not in answer.text
        assert "[site]" not in answer.text


class CanaryPlant:
    """A plant that breaks with its secrets in its mouth."""

    def ask(self, verb: str, args: Message, **more: object) -> Reply:
        """Break."""
        raise RuntimeError(f"canary-secret in {verb}")


def test_no_answer_holds_a_secret_even_when_something_breaks() -> None:
    room = ControlRoom("administrator")
    room.sign_in()
    token = page_token(room)
    cookie = room.browser.get_cookie("__Host-daozha_control", domain="127.0.0.1")
    assert cookie is not None
    room.plant.__class__ = type("Canary", (CanaryPlant, room.plant.__class__), {})
    room.app.config["PROPAGATE_EXCEPTIONS"] = False
    secrets = (PASSWORD, KEY.decode(), "canary-secret", "Traceback", cookie.value)
    for rule in room.app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", lambda one: "out1" if one[0] == "<lane>" else "x", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule.endpoint in ("auth.sign_out", "auth.sign_in"):
                continue
            answer = room.browser.open(
                path, method=method, base_url=CONTROL, json={"password": PASSWORD}, headers={"X-CSRFToken": token}
            )
            assert not [secret for secret in secrets if secret in answer.text], path


def other(room: ControlRoom, value: str) -> FlaskClient:
    """Give another browser with a copied cookie."""
    thief = room.new_browser()
    thief.set_cookie("__Host-daozha_control", value, domain="127.0.0.1")
    return thief


@pytest.mark.parametrize("end", ["sign-out", "kick", "lock", "role"])
def test_a_copied_cookie_is_worth_nothing_once_the_session_has_ended(end: str) -> None:
    from scada.bridge import Value

    room = ControlRoom("administrator")
    for verb in ("kick", "lock_person", "change_role"):
        room.plant.verbs[verb] = lambda _args: Value({})
    room.sign_in("li")
    cookie = room.browser.get_cookie("__Host-daozha_control", domain="127.0.0.1")
    assert cookie is not None
    assert other(room, cookie.value).get("/api/v1/snapshot", base_url=CONTROL).status_code == 200
    if end == "sign-out":
        room.post("/sign-out", headers={"X-CSRFToken": page_token(room)})
    else:
        room.browser = room.new_browser()
        room.sign_in("zhang")
        body = {"reason": "copied", **({"role": "auditor"} if end == "role" else {})}
        assert room.command(f"/api/v1/people/li/{end}", body).status_code == 200
    assert other(room, cookie.value).get("/api/v1/snapshot", base_url=CONTROL).status_code == 401


def test_every_event_of_the_sockets_asks_who_it_is() -> None:
    room = ControlRoom()
    io = room.app.extensions["socketio"]
    events = {event for handlers in io.server.handlers.values() for event in handlers}
    assert events == {"connect", "disconnect", "join", "ack", "watch_sites"}
    stranger = io.test_client(room.app, flask_test_client=room.new_browser(), headers={"Host": "127.0.0.1:8080"})
    assert not stranger.is_connected()
    room.sign_in()
    client = io.test_client(room.app, flask_test_client=room.browser, headers={"Host": "127.0.0.1:8080"})
    assert client.is_connected()
    client.get_received()
    room.app.extensions["room"].registry.close_all_of("wang")
    for event, sent in (("join", ()), ("ack", (1,)), ("watch_sites", ())):
        client.emit(event, *sent)
    assert client.get_received() == []


@pytest.mark.parametrize("role", ROLES)
def test_whoever_may_look_gets_the_live_tags_and_a_system_does_not(role: str) -> None:
    for who, is_in in ((role, True), ("system", False)):
        room = ControlRoom(who)
        room.sign_in()
        io = room.app.extensions["socketio"]
        client = io.test_client(room.app, flask_test_client=room.browser, headers={"Host": "127.0.0.1:8080"})
        assert client.is_connected() is is_in
