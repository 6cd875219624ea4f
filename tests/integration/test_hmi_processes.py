"""The three web processes as they really run: they say READY, answer, and stop in a moment."""

import base64
import re
import socket
import time
from collections.abc import Iterator
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio  # type: ignore[import-untyped]
from requests.cookies import RequestsCookieJar

from scada.sim.trial.ports import free_port
from tests.support.hmi import FakePlant, until, web_process, write_config


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[FakePlant]:
    plant = FakePlant(tmp_path / "data" / "run" / "control.sock")
    plant.verbs["sign_in"] = lambda args: {"name": args["name"], "role": "operator", "must_change": False}
    plant.start()
    yield plant
    plant.stop()


@pytest.fixture
def control(tmp_path: Path, plant: FakePlant, port: int) -> Iterator[str]:
    with web_process("control", write_config(tmp_path, control=port)):
        yield f"http://127.0.0.1:{port}"


class LoopbackJar(RequestsCookieJar):
    """Sends Secure cookies to loopback over plain HTTP, as browsers do."""

    def set_cookie(self, cookie: Cookie, *more: object, **named: object) -> None:
        cookie.secure = False
        super().set_cookie(cookie, *more, **named)


def signed_in(url: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.cookies = LoopbackJar()
    found = re.search(r'name="csrf_token" value="([^"]+)"', session.get(f"{url}/sign-in", timeout=30).text)
    assert found
    answer = session.post(f"{url}/sign-in", data={"name": "wang", "password": "x", "csrf_token": found[1]}, timeout=30)
    assert answer.url == f"{url}/"
    return session


def cookie_of(session: requests.Session) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)}


def connected(url: str, session: requests.Session) -> socketio.Client:
    client = socketio.Client(reconnection=False)
    client.connect(url, headers=cookie_of(session), transports=["websocket"])
    return client


def asks_for_socket(port: int, headers: dict[str, str]) -> bytes:
    """Write the request for a WebSocket by hand."""
    lines = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(b"k" * 16).decode(),
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    text = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    return (text + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode()


def upgrade(port: int, **headers: str) -> str:
    """Ask for a WebSocket; gives the status line."""
    with socket.create_connection(("127.0.0.1", port), 5) as link:
        link.sendall(asks_for_socket(port, headers))
        return link.recv(200).split(b"\r\n")[0].decode()


def test_a_change_at_the_plant_reaches_a_browser(control: str, plant: FakePlant) -> None:
    client = connected(control, signed_in(control))
    heard: list[dict[str, Any]] = []
    snapshots: list[dict[str, Any]] = []
    client.on("snapshot", snapshots.append)
    client.on("batch", heard.append)
    client.emit("join")
    until(lambda: bool(snapshots) and snapshots[-1]["up"])
    assert snapshots[-1]["site"]["name_en"] == "Daozha demo car park"
    plant.tell({"in1.loop.approach": True})
    until(lambda: any(change[:2] == ["in1.loop.approach", True] for batch in heard for change in batch["changes"]))
    client.disconnect()


def test_the_loss_of_the_plant_is_told_and_its_return_is_seen(control: str, plant: FakePlant) -> None:
    session = signed_in(control)
    until(lambda: bool(session.get(f"{control}/api/v1/snapshot", timeout=30).json()["up"]))
    plant.stop()
    until(lambda: not session.get(f"{control}/api/v1/snapshot", timeout=30).json()["up"])
    plant.start()
    until(lambda: bool(session.get(f"{control}/api/v1/snapshot", timeout=30).json()["up"]))


def test_it_stops_in_a_moment_with_screens_connected(tmp_path: Path, plant: FakePlant, port: int) -> None:
    with web_process("control", write_config(tmp_path, control=port)):
        url = f"http://127.0.0.1:{port}"
        session = signed_in(url)
        clients = [connected(url, session) for _ in range(8)]
    for client in clients:
        until(lambda client=client: not client.connected)  # type: ignore[misc]


def test_a_page_of_another_origin_gets_no_socket(control: str, port: int) -> None:
    assert "400" in upgrade(port, Origin="http://evil.example")
    assert "400" in upgrade(port, Origin="null")
    assert "400" in upgrade(port, Origin="http://evil.example", Host="evil.example")
    assert "101" in upgrade(port, Origin=f"http://127.0.0.1:{port}")


def test_without_signing_in_a_socket_hears_nothing(control: str) -> None:
    client = socketio.Client(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(control, transports=["websocket"])


def test_polling_is_closed(control: str) -> None:
    answer = requests.get(f"{control}/socket.io/?EIO=4&transport=polling", timeout=30)
    assert answer.status_code == 400


def test_a_command_the_plant_never_answers_is_unknown_and_asked_once(control: str, plant: FakePlant) -> None:
    plant.verbs["open_gate"] = lambda _args: time.sleep(20)
    session = signed_in(control)
    found = re.search(r'name="csrf-token" content="([^"]+)"', session.get(f"{control}/", timeout=30).text)
    assert found
    answer = session.post(
        f"{control}/api/v1/lanes/out1/open",
        json={"passage": "p1", "reason": "EQUIPMENT"},
        headers={"X-CSRFToken": found[1]},
        timeout=15,
    )
    assert answer.status_code == 504
    assert answer.json()["unknown"] is True
    assert len(plant.asked_for("open_gate")) == 1


@pytest.mark.parametrize(("name", "path"), [("public", "/c/tok"), ("devices", "/display/out1/state")])
def test_the_other_web_processes_run_and_ask_their_own_socket(tmp_path: Path, port: int, name: str, path: str) -> None:
    plant = FakePlant(tmp_path / "data" / "run" / f"{name}.sock", tells=False)
    plant.verbs["claim_view"] = lambda _args: {"title": "1号出口", "title_en": "Exit 1", "plate": "", "state": "asking"}
    plant.verbs["display"] = lambda _args: {"message": "welcome", "plate": "", "due_fen": None, "qr": ""}
    plant.start()
    with web_process(name, write_config(tmp_path, **{name: port})):
        answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=30)
        assert answer.status_code == 200
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=30).json() == {"ok": True}
    plant.stop()


def test_a_browser_that_answers_nothing_is_let_go(control: str, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 60) as link:
        link.sendall(asks_for_socket(port, cookie_of(signed_in(control))))
        while link.recv(4096):  # until the server has hung up; a limit is at the connection
            pass
