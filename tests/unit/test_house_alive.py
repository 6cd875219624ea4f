"""What a process says to those who watch it: on its standard output, and to systemd's socket."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hmi.server import Pulse
from scada.alive import SUPERVISED, live, notify, say_alive, say_ready, supervised
from scada.config import WebApp


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listen as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield heard


def test_systemd_hears_that_a_process_serves_and_lives(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(SUPERVISED, raising=False)
    say_ready()
    say_alive()
    assert [systemd.recv(100), systemd.recv(100)] == [b"READY=1", b"WATCHDOG=1"]
    assert capsys.readouterr().out == "READY\n", "what nobody listens to is a log, and ALIVE has no place in it"


def test_a_supervisor_hears_it_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv(SUPERVISED, "1")
    say_ready()
    say_alive()
    assert capsys.readouterr().out == "READY\nALIVE\n"


def test_an_abstract_socket_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0daozha-test-notify")
        heard.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", "@daozha-test-notify")
        notify("STOPPING=1", "STATUS=goodbye")
        assert heard.recv(100) == b"STOPPING=1\nSTATUS=goodbye"


def test_a_listener_that_is_gone_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")


def test_children_are_watched_by_us_and_not_by_systemd() -> None:
    ours = supervised({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "3", "WATCHDOG_PID": "4", "PATH": "/bin"})
    assert ours == {"PATH": "/bin", SUPERVISED: "1"}


async def test_nothing_is_said_before_there_is_proof(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(SUPERVISED, "1")
    proof, asked = asyncio.Event(), asyncio.Event()

    async def prove() -> None:
        asked.set()
        await proof.wait()

    living = asyncio.create_task(live(prove))
    await asked.wait()
    assert capsys.readouterr().out == ""
    proof.set()
    async with asyncio.timeout(10):
        while "ALIVE" not in capsys.readouterr().out:  # noqa: ASYNC110 - the word is written, not announced
            await asyncio.sleep(0.01)
    living.cancel()


@pytest.mark.parametrize(("status", "answers"), [(200, True), (500, False)])
def test_a_web_process_lives_as_long_as_it_answers_itself(status: int, answers: bool) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert (self.path, self.headers["Host"]) == ("/health", "park.example")
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    web = WebApp(host="0.0.0.0", port=server.server_address[1], host_names=("park.example",))  # noqa: S104 - asked only
    try:
        assert Pulse(web).answers() is answers
    finally:
        server.shutdown()
        server.server_close()
    assert not Pulse(web).answers(), "nobody listens any more"
