"""`daozha drill` in its short form: the whole site and its virtual car park, judged. `make soak` runs the long ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_S = 400
"""Four cars take one to two minutes; on a busy machine more."""


def drill(*options: str) -> dict[str, object]:
    command = [sys.executable, "-m", "scada", "drill", "--json", "--speed", "240", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result


@pytest.mark.timeout(LIMIT_S + 30)
def test_every_car_of_a_drill_comes_pays_and_leaves_and_the_judge_finds_nothing() -> None:
    told = drill("--cars", "4", "--seed", "3")
    assert (told["entered"], told["exited"], told["stays_closed"], told["stays_open"]) == (4, 4, 4, 0)
    assert told["fees_fen"] == told["settled_fen"] != 0
    assert (told["unexplained_openings"], told["wrong_car_openings"], told["invariants_broken"]) == (0, 0, [])
    assert isinstance(told["history_points"], int)
    assert told["history_points"] > 0


@pytest.mark.timeout(LIMIT_S + 30)
def test_back_outs_followers_and_unread_plates_break_no_invariant() -> None:
    told = drill("--cars", "6", "--seed", "2", "--scenario", "paths")
    assert (told["exited"], told["stays_closed"]) == (6, 6)
    assert told["fees_fen"] == told["settled_fen"]
    assert (told["unexplained_openings"], told["wrong_car_openings"], told["invariants_broken"]) == (0, 0, [])
    assert told["back_outs"] != 0
