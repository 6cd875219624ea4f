"""Fuzz every parser that bytes from outside reach: `python -m tests.soak.fuzz --seconds 120 --seed 1 [--only TARGET]`.

Each target runs in a process of its own for so many seconds of CPU time. A finding is an error that is not documented,
more than 2 s of reckoning on one input, a process that died or takes no more inputs. The inputs of findings are kept in
the folder of --out; what was found is one JSON object.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.support.fuzz.all import TARGETS
from tests.support.fuzz.run import WAIT_LIMIT_S, Finding, Outcome, limit_memory, noted, try_target
from tests.support.house import ROOT

START_S = 120.0
"""A process may take so long until its first input."""


def main() -> int:
    """Try the targets; 1 if anything was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120.0, help="of CPU time for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=sorted(TARGETS), default=[])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "fuzz", help="where findings are kept")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        limit_memory()
        done = try_target(TARGETS[asked.only[0]], asked.seconds, asked.seed, asked.out)
        sys.stdout.write(json.dumps(asdict(done)) + "\n")
        return 0
    outcomes = [_apart(name, asked.seconds, asked.seed, asked.out) for name in asked.only or TARGETS]
    found = sum(len(one["findings"]) for one in outcomes)
    sys.stdout.write(json.dumps({"targets": outcomes, "findings": found}, ensure_ascii=False, indent=1) + "\n")
    return int(found > 0)


def _apart(name: str, seconds: float, seed: int, out: Path) -> dict[str, list[object]]:
    """Try one target in a process of its own, and end that when it takes no more inputs."""
    out.mkdir(parents=True, exist_ok=True)
    note = out / f"{name}.note"
    note.unlink(missing_ok=True)
    words = ["--here", "--only", name, "--seconds", str(seconds), "--seed", str(seed), "--out", str(out)]
    child = subprocess.Popen([sys.executable, "-m", "tests.soak.fuzz", *words], cwd=ROOT, stdout=subprocess.PIPE)
    dead = _followed(child, note)
    told = child.communicate()[0]
    sys.stderr.write(f"{name}: {told.decode(errors='replace')[:150]}\n")
    if child.returncode == 0:
        return dict(json.loads(told))
    inputs, data = noted(note) if note.exists() else (0, b"")
    path = out / f"{name}-last.bin"
    path.write_bytes(data)
    why = dead or f"the process ended with {child.returncode}"
    return asdict(Outcome(name, seed, inputs, findings=[Finding(name, why, "", path.name)]))


def _followed(child: "subprocess.Popen[bytes]", note: Path) -> str:
    """Wait for the end of a child; one that takes no new input for too long is ended, and why is said."""
    last, since_s, began_s = -1, time.monotonic(), time.monotonic()
    while child.poll() is None:
        time.sleep(0.2)
        now_s, count = time.monotonic(), noted(note)[0] if note.exists() else 0
        if count != last:
            last, since_s = count, now_s
        if now_s - since_s > 2 * WAIT_LIMIT_S and now_s - began_s > START_S:
            child.kill()
            return "it takes no more inputs: hung in a library"
    return ""


if __name__ == "__main__":
    sys.exit(main())
