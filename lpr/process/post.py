"""One camera as the plant sees it: a child process that is watched, restarted and asked."""

import asyncio
import itertools
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import assert_never

import structlog

from lpr.process.options import ffmpeg_options
from lpr.process.turns import LAPSE_S, Turns
from lpr.process.wire import (
    Aim,
    AskTurn,
    Beat,
    CaptureAnswer,
    CaptureOrder,
    EndTurn,
    Enough,
    GlanceAnswer,
    GlanceOrder,
    Looked,
    Order,
    Reads,
    Relearn,
    Settings,
    SnapshotAnswer,
    SnapshotOrder,
    Turn,
    WireError,
    encode,
    word_from,
)
from scada.clock import Clock
from scada.model.camera.figures import NOTHING_SEEN, SceneFigures
from scada.model.lane.timing import Timing
from scada.model.names import PassageId, PictureId

SILENCE_S = 3.0
"""A process that has not beaten for so long hangs: it is killed and started anew."""
_START_S = 30.0
_STOP_S = 1.5
_SNAPSHOT_S = 2.0
_FINISH_S = 0.2
"""What a camera needs after its last frame: to keep the picture and to answer, within the lane's time."""
_RESTART_S = (0.5, 10.0)
_STEADY_S = 30.0
_CHUNK = 65536
_LONGEST_LINE = 1 << 20
"""A word of the process is no longer: a small picture is the longest."""
_COMMAND = (sys.executable, "-m", "lpr.worker")

Shares = tuple[tuple[float, float], ...]
"""Points of a picture, in shares of its width and height."""
_Answer = CaptureAnswer | SnapshotAnswer | GlanceAnswer

log = structlog.get_logger()


class CameraPost:
    """Keeps one camera's process running. `run` is the owner's task; the rest may be asked meanwhile."""

    def __init__(self, settings: Settings, clock: Clock, turns: Turns) -> None:
        self._settings = settings
        self._turns = turns
        self._clock = clock
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[_Answer | None]] = {}
        self._hearing: dict[int, Callable[[Looked], None]] = {}
        self._ready = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._trouble = "not started"
        self._reads = ""
        self._scene = NOTHING_SEEN

    @property
    def name(self) -> str:
        """The camera's name."""
        return self._settings.camera

    @property
    def is_ok(self) -> bool:
        """Say whether the process beats and its camera gives fresh frames."""
        return self._ready.is_set() and not self._trouble

    @property
    def trouble(self) -> str:
        """Say what is wrong with the process or its camera, empty if nothing is."""
        return self._trouble

    @property
    def scene(self) -> SceneFigures:
        """Give what the camera measures of itself."""
        return self._scene if self._process is not None else NOTHING_SEEN

    @property
    def reads(self) -> str:
        """Which back end reads, with which files, and why no better one; empty while nothing reads."""
        return self._reads

    @property
    def pid(self) -> int | None:
        """The process's number while it runs."""
        return None if self._process is None else self._process.pid

    async def run(self) -> None:
        """Start the process, and again whenever it ends, until cancelled."""
        wait_s = _RESTART_S[0]
        while True:
            began_s = self._clock.seconds()
            why = await self._live()
            if self._clock.seconds() - began_s > _STEADY_S:
                wait_s = _RESTART_S[0]
            log.warning("camera process ended", camera=self.name, why=why, again_in_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _RESTART_S[1])

    def number(self) -> int:
        """Give a number for the next order."""
        return next(self._numbers)

    async def capture(
        self,
        number: int,
        passage: PassageId,
        timing: Timing,
        before_s: float,
        hear: Callable[[Looked], None],
        way: str = "",
    ) -> CaptureAnswer:
        """Have a car looked at, and tell of every frame; answers within `t_read_s`, cut off then whatever happens."""
        end_s = self._clock.seconds() + timing.t_read_s
        gone = CaptureAnswer(number, None, "camera gone")
        with suppress(TimeoutError):
            async with asyncio.timeout(timing.t_read_s):
                await self._ready.wait()
        left_s = end_s - self._clock.seconds()
        if left_s <= _FINISH_S:
            return gone
        order = CaptureOrder(number, passage, left_s - _FINISH_S, timing.confidence, timing.agreeing, before_s, way)
        self._hearing[number] = hear
        try:
            answer = await self._ask(order, left_s)
        finally:
            del self._hearing[number]
        return answer if isinstance(answer, CaptureAnswer) else gone

    def enough(self, number: int) -> None:
        """Let a capture end: it is settled."""
        self._send(Enough(number))

    def _send(self, order: Order) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(encode(order))

    def relearn(self) -> bool:
        """Let the camera take what it sees now for its view; False if its process does not run."""
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return False
        process.stdin.write(encode(Relearn(self.number())))
        return True

    def aim(self, region: Shares, perspective: Shares) -> None:
        """Let the camera look elsewhere: at once if its process runs, else from its start."""
        self._settings = replace(self._settings, region=region, perspective=perspective)
        self._send(Aim(self.number(), region, perspective))

    async def snapshot(self, passage: str = "") -> PictureId | None:
        """Have a picture of now kept, named by the passage."""
        if not self.is_ok:
            return None
        answer = await self._ask(SnapshotOrder(next(self._numbers), passage), _SNAPSHOT_S)
        return answer.picture if isinstance(answer, SnapshotAnswer) else None

    async def glance(self) -> tuple[str, float] | None:
        """Give a small picture of now, as JPEG in base64, with its age in seconds; None if there is none."""
        answer = await self._ask(GlanceOrder(next(self._numbers)), _SNAPSHOT_S) if self._ready.is_set() else None
        return (answer.jpeg_b64, answer.age_s) if isinstance(answer, GlanceAnswer) and answer.jpeg_b64 else None

    async def _ask(self, order: Order, within_s: float) -> _Answer | None:
        process = self._process
        if process is None or process.stdin is None:
            return None
        future: asyncio.Future[_Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting[order.id] = future
        try:
            process.stdin.write(encode(order))
            async with asyncio.timeout(within_s):
                return await future
        except (TimeoutError, ConnectionError):
            return None
        finally:
            del self._waiting[order.id]

    async def _live(self) -> str:
        """Live through one process; gives the reason of its end."""
        try:
            process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LONGEST_LINE,
                env=self._environment(os.environ),
            )
        except OSError as error:
            return f"cannot start: {error}"
        self._process = process
        try:
            assert process.stdin is not None  # noqa: S101 - a pipe was asked for
            process.stdin.write(encode(self._settings))
            return await self._hear(process)
        except WireError as error:
            return str(error)
        finally:
            self._forget()
            await _end(process)

    def _environment(self, ours: Mapping[str, str]) -> dict[str, str]:
        """One thread a library, FFmpeg's options, which are read from the environment only, and no word of FFmpeg's.

        FFmpeg would write the camera's address on standard error, password and all.
        """
        options = ffmpeg_options(self._settings.transport)
        return {
            **ours,
            "OPENCV_FFMPEG_CAPTURE_OPTIONS": options,
            "OPENCV_FFMPEG_LOGLEVEL": "-8",
            "OPENCV_LOG_LEVEL": "SILENT",
            "OMP_NUM_THREADS": "1",
        }

    async def _hear(self, process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        limit_s = _START_S
        while True:
            try:
                async with asyncio.timeout(limit_s):
                    line = await process.stdout.readline()
            except TimeoutError:
                return f"silent for {limit_s:g} s"
            except ValueError:
                return "says a line without an end"
            if not line:
                return f"ended with {await process.wait()}"
            limit_s = SILENCE_S
            self._take(line)

    def _take(self, line: bytes) -> None:
        word = word_from(line)
        match word:
            case Reads():
                log.info("camera reader", camera=self.name, by=word.by)
                self._reads = word.by
            case Beat():
                if word.trouble != self._trouble:
                    log.info("camera", camera=self.name, trouble=word.trouble or "none")
                self._trouble, self._scene = word.trouble, word.scene
                self._ready.set()
            case AskTurn():
                self._turns.ask(self.name, word.id, lambda: self._send(Turn(word.id)))
                asyncio.get_running_loop().call_later(LAPSE_S, self._turns.look_again)
            case EndTurn(is_over=False):
                self._turns.give_back(self.name)
            case EndTurn():
                self._turns.end(self.name)
            case Looked():
                if (hear := self._hearing.get(word.id)) is not None:
                    hear(word)
            case CaptureAnswer() | SnapshotAnswer() | GlanceAnswer():
                future = self._waiting.get(word.id)
                if future is not None and not future.done():
                    future.set_result(word)
            case _:
                assert_never(word)

    def _forget(self) -> None:
        self._process = None
        self._trouble = "process ended"
        self._reads = ""
        self._turns.end(self.name)
        self._ready.clear()
        for future in self._waiting.values():
            if not future.done():
                future.set_result(None)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process kindly by closing its stdin, else by force; returns when it is gone."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_S):
            await _gone(process)
    except TimeoutError:
        process.kill()
        await _gone(process)


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process; nobody hears of it before what it still had to say is taken from its pipe."""
    while process.stdout is not None and await process.stdout.read(_CHUNK):
        pass
    await process.wait()
