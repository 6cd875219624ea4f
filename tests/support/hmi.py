"""A plant that says what a test wants, on the real bridge; and web processes as they really run."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from scada.model.frames import HEADER_BYTES, body_length, framed
from scada.sim.trial.ports import free_port

Json = dict[str, object]
Verb = Callable[[Json], object]
ROOT = Path(__file__).resolve().parents[2]

LANES: list[Json] = [
    {"name": "in1", "direction": "entry", "title": "1号入口", "title_en": "Entry 1"},
    {"name": "out1", "direction": "exit", "title": "1号出口", "title_en": "Exit 1"},
]
SITE: Json = {
    "id": "demo",
    "name": "道闸示范停车场",
    "name_en": "Daozha demo car park",
    "zone": "Asia/Shanghai",
    "speed": 1,
    "virtual": True,
    "lanes": LANES,
}
GOOD = 0
STALE = 0x40900000
COMMUNICATION = 0x80050000


class Refusal(Exception):
    """A verb's refusal: its code, then words."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def idle_lane(lane: str) -> Json:
    """Give the tags of a lane in which nothing stands."""
    points: Json = {
        "loop.approach": False, "loop.safety": False, "beam": False, "gate.up": False, "gate.down": True,
        "gate.attached": True, "mode.now": 1, "passage.phase": 0, "passage.next": 0, "light.green": False,
        "light.red": True, "lane.state": "idle", "passage": "", "plate.text": "", "plate.confidence": 0.0,
        "plate.colour": "UNKNOWN", "plate.agreeing": 0, "plate.by": "", "stay": "", "quote.due_fen": None,
        "quote.minutes": None, "camera.ok": True, "mode.period": "", "picture": "", "case": "", "alarm": "",
        "help.state": "", "help.since": "",
        "display": json.dumps({"message": "welcome", "plate": "", "due_fen": None, "minutes": None, "qr": ""}),
    }  # fmt: skip
    return {f"{lane}.{point}": value for point, value in points.items()}


@dataclass
class FakePlant:
    """The plant's end of one app's socket. `asked` keeps what was asked; `verbs` answer it."""

    path: Path
    tags: Json = field(default_factory=lambda: {**idle_lane("in1"), **idle_lane("out1"), "site.stays_open": 3})
    site: Json = field(default_factory=lambda: dict(SITE))
    verbs: dict[str, Verb] = field(default_factory=dict)
    tells: bool = True
    asked: list[Json] = field(default_factory=list)
    quality: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what only the threads need."""
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._links: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._stopped = threading.Event()
        self._quiet = threading.Event()

    def start(self) -> "FakePlant":
        """Listen, as the plant does."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self._stopped.clear()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._run(self._accept, self._listener)
        return self

    def _run(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Hang up on everyone."""
        self._stopped.set()
        assert self._listener is not None
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5)
        self._threads.clear()
        self._links.clear()
        self.path.unlink(missing_ok=True)

    def begin_again(self) -> None:
        """Be as at the start for the next test: nothing stands in the lanes, nothing was asked."""
        self._quiet.clear()
        if self._stopped.is_set():
            self.start()
        self.asked.clear()
        self.tell({**idle_lane("in1"), **idle_lane("out1")})

    def fall_silent(self) -> None:
        """Keep the link and say nothing more: a plant whose loop hangs."""
        self._quiet.set()

    def tell(self, tags: Json, quality: int = GOOD) -> None:
        """Change tags; the next batch carries them."""
        with self._lock:
            self.tags.update(tags)
            self.quality.update(dict.fromkeys(tags, quality))
            self._changed.update(tags)

    def asked_for(self, verb: str) -> list[Json]:
        """Give the asks of one verb."""
        return [ask for ask in self.asked if ask["verb"] == verb]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            self._links.append(link)
            self._run(self._serve, link)

    def _serve(self, link: socket.socket) -> None:
        lock = threading.Lock()
        with link, suppress(OSError):
            self._receive(link)
            _send(link, lock, {"hello": 1, "plant": "p1", "site": self.site})
            if self.tells:
                self._run(self._tell_all, link, lock)
            while True:
                ask = self._receive(link)
                threading.Thread(target=self._answer, args=(link, lock, ask), daemon=True).start()

    def _answer(self, link: socket.socket, lock: threading.Lock, ask: Json) -> None:
        self.asked.append(ask)
        verb = self.verbs.get(str(ask["verb"]))
        args = ask["args"]
        assert isinstance(args, dict)
        try:
            if verb is None:
                raise Refusal("unknown_verb", str(ask["verb"]))
            answer: Json = {"id": ask["id"], "ok": True, "value": verb(args)}
        except Refusal as refusal:
            answer = {"id": ask["id"], "ok": False, "code": refusal.code, "error": refusal.words}
        with suppress(OSError):
            _send(link, lock, answer)

    def _tell_all(self, link: socket.socket, lock: threading.Lock) -> None:
        seq = 1
        with suppress(OSError):
            with self._lock:
                everything = [self._row(name) for name in self.tags]
            _send(link, lock, {"snapshot": {"seq": seq, "at": _now(), "tags": everything}})
            while not self._stopped.wait(0.1):
                if self._quiet.is_set():
                    continue
                with self._lock:
                    changes = [self._row(name) for name in self._changed]
                    self._changed.clear()
                seq += 1
                _send(link, lock, {"tell": {"seq": seq, "at": _now(), "changes": changes}})

    def _row(self, name: str) -> list[object]:
        return [name, self.tags[name], self.quality.get(name, GOOD), _now()]

    def _receive(self, link: socket.socket) -> Json:
        content = json.loads(_exactly(link, body_length(_exactly(link, HEADER_BYTES))))
        assert isinstance(content, dict)
        return content


def _send(link: socket.socket, lock: threading.Lock, message: Json) -> None:
    with lock:
        link.sendall(framed(json.dumps(message).encode()))


def _exactly(link: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        piece = link.recv(count - len(content))
        if not piece:
            raise ConnectionResetError
        content += piece
    return content


def _now() -> str:
    return datetime.now(UTC).isoformat()


def write_config(folder: Path, **ports: int) -> Path:
    """Write the shipped configuration with its data folder and its web ports moved."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    text = text.replace('# data = "/var/lib/daozha"', f'data = "{folder / "data"}" #')
    for shipped, name in ((8080, "control"), (8081, "public"), (8082, "devices")):
        if name in ports:
            text = text.replace(f"port = {shipped}", f"port = {ports[name]}")
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def web_process(name: str, config: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run one web process until the block ends; it must stop cleanly, and not wait for its sockets (30 s)."""
    command = [sys.executable, "-m", f"hmi.{name}", "--config", str(config)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "READY\n"
        yield process
    finally:
        began = time.monotonic()
        process.terminate()
        code = process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
    assert code == 0
    assert time.monotonic() - began < 25


@contextmanager
def control_room(folder: Path) -> Iterator[tuple[FakePlant, str]]:
    """Run a control room before a plant that is ours; gives the plant and the room's address."""
    port = free_port()
    plant = FakePlant(folder / "data" / "run" / "control.sock").start()
    with web_process("control", write_config(folder, control=port)):
        yield plant, f"http://127.0.0.1:{port}"
    plant.stop()


def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait for a condition. Raises AssertionError when the time is over."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)
