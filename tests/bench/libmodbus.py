"""The peers in C: `libmodbus_bench.c`, compiled, and run at either end of a connection."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_suffix("").with_name("libmodbus_bench.c")


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the client in C has done."""

    reads: int
    took_s: float
    cpu_s: float
    p50_us: float
    p99_us: float


def compiled(folder: Path) -> Path:
    """Compile the peers into a folder."""
    program = folder / "libmodbus_bench"
    subprocess.run(["gcc", "-O2", "-o", str(program), str(SOURCE), "-lmodbus"], check=True)
    return program


@contextmanager
def serving(program: Path, mode: str, port: int, *more: int) -> Iterator[int]:
    """Run a server in C for as long as the block lasts; gives its pid."""
    words = [str(program), mode, str(port), *map(str, more)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        if process.stdout is None or process.stdout.readline() != b"READY\n":
            raise RuntimeError(f"{' '.join(words)} does not listen")
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def scan(program: Path, port: int, devices: int, blocks: int, period_ms: int, for_s: float) -> Scanned:
    """Let the client in C read, and wait for it."""
    words = [str(program), "scan", *map(str, (port, devices, blocks, period_ms, round(for_s * 1000)))]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    return Scanned(int(said[0]), *map(float, said[1:]))
