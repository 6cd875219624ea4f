"""One camera's process: `python -m lpr.worker`, orders on stdin, answers and heartbeats on stdout.

It ends when stdin ends, so it never outlives the plant. Pixels stay inside; reads and the names of
evidence files go out. A decoder that hangs or dies takes one camera with it, and the pool starts it anew.
"""

import ctypes
import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, assert_never

from lpr.backend import open_reader
from lpr.camera import Grabber
from lpr.evidence import PictureStore
from lpr.instrument.gauge import Gauge
from lpr.instrument.watch import Watch
from lpr.models import ModelError
from lpr.process.capture import Capturer
from lpr.process.wire import (
    Aim,
    AskTurn,
    Beat,
    CaptureOrder,
    EndTurn,
    Enough,
    GlanceOrder,
    Order,
    Reads,
    Relearn,
    SnapshotAnswer,
    SnapshotOrder,
    Turn,
    WireError,
    Word,
    encode,
    order_from,
    settings_from,
)
from lpr.sources.opening import opener
from lpr.view.light import LightReader
from lpr.view.perspective import seen_by
from scada.clock import Clock, clock_from
from scada.log import hush

BEAT_S = 0.5
_STUCK_S = 12.0
"""No call of the decoder may take longer: opening and reading have limits of their own well below."""
_SLICE_S = 0.1
_NICENESS = 2
"""The plant's loop goes first."""
_PR_SET_PDEATHSIG = 1
_MEMORY_BYTES = 2 << 30
"""Eight times what a process takes that reads 1080p: a stream that claims more ends its decoder, not the machine."""


class Worker:
    """Carries out orders one by one, and beats in between."""

    def __init__(
        self,
        grabber: Grabber,
        capturer: Capturer,
        gauge: Gauge,
        orders: "queue.Queue[Order]",
        out: BinaryIO,
        clock: Clock,
        aim: Callable[[Aim], None],
    ) -> None:
        self._grabber = grabber
        self._capturer = capturer
        self._gauge = gauge
        self._orders = orders
        self._out = out
        self._clock = clock
        self._aim = aim
        self._beat_s = 0.0
        self._next: Order | None = None
        self._enough: Enough | None = None
        self._turn: Turn | None = None

    def run(self) -> None:
        """Serve until the decoder hangs."""
        while self._beat():
            order, self._next = self._next, None
            try:
                self._perform(order or self._orders.get(timeout=BEAT_S / 2))
            except queue.Empty:
                self._gauge.measure()

    def _perform(self, order: Order) -> None:
        match order:
            case CaptureOrder(id=number, within_s=within_s):
                end_s = self._clock.seconds() + within_s
                answer = self._capturer.capture(
                    order, lambda: self._go_on(number), self._say, lambda: self._take_turn(number, end_s)
                )
                self._say(EndTurn(is_over=True))
                self._say(answer)
            case SnapshotOrder():
                self._say(SnapshotAnswer(order.id, self._capturer.snapshot(order.passage)))
            case GlanceOrder():
                self._say(self._capturer.glance(order.id))
            case Enough():
                self._enough = order
            case Turn():
                self._turn = order
            case Relearn():
                self._gauge.relearn()
            case Aim():
                self._aim(order)
            case _:
                assert_never(order)

    def _go_on(self, number: int) -> bool:
        """Give the turn back while the next frame is waited for."""
        if self._turn is not None:
            self._turn = None
            self._say(EndTurn(is_over=False))
        return self._is_wanted(number)

    def _take_turn(self, number: int, end_s: float) -> bool:
        """Wait for the turn to read; no when the capture is not wanted any more, or its time is over."""
        self._say(AskTurn(number))
        while self._turn != Turn(number):
            left_s = end_s - self._clock.seconds()
            if left_s <= 0 or not self._is_wanted(number, min(_SLICE_S, left_s)):
                return False
        return True

    def _is_wanted(self, number: int, wait_s: float = 0.0) -> bool:
        """Keep a picture that is wanted meanwhile; a newer capture overtakes this one: the car it was for has gone."""
        while self._next is None:
            try:
                order = self._orders.get(timeout=wait_s) if wait_s else self._orders.get_nowait()
            except queue.Empty:
                break
            wait_s = 0.0
            if isinstance(order, CaptureOrder):
                self._next = order
            else:
                self._perform(order)
        return self._beat() and self._next is None and self._enough != Enough(number)

    def _beat(self) -> bool:
        health, now = self._grabber.health(), self._clock.seconds()
        if health.in_call_s > _STUCK_S:
            return False
        if now - self._beat_s >= BEAT_S:
            self._beat_s = now
            self._say(Beat(health.trouble, self._gauge.figures(self._capturer.unkept)))
        return True

    def _say(self, word: Word) -> None:
        self._out.write(encode(word))
        self._out.flush()


def _die_with_parent() -> None:
    """Let the kernel end this process with the plant, even if this one hangs in C code. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _bound_memory() -> None:
    """Let what asks for more memory than a camera ever takes fail here: the process ends and is started anew."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _MEMORY_BYTES if most == resource.RLIM_INFINITY else min(_MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _private_stdout() -> BinaryIO:
    """Keep stdout for our lines; whatever a library prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def _listen(source: BinaryIO, orders: "queue.Queue[Order]") -> None:
    """Queue the orders; the end of stdin is the end of the process, whatever it is doing."""
    for line in source:
        try:
            orders.put(order_from(line))
        except WireError as error:
            sys.stderr.write(f"lpr.worker: {error}\n")
    os._exit(0)


def main() -> int:
    """Serve one camera: 0 when the plant has gone, 2 if it cannot start, 3 when the decoder hangs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    _bound_memory()
    os.nice(_NICENESS)
    hush()
    out = _private_stdout()
    try:
        settings = settings_from(sys.stdin.buffer.readline())
        opened = open_reader(settings.back_end, settings.calibration)
    except (WireError, ModelError) as error:
        sys.stderr.write(f"lpr.worker: {error}\n")
        return 2
    clock, orders = clock_from(), queue.Queue[Order](maxsize=16)
    password = Path(settings.password_file) if settings.password_file else None
    grabber = Grabber(settings.source, clock, opener(settings.user, password, clock))
    grabber.start()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, orders), name="orders", daemon=True).start()
    store = PictureStore(Path(settings.pictures))
    reader = LightReader(seen_by(opened.reader, settings.perspective))
    capturer = Capturer(grabber, reader, store, clock, settings.region, settings.min_plate_px)
    gauge = Gauge(grabber, Watch(Path(settings.memory) if settings.memory else None), clock)

    def aim(order: Aim) -> None:
        capturer.aim(LightReader(seen_by(opened.reader, order.perspective)), order.region)

    try:
        out.write(encode(Reads(str(opened))))
        Worker(grabber, capturer, gauge, orders, out, clock, aim).run()
    except BrokenPipeError:
        os._exit(0)
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
