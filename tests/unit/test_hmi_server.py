"""The door in front of every web application: how many WebSockets may come in, and how."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hmi.security import secret_key
from hmi.server import SocketDoor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

SOCKET = {"HTTP_UPGRADE": "websocket", "HTTP_HOST": "127.0.0.1:8080"}


class Held:
    """An application whose sockets last until the test lets them go."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.inside = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
        self.seen.append(environ)
        if "HTTP_UPGRADE" in environ:
            self.inside.release()
            self.go.wait(5)
        start_response("200 OK", [])
        return [b""]


def ask(door: SocketDoor, environ: dict[str, Any]) -> tuple[str, dict[str, str]]:
    heard: list[tuple[str, dict[str, str]]] = []
    list(door(dict(environ), lambda status, headers, _error=None: heard.append((status, dict(headers)))))  # type: ignore[arg-type]
    return heard[0]


def test_above_the_cap_a_socket_is_told_to_come_back_and_pages_still_answer() -> None:
    held = Held()
    door = SocketDoor(held, 2, ["127.0.0.1"])
    threads = [threading.Thread(target=ask, args=(door, SOCKET)) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert held.inside.acquire(timeout=5)
    status, headers = ask(door, SOCKET)
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "5")
    assert ask(door, {"HTTP_HOST": "127.0.0.1"})[0] == "200 OK"
    held.go.set()
    for thread in threads:
        thread.join(5)
    assert ask(door, SOCKET)[0] == "200 OK"


def test_permessage_deflate_is_declined() -> None:
    held = Held()
    held.go.set()
    ask(SocketDoor(held, 1, ["127.0.0.1"]), {**SOCKET, "HTTP_SEC_WEBSOCKET_EXTENSIONS": "permessage-deflate"})
    assert "HTTP_SEC_WEBSOCKET_EXTENSIONS" not in held.seen[0]


def test_a_socket_for_another_host_is_refused() -> None:
    held = Held()
    assert ask(SocketDoor(held, 1, ["127.0.0.1"]), {**SOCKET, "HTTP_HOST": "evil.example"})[0] == "400 Bad Request"
    assert held.seen == []


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "run" / "control.key"
    key = secret_key(path)
    assert len(key) == 32
    assert secret_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "control.key"
    secret_key(path)
    path.chmod(0o644)
    with pytest.raises(PermissionError, match="owner"):
        secret_key(path)
