"""Start the PLCs that nobody here wrote (`tests/peers`): each in a process of its own, on a free port."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

PEERS = Path(__file__).parents[1] / "peers"
READY_S = 60.0
"""How long a peer may take to start on a busy computer."""


def libmodbus(folder: Path) -> list[str]:
    """Compile the server by libmodbus into a folder; give its command."""
    program = folder / "libmodbus_server"
    compiler = ["gcc", "-O2", "-o", str(program), str(PEERS / "libmodbus_server.c"), "-lmodbus"]
    done = subprocess.run(compiler, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"`make setup-test` brings gcc and libmodbus-dev: {done.stderr}"
    return [str(program)]


def node(script: str) -> list[str]:
    """Give the command of a peer in JavaScript."""
    assert (PEERS / "node_modules").exists(), "`make setup-test` brings the packages of tests/peers/package-lock.json"
    return ["node", str(PEERS / script)]


def python(script: str) -> list[str]:
    """Give the command of a peer in Python."""
    return [sys.executable, str(PEERS / script)]


def command(name: str, folder: Path) -> list[str]:
    """Give the command of a peer without its port; `folder` takes what it needs to write."""
    if name == "libmodbus":
        return libmodbus(folder)
    return node(f"{name}.js") if (PEERS / f"{name}.js").exists() else python(f"{name}_server.py")


@asynccontextmanager
async def foreign(name: str, port: int, folder: Path, *more: str) -> AsyncIterator[int]:
    """Run a peer on a port until the end of the block; ready when entered. Give the number of its process."""
    words = await asyncio.to_thread(command, name, folder)
    async with _process([*words, str(port), *more], folder) as number:
        yield number


@asynccontextmanager
async def _process(words: Sequence[str], home: Path) -> AsyncIterator[int]:
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "HOME": str(home)}
    process = await asyncio.create_subprocess_exec(
        *words, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, env=environment
    )
    assert process.stdout is not None
    reading: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(READY_S):
            said = b""
            while not (line := await process.stdout.readline()).startswith(b"READY"):
                said += line
                assert line, f"{' '.join(words)} has ended: {said.decode(errors='replace')}"
        reading = asyncio.create_task(process.stdout.read())
        yield process.pid
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


async def mbpoll(port: int, *words: str) -> str:
    """Have a master that nobody here wrote read or write once; give what it says."""
    program = shutil.which("mbpoll")
    assert program, "`make setup-test` brings mbpoll"
    line = [program, "-0", "-1", "-m", "tcp", "-p", str(port), "-o", "5", *words]
    done = await asyncio.to_thread(subprocess.run, line, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


async def polled(port: int, kind: str, start: int, count: int) -> list[int]:
    """Have mbpoll read; `kind` is its own: 0 coils, 1 discrete inputs, 3 input registers, 4 holding registers."""
    said = await mbpoll(port, "-t", kind, "-r", str(start), "-c", str(count), "127.0.0.1")
    base = 16 if kind.endswith("hex") else 10
    return [int(line.split()[1], base) for line in said.splitlines() if line.startswith("[")]
