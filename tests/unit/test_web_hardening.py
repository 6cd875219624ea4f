"""What all three web processes do alike: cookies out of reach, a strict policy, limits, no foreign page."""

import ast
from collections.abc import Callable

import pytest
from flask import Flask, request

from hmi.devices.app import create_app as devices_app
from hmi.public.app import create_app as public_app
from hmi.security import BODY_LIMIT, FORM_LIMIT, PARTS_LIMIT, harden
from tests.support.hmi_pages import KEY, ControlRoom, MemoryPlant, shipped
from tests.support.house import ROOT

APPS: dict[str, tuple[Callable[[], Flask], str]] = {
    "control": (lambda: ControlRoom().app, "http://127.0.0.1:8080"),
    "public": (lambda: public_app(shipped(), MemoryPlant(), KEY), "http://localhost:8081"),
    "devices": (lambda: devices_app(shipped(), MemoryPlant(), KEY), "http://127.0.0.1:8082"),
}
SETS_COOKIES = sorted(path for path in (ROOT / "hmi").rglob("*.py") if "set_cookie(" in path.read_text("utf-8"))


@pytest.fixture(params=sorted(APPS))
def site(request: pytest.FixtureRequest) -> tuple[Flask, str]:
    make, base = APPS[request.param]
    return make(), base


def cookie_calls() -> list[tuple[str, dict[str, ast.expr]]]:
    return [
        (f"{path.name}:{node.lineno}", {str(word.arg): word.value for word in node.keywords})
        for path in SETS_COOKIES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set_cookie"
    ]


def test_every_cookie_is_out_of_reach_of_scripts_and_of_other_sites() -> None:
    calls = cookie_calls()
    assert len(calls) >= 6
    for where, words in calls:
        assert isinstance(words.get("httponly"), ast.Constant), where
        assert words["httponly"].value is True, where  # type: ignore[attr-defined]
        assert isinstance(words.get("samesite"), ast.Constant), where
        assert words["samesite"].value in ("Lax", "Strict"), where  # type: ignore[attr-defined]
        secure = words.get("secure")
        assert secure is not None, where
        assert not (isinstance(secure, ast.Constant) and not secure.value), where


def test_the_policy_lets_nothing_in_that_is_not_ours(site: tuple[Flask, str]) -> None:
    app, base = site
    for path in ("/health", "/nothing-here", "/sign-in"):
        answer = app.test_client().get(path, base_url=base)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert not [word for word in ("unsafe", "*", "data:", "http", "nonce") if word in str(policy)]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_sent_has_limits(site: tuple[Flask, str]) -> None:
    app, _ = site
    assert (app.config["MAX_CONTENT_LENGTH"], app.config["MAX_FORM_MEMORY_SIZE"]) == (BODY_LIMIT, FORM_LIMIT)
    assert app.config["MAX_FORM_PARTS"] == PARTS_LIMIT


def test_what_is_beyond_them_is_not_read() -> None:
    app = Flask("hardened")
    harden(app, shipped().web.public, KEY)
    app.add_url_rule("/in", "in", lambda: str(len(request.form)), methods=["POST"])
    app.add_url_rule("/raw", "raw", lambda: str(len(request.get_data())), methods=["POST"])
    browser, base = app.test_client(), "http://localhost:8081"
    parts = {f"f{n}": "x" for n in range(PARTS_LIMIT + 1)}
    for body in ({"a": "x" * (FORM_LIMIT + 1)}, parts):
        assert browser.post("/in", data=body, base_url=base, content_type="multipart/form-data").status_code == 413
    assert browser.post("/raw", data=b"x" * (BODY_LIMIT + 1), base_url=base).status_code == 413
    assert browser.post("/in", data={"a": "x"}, base_url=base).text == "1"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_foreign_page_may_post_nowhere(site: tuple[Flask, str], headers: dict[str, str]) -> None:
    app, base = site
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.arguments:
            assert app.test_client().post(rule.rule, base_url=base, headers=headers).status_code == 403, rule.rule


def test_the_three_cannot_be_taken_for_one_another() -> None:
    configured = shipped().web
    assert not {*configured.control.host_names[:1]} & {*configured.public.host_names[:1]}
    ports = {configured.control.port, configured.public.port, configured.devices.port}
    assert len(ports) == 3
    app = ControlRoom().app
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert app.config["SESSION_COOKIE_SECURE"] is app.config["SESSION_COOKIE_HTTPONLY"] is True
    assert app.config["SESSION_COOKIE_SAMESITE"] == "Strict"
