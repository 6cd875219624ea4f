"""Of two servers the leading one fails twice while cars come and go; `make soak` does it twenty times."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_S = 600


@pytest.mark.timeout(LIMIT_S + 30)
def test_two_fail_overs_lose_no_stay_and_no_payment_and_open_nothing_twice() -> None:
    command = [sys.executable, "-m", "tests.soak.failover", "--times", "2", "--cars", "4", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["failovers"] == told["killed"] + told["stood_still"] == 2
    assert told["entered"] == told["exited"] == told["stays_closed"] == told["cars"] == 4
    assert told["stays_open"] == 0
    assert told["fees_fen"] == told["settled_fen"] != 0
    assert (told["unexplained_openings"], told["wrong_car_openings"], told["invariants_broken"]) == (0, 0, [])
