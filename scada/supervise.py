"""`daozha run`: start the site's processes in order, watch them, stop them in reverse.

Each process is known by its name and its command only. It says READY on standard output when it
serves, and ALIVE from then on; its standard error is ours. One that ends by itself is started again, after a growing
pause, and so is one that has fallen silent: it is hung, and nothing but its end can heal it.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from scada.alive import ALIVE, READY, SILENT_S, SILENT_WEB_S, live, notify, supervised
from scada.clock import Clock
from scada.model.processes import Life

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 60.0
"""A process that lived this long begins again with the shortest pause."""
_LONGEST_LINE = 65_536
_LAST_WORDS_S = 1.0
_TICK_S = 1.0
_PR_SET_PDEATHSIG = 1

Hear = Callable[[str, str], None]
"""Takes the name of a process and one line it said on standard output."""
Tell = Callable[[Sequence[Life]], None]
"""Takes all processes as they are, whenever one has begun or ended."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the site."""

    name: str
    command: tuple[str, ...]
    ready_s: float = 60.0
    stop_s: float = 5.0
    silent_s: float | None = None
    """How long it may say nothing once it serves; None: it says nothing of itself."""


def parts(config: Path, *, with_sim: bool, serving: bool = False) -> tuple[Part, ...]:
    """Give the processes of a site in the order in which they start; `serving`: other systems may read tags."""
    modules = [("plant", "scada.app"), ("control", "hmi.control"), ("public", "hmi.public"), ("devices", "hmi.devices")]
    if with_sim:
        modules.insert(0, ("sim", "scada.sim.run"))
    if serving:
        modules.append(("serve", "plc.serve"))
    return tuple(_part(name, module, config) for name, module in modules)


def _part(name: str, module: str, config: Path) -> Part:
    command = (sys.executable, "-X", "faulthandler", "-m", module, "--config", str(config))
    return Part(name, command, silent_s=SILENT_WEB_S if module.startswith("hmi.") else SILENT_S)


class NotReady(Exception):
    """A process did not come up within its limit; the message names it."""


async def supervise(
    site: Sequence[Part],
    clock: Clock,
    *,
    hear: Hear,
    trouble: Callable[[str], None],
    up: Callable[[], None],
    tell: Tell = lambda _lives: None,
) -> None:
    """Run all parts until SIGINT or SIGTERM, then stop them in reverse. Raises NotReady at a failed start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    keepers: list[Keeper] = []
    turned = partial(_tell_all, keepers, tell)
    try:
        async with contextlib.AsyncExitStack() as running:
            for part in site:
                keepers.append(Keeper(part, clock, hear, trouble, turned))
                keeper = await running.enter_async_context(keepers[-1])
                if not await _ready_or_stopped(keeper, stop):
                    return
            up()
            notify("READY=1", "STATUS=all parts run")
            beat = asyncio.create_task(live(), name="tell systemd that we live")
            await stop.wait()
            beat.cancel()
            notify("STOPPING=1", "STATUS=told to stop")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _tell_all(keepers: "Sequence[Keeper]", tell: Tell) -> None:
    tell([keeper.life for keeper in keepers])


async def _ready_or_stopped(keeper: "Keeper", stop: asyncio.Event) -> bool:
    """Wait until the part is ready; False if the person stopped the site meanwhile. Raises NotReady."""
    ready, stopped = asyncio.ensure_future(keeper.ready.wait()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((ready, stopped), timeout=keeper.part.ready_s, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done() and not stopped.done():
            raise NotReady(f"{keeper.part.name} did not say {READY} within {keeper.part.ready_s:g} s")
        return not stopped.done()
    finally:
        ready.cancel()
        stopped.cancel()


class Keeper:
    """Keeps one part alive from entry to exit."""

    def __init__(
        self,
        part: Part,
        clock: Clock,
        hear: Hear,
        trouble: Callable[[str], None],
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        """`turned` is called whenever the process has begun or ended; `life` then says which."""
        self.part = part
        self.life = Life(part.name)
        self._turned = turned
        self.ready = asyncio.Event()
        self._clock = clock
        self._hear = hear
        self._trouble = trouble
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._silent_ticks = 0

    def kill(self) -> None:
        """Kill the part with all its children, as a power cut would; it starts again as after any end of its own."""
        if self._process is not None:
            self.ready.clear()
            _kill_group(self._process.pid)

    async def __aenter__(self) -> "Keeper":
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.part.name}")
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        pause_s = SHORTEST_PAUSE_S
        while True:
            began_s = self._clock.seconds()
            ending = await self._live()
            self._turn(replace(self.life, pid=None, restarts=self.life.restarts + 1, ended=ending))
            if self._clock.seconds() - began_s >= STEADY_S:
                pause_s = SHORTEST_PAUSE_S
            self._trouble(f"{self.part.name} {ending}; it starts again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _live(self) -> str:
        """Start the process, listen to it until it ends, and say how it ended."""
        self.ready.clear()
        try:
            process, voice = await self._start_whole()
        except OSError as error:
            return f"could not be started: {error}"
        self._process = process
        self._turn(replace(self.life, pid=process.pid))
        listening = asyncio.create_task(self._listen(voice))
        watching = asyncio.create_task(self._watch())
        ending = asyncio.create_task(process.wait())
        try:
            await asyncio.wait((ending, watching), return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                return _ending(ending.result())
            if self.ready.is_set():
                _ask_for_stacks(process.pid)
                await asyncio.wait((ending,), timeout=_LAST_WORDS_S)
            return watching.result()
        finally:
            watching.cancel()
            self._process = None
            await _end(process, self.part.stop_s)
            await asyncio.wait((listening, ending), timeout=_LAST_WORDS_S)
            listening.cancel()
            ending.cancel()
            voice.close()

    async def _watch(self) -> str:
        """Wait until the part is late with READY, or silent after it, and say which.

        Silence is counted in ticks that we were awake for: who stood still with us was not silent.
        """
        try:
            async with asyncio.timeout(self.part.ready_s):
                await self.ready.wait()
        except TimeoutError:
            return f"did not say {READY} within {self.part.ready_s:g} s"
        self._silent_ticks = 0
        while self.part.silent_s is None or self._silent_ticks * _TICK_S < self.part.silent_s:
            await asyncio.sleep(_TICK_S)
            self._silent_ticks += 1
        return f"said nothing for {self.part.silent_s:g} s: it is hung"

    def _turn(self, life: Life) -> None:
        self.life = life
        self._turned()

    async def _start_whole(self) -> tuple[asyncio.subprocess.Process, "_Voice"]:
        """Start the process; being stopped in the middle of it leaves no half-started one behind."""
        starting = asyncio.ensure_future(_start(self.part.command))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                process, voice = await starting
                await _end(process, self.part.stop_s)
                voice.close()
            raise

    async def _listen(self, voice: "_Voice") -> None:
        """Hand on every line that is not about the process itself."""
        async for line in voice.lines():
            self._silent_ticks = 0
            if line == READY:
                self.ready.set()
            elif line and line != ALIVE:
                self._hear(self.part.name, line)


class _Voice:
    """What a process says on standard output.

    Not asyncio's own pipe: that one would hide the end of a process whose children hold the pipe open.
    """

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport) -> None:
        self._reader = reader
        self.close = transport.close

    async def lines(self) -> AsyncIterator[str]:
        """Give the lines until nobody holds the pipe; of a line that never ends, the pieces."""
        rest = b""
        while piece := await self._reader.read(_LONGEST_LINE):
            *whole, rest = (rest + piece).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                whole, rest = [*whole, rest], b""
            for line in whole:
                yield line.decode(errors="replace").strip()


async def _start(command: Sequence[str]) -> tuple[asyncio.subprocess.Process, _Voice]:
    read_end, write_end = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write_end,
            env=supervised(os.environ),
            process_group=0,
            preexec_fn=_die_with(os.getpid()),
        )
    except OSError:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
    )
    return process, _Voice(reader, transport)


async def _end(process: asyncio.subprocess.Process, limit_s: float) -> None:
    """Ask the process to stop; what is left of its group at its end, or at the limit, is killed."""
    try:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(limit_s):
            await process.wait()
    except TimeoutError:
        _kill_group(process.pid)
        await process.wait()
    finally:
        _kill_group(process.pid)


def _ask_for_stacks(process: int) -> None:
    """Let a hung process write where its threads stand (`faulthandler`) before it goes."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGABRT)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _die_with(parent: int) -> Callable[[], None]:
    """Make the child stop when we die, however we die. Linux only, like the whole product."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_the_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel
