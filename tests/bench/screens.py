"""Browsers as the server sees them: they speak Engine.IO and Socket.IO over a WebSocket and do what `link.js` does.

They join, take the snapshot, acknowledge one batch in five or after 0.6 s, ask anew after a gap, and come again after a
loss with Socket.IO's pauses. What the PLC stamped is compared with the moment at which it is here.
"""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import orjson
import requests

ACK_BATCHES = 5
ACK_S = 0.6
LOOK_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S, RANDOMNESS = 0.5, 5.0, 0.7
_UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\nCookie: {cookie}\r\n\r\n"
)
_SEQ = re.compile(rb'"seq":(\d+)')


class TurnedAway(Exception):
    """The server opens no WebSocket: it has no room, or is only just coming."""


class Ages:
    """How old stamps were when they came, by whole milliseconds: as much memory for an hour as for a minute."""

    def __init__(self) -> None:
        self.by_ms: Counter[int] = Counter()
        self._last: dict[str, object] = {}

    def note(self, name: str, value: object, now_s: float) -> None:
        """Take a stamp; what stood there at first is no edge."""
        before = self._last.get(name)
        self._last[name] = value
        if before is not None and before != value and isinstance(value, int):
            self.by_ms[max(0, round(now_s * 1000 - value / 1000))] += 1

    def anew(self) -> None:
        """Take what comes next as a beginning: it may have waited for us."""
        self._last.clear()


def share_of(by_ms: Counter[int], share: float) -> float:
    """Give the milliseconds that a share of all stays below; 0 of none."""
    left = by_ms.total() * share
    for ms in sorted(by_ms):
        left -= by_ms[ms]
        if left <= 0:
            return float(ms)
    return 0.0


@dataclass
class Screen:
    """One browser. `reads`: it looks into the batches for these tags' stamps; `slow_s`: it takes so long over each."""

    port: int
    cookie: str
    reads: frozenset[str] = frozenset()
    slow_s: float = 0.0
    told: Callable[[str, object, int], None] | None = None
    """Hears every change: name, value, status."""
    ages: Ages = field(default_factory=Ages)
    batches: int = 0
    snapshots: int = 0
    lost: int = 0
    losses: int = 0
    """Connections that ended."""
    why: str = ""
    """How its newest connection ended."""
    turned_away: int = 0
    since_s: float = 0.0
    """When its newest connection had its data."""
    writer: asyncio.StreamWriter | None = None
    _seq: int = 0
    _acked: int = 0
    _acked_s: float = 0.0
    _waiting: bool = True

    @property
    def is_live(self) -> bool:
        """Say whether it has data on its present connection."""
        return not self._waiting

    def drop(self) -> None:
        """Lose the connection, as when a switch is pulled."""
        self._waiting = True
        if self.writer is not None:
            self.writer.transport.abort()

    async def stay(self) -> None:
        """Connect, and again after every loss, as Socket.IO's client does, until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self.look()
            except TurnedAway:
                self.turned_away += 1
            except (OSError, EOFError) as error:
                self.losses += not self._waiting
                self.why = f"{error!r}"[:120]
            pause_s = FIRST_PAUSE_S if not self._waiting else min(2 * pause_s, LONGEST_PAUSE_S)
            self._waiting = True
            await asyncio.sleep(pause_s * random.uniform(1 - RANDOMNESS, 1 + RANDOMNESS))  # noqa: S311

    async def look(self) -> None:
        """Connect and read until the connection ends. Raises TurnedAway, OSError, EOFError."""
        self._waiting = True
        self.ages.anew()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer = writer
        acking = asyncio.create_task(self._ack_in_time(writer))
        try:
            await self.begin(reader, writer)
            while True:
                await self._hear_one(reader, writer)
                if self.slow_s:
                    await asyncio.sleep(self.slow_s)
        finally:
            acking.cancel()
            writer.close()
            with suppress(OSError):
                writer.transport.abort()

    async def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Open the WebSocket and join; the first data is here. Raises TurnedAway, OSError, EOFError."""
        writer.write(_UPGRADE.format(port=self.port, cookie=self.cookie).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise TurnedAway(head[:80].decode())
        if b"deflate" in head:
            raise RuntimeError(f"the server answered {head!r}")
        while self._waiting:
            await self._hear_one(reader, writer)

    async def _hear_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer := self._hear(await text_of(reader)):
            writer.write(_frame(answer))

    async def _ack_in_time(self, writer: asyncio.StreamWriter) -> None:
        """Acknowledge what is left: who was parted with has to say that he has it all, or he hears nothing more."""
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._waiting and self._seq > self._acked and time.monotonic() - self._acked_s >= ACK_S:
                writer.write(_frame(self._ack()))

    def _hear(self, text: bytes) -> bytes:
        """Take one message; give what a browser would answer."""
        if text.startswith(b'42["batch"'):
            return self._batch(text)
        if text.startswith(b'42["snapshot"'):
            return self._snapshot(text)
        if text.startswith(b"44") or text.startswith(b"41"):
            raise EOFError(text[:80].decode())
        if text.startswith(b"40"):
            return b'42["join"]'
        return {b"0": b"40", b"2": b"3"}.get(text[:1], b"")

    def _snapshot(self, text: bytes) -> bytes:
        message = orjson.loads(text[2:])[1]
        self.snapshots += 1
        if self._waiting:
            self.since_s = time.monotonic()
        self._waiting, self._seq = False, message["seq"]
        self._take(message["tags"])
        return self._ack()

    def _batch(self, text: bytes) -> bytes:
        found = _SEQ.search(text)
        if found is None:
            raise RuntimeError(f"not a batch: {text[:200]!r}")
        seq = int(found[1])
        if self._waiting or seq <= self._seq:
            return b""
        if seq != self._seq + 1:
            self.lost += seq - self._seq - 1
            self._waiting = True
            return b'42["join"]'
        self._seq, self.batches = seq, self.batches + 1
        if self.reads or self.told is not None:
            self._take(orjson.loads(text[2:])[1]["changes"])
        return self._ack() if seq - self._acked >= ACK_BATCHES else b""

    def _take(self, changes: Iterable[tuple[str, object, int, object]]) -> None:
        now_s = time.monotonic()
        for name, value, status, _ in changes:
            if name in self.reads:
                self.ages.note(name, value, now_s)
            if self.told is not None:
                self.told(name, value, status)

    def _ack(self) -> bytes:
        self._acked, self._acked_s = self._seq, time.monotonic()
        return b'42["ack",%d]' % self._seq


def _frame(text: bytes) -> bytes:
    """Write a short message as a browser does; the mask is nothing."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


async def text_of(reader: asyncio.StreamReader) -> bytes:
    """Read one whole message of a server; fragments and pings of the WebSocket itself do not come here."""
    opcode, length = await reader.readexactly(2)
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    content = await reader.readexactly(length)
    if opcode & 0x0F == 8:
        raise EOFError("the server closed the socket")
    return content


def sign_in(url: str, name: str, password: str) -> str:
    """Sign in as a person does; gives the cookie. Loopback has no TLS, so the cookie is carried by hand."""
    page = requests.get(f"{url}/sign-in", timeout=10)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if token is None:
        raise RuntimeError("the sign-in page holds no token")
    form = {"name": name, "password": password, "csrf_token": token[1]}
    headers = {"Cookie": _cookie(page)}
    answer = requests.post(f"{url}/sign-in", data=form, headers=headers, allow_redirects=False, timeout=10)
    if not answer.cookies:
        raise RuntimeError(f"sign in as {name}: {answer.status_code}")
    return _cookie(answer)


def _cookie(answer: requests.Response) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in answer.cookies)
