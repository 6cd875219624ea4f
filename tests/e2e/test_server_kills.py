"""The server is killed three times while cars come and go; `make soak` does it fifty times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_S = 600


@pytest.mark.timeout(LIMIT_S + 30)
def test_three_kills_lose_no_stay_and_no_payment_and_open_no_gate_without_cause() -> None:
    command = [sys.executable, "-m", "tests.soak.kill", "--kills", "3", "--cars", "4", "--seed", "16"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["kills"] == 3
    assert told["entered"] == told["exited"] == told["stays_closed"] == told["cars"] == 4
    assert told["stays_open"] == 0
    assert told["fees_fen"] == told["settled_fen"] != 0
    assert (told["unexplained_openings"], told["wrong_car_openings"], told["invariants_broken"]) == (0, 0, [])
