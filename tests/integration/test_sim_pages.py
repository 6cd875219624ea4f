"""The small browser of the virtual people, against a tiny server on loopback."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from scada.sim.people.operator import Desk
from scada.sim.people.pages import Browser, PageError

FORM = '<body><form method="post"><input name="csrf_token" value="t"><input name="name"><input name="password"></form>'
HOME = '<head><meta name="csrf-token" content="home"></head><body>'
TAGS = {"in1.case": {"value": "unread", "status": 0, "at": None}}


class Room(ThreadingHTTPServer):
    """A control room with one account, which keeps its session in a cookie for TLS only, as ours does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.up = True
        """Whether it hears its plant."""


class _Answer(BaseHTTPRequestHandler):
    server: Room

    def do_GET(self) -> None:
        signed_in = "room=7" in self.headers.get("Cookie", "")
        if self.path == "/sign-in":
            self._send(200, FORM)
        elif self.path.startswith("/round"):
            self._send(302, "", Location="/round")
        elif self.path == "/qr.png":
            self._send(404, "none")
        elif self.path == "/api/v1/snapshot":
            self._send(200 if signed_in else 401, json.dumps({"up": self.server.up, "tags": TAGS}))
        else:
            self._send(200, HOME) if signed_in else self._send(302, "", Location="/sign-in")

    def do_POST(self) -> None:
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = fields.get("password") == ["right"] and fields.get("csrf_token") == ["t"]
        if good:
            self._send(302, "", Location="/", Set_Cookie="room=7; Secure; HttpOnly; Path=/; SameSite=Strict")
        else:
            self._send(403, FORM)

    def _send(self, status: int, text: str, **headers: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def room() -> Iterator[Room]:
    with Room() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_operator_signs_in_and_keeps_his_session_without_tls_on_this_machine(room: Room) -> None:
    desk = Desk(room.url, "drill", "right")
    desk.sign_in()
    assert desk.tags() == {"in1.case": "unread"}
    desk.close()


def test_an_operator_whose_session_has_ended_signs_in_again(room: Room) -> None:
    desk = Desk(room.url, "drill", "right")
    desk.sign_in()
    desk._browser._session.cookies.clear()
    assert desk.tags() == {"in1.case": "unread"}
    desk.close()


def test_what_a_control_room_knew_before_it_lost_its_plant_is_not_taken_for_what_is(room: Room) -> None:
    room.up = False
    desk = Desk(room.url, "drill", "right")
    desk.sign_in()
    assert desk.tags() == {"in1.case": None}
    desk.close()


def test_a_wrong_password_is_no_session(room: Room) -> None:
    desk = Desk(room.url, "drill", "wrong")
    with pytest.raises(PageError, match="refused"):
        desk.sign_in()
    with pytest.raises(PageError, match="signed out"):
        desk.tags()
    desk.close()


def test_a_page_that_leads_on_for_ever_a_file_that_is_not_there_and_nobody_there_are_told_apart(room: Room) -> None:
    browser = Browser()
    with pytest.raises(PageError, match="led on"):
        browser.open(f"{room.url}/round")
    assert browser.bytes(f"{room.url}/qr.png") is None
    with pytest.raises(PageError, match="GET http"):
        browser.json("http://127.0.0.1:1/")
    browser.close()
