"""The site's processes for whoever looks for what is slow or dead: number, age, restarts, memory, processor time."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from scada.engine.doors.peer import Ask, Handler
from scada.model.processes import Life, read

PROC = Path("/proc")
_AFTER_NAME = 2
"""In /proc/PID/stat the fields after the name begin with the third."""
_PARENT, _USER, _SYSTEM, _STARTED = 4, 14, 15, 22


@dataclass(frozen=True, slots=True)
class Process:
    """One process. What is not known, for it does not run or was not counted, is None."""

    name: str
    pid: int | None
    up_s: float | None = None
    restarts: int | None = None
    ended: str = ""
    memory_bytes: int | None = None
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True)
class ProcessDesk:
    """Answers which processes there are. `register` is whoever started them's; `cameras` are the plant's own."""

    register: Path
    cameras: Callable[[], Mapping[str, int]]
    proc: Path = PROC

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {"processes": self._list}

    async def _list(self, _ask: Ask) -> object:
        return await asyncio.to_thread(self.look)

    def look(self) -> dict[str, object]:
        """Give the processes now; `watched`: daozha itself starts them again."""
        keeper, lives = self._registered()
        watched = keeper is not None
        mine = lives if watched else (Life("plant", os.getpid()),)
        shown = [self._life(one, keeper) for one in mine]
        if keeper is not None:
            shown.insert(0, self._process("daozha", keeper))
        shown += [self._process(f"camera {name}", pid) for name, pid in sorted(self.cameras().items())]
        return {"watched": watched, "processes": [asdict(one) for one in shown]}

    def _registered(self) -> tuple[int | None, tuple[Life, ...]]:
        """Give who watches, and what; nobody, if the list is of a run before this one."""
        try:
            keeper, lives = read(self.register.read_text("utf-8"))
        except (OSError, ValueError):
            return None, ()
        return (keeper, lives) if any(one.pid == os.getpid() for one in lives) else (None, ())

    def _life(self, life: Life, keeper: int | None) -> Process:
        """Give a process that somebody started; a number that is another's child by now is not it."""
        found = None if life.pid is None else self._process(life.name, life.pid, keeper)
        if found is None or found.up_s is None:
            return Process(life.name, None, restarts=life.restarts, ended=life.ended)
        counted = {"restarts": life.restarts, "ended": life.ended} if keeper is not None else {}
        return Process(**{**asdict(found), **counted})

    def _process(self, name: str, pid: int, parent: int | None = None) -> Process:
        try:
            fields = dict(self._fields(pid))
            pages = int((self.proc / str(pid) / "statm").read_text().split()[1])
            uptime_s = float((self.proc / "uptime").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return Process(name, None)
        if parent is not None and fields[_PARENT] != parent:
            return Process(name, None)
        ticks = os.sysconf("SC_CLK_TCK")
        return Process(
            name,
            pid,
            up_s=round(uptime_s - fields[_STARTED] / ticks, 1),
            memory_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
            cpu_s=(fields[_USER] + fields[_SYSTEM]) / ticks,
        )

    def _fields(self, pid: int) -> Iterator[tuple[int, int]]:
        """Give the numbers of a process by their place; its name may hold anything, braces too."""
        text = (self.proc / str(pid) / "stat").read_text(errors="replace")
        after = text.rpartition(")")[2].split()
        for place in (_PARENT, _USER, _SYSTEM, _STARTED):
            yield place, int(after[place - _AFTER_NAME - 1])
