"""Does anything grow? `python -m tests.soak.steady --hours 72 --speed 60`: the whole site, its cars, and nobody there.

Every process's memory, threads and open descriptors, and the files of the site, are counted again and again; the last
fifth of the time is held against the second. One JSON object on standard output, a line a minute on standard error.
0: nothing grew.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from scada.config import load
from scada.model.processes import read
from scada.sim.trial.site import prepare
from tests.bench.support import family, own_mb
from tests.support.hmi import ROOT

_WEB = ("control", "public", "devices")
LOOKS = 300
"""So often in all, and at most once in two seconds."""
UP_S, END_S = 240.0, 60.0
MEMORY, SLACK_MB = 1.10, 8.0
"""What a process may hold late, of what it held early; a few MB are the allocator's."""
MORE = 3
"""Threads and descriptors that come and go with connections."""


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one moment."""

    memory_mb: float
    threads: int
    descriptors: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Let the site live for so long and tell what it held."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.steady", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="of the car park's own time")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast as real time it lives")
    asked = parser.parse_args(arguments)
    seconds = asked.hours * 3600 / asked.speed
    signal.signal(signal.SIGTERM, _told_to_stop)
    with tempfile.TemporaryDirectory(prefix="dz-") as name:
        path = prepare(Path(name), ROOT / "config.toml")
        command = [
            sys.executable,
            "-m",
            "scada",
            "run",
            "--config",
            str(path),
            "--with-sim",
            "--speed",
            f"{asked.speed}",
        ]
        with (Path(name) / "run.log").open("w") as log:
            site = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            try:
                looks, files = watched(site, path, seconds)
            finally:
                site.send_signal(signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    site.wait(END_S)
                site.kill()
    wrong = grown(looks)
    told = {"virtual hours": asked.hours, "real minutes": round(seconds / 60, 1)}
    told |= {"early and late": {one: _both(seen) for one, seen in looks.items()}, "files": files, "wrong": wrong}
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return int(bool(wrong))


def watched(site: "subprocess.Popen[bytes]", path: Path, seconds: float) -> tuple[dict[str, list[Look]], list[int]]:
    """Look at every process again and again; gives what was seen, and the files of the site early and late."""
    config = load(path)
    _until_up(site, config.processes)
    every_s = max(2.0, seconds / LOOKS)
    seen: dict[str, list[Look]] = {}
    files: list[int] = []
    began, told = time.monotonic(), 0.0
    while (now := time.monotonic() - began) < seconds:
        if site.poll() is not None:
            raise RuntimeError(f"the site has ended after {now:.0f} s with {site.returncode}")
        for name, pid in _processes(config.processes).items():
            with suppress(OSError):
                seen.setdefault(name, []).append(_look(name, pid))
        files.append(sum(len(names) for _, _, names in os.walk(config.data)))
        if now - told >= 60.0:
            told = now
            sys.stderr.write(f"{now:6.0f} s  {_line(seen)}  files {files[-1]}\n")
        time.sleep(every_s)
    return seen, [files[len(files) // 5], files[-1]]


def grown(seen: Mapping[str, Sequence[Look]]) -> list[str]:
    """Say what grew: which process, what, from what to what."""
    wrong = []
    for name, looks in seen.items():
        early, late = _fifths(looks)
        if late.memory_mb > early.memory_mb * MEMORY + SLACK_MB:
            wrong.append(f"{name}: memory grew from {early.memory_mb:.1f} to {late.memory_mb:.1f} MB")
        for what in ("threads", "descriptors"):
            before, after = getattr(early, what), getattr(late, what)
            if after > before + MORE:
                wrong.append(f"{name}: {what} grew from {before} to {after}")
    return wrong


def _until_up(site: "subprocess.Popen[bytes]", register: Path) -> None:
    until = time.monotonic() + UP_S
    while time.monotonic() < until and site.poll() is None:
        if len(_processes(register)) >= len(("sim", "plant", "control", "public", "devices")):
            return
        time.sleep(0.5)
    raise RuntimeError(f"the site did not come up within {UP_S:g} s")


def _processes(register: Path) -> dict[str, int]:
    """Give the processes of the site by name."""
    try:
        keeper, lives = read(register.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {"daozha": keeper, **{life.name: life.pid for life in lives if life.pid is not None}}


def _look(name: str, pid: int) -> Look:
    """Look at a process, or, where its children do the work, at them with it."""
    pids = family(pid) if name in _WEB else [pid]
    threads, descriptors = (sum(len(os.listdir(f"/proc/{one}/{what}")) for one in pids) for what in ("task", "fd"))
    return Look(own_mb(*pids), threads, descriptors)


def _fifths(looks: Sequence[Look]) -> tuple[Look, Look]:
    """Give the middle of the second and of the last fifth."""
    fifth = max(1, len(looks) // 5)
    return _middle(looks[fifth : 2 * fifth] or looks), _middle(looks[-fifth:])


def _middle(looks: Sequence[Look]) -> Look:
    return Look(
        round(median(one.memory_mb for one in looks), 1),
        int(median(one.threads for one in looks)),
        int(median(one.descriptors for one in looks)),
    )


def _both(looks: Sequence[Look]) -> list[object]:
    return [asdict(one) for one in _fifths(looks)]


def _line(seen: Mapping[str, Sequence[Look]]) -> str:
    return "  ".join(f"{name} {looks[-1].memory_mb:.0f} MB" for name, looks in seen.items())


def _told_to_stop(number: int, frame: object) -> None:
    """End by an exception, so that whatever was started is stopped too."""
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
