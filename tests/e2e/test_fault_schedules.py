"""Fifty random fault schedules for billing; `make soak` runs a thousand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_S = 600


@pytest.mark.timeout(LIMIT_S + 30)
@pytest.mark.parametrize(("first", "count", "database"), [(1, 20, "sqlite"), (21, 20, "sqlite"), (41, 10, "postgres")])
def test_whatever_goes_wrong_every_fen_is_explained_and_no_car_is_let_out_unpaid_or_charged_twice(
    first: int, count: int, database: str
) -> None:
    command = [sys.executable, "-m", "tests.soak.faults", "--schedules", f"{count}", "--first", f"{first}"]
    command += ["--postgres"] if database == "postgres" else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["schedules"] == count
    assert told["payments"] > count / 2
