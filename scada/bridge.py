"""The far end of the bridge: a thread that reads, and `ask` for every thread of a process beside the plant.

The reader connects again by itself and then starts with a full snapshot. An ask that is not
answered in time is `Unknown`: nothing is repeated, and a late answer is dropped.
"""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import orjson
import structlog

from scada.clock import SystemClock
from scada.model.frames import HEADER_BYTES, PROTOCOL, FrameError, body_length, framed
from scada.tls import why as why_broken
from scada.way import PIECE_BYTES, SILENCE_S, Link, UnixWay, Way, WayError

CONNECT_AGAIN_S = 0.2
LONGEST_PAUSE_S = 5.0
"""To a plant elsewhere the pause grows up to this: nobody hammers at a door that refuses."""

T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Value:
    """The plant's answer."""

    value: object


@dataclass(frozen=True, slots=True)
class Refused:
    """The plant did not do it: a code for programs, words for people."""

    code: str
    error: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer came in time: whether it was done is not known, and it is not asked again."""

    why: str


Reply = Value | Refused | Unknown
Message = dict[str, object]


class _Waiting:
    """One thread that waits for its answer."""

    __slots__ = ("_done", "_reply")

    def __init__(self) -> None:
        self._done = threading.Event()
        self._reply: Reply | None = None

    def give(self, reply: Reply) -> None:
        self._reply = reply
        self._done.set()

    def take(self, wait_s: float) -> Reply | None:
        self._done.wait(wait_s)
        return self._reply


class Bridge:
    """The one crossing to the plant. Start it after the fork; thread-safe."""

    def __init__(self, to: Path | Way, app: str) -> None:
        self._way = UnixWay(to) if isinstance(to, Path) else to
        self._app = app
        self._on_snapshot: list[Callable[[Message], None]] = []
        self._on_changes: list[Callable[[Message], None]] = []
        self._on_link: list[Callable[[bool], None]] = []
        self._clock = SystemClock()
        self._ids = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._lock = threading.Lock()
        self._linked = threading.Event()
        self._closing = threading.Event()
        self._link: Link | None = None
        self._seq = 0
        self._last_loss = ""
        self._heard_s: float | None = None
        self._hello: Message = {}
        self._thread = threading.Thread(target=self._run, name=f"bridge-{app}", daemon=True)

    def listen(
        self,
        on_snapshot: Callable[[Message], None],
        on_changes: Callable[[Message], None],
        on_link: Callable[[bool], None],
    ) -> None:
        """Call back from the reader's thread; register before `start`.

        `on_snapshot` gets `{"seq", "at", "tags"}`, `on_changes` gets `{"seq", "at", "changes"}`,
        `on_link` whether the plant is there. Between a loss and the next snapshot everything is stale.
        """
        self._on_snapshot.append(on_snapshot)
        self._on_changes.append(on_changes)
        self._on_link.append(on_link)

    def start(self) -> Self:
        """Begin to connect and to read."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Hang up and end the reader's thread; whoever waits is told Unknown."""
        self._closing.set()
        with self._lock:
            if self._link is not None:
                self._link.shut()
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *failure: object) -> None:
        self.close()

    @property
    def is_linked(self) -> bool:
        """The plant is there and has greeted."""
        return self._linked.is_set()

    @property
    def trouble(self) -> str:
        """Why the plant is not there; nothing while it is."""
        return self._last_loss

    @property
    def silent_s(self) -> float | None:
        """How long the plant has told nothing; None if it never did."""
        return None if self._heard_s is None else self._clock.seconds() - self._heard_s

    @property
    def hello(self) -> Message:
        """What the plant last said of itself: `plant` (its start id) and `site`; empty before the first link."""
        return self._hello

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
        """Ask the plant and wait for its answer. Never repeated; a late answer is dropped."""
        until_s = self._clock.seconds() + within_s
        number = next(self._ids)
        fields = {"id": number, "verb": verb, "args": args, "user": user, "role": role, "session": session, "why": why}
        try:
            frame = framed(orjson.dumps(fields))
        except (FrameError, TypeError) as error:
            return Refused("bad_args", str(error))
        if not self._linked.wait(within_s):
            return Unknown("the plant is not connected; nothing was sent")
        waiting = _Waiting()
        self._waiting[number] = waiting
        try:
            if not self._send(frame):
                return Unknown("the link to the plant broke")
            return waiting.take(until_s - self._clock.seconds()) or Unknown(f"no answer within {within_s:g} s")
        finally:
            self._waiting.pop(number, None)

    def _send(self, frame: bytes) -> bool:
        """Send a whole frame or hang up: half a frame would spoil all that follows."""
        with self._lock:
            if self._link is None:
                return False
            try:
                self._link.send(frame)
            except OSError:
                self._link.shut()
                return False
            return True

    def _run(self) -> None:
        pause_s = CONNECT_AGAIN_S
        while not self._closing.is_set():
            try:
                link = self._way.open()
                try:
                    self._follow(link)
                finally:
                    link.close()
            except (OSError, FrameError, WayError, ValueError) as error:
                was_linked = self.is_linked
                self._lose(why_broken(error) if isinstance(error, OSError) else str(error) or type(error).__name__)
                here = was_linked or isinstance(self._way, UnixWay)
                pause_s = CONNECT_AGAIN_S if here else min(2 * pause_s, LONGEST_PAUSE_S)
            self._closing.wait(pause_s)

    def _follow(self, link: Link) -> None:
        """Greet and take frames until the link breaks, which raises."""
        link.send(framed(orjson.dumps({"hello": PROTOCOL, "app": self._app})))
        hello = receive(link)
        if hello.get("hello") != PROTOCOL:
            raise FrameError(f"the plant refused: {hello.get('refused', 'another version')}")
        link.patience(0.0)
        self._gain(link, hello)
        while not self._closing.is_set():
            self._take(link, receive(link))

    def _gain(self, link: Link, hello: Message) -> None:
        self._hello = hello
        with self._lock:
            self._link = link
        self._linked.set()
        self._last_loss = ""
        log.info("linked to the plant", app=self._app)
        self._call(self._on_link, True)

    def _lose(self, why: str) -> None:
        """Forget the link; whoever waits for an answer is told that it will not come."""
        with self._lock:
            self._link = None
        was_linked = self._linked.is_set()
        self._linked.clear()
        for waiting in list(self._waiting.values()):
            waiting.give(Unknown("the link to the plant broke"))
        if why != self._last_loss and not self._closing.is_set():
            log.warning("no link to the plant", app=self._app, why=why)
        self._last_loss = why
        if was_linked:
            self._call(self._on_link, False)

    def _take(self, link: Link, message: Message) -> None:
        match message:
            case {"snapshot": {"seq": int(seq), "at": at, "tags": tags}}:
                link.patience(SILENCE_S)
                self._seq, self._heard_s = seq, self._clock.seconds()
                self._call(self._on_snapshot, {"seq": seq, "at": at, "tags": tags})
            case {"tell": {"seq": int(seq), "at": at, "changes": changes}}:
                if seq != self._seq + 1:
                    raise FrameError(f"batch {seq} came after {self._seq}: a new snapshot is needed")
                self._seq, self._heard_s = seq, self._clock.seconds()
                self._call(self._on_changes, {"seq": seq, "at": at, "changes": changes})
            case {"hello": _}:
                self._hello = message
                self._call(self._on_link, True)
            case {"id": int(number)}:
                waiting = self._waiting.get(number)
                if waiting is not None:
                    waiting.give(_reply(message))
            case _:
                raise FrameError(f"the plant sent something unknown: {sorted(message)}")

    def _call(self, listeners: Sequence[Callable[[T], None]], content: T) -> None:
        for listener in listeners:
            try:
                listener(content)
            except Exception:  # a listener's mistake must not end the reading for all others
                log.exception("a listener of the bridge failed", app=self._app)


def _reply(message: Message) -> Reply:
    if message.get("ok") is True:
        return Value(message.get("value"))
    return Refused(str(message.get("code", "failed")), str(message.get("error", "")))


def receive(link: Link) -> Message:
    """Take one frame. Raises FrameError, OSError, ValueError, or what the link raises."""
    message = orjson.loads(_exactly(link, body_length(_exactly(link, HEADER_BYTES))))
    if not isinstance(message, dict):
        raise FrameError("a frame that is no JSON object")
    return message


def _exactly(link: Link, count: int) -> bytes:
    content = bytearray()
    while len(content) < count:
        piece = link.take(min(count - len(content), PIECE_BYTES))
        if not piece:
            raise FrameError("the plant hung up")
        content += piece
    return bytes(content)
