"""The web applications without a server: a plant in memory, and a browser that keeps its cookies."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hmi.control.app import create_app
from hmi.control.sites.away import Away
from scada.bridge import Message, Refused, Reply, Unknown, Value
from scada.config import Config, load
from tests.support.hmi import ROOT

CONTROL = "http://127.0.0.1:8080"
PASSWORD = "correct horse"
KEY = b"k" * 32


@dataclass
class MemoryPlant:
    """Answers from a table of verbs and keeps what it was asked."""

    verbs: dict[str, Callable[[Message], Reply]] = field(default_factory=dict)
    asked: list[tuple[str, Message, str, str]] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)

    def ask(
        self,
        verb: str,
        args: Message,
        *,
        user: str = "",
        role: str = "",
        session: str = "",
        why: str = "",
        within_s: float = 2.0,
    ) -> Reply:
        self.asked.append((verb, args, user, role))
        self.sessions.append(session)
        answer = self.verbs.get(verb)
        return answer(args) if answer else Unknown("no answer")

    def asks(self, verb: str) -> list[Message]:
        return [args for asked, args, _user, _role in self.asked if asked == verb]


def signs_in(role: str, must_change: bool = False) -> Callable[[Message], Reply]:
    """Let everybody in who knows the password, with this role."""

    def answer(args: Message) -> Reply:
        if args["password"] != PASSWORD:
            return Refused("refused", "wrong")
        return Value({"name": args["name"], "role": role, "must_change": must_change})

    return answer


@dataclass
class Seconds:
    """A monotonic clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class ControlRoom:
    """The control room's application and one browser."""

    def __init__(
        self, role: str = "operator", must_change: bool = False, config: Config | None = None, away: Away | None = None
    ) -> None:
        self.plant = MemoryPlant({"sign_in": signs_in(role, must_change)})
        self.seconds = Seconds()
        self.app = create_app(config or shipped(), self.plant, KEY, self.seconds, away=away)
        self.browser = self.new_browser()

    def new_browser(self) -> FlaskClient:
        return self.app.test_client()

    def get(self, path: str, **more: object) -> TestResponse:
        return self.browser.get(path, base_url=CONTROL, **more)

    def post(self, path: str, **more: object) -> TestResponse:
        return self.browser.post(path, base_url=CONTROL, **more)

    def sign_in(self, name: str = "wang", password: str = PASSWORD) -> TestResponse:
        token = form_token(self.get("/sign-in"))
        return self.post("/sign-in", data={"name": name, "password": password, "csrf_token": token})

    def command(self, path: str, body: object) -> TestResponse:
        return self.post(path, json=body, headers={"X-CSRFToken": page_token(self)})


def form_token(page: TestResponse) -> str:
    """Take the CSRF token out of a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def shipped() -> Config:
    """Read the shipped configuration."""
    return load(Path(ROOT) / "config.toml")


def page_token(room: ControlRoom) -> str:
    """Take the token by which a page's scripts ask."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', room.get("/").text)
    assert found
    return found[1]
