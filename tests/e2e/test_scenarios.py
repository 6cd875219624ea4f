"""Two named scenarios on one site, over the real protocols. `make soak` plays all; cars back out in the drills."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("late-notice", "tailgater")
LIMIT_S = 500
"""They take a minute; on a busy machine more."""


@pytest.mark.timeout(LIMIT_S + 30)
def test_a_late_notice_and_a_tailgater_go_as_they_should() -> None:
    command = [sys.executable, "-m", "scada", "drill", "--json", "--scenario", ",".join(NAMES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert [(one["scenario"], one["ok"]) for one in told] == [(name, True) for name in NAMES]
    assert all(set(one) == {"scenario", "expected", "happened", "ok"} for one in told)
