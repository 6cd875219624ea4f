"""Fifty browsers on a rush hour: `python -m tests.soak.rush --minutes 60`.

One JSON object on standard output, a line a minute on standard error. 0: every limit was kept.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.libmodbus import compiled
from tests.bench.rush import bare_of, middle, rows_of, rush_site, watch, wrong_with

LOOK_S = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Let them look for so long and tell what they saw."""
    parser = argparse.ArgumentParser(prog="rush", description="fifty browsers on a rush hour")
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _told_to_stop)
    with tempfile.TemporaryDirectory(prefix="dz-") as name:
        folder = Path(name)
        with rush_site(folder, compiled(folder)) as site:
            rush = asyncio.run(watch(site, asked.minutes * 60, min(LOOK_S, asked.minutes * 6), sys.stderr))
        rush.bare_ms = bare_of(folder)
    wrong = wrong_with(rush, hour=asked.minutes >= 60)
    told = {
        "seconds": round(rush.seconds),
        **{what.strip(): f"{measured} {word}".strip() for what, measured, _, word in rows_of(rush)},
        "lag of an empty loop, ms": middle(rush.bare_ms),
        "each ten minutes: s, plant MB, control MB": [
            [round(m.at_s), round(m.plant_mb, 1), round(m.control_mb, 1)] for m in rush.memory[::10]
        ],
        "wrong": wrong,
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return int(bool(wrong))


def _told_to_stop(number: int, frame: object) -> None:
    """End by an exception, so that whatever was started is stopped too."""
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
