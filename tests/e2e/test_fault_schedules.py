"""Fifty random fault schedules for billing; `make soak` runs a thousand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EACH = 10
LIMIT_S = 600


@pytest.mark.timeout(LIMIT_S + 30)
@pytest.mark.parametrize(
    ("first", "database"), [(1, "sqlite"), (11, "sqlite"), (21, "sqlite"), (31, "sqlite"), (41, "postgres")]
)
def test_whatever_goes_wrong_every_fen_is_explained_and_no_car_is_let_out_unpaid_or_charged_twice(
    first: int, database: str
) -> None:
    command = [sys.executable, "-m", "tests.soak.faults", "--schedules", f"{EACH}", "--first", f"{first}"]
    command += ["--postgres"] if database == "postgres" else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["schedules"] == EACH
    assert told["payments"] > EACH / 2
