"""The virtual car park's own door for trainings: plain HTTP on this machine, for whoever has the key of the site."""

import asyncio
import hmac
import json
import threading
from collections.abc import Callable, Coroutine
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from scada.model.digits import whole_of
from scada.sim.training.room import Busy, TrainingRoom
from scada.sim.trial.ports import HOST

MAX_BODY: Final = 4096
WITHIN_S: Final = 5.0
LONGEST_NAME: Final = 64


class TrainingDoor:
    """Serves in a thread of its own and asks the room in the room's loop; `async with`."""

    def __init__(self, room: TrainingRoom, port: int, key: str) -> None:
        self._room = room
        self._port = port
        self._key = key
        self._server: ThreadingHTTPServer | None = None

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError if the port is taken."""
        loop = asyncio.get_running_loop()

        def ask(work: Callable[[], Coroutine[Any, Any, object]]) -> object:
            return asyncio.run_coroutine_threadsafe(work(), loop).result(WITHIN_S)

        handler = type("Door", (_Door,), {"room": self._room, "key": self._key, "ask": staticmethod(ask)})
        self._server = ThreadingHTTPServer((HOST, self._port), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="training door", daemon=True).start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close."""
        if self._server is not None:
            await asyncio.to_thread(self._server.shutdown)
            self._server.server_close()


class _Door(BaseHTTPRequestHandler):
    """One connection."""

    room: TrainingRoom
    key: str
    ask: Callable[[Callable[[], Coroutine[Any, Any, object]]], object]
    timeout = 10

    def do_GET(self) -> None:
        """Tell the state."""
        if self._is_let_in() and self._is_at("/state"):
            self._try(self._state)

    def do_POST(self) -> None:
        """Begin or end a lesson."""
        if not self._is_let_in() or not self._is_at("/start", "/stop"):
            return
        body = self._body()
        if body is None:
            self._send(400, {"why": "not a JSON object"})
        elif self.path == "/stop":
            self._try(self._stop)
        else:
            lesson, trainee = str(body.get("lesson", "")), str(body.get("trainee", ""))[:LONGEST_NAME]
            keeps_money = body.get("keeps_money") is True
            self._try(lambda: self._start(lesson, trainee, keeps_money=keeps_money))

    async def _state(self) -> object:
        return self.room.state()

    async def _start(self, lesson: str, trainee: str, *, keeps_money: bool) -> object:
        self.room.start(lesson, trainee, keeps_money=keeps_money)
        return {"begun": True}

    async def _stop(self) -> object:
        """Begin to end it: the lanes need a moment to come to rest, for which nobody waits here."""
        asyncio.get_running_loop().create_task(self.room.stop())
        return {"ended": True}

    def _try(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        try:
            self._send(200, self.ask(work))
        except Busy as busy:
            self._send(409, {"why": str(busy)})
        except TimeoutError:
            self._send(503, {"why": "the virtual car park does not answer"})

    def _is_let_in(self) -> bool:
        given = self.headers.get("Authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            return True
        self._send(401, {"why": "this door wants the key of its site"})
        return False

    def _is_at(self, *paths: str) -> bool:
        if self.path in paths:
            return True
        self._send(404, {"why": "no such door"})
        return False

    def _body(self) -> dict[str, object] | None:
        length = whole_of(self.headers.get("Content-Length", ""), MAX_BODY)
        if length is None:
            return None
        try:
            found = json.loads(self.rfile.read(length) or b"{}")
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def _send(self, status: int, content: object) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Leave it."""
