"""What a drill changes of the machine under its site, and nowhere else: a disk of its own, a clock's step, slow syncs.

The machine itself keeps its clock and its disks. What cannot be had here is said, with the reason.
"""

import asyncio
import ctypes
import os
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scada.sim.chaos.kinds import Need
from scada.supervise import Part

_NEW_MOUNTS: Final = 0x00020000
"""CLONE_NEWNS, from <sched.h>."""
_WITHIN_S: Final = 20.0
_TRIES: Final = 20
"""The site goes on writing while we look how much is on its disk."""
ROOMY: Final = "64g"
"""A disk in memory takes only what lies on it; so much larger than any limit of the site's that nothing warns."""
_NUMBER: Final = struct.Struct("=q")
_NS: Final = 1_000_000_000


class MachineError(Exception):
    """The machine did not do what the drill wants of it; the message says what."""


@dataclass(frozen=True, slots=True)
class Shim:
    """What stands between the site's processes and the C library: `library`, and `file` that tells it what to do."""

    library: Path
    file: Path

    def dressed(self, part: Part) -> Part:
        """Start a process of the site so that it can be told."""
        words = (f"LD_PRELOAD={self.library}", f"DAOZHA_SHIM={self.file}")
        return replace(part, command=(shutil.which("env") or "/usr/bin/env", *words, *part.command))

    def step_clock(self, by_s: float) -> None:
        """Let the wall clock be off by so much from now on; 0: right again."""
        self._tell(0, by_s)

    def slow_syncs(self, by_s: float) -> None:
        """Let each sync to the disk take so much longer from now on."""
        self._tell(1, by_s)

    def _tell(self, place: int, seconds: float) -> None:
        with self.file.open("r+b") as file:
            file.seek(place * _NUMBER.size)
            file.write(_NUMBER.pack(round(seconds * _NS)))


def make_shim(folder: Path) -> Shim:
    """Build it with the machine's C compiler. Raises MachineError."""
    library, file = folder / "shim.so", folder / "shim"
    source = Path(__file__).with_name("shim.c")
    _do("cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl")
    file.write_bytes(bytes(2 * _NUMBER.size))
    return Shim(library, file)


class SmallDisk:
    """A disk in memory under one folder, which only this process and its children see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> int:
        """Let nothing be free on it from now on; what is thrown off meanwhile is room until this is asked again.

        Gives how many megabytes lie on it. Raises MachineError.
        """
        for _ in range(_TRIES):
            found = os.statvfs(self.folder)
            used = (found.f_blocks - found.f_bfree) * found.f_frsize
            with suppress(MachineError):
                _do("mount", "-o", f"remount,size={used}", str(self.folder))
                return used // 2**20
        raise MachineError(f"{self.folder}: the disk could not be filled")

    def clear(self) -> None:
        """Give room again. Raises MachineError."""
        _do("mount", "-o", f"remount,size={ROOMY}", str(self.folder))


@asynccontextmanager
async def small_disk(folder: Path, but: str) -> AsyncIterator[SmallDisk]:
    """Mount a disk at a folder while the body runs; what lies on it then stays in the folder. Raises MachineError.

    What is kept below it in `but` is not on it: the world outside does not run full with the server's disk.
    """
    await asyncio.to_thread(_mount, folder, but)
    try:
        yield SmallDisk(folder)
    finally:
        await asyncio.to_thread(_keep_what_lies_on_it, folder)


def _mount(folder: Path, but: str) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _do("mount", "-t", "tmpfs", "-o", f"size={ROOMY},mode=700", "tmpfs", str(folder))
    folder.with_name(but).mkdir(mode=0o700)
    (folder / but).symlink_to(Path("..") / but)


def _keep_what_lies_on_it(folder: Path) -> None:
    kept = folder.with_name(f"{folder.name}.kept")
    shutil.copytree(folder, kept, ignore=_sockets, symlinks=True)
    _do("umount", "--lazy", str(folder))
    folder.rmdir()
    kept.rename(folder)


def _sockets(where: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(where) / name).is_socket()]


def see_mounts_alone() -> None:
    """Let what this process mounts from now on be seen by itself and its children only, and end with them.

    Call it before there are threads. Raises MachineError.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        raise MachineError(f"a view of mounts of its own: {os.strerror(ctypes.get_errno())}")
    _do("mount", "--make-rprivate", "/")


def _do(*command: str) -> None:
    """Run a command of the machine. Raises MachineError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN_S, check=False)  # noqa: S603 our own words
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(f"{' '.join(command)}: {error}") from error
    if done.returncode:
        raise MachineError(f"{' '.join(command)}: {done.stderr.strip()}")


def lacking() -> Mapping[Need, str]:
    """Say of what a drill may need here why it is not to be had."""
    found: dict[Need, str] = {}
    try:
        _do("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt")
    except MachineError as error:
        found[Need.DISK] = f"a disk cannot be mounted, which needs root: {error}"
    if shutil.which("cc") is None:
        found[Need.SHIM] = "there is no C compiler (cc) to build what stands before the C library"
    return found
