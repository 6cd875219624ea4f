"""Kill the server of a busy car park again and again: `python -m tests.soak.kill --kills 50`.

A drill runs, and its plant process is killed (SIGKILL) at random moments while PLCs, cameras, WeChat and cars go on;
the supervisor starts it again. Afterwards the judge compares what happened with what is written down.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from random import Random
from time import monotonic

from scada.sim.drill import is_good

ROOT = Path(__file__).parents[2]
CARS_A_KILL = 2
"""Cars that come for each kill, so that there are cars at the boom until the last one; the supervisor's pause grows."""
LIFE_S = (1.0, 15.0)
"""How long a server lives: some die while they take over, some in the middle of a passage."""
FIRST_LIFE_S = 10.0
"""The first one lives at least so long: the rest of the site must come up."""
LOOK_S = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a drill under kills; one JSON object on standard output. 0: all kills done and nothing broken.

    Of a vehicle that went through while no server lived, and others after it, only a stocktake can tell: as many of
    those as kills are no loss, if they stand on the UNCERTAIN list.
    """
    parser = argparse.ArgumentParser(prog="kill", description="a drill whose server is killed at random moments")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cars", type=int, help=f"how many come (default: {CARS_A_KILL} a kill)")
    asked = parser.parse_args(arguments)
    cars = asked.cars or CARS_A_KILL * asked.kills
    words = ["drill", "--json", "--speed", "240", "--cars", f"{cars}", "--seed", f"{asked.seed}"]
    command = [sys.executable, "-m", "scada", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as drill:
        kills = _kill_again_and_again(drill, asked.kills, Random(asked.seed))  # noqa: S311 - a play, no secret
        told, _ = drill.communicate()
    if not told:
        sys.stderr.write(f"the drill said nothing: exit code {drill.returncode}\n")
        return 1
    result = {"kills": kills, **json.loads(told)}
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    return 0 if is_good(result, doubts=kills) and kills == asked.kills else 1


def _kill_again_and_again(drill: subprocess.Popen[str], most: int, random: Random) -> int:
    """Kill the drill's plant whenever it has lived its time; give how often. Ends with the drill."""
    kills, known, born_s, life_s = 0, 0, 0.0, 0.0
    while kills < most:
        try:
            drill.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            plant = next(_plants_of(drill.pid), None)
            if plant is None:
                continue
            if plant != known:
                life_s = random.uniform(*LIFE_S) + (FIRST_LIFE_S if not known else 0.0)
                known, born_s = plant, monotonic()
            if monotonic() - born_s > life_s:
                os.kill(plant, signal.SIGKILL)
                kills, life_s = kills + 1, inf
        else:
            break
    return kills


def _plants_of(parent: int) -> Iterator[int]:
    """Find the plant among the processes that the drill has started."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            ppid = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
        if ppid == parent and b"scada.app" in words:
            yield int(entry.name)


if __name__ == "__main__":
    sys.exit(main())
