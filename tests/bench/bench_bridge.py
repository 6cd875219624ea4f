"""What the bridge between the plant and a web process costs, beside bare Unix sockets that only move frames.

Measured for other ways in `hmi.md` §1: 0.05 ms there and back at best; telling 50 tags ten times a second is 0.5 % CPU.
"""

import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from scada.bridge import Bridge, Message, Value
from scada.model.frames import HEADER_BYTES, body_length, framed
from tests.bench.bare import CHANGES
from tests.bench.peers import serve_bare_socket, serve_plant
from tests.bench.support import child, cpu_s, percentile, run, show, times
from tests.support.hmi import until

ROUNDS = 7
ASKS = 300
TELL_S = 10.0
ARGS: Message = {"lane": "out1", "passage": "out1-20260303020000-1", "reason": "VISITOR", "note": "property office"}
BARE, OURS = "bare Unix socket", "the bridge"


@dataclass
class Told:
    """What one reader was told. It is written by the reader's own thread, which alone knows its CPU time."""

    ages_s: list[float] = field(default_factory=list)
    changes: int = 0
    cpu_s: float = 0.0

    def take(self, told: Message) -> None:
        """Note how old a batch is, by the time that its teller wrote into it."""
        at, changes = told["at"], told["changes"]
        if not isinstance(at, str) or not isinstance(changes, list):
            raise TypeError(f"not a batch: {told}")
        self.ages_s.append((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds())
        self.changes += len(changes)
        self.cpu_s = time.thread_time()


def receive(link: socket.socket) -> bytes:
    """Read one frame."""
    length = body_length(link.recv(HEADER_BYTES, socket.MSG_WAITALL))
    return link.recv(length, socket.MSG_WAITALL)


def connect(path: Path) -> socket.socket:
    """Connect to a bare socket."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(str(path))
    return link


@contextmanager
def following(link: socket.socket, told: Told) -> Iterator[None]:
    """Read bare batches in a thread until the block ends."""
    reader = threading.Thread(target=_follow, args=(link, told), daemon=True)
    reader.start()
    try:
        yield
    finally:
        link.shutdown(socket.SHUT_RDWR)
        reader.join()


def _follow(link: socket.socket, told: Told) -> None:
    while head := link.recv(HEADER_BYTES, socket.MSG_WAITALL):
        body = link.recv(body_length(head), socket.MSG_WAITALL)
        if len(body) == body_length(head):
            told.take(orjson.loads(body)["tell"])


# --- ask ---


def bare_ask(link: socket.socket) -> None:
    """Send what an ask holds and read it back."""
    fields = {"id": 1, "verb": "echo", "args": ARGS, "user": "li", "role": "operator", "session": "s", "why": "w"}
    link.sendall(framed(orjson.dumps(fields)))
    orjson.loads(receive(link))


def our_ask(bridge: Bridge) -> None:
    """Ask the plant for the same."""
    reply = bridge.ask("echo", ARGS, user="li", role="operator", session="s", why="w")
    if reply != Value(ARGS):
        raise RuntimeError(f"the plant answered {reply}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One round of asks."""

    p50_us: float
    p99_us: float
    far_us: float
    near_us: float


def ask_often(ask: Callable[[], None], far: int) -> Asked:
    """Ask one round long; `far` is the process that answers."""
    waits: list[float] = []
    far_cpu, near_cpu = cpu_s(far), time.process_time()
    for _ in range(ASKS):
        began = time.perf_counter()
        ask()
        waits.append((time.perf_counter() - began) * 1e6)
    spent = (cpu_s(far) - far_cpu, time.process_time() - near_cpu)
    far_us, near_us = (one / ASKS * 1e6 for one in spent)
    return Asked(percentile(waits, 0.5), percentile(waits, 0.99), far_us, near_us)


def ask_rows(asks: Mapping[str, Callable[[], None]], pids: Mapping[str, int]) -> list[list[str]]:
    """Ask in turns and compare the medians of all rounds."""
    seen: dict[str, list[Asked]] = {who: [] for who in asks}
    for _ in range(ROUNDS):
        for who, ask in asks.items():
            seen[who].append(ask_often(ask, pids[who]))
    parts = ("p50_us", "p99_us", "far_us", "near_us")
    medians = {
        who: [statistics.median(float(getattr(one, part)) for one in rounds) for part in parts]
        for who, rounds in seen.items()
    }
    return [_row(who, figures, medians[BARE], ".0f") for who, figures in medians.items()]


# --- tell ---


def tell_rows(told: Mapping[str, Told], pids: Mapping[str, int]) -> list[list[str]]:
    """Listen to both tellers at once for a while, and compare."""
    before = {who: (len(one.ages_s), one.cpu_s, cpu_s(pids[who])) for who, one in told.items()}
    began = time.monotonic()
    time.sleep(TELL_S)
    took = time.monotonic() - began
    figures: dict[str, list[float]] = {}
    for who, one in told.items():
        count, near, far = before[who]
        ages = [age * 1e6 for age in one.ages_s[count:]]
        far_share, near_share = ((cpu_s(pids[who]) - far) / took * 100, (one.cpu_s - near) / took * 100)
        figures[who] = [percentile(ages, 0.5), percentile(ages, 0.99), far_share, near_share]
        if one.changes < CHANGES * (len(one.ages_s) - 2):
            raise RuntimeError(f"{who} told {one.changes} changes in {len(one.ages_s)} batches")
    return [_row(who, row, figures[BARE], ".2f") for who, row in figures.items()]


def _row(who: str, figures: Sequence[float], limit: Sequence[float], form: str) -> list[str]:
    p50, p99, far, near = figures
    ratios = (times(p50, limit[0]), times(p99, limit[1]))
    return [
        who,
        f"{p50:.0f} / {p99:.0f}",
        f"{ratios[0]} / {ratios[1]}",
        f"{far:{form}}",
        times(far, limit[2]),
        f"{near:{form}}",
        times(near, limit[3]),
    ]


def main() -> None:
    """Show what asking and telling cost."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        paths = {part: folder / f"{part}.sock" for part in ("plant", "echo", "tell")}
        pids = {
            BARE: stack.enter_context(child(serve_bare_socket, paths["echo"], paths["tell"])),
            OURS: stack.enter_context(child(serve_plant, paths["plant"])),
        }
        told = {BARE: Told(), OURS: Told()}
        bridge = Bridge(paths["plant"], "control")
        bridge.listen(lambda snapshot: None, told[OURS].take, lambda up: None)
        stack.enter_context(bridge)
        echo, tell = (stack.enter_context(connect(paths[part])) for part in ("echo", "tell"))
        stack.enter_context(following(tell, told[BARE]))
        until(lambda: bool(told[BARE].ages_s and told[OURS].ages_s))
        asked = ask_rows({BARE: lambda: bare_ask(echo), OURS: lambda: our_ask(bridge)}, pids)
        show(
            f"Ask and answer, {ROUNDS} rounds of {ASKS} in turns",
            ["way", "p50 / p99 µs", "of bare", "plant CPU µs", "of bare", "web CPU µs", "of bare"],
            asked,
        )
        show(
            f"Telling {CHANGES} changed tags ten times a second, for {TELL_S:.0f} s",
            ["way", "age p50 / p99 µs", "of bare", "plant CPU %", "of bare", "web CPU %", "of bare"],
            tell_rows(told, pids),
            "The plant's share holds the 50 changes going into the tag table.",
        )


if __name__ == "__main__":
    run(main)
