"""A real camera process before a camera that misbehaves at random: `python -m tests.soak.cameras --turns N`.

A car comes, the camera does whatever it does, the plate is asked for. No answer may take longer than `t_read`, no plate
may be another car's, and once the camera behaves the plate must be read again.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lpr.picture import Picture
from lpr.pool import CameraPool
from lpr.sim.drawing.scene import draw_scene
from scada.clock import SystemClock
from scada.config import Config, load
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId
from scada.model.plate import Plate, PlateRead
from scada.sim.trial.ports import free_port
from tests.support.cameras import BadCamera
from tests.support.lpr import site, until

LANE = LaneName("in1")
PLATES = ("京A12345", "沪B67K90", "粤B5M678", "苏E3X721", "浙A88Q16", "鲁C2P459")
BAD = (
    "silent",
    "hangs in a part",
    "drips a part",
    "endless head",
    "20 MB part",
    "text",
    "torn",
    "hangs up",
    "same for ever",
    "only its clock",
)
T_READ_S = 2.0
SLACK_S = 0.3
"""What a machine under load may add."""
BACK_S = 40.0


@dataclass(slots=True)
class Trial:
    """What happened."""

    cars: list[tuple[str, Picture]]
    turns: int = 0
    worst_s: float = 0.0
    slowest_back_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)


def eye_of(folder: Path, camera: BadCamera) -> Config:
    """Write a site whose one camera is this one."""
    file = site(folder, free_port(), ("cam-in1",))
    text = file.read_text("utf-8")
    shown = next(line for line in text.splitlines() if line.startswith("source = "))
    file.write_text(text.replace(shown, f'source = "{camera.address}"'), "utf-8")
    return load(file)


async def ask(pool: CameraPool, trial: Trial, plate: str, manner: str) -> bool:
    """Have the plate read; says whether it was."""
    clock = SystemClock()
    began_s = clock.seconds()
    answer = await pool.capture(LANE, PassageId(f"in1-20260501080000-{trial.turns}"), Direction.ENTRY)
    took_s = clock.seconds() - began_s
    trial.worst_s = max(trial.worst_s, took_s)
    if took_s > T_READ_S + SLACK_S:
        trial.late.append(f"{manner}: {took_s:.2f} s")
    if not isinstance(answer, PlateRead):
        trial.answers[f"{manner}: {answer.why.partition(':')[0]}"] += 1
        return False
    trial.answers[f"{manner}: read"] += 1
    if answer.text != plate:
        trial.wrong.append(f"{manner}: {answer.text} for {plate}")
    return True


async def turn(pool: CameraPool, camera: BadCamera, trial: Trial, manner: str) -> None:
    """Let the camera misbehave from before the next car comes, and then behave again."""
    trial.turns += 1
    plate, scene = trial.cars[trial.turns % len(trial.cars)]
    camera.manner = manner
    await asyncio.sleep(2.0)
    camera.scene = scene
    await ask(pool, trial, plate, manner)
    camera.manner = "good"
    clock = SystemClock()
    began_s = clock.seconds()
    while not await ask(pool, trial, plate, "good again"):
        if clock.seconds() - began_s > BACK_S:
            trial.late.append(f"{manner}: not back after {BACK_S:g} s")
            return
    trial.slowest_back_s = max(trial.slowest_back_s, clock.seconds() - began_s)


async def run(pool: CameraPool, camera: BadCamera, manners: list[str], trial: Trial) -> None:
    """Go through these manners."""
    camera.scene = trial.cars[0][1]
    async with pool:
        await until(lambda: pool.ok(LANE), 40, "the camera sees")
        for manner in manners:
            await turn(pool, camera, trial, manner)


def tried(folder: Path, manners: list[str]) -> Trial:
    """Try these manners on a camera's process, which needs a folder."""
    trial = Trial([(plate, draw_scene(Plate(plate), number)) for number, plate in enumerate(PLATES)])
    with BadCamera() as camera:
        asyncio.run(run(CameraPool(eye_of(folder, camera), SystemClock()), camera, manners, trial))
    return trial


def main() -> int:
    """1 if a plate was wrong, an answer late, or a camera did not come back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311 - nothing is kept secret by it
    manners = [chance.choice(BAD) for _ in range(asked.turns)]
    with tempfile.TemporaryDirectory() as folder:
        trial = tried(Path(folder), manners)
    told = {
        "turns": trial.turns,
        "worst_s": round(trial.worst_s, 2),
        "slowest_back_s": round(trial.slowest_back_s, 1),
        "wrong": trial.wrong,
        "late": trial.late,
        "answers": dict(sorted(trial.answers.items())),
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return int(bool(trial.wrong or trial.late))


if __name__ == "__main__":
    sys.exit(main())
