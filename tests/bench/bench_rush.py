"""Fifty browsers on a rush hour, for two minutes: changes at the screens, the plant's lag, memory.

The hour is `python -m tests.soak.rush --minutes 60`, a part of `make soak`.
"""

import asyncio
import tempfile
from pathlib import Path

from tests.bench.libmodbus import compiled
from tests.bench.rush import EVERY_S, SCREENS, bare_of, rows_of, rush_site, watch, wrong_with
from tests.bench.support import run, show

SECONDS = 120.0
LOOK_S = 5.0
LIMIT_S = 420


def main() -> None:
    """Show what fifty browsers see."""
    with tempfile.TemporaryDirectory(prefix="dz-") as name:
        folder = Path(name)
        with rush_site(folder, compiled(folder)) as site:
            rush = asyncio.run(watch(site, SECONDS, LOOK_S))
        rush.bare_ms = bare_of(folder)
    title = f"{SCREENS} sockets and a Chromium for {rush.seconds:.0f} s, a car every {EVERY_S:.0f} s"
    show(title, ["", "measured", "limit", ""], rows_of(rush))
    if wrong := wrong_with(rush, hour=False):
        raise SystemExit(f"not kept: {'; '.join(wrong)}")


if __name__ == "__main__":
    run(main, LIMIT_S)
