"""The control room's web process with 50 screens, beside a bare WebSocket loop that broadcasts the same batches.

Fifty tags change ten times a second. Targets (`hmi.md` §1): at most 4.5 × the CPU of the limit, nothing lost.
"""

import asyncio
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import requests

from scada.sim.trial.ports import free_port
from tests.bench.bare import CHANGES
from tests.bench.peers import serve_plant
from tests.bench.support import child, cpu_s, family, memory_mb, percentile, run, show, times
from tests.support.hmi import ROOT, web_process, write_config

SCREENS = 50
ROUNDS = 3
WINDOW_S = 2.0
BARE = "bare WebSocket loop"
OURS = {"hmi.control": 5, "hmi.control, all acknowledged": 1}
"""The page acknowledges one batch in five; the second row tells what more would cost."""
_UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\nCookie: {cookie}\r\n\r\n"
)


@dataclass
class Screen:
    """A browser as the server sees it: speaks Engine.IO and Socket.IO, acknowledges, and keeps each batch's age."""

    port: int
    cookie: str
    ack_every: int
    ages_s: list[float] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)

    async def look(self) -> None:
        """Connect and read until cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(_UPGRADE.format(port=self.port, cookie=self.cookie).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in head or b"deflate" in head:
                raise RuntimeError(f"the server answered {head!r}")
            while True:
                if answer := self._hear(await _text(reader)):
                    writer.write(bytes([0x81, 0x80 | len(answer), 0, 0, 0, 0]) + answer)
        finally:
            writer.close()

    def _hear(self, text: bytes) -> bytes:
        """Take one message; give what a browser would answer."""
        if text.startswith(b'42["batch"'):
            seq = self._keep(orjson.loads(text[2:])[1])
            return b'42["ack",%d]' % seq if seq % self.ack_every == 0 else b""
        if text.startswith(b"{"):
            self._keep(orjson.loads(text))
        if text.startswith(b"40"):
            return b'42["join"]'
        return {b"0": b"40", b"2": b"3"}.get(text[:1], b"")

    def _keep(self, batch: dict[str, object]) -> int:
        """Note how old a batch is; give its number. An empty one is a heartbeat."""
        sent_s, seq, changes = batch["s"], batch["seq"], batch["changes"]
        if not isinstance(sent_s, float) or not isinstance(seq, int) or not isinstance(changes, list):
            raise TypeError(f"not a batch: {batch}")
        self.seqs.append(seq)
        if len(changes) == CHANGES:
            self.ages_s.append(time.monotonic() - sent_s)
        return seq


async def _text(reader: asyncio.StreamReader) -> bytes:
    """Read one whole message of a server."""
    length = (await reader.readexactly(2))[1]
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    return await reader.readexactly(length)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one window with all screens gave."""

    cpu_share: float
    p50_ms: float
    p99_ms: float
    memory_mb: float
    lost: int
    batches: int


async def watch(port: int, cookie: str, server: int, ack_every: int) -> Seen:
    """Connect all screens, let them settle, and measure one window."""
    screens = [Screen(port, cookie, ack_every) for _ in range(SCREENS)]
    looking = [asyncio.create_task(screen.look()) for screen in screens]
    try:
        async with asyncio.timeout(15):
            while not all(len(screen.seqs) > 2 for screen in screens):
                await asyncio.sleep(0.02)
                for task in looking:
                    if task.done():
                        task.result()
        return await _window(screens, server)
    finally:
        for task in looking:
            task.cancel()
        await asyncio.gather(*looking, return_exceptions=True)


async def _window(screens: Sequence[Screen], server: int) -> Seen:
    pids = family(server)
    for screen in screens:
        screen.ages_s.clear()
        del screen.seqs[:-1]
    began, cpu = time.monotonic(), cpu_s(*pids)
    await asyncio.sleep(WINDOW_S)
    share = (cpu_s(*pids) - cpu) / (time.monotonic() - began) * 100
    ages_ms = [age * 1000 for screen in screens for age in screen.ages_s]
    memory = memory_mb(*pids)
    lost = sum(screen.seqs[-1] - screen.seqs[0] + 1 - len(screen.seqs) for screen in screens)
    return Seen(share, percentile(ages_ms, 0.5), percentile(ages_ms, 0.99), memory, lost, len(ages_ms))


def sign_in(url: str) -> str:
    """Sign in as a person does; gives the cookie. Loopback has no TLS, so the cookie is carried by hand."""
    page = requests.get(f"{url}/sign-in", timeout=5)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    if token is None:
        raise RuntimeError("the sign-in page holds no token")
    form = {"name": "wang", "password": "x", "csrf_token": token[1]}
    headers = {"Cookie": _cookie(page)}
    answer = requests.post(f"{url}/sign-in", data=form, headers=headers, allow_redirects=False, timeout=5)
    return _cookie(answer)


def _cookie(answer: requests.Response) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in answer.cookies)


@contextmanager
def control_room(folder: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Run the real process with a plant behind it; gives its port."""
    port = free_port()
    config = write_config(folder, control=port)
    (folder / "data" / "run").mkdir(parents=True)
    with child(serve_plant, folder / "data" / "run" / "control.sock"), web_process("control", config) as process:
        yield port, process


@contextmanager
def bare_loop(port: int) -> Iterator["subprocess.Popen[str]"]:
    """Run the limit in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bare", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "READY\n":
                raise RuntimeError("the bare loop did not start")
            yield process
        finally:
            process.kill()


def _row(who: str, seen: Sequence[Seen], limit: Sequence[Seen]) -> list[str]:
    parts = ("cpu_share", "p50_ms", "p99_ms", "memory_mb")
    cpu, p50, p99, memory = (_median(seen, part) for part in parts)
    ratios = [times(_median(seen, part), _median(limit, part)) for part in parts]
    lost = f"{sum(one.lost for one in seen)} of {sum(one.batches for one in seen):,}"
    waits = f"{p50:.1f} / {p99:.1f}"
    return [who, f"{cpu:.1f}", ratios[0], waits, f"{ratios[1]} / {ratios[2]}", f"{memory:.0f}", ratios[3], lost]


def _median(seen: Sequence[Seen], part: str) -> float:
    return statistics.median(float(getattr(one, part)) for one in seen)


def measure(folder: Path) -> list[list[str]]:
    """Watch both servers in turns."""
    bare_port = free_port()
    with control_room(folder) as (port, process), bare_loop(bare_port) as bare:
        cookie = sign_in(f"http://127.0.0.1:{port}")
        servers = {BARE: (bare_port, "", bare.pid, 1)}
        servers |= {who: (port, cookie, process.pid, ack_every) for who, ack_every in OURS.items()}
        seen: dict[str, list[Seen]] = {who: [] for who in servers}
        for _ in range(ROUNDS):
            for who, server in servers.items():
                seen[who].append(asyncio.run(watch(*server)))
    return [_row(who, seen[who], seen[BARE]) for who in servers]


def main() -> None:
    """Show what 50 screens cost."""
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
    columns = ["server", "CPU %", "of bare", "p50 / p99 ms", "of bare", "PSS MB", "of bare", "lost"]
    note = "The bare loop makes its batches itself; wsproto frames them. Target: ≤ 4.5 × its CPU."
    title = f"{SCREENS} screens, 10 batches/s of {CHANGES} changed tags, {ROUNDS} rounds of {WINDOW_S:.0f} s in turns"
    show(title, columns, rows, note)


if __name__ == "__main__":
    run(main)
